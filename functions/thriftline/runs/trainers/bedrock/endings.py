"""How a customization job ended, in the words that every trainer shares, and where it is now."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.endings import Ending

# Who is at fault is told by the message alone. What is not known is never tried again.
_USERS_FAULT = re.compile(
    r"could not validate getobject permissions|amazon s3 perms missing"
    r"|unable to parse amazon s3 file|input size exceeded in file"
    r"|maximum .*token count .*exceeds limit|input data at .* must follow"
    r"|automated tests flagged|provided model identifier is invalid|uri should be a file",
    re.IGNORECASE | re.DOTALL,
)
_UNEXPECTED = "encountered an unexpected error"
_PHASES = (
    ("validationDetails", "validation"),
    ("dataProcessingDetails", "data processing"),
    ("trainingDetails", "training"),
)
ACTIVE = frozenset({"InProgress", "Stopping"})


@dataclass(frozen=True)
class Outcome:
    """An ending with a sentence for a person."""

    ending: Ending
    reason: str


@dataclass(frozen=True)
class JobPhase:
    """What a job does now; ``since`` is None where Bedrock has not said it."""

    name: str
    since: datetime | None


def outcome_of(
    status: str, failure_message: str | None, limit: str | None = None
) -> Outcome | None:
    """Returns how a job ended, None while it has not.

    Args:
        status: of the job.
        failure_message: what Bedrock says about a failed one.
        limit: which time limit we have stopped it for; None where we have not.
    """
    if status in ACTIVE:
        return None
    said = (failure_message or "").strip() or "Bedrock gave no reason"
    if status == "Completed":
        return Outcome(Ending.COMPLETED, "The customization completed.")
    if status == "Stopped":
        return _stopped(limit)
    if status == "Failed":
        return _failed(said)
    return Outcome(
        Ending.UNKNOWN_FAILURE,
        f"The customization ended as {status!r}, which Thriftline does not know: {said}",
    )


def _stopped(limit: str | None) -> Outcome:
    if limit is None:
        return Outcome(Ending.STOPPED, "A person or another program stopped the customization.")
    return Outcome(
        Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT,
        f"The customization was stopped at its limit: {limit}. What it had trained is billed, and "
        "a stopped customization leaves no model.",
    )


def _failed(said: str) -> Outcome:
    if _UNEXPECTED in said.lower():
        return Outcome(Ending.INTERNAL_ERROR, f"Bedrock failed, not the data: {said}")
    if _USERS_FAULT.search(said):
        return Outcome(Ending.USER_ERROR, f"Bedrock refuses the data or its access: {said}")
    return Outcome(
        Ending.UNKNOWN_FAILURE,
        f"The customization failed for a reason that Thriftline does not know: {said}",
    )


def phase_of(details: Mapping[str, Any] | None) -> JobPhase:
    """Returns the phase of a job from its ``statusDetails``: the last that has begun.

    One that Bedrock does not show hides none after it: a job that trains is not validated any more.
    """
    known = details or {}
    last = JobPhase(_PHASES[0][1], None)
    for key, name in _PHASES:
        phase = known.get(key)
        if phase and phase.get("status") not in (None, "NotStarted"):
            last = JobPhase(name, phase.get("creationTime"))
    return last
