"""The message and the event that report one action: what, why, and how to take it back."""

from typing import Literal

from thriftline.audit.domain.action_kinds import step_spec
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.schemas.events import CostAuditActionTaken
from thriftline.core.dataclass import dataclass
from thriftline.core.message import Message, Tone, facts_of

# SNS takes 256 KiB; nobody reads that much, and the record has it all.
_LONGEST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionNotice:
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


_TONES: dict[str, Tone] = {"done": "notice", "declined": "notice", "failed": "problem"}


def message_of(notice: ActionNotice, audit_id: str) -> Message:
    """Returns the message, in the conversation of its audit."""
    return Message(
        kind="action",
        tone=_TONES[notice.outcome],
        thread=audit_id,
        title=_subject(notice),
        sentence=_sentence(notice),
        detail=notice.reason,
        facts=facts_of(
            {
                "Planned because": notice.planned_because,
                "Calls that were made": ", ".join(notice.calls),
                "Saved copy": notice.saved_uri,
                "Record": notice.record_uri,
            }
        ),
        next_steps=(f"To undo it: {notice.undo}",) if notice.undo else (),
        text=_text(notice),
    )


def _sentence(notice: ActionNotice) -> str:
    return (
        f"{notice.resource_type} {notice.resource} in {notice.account}, {notice.region}: "
        f"{notice.action}, {notice.step}: {notice.outcome}."
    )


def _subject(notice: ActionNotice) -> str:
    """One line for the subject of an e-mail."""
    spec = step_spec(notice.action, notice.step)
    words = {
        "done": f"{notice.action} done" if spec is None else spec.message,
        "declined": f"left alone ({notice.action})",
        "failed": f"not done, failed ({notice.action})",
    }
    return f"Thriftline: {notice.resource} {words[notice.outcome]}"


def _text(notice: ActionNotice) -> str:
    """A few lines: what was done to what, why, with which calls, and how to take it back."""
    lines = [
        _sentence(notice),
        "",
        notice.reason,
    ]
    if notice.planned_because not in notice.reason:
        lines += ["", f"Planned because: {notice.planned_because}"]
    if notice.calls:
        lines += ["", "Calls that were made:", *(f"  {call}" for call in notice.calls)]
    lines += ["", "To undo it:", f"  {notice.undo}", ""]
    if notice.saved_uri:
        lines.append(f"Saved copy: {notice.saved_uri}")
    lines.append(f"Record:     {notice.record_uri}")
    text = "\n".join(lines) + "\n"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n[cut: the record has it all]\n"


def event_of(notice: ActionNotice, audit_id: str, index: int) -> CostAuditActionTaken:
    """Returns the event; the calls are in the record."""
    return CostAuditActionTaken(
        audit_id=audit_id,
        index=index,
        action=notice.action,
        step=notice.step,
        resource_type=notice.resource_type,
        resource=notice.resource,
        account=notice.account,
        region=notice.region,
        outcome=notice.outcome,
        reason=notice.reason[:_LONGEST],
        saved_uri=notice.saved_uri,
        record_uri=notice.record_uri,
    )
