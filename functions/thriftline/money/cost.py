"""What a run was billed: the sum of its jobs, each at its own rate. Unknown is None, never 0."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.money.sums import sum_of


@dataclass(frozen=True)
class Billing:
    """What is known of one job: seconds billed and of the wall clock, and what they cost.

    ``undiscounted_usd`` is what the same seconds would have cost without a discount such as Spot.
    """

    billed_seconds: int | None
    training_seconds: int | None
    billed_usd: Decimal | None
    undiscounted_usd: Decimal | None


@dataclass(frozen=True)
class Cost:
    """The sum over a run's jobs; ``saving`` is the share that the discount saved."""

    billed_seconds: int | None
    training_seconds: int | None
    usd: Decimal | None
    undiscounted_usd: Decimal | None
    saving: float | None


def cost_of(jobs: Sequence[Billing]) -> Cost:
    """Returns what the jobs cost together; a single unknown part makes the sum unknown.

    No job at all is known to have cost nothing.
    """
    usd = sum_of(job.billed_usd for job in jobs)
    undiscounted = sum_of(job.undiscounted_usd for job in jobs)
    return Cost(
        billed_seconds=_seconds([job.billed_seconds for job in jobs]),
        training_seconds=_seconds([job.training_seconds for job in jobs]),
        usd=usd,
        undiscounted_usd=undiscounted,
        saving=float(1 - usd / undiscounted) if usd is not None and undiscounted else None,
    )


def _seconds(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
