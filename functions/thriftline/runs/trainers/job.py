"""A training job as SageMaker describes it."""

import re
from dataclasses import dataclass
from datetime import datetime
from math import ceil

# The training program gives a checkpoint its name when it is whole, and SageMaker copies files in
# any order; state.json names all others.
_CHECKPOINT = re.compile(r"(.*/)?step-\d+/state\.json")


def is_checkpoint(key: str) -> bool:
    """Whether an object is what marks a usable checkpoint."""
    return bool(_CHECKPOINT.fullmatch(key))


@dataclass(frozen=True)
class TrainingJob:
    """One attempt's job. A time or a duration that SageMaker has not reported is None.

    ``transitions`` are the secondary statuses that it went through, in order.
    """

    name: str
    status: str
    secondary_status: str
    created_at: datetime
    max_runtime_seconds: int
    failure_reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    training_seconds: int | None = None
    billable_seconds: int | None = None
    instance_type: str = ""
    instance_count: int = 1
    spot: bool = False
    max_wait_seconds: int | None = None
    image: str = ""
    run_id: str = ""
    transitions: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether it still runs, waits or stops."""
        return self.status in {"InProgress", "Stopping"}

    @property
    def interruptions(self) -> int:
        """How often it lost its Spot instance."""
        return self.transitions.count("Interrupted")

    @property
    def charged_seconds(self) -> int:
        """Seconds of the run's limit that it has used up; all of its own limit when unknown."""
        reported = [s for s in (self.training_seconds, self.billable_seconds) if s is not None]
        if reported:
            return max(reported)
        if self.is_active:
            return self.max_runtime_seconds
        if self.started_at is None:
            return 0
        if self.ended_at is None:
            return self.max_runtime_seconds
        return max(0, ceil((self.ended_at - self.started_at).total_seconds()))
