"""What a SageMaker Savings Plan would bring: a what-if, priced by the rates that were read.

A plan is a commitment to so many USD of every hour of a year or three; what is not used is paid all
the same. So only hours that run without a break are counted: no training in bursts, and no Spot,
whose coverage nobody has checked. Without rates nothing is said in dollars.
"""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import UnitRates

HOURS_A_MONTH = 730
PAYMENTS = ("No Upfront", "Partial Upfront", "All Upfront")
TERMS = (1, 3)


@dataclass(frozen=True)
class SteadyUse:
    """Instances of one type that run without a break; ``usd`` is an hour of one on demand."""

    component: str
    instance_type: str
    count: int
    usd: Decimal


@dataclass(frozen=True)
class PlanOffer:
    """One plan: what is committed to an hour, and what it saves a month if use goes on as it is.

    ``unpriced`` are types that the plan has no rate for; they are not in its figures.
    """

    years: int
    payment: str
    commitment_usd: Decimal
    saved_usd_a_month: Decimal
    unpriced: tuple[str, ...]


def rate_name(component: str, instance_type: str, years: int, payment: str) -> str:
    """Returns what the price catalogue calls a plan's rate of an instance hour."""
    return f"{component} {instance_type}, {years} y, {payment}"


def what_if(
    steady: Sequence[SteadyUse], floor_usd: Decimal, rates: UnitRates, region: str
) -> tuple[PlanOffer, ...]:
    """Returns the plans for which rates are known, the largest saving first.

    Args:
        steady: what runs without a break.
        floor_usd: what was billed in the cheapest hour, at on-demand rates; where it is less than
            ``steady`` costs, only its share of each is counted.
        rates: what an hour costs under a plan, by ``rate_name``.
        region: where it runs.
    """
    used = sum((use.usd * use.count for use in steady), Decimal(0))
    if used <= 0 or floor_usd <= 0:
        return ()
    share = min(Decimal(1), floor_usd / used)
    found = (_offer(steady, share, rates, region, y, p) for y in TERMS for p in PAYMENTS)
    offers = [one for one in found if one is not None]
    return tuple(sorted(offers, key=lambda one: (-one.saved_usd_a_month, one.years, one.payment)))


def _offer(
    steady: Sequence[SteadyUse],
    share: Decimal,
    rates: UnitRates,
    region: str,
    years: int,
    payment: str,
) -> PlanOffer | None:
    commitment = saved = Decimal(0)
    unpriced = []
    for use in steady:
        price = rates.rate(rate_name(use.component, use.instance_type, years, payment), region)
        if price is None:
            unpriced.append(use.instance_type)
            continue
        commitment += price.usd * use.count * share
        saved += (use.usd - price.usd) * use.count * share * HOURS_A_MONTH
    if len(unpriced) == len(steady):
        return None
    return PlanOffer(years, payment, commitment, saved, tuple(sorted(set(unpriced))))
