"""The message and the event that tell of one action: what, why, and how to take it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind

EVENT_SOURCE = "thriftline.audit"
DETAIL_TYPE = "Cost audit action"
# SNS takes 256 KiB; nobody reads that much, and the record has it all.
_LONGEST = 20_000
_DONE: Mapping[tuple[ActionKind, Step], str] = {
    (ActionKind.TERMINATE_ENDPOINT, Step.MARK): "marked for deletion",
    (ActionKind.TERMINATE_ENDPOINT, Step.EXECUTE): "deleted",
    (ActionKind.MARK_ENDPOINT, Step.MARK): "marked as idle",
    (ActionKind.UNMARK_ENDPOINT, Step.MARK): "no longer marked",
    (ActionKind.DELETE_FAILED_ENDPOINT, Step.EXECUTE): "deleted",
    (ActionKind.TERMINATE_ENDPOINT, Step.PUT_BACK): "put back as it was",
    (ActionKind.DELETE_FAILED_ENDPOINT, Step.PUT_BACK): "put back as it was",
    (ActionKind.APPLY_LIFECYCLE_RULES, Step.EXECUTE): "given lifecycle rules",
    (ActionKind.ABORT_UPLOADS, Step.EXECUTE): "rid of old uploads",
    (ActionKind.DELETE_ARTIFACTS, Step.EXECUTE): "set to expire",
    (ActionKind.TAKE_EXPIRY_AWAY, Step.EXECUTE): "no longer set to expire",
    (ActionKind.SET_LOG_RETENTION, Step.EXECUTE): "given a retention",
    (ActionKind.STOP_NOTEBOOK, Step.EXECUTE): "stopped",
    (ActionKind.TAG_RESOURCE, Step.EXECUTE): "tagged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to tell of one action."""

    action: ActionKind
    step: Step
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    outcome: Literal["done", "declined", "failed"]
    reason: str
    planned_because: str
    calls: tuple[str, ...]
    undo: str
    saved_uri: str | None
    record_uri: str


def subject_of(told: Told) -> str:
    """One line for the subject of an e-mail."""
    words = {
        "done": _DONE.get((told.action, told.step), f"{told.action} done"),
        "declined": f"left alone ({told.action})",
        "failed": f"not done, failed ({told.action})",
    }
    return f"Thriftline: {told.resource} {words[told.outcome]}"


def body_of(told: Told) -> str:
    """A few lines: what was done to what, why, with which calls, and how to take it back."""
    lines = [
        f"{told.resource_type} {told.resource} in {told.account}, {told.region}: {told.action}, "
        f"{told.step}: {told.outcome}.",
        "",
        told.reason,
    ]
    if told.planned_because not in told.reason:
        lines += ["", f"Planned because: {told.planned_because}"]
    if told.calls:
        lines += ["", "Calls that were made:", *(f"  {call}" for call in told.calls)]
    lines += ["", "To undo it:", f"  {told.undo}", ""]
    if told.saved_uri:
        lines.append(f"Saved copy: {told.saved_uri}")
    lines.append(f"Record:     {told.record_uri}")
    text = "\n".join(lines) + "\n"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n[cut: the record has it all]\n"


def detail_of(told: Told, audit_id: str, index: int) -> dict[str, Any]:
    """Returns the event's detail; the calls are in the record."""
    return {
        "audit_id": audit_id,
        "index": index,
        "action": told.action,
        "step": told.step,
        "resource_type": told.resource_type,
        "resource": told.resource,
        "account": told.account,
        "region": told.region,
        "outcome": told.outcome,
        "reason": told.reason[:_LONGEST],
        "saved_uri": told.saved_uri,
        "record_uri": told.record_uri,
    }
