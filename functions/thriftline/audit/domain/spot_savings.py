"""What training on Spot really saved: billed seconds against seconds that were worked.

What the stack's own runs settled has each attempt's own rate. Any other job is priced at the rate
of today, by the seconds that SageMaker says of it. No job counts twice.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal

from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.runs import SettledAttempt
from thriftline.core.dataclass import dataclass
from thriftline.money.prices import PriceCatalogue

_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class SpotUse:
    """One job on Spot: what it was billed, and what it had cost without Spot."""

    job_name: str
    is_settled: bool
    billed_usd: Decimal
    undiscounted_usd: Decimal


@dataclass(frozen=True, slots=True)
class SpotSavings:
    """All jobs on Spot that ended in the window. ``unknown`` names those without their dollars."""

    uses: tuple[SpotUse, ...]
    unknown: tuple[str, ...]

    @property
    def billed_usd(self) -> Decimal:
        """What the jobs with dollars were billed."""
        return sum((one.billed_usd for one in self.uses), Decimal(0))

    @property
    def undiscounted_usd(self) -> Decimal:
        """What they had cost on demand, had they worked as long."""
        return sum((one.undiscounted_usd for one in self.uses), Decimal(0))

    @property
    def saved_usd(self) -> Decimal:
        """The difference; below 0 where Spot was more expensive."""
        return self.undiscounted_usd - self.billed_usd

    @property
    def settled_usd(self) -> Decimal:
        """The part of the difference that the stack's own runs settled."""
        mine = (one.undiscounted_usd - one.billed_usd for one in self.uses if one.is_settled)
        return sum(mine, Decimal(0))


def spot_savings(inventory: Inventory, prices: PriceCatalogue) -> SpotSavings:
    """Returns what Spot saved in the inventory's window."""
    settled = {one.job_name: one for run in inventory.settled_runs for one in run.attempts}
    uses: list[SpotUse] = []
    unknown: list[str] = []
    for name, use in (*_of_runs(inventory), *_of_others(inventory, settled.keys(), prices)):
        if use is None:
            unknown.append(name)
        else:
            uses.append(use)
    return SpotSavings(tuple(uses), tuple(sorted(unknown)))


def _of_runs(inventory: Inventory) -> Iterator[tuple[str, SpotUse | None]]:
    window = inventory.window
    for run in inventory.settled_runs:
        for one in run.attempts:
            # One that never started worked no second, on Spot or not.
            if not one.is_spot or one.billed_usd == 0 == one.undiscounted_usd:
                continue
            if one.ended is not None and window.start <= one.ended < window.end:
                yield one.job_name, _settled_use(one)


def _settled_use(one: SettledAttempt) -> SpotUse | None:
    if one.billed_usd is None or one.undiscounted_usd is None:
        return None
    return SpotUse(one.job_name, True, one.billed_usd, one.undiscounted_usd)


def _of_others(
    inventory: Inventory, settled: Collection[str], prices: PriceCatalogue
) -> Iterator[tuple[str, SpotUse | None]]:
    window = inventory.window
    for job in inventory.training_jobs:
        if not job.managed_spot or job.is_prepaid or job.name in settled:
            continue
        if job.ended is None or not window.start <= job.ended < window.end:
            continue
        if job.billable_seconds == 0 and not job.training_seconds:
            continue
        yield job.name, _priced_use(job, inventory.region, prices)


def _priced_use(job: TrainingJob, region: str, prices: PriceCatalogue) -> SpotUse | None:
    billed, worked = job.billable_seconds, job.training_seconds
    price = prices.training_rate(job.instance_type, region) if job.instance_type else None
    if billed is None or worked is None or price is None:
        return None
    second = price.usd * job.instance_count / _HOUR
    return SpotUse(job.name, False, second * billed, second * worked)
