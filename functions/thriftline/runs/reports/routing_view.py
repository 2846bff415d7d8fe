"""Which way to train was taken, in words: for the message, and for the page's table."""

from decimal import Decimal

from thriftline.runs.schemas.planned_routing import PlannedRoute, PlannedRouting


def routing_line(routing: PlannedRouting) -> str:
    """Returns one line: what was taken for how much, and what the others would have cost."""
    ordered = sorted(routing.rows, key=lambda row: not row.chosen)
    return "; ".join(_told(row) for row in ordered)


def _told(row: PlannedRoute) -> str:
    if not row.feasible:
        return f"{row.trainer} could not be taken"
    total = f"{'at most ' if row.is_bound else ''}{dollars(row.total_usd)}"
    kept = None if row.total_usd is None else row.usd_of("storage")
    stored = f" ({dollars(kept)} of it a month of storage)" if kept else ""
    return f"{row.trainer} {total}{stored}{' was taken' if row.chosen else ''}"


def dollars(usd: Decimal | None) -> str:
    """Returns an amount in cents; what is not known has a word, never a zero."""
    return "unpriced" if usd is None else f"${usd:,.2f}"
