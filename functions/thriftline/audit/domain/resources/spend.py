"""What AWS billed, as Cost Explorer tells it."""

from datetime import date
from decimal import Decimal

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """USD of one service in [start, end), unblended. ``usage_type`` is None when not grouped.

    ``is_estimated`` is Cost Explorer's own word for days that are not closed yet.
    """

    service: str
    usage_type: str | None
    start: date
    end: date
    usd: Decimal
    is_estimated: bool
