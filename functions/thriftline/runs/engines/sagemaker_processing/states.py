"""A processing job as SageMaker describes it, in the words that every engine shares."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.wording import ended
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import PreparationState
from thriftline.runs.engines.error_document import ProgramError
from thriftline.runs.engines.sentences import OUT_OF_MEMORY, out_of_time

ACTIVE = ("InProgress", "Stopping")
# What stands before the first colon of FailureReason. The texts behind it may change.
_REASON_CLASSES = {
    "algorithmerror": Ending.USER_ERROR,
    "clienterror": Ending.USER_ERROR,
    "capacityerror": Ending.CAPACITY,
    "internalservererror": Ending.INTERNAL_ERROR,
    "resourcelimitexceeded": Ending.QUOTA,
}
_OUT_OF_TIME = re.compile(r"max ?runtime|maximum runtime|time ?limit", re.IGNORECASE)
_SENTENCES = {
    Ending.CAPACITY: "SageMaker had no machines of this type",
    Ending.INTERNAL_ERROR: "SageMaker failed, not the program",
    Ending.QUOTA: "A quota of the account is used up",
    Ending.USER_ERROR: "The program of the preparation failed",
    Ending.UNKNOWN_FAILURE: "The preparation failed for a reason that Thriftline does not know",
}
_KILLED_FOR_MEMORY = re.compile(r"exit code:? 137\b|out ?of ?memory", re.IGNORECASE)


def state_of(
    found: Mapping[str, Any], usd_per_hour: Decimal, said: Callable[[], ProgramError | None]
) -> PreparationState:
    """Returns a job as it is.

    ``said`` reads what the program left and is asked only for a failed job.
    """
    ending, reason = _ending(found, said)
    return PreparationState(
        id=found["ProcessingJobName"],
        status=found["ProcessingJobStatus"],
        ending=ending,
        reason=reason,
        started_at=found.get("ProcessingStartTime"),
        ended_at=found.get("ProcessingEndTime")
        or (found.get("LastModifiedTime") if ending else None),
        billed_usd=_billed_usd(found, usd_per_hour) if ending else None,
        facts=_facts(found),
    )


def _billed_usd(found: Mapping[str, Any], usd_per_hour: Decimal) -> Decimal | None:
    """Returns what the machines cost while they ran; None where the end is not known yet."""
    seconds = _seconds(found)
    if seconds is None:
        # What ended without a machine, as for capacity, was billed nothing.
        return None if found.get("ProcessingStartTime") else Decimal(0)
    return usd_per_hour * Decimal(str(seconds)) / 3600


def _seconds(found: Mapping[str, Any]) -> float | None:
    started, stopped = found.get("ProcessingStartTime"), found.get("ProcessingEndTime")
    return float((stopped - started).total_seconds()) if started and stopped else None


def _ending(
    found: Mapping[str, Any], said: Callable[[], ProgramError | None]
) -> tuple[Ending | None, str]:
    status = found["ProcessingJobStatus"]
    if status in ACTIVE:
        return None, ""
    if status == "Completed":
        return Ending.COMPLETED, "The preparation completed."
    text = _text(found)
    if status == "Failed":
        return _failed(found, text, said())
    if status != "Stopped":
        return Ending.UNKNOWN_FAILURE, (
            f"The job is {status}, which Thriftline does not know: {ended(text)}"
        )
    if _OUT_OF_TIME.search(text) or _used_all(found):
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, _out_of_time(found)
    return Ending.STOPPED, "A person or another program stopped the preparation."


def _failed(found: Mapping[str, Any], text: str, said: ProgramError | None) -> tuple[Ending, str]:
    if said is not None:
        return Ending.USER_ERROR, f"The preparation failed: {said.message}"
    if _OUT_OF_TIME.search(text) or _used_all(found):
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, _out_of_time(found)
    prefix = str(found.get("FailureReason", "")).partition(":")[0].strip().lower()
    ending = _REASON_CLASSES.get(prefix, Ending.UNKNOWN_FAILURE)
    memory = f" {OUT_OF_MEMORY}" if _KILLED_FOR_MEMORY.search(text) else ""
    return ending, f"{_SENTENCES[ending]}: {ended(text)}{memory}"


def _text(found: Mapping[str, Any]) -> str:
    said = [str(found.get(name) or "").strip() for name in ("FailureReason", "ExitMessage")]
    return "; ".join(one for one in said if one) or "SageMaker gave no reason"


def _limit_seconds(found: Mapping[str, Any]) -> int | None:
    limit = found.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return int(limit) if limit else None


def _used_all(found: Mapping[str, Any]) -> bool:
    limit, seconds = _limit_seconds(found), _seconds(found)
    return bool(limit and seconds and seconds >= limit)


def _out_of_time(found: Mapping[str, Any]) -> str:
    limit = _limit_seconds(found)
    return out_of_time(limit / 60 if limit else None)


def _facts(found: Mapping[str, Any]) -> dict[str, Any]:
    machines = found.get("ProcessingResources", {}).get("ClusterConfig", {})
    facts = {
        "instance_type": machines.get("InstanceType"),
        "instance_count": machines.get("InstanceCount"),
        "seconds": _seconds(found),
    }
    return {name: value for name, value in facts.items() if value is not None}
