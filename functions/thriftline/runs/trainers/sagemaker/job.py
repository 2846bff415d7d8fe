"""A training job as SageMaker describes it."""

import re
from datetime import datetime
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.sagemaker.priced_instances import STOP_GRACE_SECONDS

# The training program gives a checkpoint its name when it is whole, and SageMaker copies files in
# any order; state.json names all others.
_CHECKPOINT = re.compile(r"(.*/)?step-\d+/state\.json")


def is_checkpoint(key: str) -> bool:
    """Whether an object is what marks a usable checkpoint."""
    return bool(_CHECKPOINT.fullmatch(key))


@dataclass(frozen=True)
class TrainingJob:
    """One attempt's job. A time or a duration that SageMaker has not reported is None.

    ``keep_alive_seconds`` is how long its instances are kept warm after it, ``warm_pool`` how that
    pool is, and ``retained_seconds`` what is billed for it; None as long as the pool may wait for
    the next job. ``transitions`` are the secondary statuses that it went through, in order.
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
    retained_seconds: int | None = 0
    keep_alive_seconds: int = 0
    warm_pool: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it still runs, waits or stops."""
        return self.status in {"InProgress", "Stopping"}

    @property
    def charged_kept_seconds(self) -> int:
        """Seconds of its warm pool that the run's allowance pays for."""
        return self.keep_alive_seconds if self.retained_seconds is None else self.retained_seconds

    @property
    def interruptions(self) -> int:
        """How often it lost its Spot instance."""
        return self.transitions.count("Interrupted")

    @property
    def billed_seconds(self) -> int | None:
        """What SageMaker bills for each instance, None while it is not known."""
        if self.billable_seconds is not None or self.is_active:
            return self.billable_seconds
        return 0 if self._got_no_instance else None

    @property
    def trained_seconds(self) -> int | None:
        """Wall-clock seconds on each instance, None while they are not known."""
        if self.training_seconds is not None or self.is_active:
            return self.training_seconds
        return 0 if self._got_no_instance else None

    @property
    def _got_no_instance(self) -> bool:
        """Whether it ended for want of capacity and never started."""
        return self.started_at is None and self.training_seconds is None

    @property
    def charged_seconds(self) -> int:
        """Seconds that the run's allowance pays for: all that may be billed while that is unknown.

        A job that runs may still be billed to its end, which is not known before it has ended.
        """
        longest = self.max_runtime_seconds + STOP_GRACE_SECONDS
        if self.is_active:
            return longest
        if self.billed_seconds is not None:
            return self.billed_seconds
        if self.training_seconds is not None:
            return self.training_seconds
        if self.started_at is None or self.ended_at is None:
            return longest
        return max(0, ceil((self.ended_at - self.started_at).total_seconds()))
