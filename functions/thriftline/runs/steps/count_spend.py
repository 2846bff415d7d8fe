"""Counts in the ledger what others spent in the month, once a day."""

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from thriftline.core.errors import ThrottledError
from thriftline.money.ledger import Ledger
from thriftline.money.month import Counting, month_key
from thriftline.money.spending import external_usd
from thriftline.runs.schemas.steps.budget import CountSpendResponse

_TRIES = 3


class Billed(Protocol):
    """Who knows what AWS billed."""

    def billed(self, start: date, end: date) -> Decimal:
        """Returns the dollars from a day to before another."""


def count_spend(
    *, ledger: Ledger, costs: Billed, counted: bool, now: datetime
) -> CountSpendResponse:
    """Replaces the month's external spend by what was billed up to yesterday, less its own runs.

    Yesterday is complete at the earliest, so on the first day of a month there is nothing to count.
    ``counted`` is the stack's parameter; without it the external spend is 0 and nobody is asked.

    Raises:
        ThrottledError: the figure is changed at the same time, again and again.
    """
    key, today = month_key(now), now.date()
    first = today.replace(day=1)
    billed = costs.billed(first, today) if counted and today > first else Decimal(0)
    for _ in range(_TRIES):
        month = ledger.month(key)
        wanted = external_usd(billed, month, today) if counted else Decimal(0)
        if ledger.change(key, Counting(month.external_usd, wanted)) is None:
            return CountSpendResponse(month=key, billed_usd=billed, external_usd=wanted)
    raise ThrottledError(f"The external spend of {key} changes all the time.")
