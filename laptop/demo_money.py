"""The money of a run on a terminal: its plan before it trains, its settlement after it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from laptop.routing_table import show_routing

# Of more choices the cheapest are shown, and the planned one.
_MOST = 6
_UNKNOWN = "-"


def show_plan(plan: Mapping[str, Any], console: Console) -> None:
    """Show a plan.json: each way to train, then what each choice of the one that is taken costs."""
    show_routing(plan, console)
    table = Table(box=None, padding=(0, 1), title="The plan, in USD", title_justify="left")
    table.add_column("choice", overflow="fold")
    for name in ("low", "likely", "high", "at the most"):
        table.add_column(name, justify="right", no_wrap=True)
    for choice in _shown(plan["quotes"]):
        table.add_row(
            f"{choice['name']}{' (planned)' if choice['chosen'] else ''}",
            *(_usd(choice[name]) for name in ("low_usd", "expected_usd", "high_usd")),
            _usd(choice["worst_case_usd"]),
        )
    console.print(table)


def show_settlement(settlement: Mapping[str, Any], console: Console) -> None:
    """Show what was held, billed and given back, and how right the estimate was."""
    table = Table(box=None, padding=(0, 1), title="The settlement, in USD", title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("USD", justify="right", no_wrap=True)
    for row in settlement["rows"]:
        what = f"attempt {row['attempt']}: {row['what']}, {_amount(row)}"
        table.add_row(what, _usd(row["cents_usd"]))
    table.add_row("billed", _usd(settlement["total_usd"]))
    table.add_row(f"held in {settlement['month']} before it", _usd(settlement["held_usd"]))
    if settlement["held_usd"] is not None and settlement["settled_usd"] is not None:
        back = Decimal(settlement["held_usd"]) - Decimal(settlement["settled_usd"])
        table.add_row("given back", _usd(str(back)))
    low, high = settlement["expected_low_usd"], settlement["expected_high_usd"]
    if low is not None and high is not None:
        table.add_row("estimated, low to high", f"{_usd(low)} to {_usd(high)}")
    console.print(table)


def _amount(row: Mapping[str, Any]) -> str:
    """What a row is for: seconds, or tokens at their rate."""
    if row["rate_unit"].endswith("tokens"):
        rate = Decimal(row["rate_usd"]).normalize()
        return f"{row['units']:,} at {rate:f} for {row['rate_unit']}"
    return f"{row['seconds']:,} s"


def _shown(choices: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    first = list(choices[:_MOST])
    planned = [one for one in choices[_MOST:] if one["chosen"]]
    return [*first[: _MOST - len(planned)], *planned]


def _usd(text: str | None) -> str:
    if text is None:
        return _UNKNOWN
    amount = Decimal(text)
    in_cents = amount == amount.quantize(Decimal("0.01"))
    return f"{amount:.2f}" if in_cents or amount >= Decimal("0.1") else f"{amount:.4f}"
