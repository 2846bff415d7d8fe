"""The message and the event that report one action: what, why, and how to take it back."""

from dataclasses import dataclass
from typing import Any, Literal

from thriftline.audit.domain.action_kinds import step_spec
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind

EVENT_SOURCE = "thriftline.audit"
DETAIL_TYPE = "CostAuditActionTaken"
# SNS takes 256 KiB; nobody reads that much, and the record has it all.
_LONGEST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a message reports of one action."""

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
    spec = step_spec(told.action, told.step)
    words = {
        "done": f"{told.action} done" if spec is None else spec.message,
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
