"""How much of a budget is spent, who is told, and what others spent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.money.ledgers import MemoryLedger
from thriftline.core.errors import AccessDeniedError
from thriftline.money.aws.cost_explorer import CostExplorer
from thriftline.money.ledger import Budgets, reserve, settle
from thriftline.money.month import Announcing, Hold, Month
from thriftline.money.spending import due_alerts, external_usd, spent_of
from thriftline.runs.schemas.steps.budget import CountSpendResponse
from thriftline.runs.steps.count_spend import count_spend

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = "2026-11"
BUDGETS = Budgets(Decimal(100), {"a": Decimal(20)})


def month_of(*, settled: str = "0", external: str = "0", announced: tuple[str, ...] = ()) -> Month:
    ledger = MemoryLedger()
    plenty = Budgets(Decimal(1000), {})
    reserve(ledger, KEY, Hold("a-1", "a", Decimal(5), NOW), plenty)
    reserve(ledger, KEY, Hold("a-2", "a", Decimal(9), NOW), plenty)
    settle(ledger, KEY, "a-1", "a", Decimal(settled), NOW.date())
    month = ledger.month(KEY)
    return replace(
        month,
        external_usd=Decimal(external),
        committed_usd=month.committed_usd + Decimal(external),
        announced=frozenset(announced),
    )


def test_what_is_held_is_not_spent() -> None:
    spent = list(spent_of(month_of(settled="4", external="6"), BUDGETS))
    assert [(one.project, one.percent) for one in spent] == [(None, 10), ("a", 20)]


@pytest.mark.parametrize(
    ("external", "announced", "thresholds"),
    [
        ("45.99", (), []),
        ("46", (), [50]),
        # Only the highest is sent, and those below it count as sent.
        ("90", (), [80]),
        ("90", ("#50",), [80]),
        ("90", ("#50", "#80"), []),
        ("96", ("#50", "#80"), [100]),
        ("500", ("#50", "#80", "#100"), []),
    ],
)
def test_a_threshold_is_due_once(
    external: str, announced: tuple[str, ...], thresholds: list[int]
) -> None:
    due = list(due_alerts(month_of(settled="4", external=external, announced=announced), BUDGETS))
    assert [alert.threshold for alert in due] == thresholds
    for alert in due:
        assert not set(alert.marks) & set(announced)


def test_a_project_has_thresholds_of_its_own() -> None:
    (alert,) = due_alerts(month_of(settled="17"), BUDGETS)
    assert (alert.spent.project, alert.threshold, alert.marks) == ("a", 80, ("a#50", "a#80"))


def test_a_budget_of_0_tells_nobody() -> None:
    assert list(due_alerts(month_of(settled="4"), Budgets(Decimal(0), {}))) == []


def test_external_spend_is_what_aws_billed_less_what_was_settled_by_then() -> None:
    month = Month(
        KEY,
        settled_days={"2026-11-03": Decimal(4), "2026-11-20": Decimal(2), "2026-11-21": Decimal(8)},
    )
    assert external_usd(Decimal(50), month, date(2026, 11, 21)) == 44
    assert external_usd(Decimal(3), month, date(2026, 11, 21)) == 0


class StandInCosts:
    """Cost Explorer with its answers; two pages."""

    def __init__(self, *amounts: str) -> None:
        self.amounts = amounts
        self.asked: list[dict[str, Any]] = []

    def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        at = len(self.asked) - 1
        result = {"Total": {"UnblendedCost": {"Amount": self.amounts[at], "Unit": "USD"}}}
        more = {"NextPageToken": "next"} if at + 1 < len(self.amounts) else {}
        return {"ResultsByTime": [result], **more}


def counted(
    ledger: MemoryLedger, costs: StandInCosts, now: datetime = NOW, *, is_on: bool = True
) -> CountSpendResponse:
    explorer = CostExplorer(cast("Any", costs), "123456789012", "us-east-1")
    return count_spend(ledger=ledger, costs=explorer, counted=is_on, now=now)


def test_what_others_spent_leaves_less_for_runs() -> None:
    ledger, costs = MemoryLedger(), StandInCosts("40.25", "19.75")
    assert counted(ledger, costs).external_usd == 60
    assert costs.asked[0]["TimePeriod"] == {"Start": "2026-11-01", "End": "2026-11-21"}
    assert {
        "Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}}
    } in (costs.asked[0]["Filter"]["And"])
    assert BUDGETS.left(ledger.month(KEY), "b") == 40
    # A correction of the next day counts in its place.
    assert counted(ledger, StandInCosts("55")).external_usd == 55
    assert ledger.month(KEY).committed_usd == 55


def test_on_the_first_of_a_month_nothing_is_complete_and_nothing_is_asked() -> None:
    costs = StandInCosts()
    answer = counted(MemoryLedger(), costs, datetime(2026, 12, 1, 6, tzinfo=UTC))
    assert (answer.month, costs.asked) == ("2026-12", [])
    assert answer.external_usd == 0


def test_external_spend_that_is_ignored_is_taken_out_again() -> None:
    ledger = MemoryLedger()
    counted(ledger, StandInCosts("55"))
    costs = StandInCosts()
    assert counted(ledger, costs, is_on=False).external_usd == 0
    assert ledger.month(KEY).committed_usd == 0
    assert costs.asked == []


def test_a_figure_that_cannot_be_read_leaves_the_last_one() -> None:
    from tests.unit.runs.fake_sagemaker import refusal

    class Denied(StandInCosts):
        def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
            raise refusal("GetCostAndUsage", "AccessDeniedException", "no", 403)

    ledger = MemoryLedger()
    counted(ledger, StandInCosts("55"))
    with pytest.raises(AccessDeniedError):
        counted(ledger, Denied())
    assert ledger.month(KEY).external_usd == 55


def test_a_note_is_made_once() -> None:
    ledger = MemoryLedger()
    assert ledger.change(KEY, Announcing("#50")) is None
    assert ledger.change(KEY, Announcing("#50")) is not None
