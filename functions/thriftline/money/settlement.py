"""What a bill is made of, row by row, and in cents that add up."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from thriftline.core.dataclass import dataclass

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Charge:
    """One row of a bill: so many seconds of so many units at a rate."""

    what: str
    seconds: int
    units: int
    rate_usd: Decimal
    rate_unit: str
    usd: Decimal


def total_of(charges: Sequence[Charge]) -> Decimal:
    """Returns what the rows cost together, exactly."""
    return sum((charge.usd for charge in charges), Decimal(0))


def in_cents(amounts: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Returns each amount in whole cents, such that they add up to the rounded sum.

    Cents that rounding down leaves over go to the amounts that lost most by it.
    """
    floors = [amount.quantize(CENT, rounding=ROUND_FLOOR) for amount in amounts]
    total = sum(amounts, Decimal(0)).quantize(CENT, rounding=ROUND_HALF_UP)
    over = int((total - sum(floors, Decimal(0))) / CENT)
    by_loss = sorted(range(len(amounts)), key=lambda at: floors[at] - amounts[at])
    given = set(by_loss[:over])
    return tuple(floor + CENT if at in given else floor for at, floor in enumerate(floors))


def miss_of(actual_usd: Decimal | None, expected_usd: Decimal | None) -> float | None:
    """Returns by which share the estimate was passed; below 0 where less was billed."""
    if actual_usd is None or not expected_usd:
        return None
    return float(actual_usd / expected_usd - 1)


def is_inside(usd: Decimal | None, low: Decimal | None, high: Decimal | None) -> bool | None:
    """Returns whether the estimate's range holds what was billed; None where one is unknown."""
    if usd is None or low is None or high is None:
        return None
    return low <= usd <= high
