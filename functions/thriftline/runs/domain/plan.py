"""What a run costs at the most, and whether it may.

The cap holds over all attempts of a run together, because they share one allowance of seconds:
Start training sets each job's ``MaxRuntimeInSeconds`` to what the jobs before have left of it
(``seconds_left``). So the worst case does not grow with ``max_attempts``, and SageMaker itself
enforces it. What may come on top: a job that reaches its limit gets ``STOP_GRACE_SECONDS`` to stop
and then uploads, and SageMaker bills to the end of that. It can happen once, since such a job is
not tried again, and the plan states it beside the worst case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from thriftline.core.errors import (
    BudgetExceededError,
    OutOfRunTimeError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.money.prices import Price, PriceCatalogue, near_matches
from thriftline.runs.trainers.job import TrainingJob

STOP_GRACE_SECONDS = 120
# Less is not worth an instance: it is gone before the image is there.
SHORTEST_ATTEMPT_SECONDS = 60
_SECONDS_PER_HOUR = Decimal(3600)
# AWS bills storage by the month of 730 hours.
_SECONDS_PER_MONTH = 730 * _SECONDS_PER_HOUR
_CENT = Decimal("0.01")


def round_up(usd: Decimal) -> Decimal:
    """Returns whole cents, never less than the amount."""
    return usd.quantize(_CENT, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class Offer:
    """Instances of one type with their storage, at the prices of one region."""

    instance_type: str
    instance_count: int
    rate: Price
    volume_gib: int
    storage: Price

    @property
    def usd_per_second(self) -> Decimal:
        """Instances and storage together."""
        return self.instance_usd(1) + self.storage_usd(1)

    def instance_usd(self, seconds: int) -> Decimal:
        """What the instances cost, exactly."""
        return self.rate.usd * self.instance_count * seconds / _SECONDS_PER_HOUR

    def storage_usd(self, seconds: int) -> Decimal:
        """What the storage costs, exactly.

        Types with NVMe volumes get none and are billed none; it is some cents, and stays in so
        that no list of types can make a worst case too low.
        """
        return (
            self.storage.usd * self.volume_gib * self.instance_count * seconds / _SECONDS_PER_MONTH
        )

    def worst_case_usd(self, seconds: int) -> Decimal:
        """What ``seconds`` of all instances cost, rounded up to cents."""
        return round_up(self.instance_usd(seconds) + self.storage_usd(seconds))

    def seconds_within(self, cap_usd: Decimal) -> int:
        """Returns the most seconds whose worst case is within a cap."""
        whole_cents = cap_usd - cap_usd % _CENT
        # Division rounds, up or down: the quotient may be one second off either way.
        seconds = int(whole_cents / self.usd_per_second) + 1
        while seconds > 0 and self.worst_case_usd(seconds) > cap_usd:
            seconds -= 1
        return seconds


def require_known(instance_type: str, known: frozenset[str]) -> None:
    """Checks a type against the API's own list.

    Raises:
        UnknownInstanceTypeError: with the names most like it.
    """
    if instance_type in known:
        return
    raise UnknownInstanceTypeError(
        f"training.instance_type: SageMaker trains on no instance called {instance_type}."
        f"{_did_you_mean(near_matches(instance_type, known))} Nothing was spent."
    )


def offer_of(
    catalogue: PriceCatalogue,
    region: str,
    *,
    instance_type: str,
    instance_count: int,
    volume_gib: int,
) -> Offer:
    """Returns a type at its price.

    Raises:
        UnpricedInstanceError: with types and regions that have a price.
    """
    rate = catalogue.training_rate(instance_type, region)
    if rate is None:
        near = near_matches(instance_type, catalogue.priced_types(region))
        regions = ", ".join(catalogue.priced_regions(instance_type))
        elsewhere = f" It has a price in {regions}." if regions else ""
        raise UnpricedInstanceError(
            f"training.instance_type: the price catalogue has no rate for {instance_type} in "
            f"{region}, and what has no price is not run.{_did_you_mean(near)}{elsewhere} "
            "Nothing was spent. `make prices` refreshes the catalogue."
        )
    return Offer(instance_type, instance_count, rate, volume_gib, catalogue.storage_rate(region))


def _did_you_mean(names: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""


def admit(
    offer: Offer, max_runtime_seconds: int, cap_usd: Decimal, alternatives: Sequence[Offer]
) -> Decimal:
    """Returns the worst case of a run that its cap allows.

    Raises:
        BudgetExceededError: with the numbers, and what would fit.
    """
    worst = offer.worst_case_usd(max_runtime_seconds)
    if worst <= cap_usd:
        return worst
    raise BudgetExceededError(
        f"The worst case of {worst} USD passes the cap budget.max_usd of {cap_usd} USD: "
        f"{offer.instance_count} x {offer.instance_type} at {offer.rate.usd} USD an hour "
        f"({offer.rate.region}, {offer.rate.component}, {offer.rate.date}) for "
        f"{max_runtime_seconds} seconds, with {offer.volume_gib} GiB of storage. "
        f"{_mend(offer, max_runtime_seconds, cap_usd, alternatives)} Nothing was spent."
    )


def _mend(
    offer: Offer, max_runtime_seconds: int, cap_usd: Decimal, alternatives: Sequence[Offer]
) -> str:
    mends = [f"raise budget.max_usd to {offer.worst_case_usd(max_runtime_seconds)}"]
    seconds = offer.seconds_within(cap_usd)
    if seconds >= SHORTEST_ATTEMPT_SECONDS:
        mends.append(f"set training.max_runtime_seconds to {seconds} or less")
    cheaper = sorted(
        (other.worst_case_usd(max_runtime_seconds), other.instance_type) for other in alternatives
    )
    fitting = [f"{name} ({usd} USD)" for usd, name in cheaper if usd <= cap_usd][:3]
    if fitting:
        mends.append(f"take a cheaper type: {', '.join(fitting)}")
    text = ", or ".join(mends)
    return f"{text[0].upper()}{text[1:]}."


def seconds_left(max_runtime_seconds: int, earlier: Iterable[TrainingJob]) -> int:
    """Returns the seconds that the next attempt may train.

    Raises:
        OutOfRunTimeError: the earlier attempts have used up what the run may take.
    """
    used = sum(job.charged_seconds for job in earlier)
    left = max_runtime_seconds - used
    if left < SHORTEST_ATTEMPT_SECONDS and used:
        raise OutOfRunTimeError(
            f"The earlier attempts have used {used} of the {max_runtime_seconds} seconds of "
            "training.max_runtime_seconds, which bound what the run may cost; too few are left "
            "for another."
        )
    return left


def wait_left(
    max_wait_seconds: int | None, runtime_seconds: int, waited_seconds: float
) -> int | None:
    """Returns ``MaxWaitTimeInSeconds`` of the next attempt, None unless Spot.

    All attempts share it like the run time; SageMaker wants at least the run time.
    """
    if max_wait_seconds is None:
        return None
    return max(runtime_seconds, max_wait_seconds - int(waited_seconds))
