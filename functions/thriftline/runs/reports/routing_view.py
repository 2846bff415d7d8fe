"""Which way to train was taken, in words: for the message, and for the page's table."""

from decimal import Decimal

from thriftline.runs.domain.router import millions
from thriftline.runs.schemas.planned_routing import PlannedBreakEven, PlannedRoute, PlannedRouting


def routing_line(routing: PlannedRouting) -> str:
    """Returns one line: what was taken for how much, and what the others would have cost."""
    ordered = sorted(routing.rows, key=lambda row: not row.chosen)
    return "; ".join(_told(row) for row in ordered)


def _told(row: PlannedRoute) -> str:
    if not row.feasible:
        return f"{row.trainer} could not be taken"
    total = "unpriced" if row.total_usd is None else f"${row.total_usd:,.2f}"
    return f"{row.trainer} {total}{' was taken' if row.chosen else ''}"


def break_even_line(even: PlannedBreakEven) -> str:
    """Returns a sentence on from where on what stands all month is the cheaper."""
    line = (
        f"{even.name} all month ({dollars(even.month_usd)}) is cheaper than {even.than} from "
        f"{millions(even.predictions)} predictions a month"
    )
    return line if even.is_sustained is not False else f"{line}, which one of it cannot answer"


def dollars(usd: Decimal | None) -> str:
    """Returns an amount in cents; what is not known has a word, never a zero."""
    return "unpriced" if usd is None else f"${usd:,.2f}"
