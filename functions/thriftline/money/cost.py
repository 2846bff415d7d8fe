"""What a run was billed, from the seconds that SageMaker reports. Unknown is None, never 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_HOUR = Decimal(3600)
# AWS bills storage by the month of 730 hours.
_MONTH = 730 * _HOUR


@dataclass(frozen=True)
class Rates:
    """What a job is priced at. ``storage_usd_per_gib_month`` is None when it is not known."""

    usd_per_hour: Decimal
    storage_usd_per_gib_month: Decimal | None
    volume_gib: int


@dataclass(frozen=True)
class Billing:
    """What SageMaker reports of one job: wall-clock seconds, of each instance."""

    instance_count: int
    training_seconds: int | None
    billable_seconds: int | None


@dataclass(frozen=True)
class Cost:
    """The sum over a run's jobs.

    ``on_demand_usd`` is what the same seconds would have cost without Spot. ``spot_saving`` is
    the share that Spot saved.
    """

    billed_seconds: int | None
    training_seconds: int | None
    usd: Decimal | None
    on_demand_usd: Decimal | None
    spot_saving: float | None


def cost_of(jobs: Sequence[Billing], rates: Rates | None) -> Cost:
    """Returns what the jobs cost together; a single unknown part makes the sum unknown.

    No job at all is known to have cost nothing.
    """
    billed = _sum([_instance_seconds(job, job.billable_seconds) for job in jobs])
    trained = _sum([_instance_seconds(job, job.training_seconds) for job in jobs])
    return Cost(
        billed_seconds=_sum([job.billable_seconds for job in jobs]),
        training_seconds=_sum([job.training_seconds for job in jobs]),
        usd=_usd(billed, rates),
        on_demand_usd=_usd(trained, rates),
        spot_saving=1 - billed / trained if billed is not None and trained else None,
    )


def _instance_seconds(job: Billing, seconds: int | None) -> int | None:
    return None if seconds is None else seconds * job.instance_count


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _usd(instance_seconds: int | None, rates: Rates | None) -> Decimal | None:
    if instance_seconds == 0:
        return Decimal(0)
    if instance_seconds is None or rates is None:
        return None
    compute = rates.usd_per_hour * instance_seconds / _HOUR
    if rates.storage_usd_per_gib_month is None:
        return compute
    return compute + rates.storage_usd_per_gib_month * rates.volume_gib * instance_seconds / _MONTH
