"""A job run as EMR Serverless describes it, in the words that every engine shares."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.wording import ended
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import PreparationState
from thriftline.runs.engines.error_document import ProgramError
from thriftline.runs.engines.sentences import OUT_OF_MEMORY, out_of_time

ACTIVE = ("SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED", "CANCELLING")


def _texts(*rows: tuple[str, Ending]) -> tuple[tuple[re.Pattern[str], Ending], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), ending) for pattern, ending in rows)


# What the texts say, looked for in this order; they may change, and then it is the last class.
_SERVICE = _texts(
    (r"service ?quota|max concurrent vcpus|L-D05C8A75", Ending.QUOTA),
    (r"max(imum)? ?capacity", Ending.CAPACITY),
    (r"(host|instance|node)\b.* (terminated|reclaimed|lost|evicted)", Ending.INTERRUPTED),
)
# A program that ended by itself may have such words in its last exception, of whatever it called.
_WITHOUT_AN_EXIT = _texts(
    (r"queue\w*[ -]?time|time\w* .*\bqueue", Ending.OUT_OF_WAIT_TIME),
    (r"timed? ?out|timeout|maximum execution", Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT),
    (r"insufficient ?capacity|no capacity", Ending.CAPACITY),
    (r"internal ?(server|service)? ?(error|exception|failure)", Ending.INTERNAL_ERROR),
)
_EXIT_CODE = re.compile(r"exit(?:ed)?(?: with)? ?(?:code|status)?:? ?\(?(\d+)", re.IGNORECASE)
_KILLED_FOR_MEMORY = "137"


def state_of(
    found: Mapping[str, Any],
    rates: Mapping[str, str],
    said: Callable[[], ProgramError | None],
) -> PreparationState:
    """Returns a job run as it is.

    ``said`` reads what the program left and is asked only for a failed run.
    """
    ending, reason = _ending(found, said)
    return PreparationState(
        id=found["jobRunId"],
        status=found["state"],
        ending=ending,
        reason=reason,
        started_at=found.get("startedAt"),
        ended_at=found.get("endedAt") or (found.get("updatedAt") if ending else None),
        billed_usd=billed_usd(found.get("billedResourceUtilization"), rates) if ending else None,
        facts=_facts(found),
    )


def billed_usd(billed: Mapping[str, float] | None, rates: Mapping[str, str]) -> Decimal | None:
    """Returns what was billed, None while AWS has not said it."""
    if not billed or "vCPUHour" not in billed or "memoryGBHour" not in billed:
        return None
    hours = {
        "vcpu": billed["vCPUHour"],
        "memory_gb": billed["memoryGBHour"],
        "storage_gb": billed.get("storageGBHour", 0),
    }
    return sum(
        (Decimal(str(number)) * Decimal(rates[name]) for name, number in hours.items()), Decimal(0)
    )


def _ending(
    found: Mapping[str, Any], said: Callable[[], ProgramError | None]
) -> tuple[Ending | None, str]:
    state = found["state"]
    if state in ACTIVE:
        return None, ""
    if state == "SUCCESS":
        return Ending.COMPLETED, "The preparation completed."
    details = str(found.get("stateDetails") or "").strip()
    if state == "CANCELLED":
        return _cancelled(found, details)
    if state == "FAILED":
        return _failed(found, details, said())
    return Ending.UNKNOWN_FAILURE, (
        f"The job run is {state}, which Thriftline does not know: {_shown(details)}"
    )


def _cancelled(found: Mapping[str, Any], details: str) -> tuple[Ending, str]:
    ending = _by_text(details)
    if ending is Ending.OUT_OF_WAIT_TIME:
        return ending, f"The job run waited too long in the application's queue: {_shown(details)}"
    if ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT or _used_all(found):
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, out_of_time(
            found.get("executionTimeoutMinutes")
        )
    return Ending.STOPPED, (
        f"A person or another program stopped the preparation: {_shown(details)}"
    )


def _failed(
    found: Mapping[str, Any], details: str, said: ProgramError | None
) -> tuple[Ending, str]:
    if said is not None:
        return Ending.USER_ERROR, f"The preparation failed: {said.message}"
    ending = _by_text(details)
    if ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT or (not ending and _used_all(found)):
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, out_of_time(
            found.get("executionTimeoutMinutes")
        )
    if ending is not None:
        return ending, f"{_SENTENCES[ending]}: {_shown(details)}"
    code = _EXIT_CODE.search(details)
    if code is None:
        return Ending.UNKNOWN_FAILURE, (
            f"The preparation failed for a reason that Thriftline does not know: {_shown(details)}"
        )
    memory = f" {OUT_OF_MEMORY}" if code[1] == _KILLED_FOR_MEMORY else ""
    return Ending.USER_ERROR, (
        f"The program of the preparation ended with code {code[1]}: {_shown(details)}{memory}"
    )


_SENTENCES = {
    Ending.OUT_OF_WAIT_TIME: "The job run waited too long in the application's queue",
    Ending.QUOTA: "The account's quota of EMR Serverless is used up",
    Ending.CAPACITY: "EMR Serverless had no workers for the run, or other runs of the application "
    "had them",
    Ending.INTERRUPTED: "The run lost its driver",
    Ending.INTERNAL_ERROR: "EMR Serverless failed, not the program",
}


def _by_text(details: str) -> Ending | None:
    texts = _SERVICE if _EXIT_CODE.search(details) else (*_SERVICE, *_WITHOUT_AN_EXIT)
    return next((ending for pattern, ending in texts if pattern.search(details)), None)


def _used_all(found: Mapping[str, Any]) -> bool:
    limit = found.get("executionTimeoutMinutes")
    seconds = found.get("totalExecutionDurationSeconds")
    return bool(limit and seconds and seconds >= limit * 60)


def _shown(details: str) -> str:
    return ended(details or "EMR Serverless gave no reason")


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    billed = found.get("billedResourceUtilization") or {}
    facts = {
        "vcpu_hours": billed.get("vCPUHour"),
        "memory_gb_hours": billed.get("memoryGBHour"),
        "storage_gb_hours": billed.get("storageGBHour"),
        "seconds": found.get("totalExecutionDurationSeconds"),
        "release": found.get("releaseLabel"),
    }
    return {name: value for name, value in facts.items() if value is not None}
