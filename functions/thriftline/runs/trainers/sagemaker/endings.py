"""How a training job ended, in the words that every trainer shares."""

import re
from collections.abc import Callable

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.wording import counted
from thriftline.runs.domain.endings import Ending, error_of
from thriftline.runs.trainers.sagemaker.job import TrainingJob

# What stands before the first colon of FailureReason. The texts behind it may change.
_REASON_CLASSES = {
    "algorithmerror": Ending.USER_ERROR,
    "clienterror": Ending.USER_ERROR,
    "capacityerror": Ending.CAPACITY,
    "internalservererror": Ending.INTERNAL_ERROR,
    "resourcelimitexceeded": Ending.QUOTA,
}


@dataclass(frozen=True)
class Outcome:
    """An ending with a sentence for a person."""

    ending: Ending
    reason: str

    def error(self, job: TrainingJob) -> ThriftlineError | None:
        """Returns the error that the machine goes by, None for a completed job."""
        return error_of(self.ending, f"{self.reason} {facts_of(job)}")


def outcome_of(job: TrainingJob, *, has_checkpoint: Callable[[], bool]) -> Outcome | None:
    """Returns how a job ended, None while it has not.

    ``has_checkpoint`` is asked only where it makes a difference. What is not recognised ends in the
    class that is never tried again and never a success.
    """
    if job.is_active:
        return None
    ending = _ending(job, has_checkpoint)
    return Outcome(ending, _reason(ending, job))


def _ending(job: TrainingJob, has_checkpoint: Callable[[], bool]) -> Ending:
    # The limits come as status Stopped, but they are told by the secondary status alone.
    if job.secondary_status == "MaxRuntimeExceeded":
        if has_checkpoint():
            return Ending.OUT_OF_RUN_TIME_WITH_CHECKPOINT
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    if job.secondary_status == "MaxWaitTimeExceeded":
        return Ending.OUT_OF_WAIT_TIME
    if job.status == "Completed":
        return _completed(job)
    if job.status in {"Stopped", "Deleting"}:
        return Ending.INTERRUPTED if job.secondary_status == "Interrupted" else Ending.STOPPED
    if job.status == "Failed":
        return _failed(job)
    return Ending.UNKNOWN_FAILURE


def _completed(job: TrainingJob) -> Ending:
    if job.secondary_status in {"Failed", "Stopped", "Stopping", "Interrupted"}:
        return Ending.UNKNOWN_FAILURE
    return Ending.COMPLETED


def _failed(job: TrainingJob) -> Ending:
    if ":" not in job.failure_reason and job.secondary_status == "Interrupted":
        return Ending.INTERRUPTED
    prefix = job.failure_reason.partition(":")[0].strip().lower()
    return _REASON_CLASSES.get(prefix, Ending.UNKNOWN_FAILURE)


def _reason(ending: Ending, job: TrainingJob) -> str:
    said = job.failure_reason.strip() or "SageMaker gave no reason"
    waited = job.max_wait_seconds or job.max_runtime_seconds
    sentences = {
        Ending.COMPLETED: "The training completed.",
        Ending.USER_ERROR: f"The training program failed: {_without_class(said)}",
        Ending.CAPACITY: f"SageMaker had no {job.instance_type or 'instance'} available: {said}",
        Ending.INTERRUPTED: "The training lost its Spot instance and was not started again.",
        Ending.OUT_OF_WAIT_TIME: "The training was not done "
        f"{counted(waited, 'second')} after it was asked for, waiting for Spot included. Raise "
        "training.max_wait_seconds or set training.spot to false.",
        Ending.OUT_OF_RUN_TIME_WITH_CHECKPOINT: "The training reached its limit of "
        f"{counted(job.max_runtime_seconds, 'second')} after it had written a checkpoint. Raise "
        "training.max_runtime_seconds, or train for fewer epochs.",
        Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT: "The training reached its limit of "
        f"{counted(job.max_runtime_seconds, 'second')} before it had written a checkpoint. Raise "
        "training.max_runtime_seconds well above the plan's expected time.",
        Ending.STOPPED: "A person or another program stopped the training.",
        Ending.INTERNAL_ERROR: f"SageMaker failed, not the training program: {said}",
        Ending.QUOTA: f"A quota of the account is used up: {said}",
        Ending.UNKNOWN_FAILURE: f"The training ended as {job.status}/{job.secondary_status} for a "
        f"reason that Thriftline does not know: {said}",
    }
    return sentences[ending]


def _without_class(reason: str) -> str:
    prefix, colon, rest = reason.partition(":")
    known = colon and prefix.strip().lower() in _REASON_CLASSES
    if not known or not rest.strip():
        return reason
    # A program that wrote no output/failure: AWS puts its exit code behind a comma.
    return re.sub(r"^\s*,\s*", "it gave no reason, ", rest).strip()


def facts_of(job: TrainingJob) -> str:
    """Returns which job it was and what was billed, in brackets."""
    billed = "unknown" if job.billable_seconds is None else str(job.billable_seconds)
    return f"(Job {job.name}, {job.instance_type or 'unknown type'}, seconds billed: {billed}.)"
