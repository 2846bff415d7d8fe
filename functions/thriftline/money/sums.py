"""Sums of dollars of which some may be unknown: then the sum is unknown too, never 0."""

from collections.abc import Iterable
from decimal import Decimal


def sum_of(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Returns the sum; None where a part is not known."""
    total = Decimal(0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total
