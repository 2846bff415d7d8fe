"""The dollars of a preparation: what it may take of its run, and what is held for both."""

from decimal import ROUND_FLOOR, Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError
from thriftline.runs.domain.approvals import is_needed
from thriftline.runs.domain.preparation import PreparationQuote
from thriftline.runs.domain.quotes import round_up

# Another attempt may follow one that lost its machines, while dollars are left for it.
MOST_ATTEMPTS = 2
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Limit:
    """So many dollars, and what sets that limit."""

    usd: Decimal
    name: str


@dataclass(frozen=True)
class PreparationMoney:
    """What a run with a preparation may hold, and what its preparation may cost of that."""

    held_usd: Decimal
    limit: Limit


def money_of(
    cap: Limit, most_per_run: Limit, budgets_left: Limit, own_cap_usd: Decimal | None
) -> PreparationMoney:
    """Returns the dollars of a run whose training is not planned yet: its cap, if there is so much.

    Both parts of the run share them, so that the sum stays within the cap whatever each costs.
    """
    held = min((cap, most_per_run, budgets_left), key=lambda limit: limit.usd)
    held = Limit(held.usd.quantize(_CENT, rounding=ROUND_FLOOR), held.name)
    if own_cap_usd is None or own_cap_usd >= held.usd:
        return PreparationMoney(held.usd, held)
    return PreparationMoney(held.usd, Limit(own_cap_usd, "prepare.max_usd"))


def admit_quote(quote: PreparationQuote, worst_usd: Decimal, limit: Limit) -> None:
    """Refuses a preparation that may cost more than its run lets it.

    Raises:
        BudgetExceededError: with the numbers and the fix.
    """
    if worst_usd <= limit.usd:
        return
    raise BudgetExceededError(
        f"The preparation on {quote.engine} may cost {round_up(worst_usd)} USD at the worst "
        f"({quote.basis}), and {limit.name} leaves {max(Decimal(0), limit.usd):.2f} USD. Lower "
        "prepare.max_minutes or prepare.max_vcpus, raise that limit, or prepare the data "
        "elsewhere. Nothing was spent."
    )


def most_usd(worst_usd: Decimal, limit_usd: Decimal) -> Decimal:
    """Returns what all attempts at a preparation may cost together."""
    return min(limit_usd, worst_usd * MOST_ATTEMPTS)


def limit_unasked(worst_usd: Decimal, limit: Limit, above_usd: Decimal | None) -> Limit:
    """Returns what a preparation may take of its run: without a yes, no more than the threshold.

    One attempt that may cost more is asked for, with the attempt that may follow it; else a second
    one is made only while both stay below the threshold.
    """
    if above_usd is None or above_usd >= limit.usd or is_needed(worst_usd, above_usd):
        return limit
    return Limit(above_usd, "what is spent without approval (ApprovalAboveUsd)")
