"""Which way to train a plan takes, on a terminal: the table, and why one is not taken."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_KINDS = {
    "training": "training",
    "evaluation": "evaluation",
    "storage": "storage",
    "predictions": "month",
}
_UNKNOWN = "is not known"
_SUSTAINED = {True: "can answer", False: "cannot answer", None: _UNKNOWN}
_NONE, _UNPRICED = "-", "unpriced"


def show_routing(plan: Mapping[str, Any], console: Console) -> None:
    """Show what each way to train would cost; nothing for a plan that was not routed."""
    routing = plan.get("routing")
    if not routing:
        return
    console.print(_table(routing))
    for line in _lines(routing):
        console.print(escape(line), highlight=False)


def show_break_evens(plan: Mapping[str, Any], console: Console) -> None:
    """Show from how many predictions a month on an endpoint is the cheaper way to serve."""
    evens = (plan.get("routing") or {}).get("break_evens")
    if not evens:
        return
    title = f"An endpoint is cheaper than {evens[0]['than']}"
    table = Table(box=None, padding=(0, 1), title=title, title_justify="left")
    table.add_column("endpoint", no_wrap=True)
    table.add_column("USD a month", justify="right", no_wrap=True)
    table.add_column("from predictions a month", justify="right", no_wrap=True)
    table.add_column("which one of it", no_wrap=True)
    for even in evens:
        table.add_row(
            even["name"],
            _usd(even["month_usd"]),
            f"{even['predictions']:,}",
            _SUSTAINED[even["is_sustained"]],
        )
    console.print(table)


def _table(routing: Mapping[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 1), title="The ways to train, in USD", title_justify="left")
    table.add_column("way", no_wrap=True)
    for name in (*_KINDS.values(), "together"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in routing["rows"]:
        table.add_row(
            f"{row['trainer']}{_standing(row)}",
            *(_amount(row, kind) for kind in _KINDS),
            _together(row),
            style="bold" if row["chosen"] else "",
        )
    return table


def _together(row: Mapping[str, Any]) -> str:
    if not row["costs"]:
        return _NONE
    most = "at most " if any(cost["is_bound"] for cost in row["costs"]) else ""
    return most + _usd(row["total_usd"])


def _standing(row: Mapping[str, Any]) -> str:
    if row["chosen"]:
        return " (taken)"
    return "" if row["feasible"] else " (cannot)"


def _amount(row: Mapping[str, Any], kind: str) -> str:
    amounts = [cost["usd"] for cost in row["costs"] if cost["kind"] == kind]
    if not amounts:
        return _NONE
    if any(usd is None for usd in amounts):
        return _UNPRICED
    return _usd(str(sum(map(Decimal, amounts), Decimal(0))))


def _usd(text: str | None) -> str:
    return _UNPRICED if text is None else f"{Decimal(text):,.2f}"


def _lines(routing: Mapping[str, Any]) -> Iterator[str]:
    yield routing["reason"]
    for row in routing["rows"]:
        for reason in row["reasons"]:
            yield f"{row['trainer']}: {reason}"
    yield from routing["advice"]
