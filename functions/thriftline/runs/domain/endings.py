"""Every way in which a training can end has a name, and the state machine goes by it."""

from enum import StrEnum

from thriftline.core.errors import (
    CapacityError,
    OutOfRunTimeError,
    OutOfWaitTimeError,
    QuotaExceededError,
    ThriftlineError,
    TrainingFailedError,
    TrainingInternalError,
    TrainingStoppedError,
)


class Ending(StrEnum):
    """How an attempt ended, whichever trainer made it."""

    COMPLETED = "completed"
    USER_ERROR = "user_error"
    CAPACITY = "capacity"
    INTERRUPTED = "interrupted"
    OUT_OF_WAIT_TIME = "out_of_wait_time"
    OUT_OF_RUNG_WAIT = "out_of_rung_wait"
    OUT_OF_RUN_TIME_WITH_CHECKPOINT = "out_of_run_time_with_checkpoint"
    OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT = "out_of_run_time_without_checkpoint"
    STOPPED = "stopped"
    INTERNAL_ERROR = "internal_error"
    QUOTA = "quota"
    UNKNOWN_FAILURE = "unknown_failure"


# After the first six another attempt may go on: the program is not at fault.
_ERRORS: dict[Ending, type[ThriftlineError]] = {
    Ending.CAPACITY: CapacityError,
    Ending.INTERRUPTED: CapacityError,
    Ending.INTERNAL_ERROR: TrainingInternalError,
    Ending.QUOTA: QuotaExceededError,
    Ending.OUT_OF_WAIT_TIME: OutOfWaitTimeError,
    Ending.OUT_OF_RUNG_WAIT: OutOfWaitTimeError,
    Ending.USER_ERROR: TrainingFailedError,
    Ending.UNKNOWN_FAILURE: TrainingFailedError,
    Ending.STOPPED: TrainingStoppedError,
    Ending.OUT_OF_RUN_TIME_WITH_CHECKPOINT: OutOfRunTimeError,
    Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT: OutOfRunTimeError,
}


def error_of(ending: Ending, message: str) -> ThriftlineError | None:
    """Returns the error that the machine goes by, None for a completed training."""
    kind = _ERRORS.get(ending)
    return kind(message) if kind else None
