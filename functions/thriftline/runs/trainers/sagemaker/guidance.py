"""What some hours on some instances cost, and the usual guidance made of that.

Guides price a training by its hours: so many on such a type, for a small one, for production. These
figures come out of the same prices as a plan; a type that does not exist, or has no price here, is
refused and not guessed. An hour on SageMaker costs more than one on EC2, which guides quote.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances

_CENT = Decimal("0.01")
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Profile:
    """A usual case: its type, and from how many hours to how many it takes."""

    name: str
    instance_type: str
    hours: tuple[int, int]


PROFILES = (
    Profile("small", "ml.g5.xlarge", (2, 6)),
    Profile("medium", "ml.p4d.24xlarge", (8, 24)),
    Profile("large", "ml.p5.48xlarge", (24, 168)),
    Profile("development", "ml.g5.xlarge", (4, 8)),
    Profile("production", "ml.g5.12xlarge", (8, 24)),
    Profile("enterprise", "ml.p4d.24xlarge", (24, 168)),
)


@dataclass(frozen=True)
class CostOfHours:
    """What some hours cost. ``usd`` is billed; ``held_usd`` is what a worst case must cover.

    ``upper_bound_usd`` has the storage in it that a type without NVMe volumes would be billed.
    """

    usd: Decimal
    upper_bound_usd: Decimal
    held_usd: Decimal


@dataclass(frozen=True)
class Guidance:
    """A profile at its price."""

    profile: Profile
    low_usd: Decimal
    high_usd: Decimal


def cost_of_hours(instances: PricedInstances, hours: int) -> CostOfHours:
    """Returns what so many hours of all instances cost, to the nearest cent."""
    seconds = hours * _SECONDS_PER_HOUR
    return CostOfHours(
        _cents(instances.billed_usd(seconds)),
        _cents(instances.usd(seconds)),
        instances.worst_case_usd(seconds),
    )


def guidance(instances_for: Callable[[str], PricedInstances]) -> tuple[Guidance, ...]:
    """Returns the usual guidance at the prices that ``instances_for`` finds.

    Raises:
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
    """
    found = []
    for profile in PROFILES:
        instances = instances_for(profile.instance_type)
        low, high = (cost_of_hours(instances, hours).usd for hours in profile.hours)
        found.append(Guidance(profile, low, high))
    return tuple(found)


def _cents(usd: Decimal) -> Decimal:
    return usd.quantize(_CENT, ROUND_HALF_UP)
