"""What a result says of the run's bill and of its estimate."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from thriftline.money.settlement import CENT, in_cents, is_inside, miss_of
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import ResultCharge, ResultCost, ResultSettlement
from thriftline.runs.steps.run_costs import numbered_attempts

# What nine decimals of each row may add up to.
_ROUNDING = Decimal("0.000001")


def settlement_of(
    item: Mapping[str, Any], plan: Plan | None, cost: ResultCost, *, completed: bool
) -> ResultSettlement:
    """Returns the settlement of a run, out of its item in the runs table.

    An estimate is held against a training that came to its end; another says nothing of it.
    """
    judged = plan if completed else None
    status = _status(item)
    rows = _whole_bill(list(_rows(item)), cost.usd)
    cents = in_cents([row.usd for row in rows])
    return ResultSettlement(
        status=status,
        month=item.get("ledger_month"),
        held_usd=_dollars(item.get("held_usd")),
        settled_usd=_dollars(item.get("settled_usd")) if status == "settled" else None,
        rows=tuple(
            row.model_copy(update={"cents_usd": part})
            for row, part in zip(rows, cents, strict=True)
        ),
        total_usd=_total(cents, cost.usd),
        expected_usd=plan.expected_usd if plan else None,
        expected_low_usd=plan.expected_low_usd if plan else None,
        expected_high_usd=plan.expected_high_usd if plan else None,
        estimate_miss=miss_of(cost.usd, judged.expected_usd) if judged else None,
        inside_range=_inside(judged, cost),
        spot_saving=cost.spot_saving,
    )


def _whole_bill(rows: list[ResultCharge], usd: Decimal | None) -> list[ResultCharge]:
    """Leaves out rows that are not all of the bill: a trainer or a former version may give none."""
    missing = Decimal(0) if usd is None else usd - sum((row.usd for row in rows), Decimal(0))
    return rows if abs(missing) < _ROUNDING else []


def _total(cents: Sequence[Decimal], usd: Decimal | None) -> Decimal | None:
    if usd is None:
        return None
    return sum(cents, Decimal(0)) if cents else usd.quantize(CENT, rounding=ROUND_HALF_UP)


def _status(item: Mapping[str, Any]) -> Any:
    # The dollars are noted before they are settled, the time after.
    if item.get("settled_at") is not None:
        return "settled"
    return "kept" if item.get("held_usd") is not None else "nothing_held"


def _rows(item: Mapping[str, Any]) -> Iterator[ResultCharge]:
    for number, facts in numbered_attempts(item):
        for charge in facts.get("charges") or ():
            yield ResultCharge.model_validate({**charge, "attempt": number, "cents_usd": "0"})


def _inside(plan: Plan | None, cost: ResultCost) -> bool | None:
    if plan is None:
        return None
    return is_inside(cost.usd, plan.expected_low_usd, plan.expected_high_usd)


def _dollars(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
