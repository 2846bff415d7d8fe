"""The month's ledger: what is held, settled and refused, and in which words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.unit.money.ledgers import MemoryLedger
from tests.unit.runs.fake_sagemaker import refusal
from tests.unit.runs.run_world import make_ledger_table
from thriftline.core.errors import (
    BudgetExceededError,
    InvalidStackParameterError,
    RunSettledError,
    ServiceUnavailableError,
    ThrottledError,
)
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.budgets import read_budgets
from thriftline.money.ledger import (
    FILED_AT_ONCE,
    MOST_CLOSED,
    Budgets,
    Ledger,
    hold_usd,
    reserve,
    settle,
)
from thriftline.money.month import (
    Announcing,
    Change,
    Counting,
    Filing,
    Hold,
    Holding,
    Month,
    Settling,
    month_key,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = date(2026, 11, 21)
KEY = "2026-11"
PLENTY = Budgets(Decimal(1000), {})


def hold(run_id: str = "a-1", usd: str = "3.00", project: str = "a") -> Hold:
    return Hold(run_id, project, Decimal(usd), NOW)


@pytest.fixture(scope="module")
def table() -> Iterator[LedgerTable]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_ledger_table(client)
        yield LedgerTable(client, "ledger")


@pytest.fixture(params=["memory", "table"])
def ledger(request: pytest.FixtureRequest, table: LedgerTable) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    _empty(table)
    return table


def _empty(table: LedgerTable) -> None:
    for item in table._client.scan(TableName="ledger")["Items"]:
        table._client.delete_item(TableName="ledger", Key={"ledger_id": item["ledger_id"]})


def test_a_run_is_held_once_however_often_it_asks(ledger: Ledger) -> None:
    first = reserve(ledger, KEY, hold(), PLENTY)
    # The second call comes later, and a plan that was made again may even ask for another amount.
    again = replace(hold(usd="4.00"), held_at=NOW + timedelta(minutes=5))
    assert reserve(ledger, KEY, again, PLENTY) == first == hold()
    month = ledger.month(KEY)
    assert month.committed_usd == month.held_usd == month.committed_to("a") == Decimal(3)


def test_settling_keeps_what_was_billed_and_gives_back_the_rest(ledger: Ledger) -> None:
    reserve(ledger, KEY, hold(), PLENTY)
    settled = settle(ledger, KEY, "a-1", "a", Decimal("1.234567891234"), DAY)
    assert (settled.held_usd, settled.repeated) == (Decimal(3), False)
    month = ledger.month(KEY)
    assert month.holds == {}
    assert month.committed_usd == month.settled_usd == Decimal("1.234567891")
    assert month.settled_days == {"2026-11-21": Decimal("1.234567891")}
    assert settle(ledger, KEY, "a-1", "a", Decimal(2), DAY).repeated
    assert ledger.month(KEY) == month


def test_what_was_billed_above_the_hold_is_settled_all_the_same(ledger: Ledger) -> None:
    reserve(ledger, KEY, hold(usd="9.00"), Budgets(Decimal(9), {}))
    settle(ledger, KEY, "a-1", "a", Decimal("9.50"), DAY)
    assert ledger.month(KEY).committed_usd == Decimal("9.50")


def test_a_run_that_was_settled_is_never_held_again(ledger: Ledger) -> None:
    """A message that comes late, or an execution that is redriven."""
    reserve(ledger, KEY, hold(), PLENTY)
    settle(ledger, KEY, "a-1", "a", Decimal(1), DAY)
    with pytest.raises(RunSettledError, match="Upload the data set again"):
        reserve(ledger, KEY, hold(), PLENTY)
    assert ledger.month(KEY).committed_usd == 1


def test_a_hold_that_comes_after_the_settlement_of_nothing_is_refused(ledger: Ledger) -> None:
    assert settle(ledger, KEY, "a-1", "a", Decimal(0), DAY).held_usd is None
    with pytest.raises(RunSettledError):
        reserve(ledger, KEY, hold(), PLENTY)
    assert ledger.month(KEY).committed_usd == 0


def test_a_refusal_names_the_budget_the_holds_what_is_left_and_the_parameter(
    ledger: Ledger,
) -> None:
    budgets = Budgets(Decimal(10), {})
    reserve(ledger, KEY, hold("a-1", "4.00"), budgets)
    reserve(ledger, KEY, hold("a-2", "2.00"), budgets)
    settle(ledger, KEY, "a-2", "a", Decimal("1.25"), DAY)
    ledger.change(KEY, Counting(Decimal(0), Decimal("2.50")))
    with pytest.raises(BudgetExceededError) as refused:
        reserve(ledger, KEY, hold("b-1", "3.00", "b"), budgets)
    assert str(refused.value) == (
        "3.00 USD are to be held for the worst case of the run and do not fit: the budget of "
        "2026-11 is 10 USD (MaxUsdPerMonth), of which 4.00 USD are held by 1 run, 1.25 USD are "
        "settled, 2.50 USD were spent outside Thriftline, and 2.25 USD are left. Runs that end "
        "give back what they did not use. Wait for them, lower budget.max_usd or "
        "training.max_runtime_seconds, or raise the stack's parameter MaxUsdPerMonth. Nothing "
        "was spent."
    )
    assert ledger.month(KEY).holds.keys() == {"a-1"}


def test_a_project_has_a_budget_of_its_own(ledger: Ledger) -> None:
    budgets = Budgets(Decimal(100), {"a": Decimal(5)})
    reserve(ledger, KEY, hold("a-1", "3.00"), budgets)
    with pytest.raises(BudgetExceededError) as refused:
        reserve(ledger, KEY, hold("a-2", "3.00"), budgets)
    assert "the project a has a budget of 5 USD for 2026-11 (ProjectBudgets)" in str(refused.value)
    assert "3.00 USD are held by 1 run, 0.00 USD are settled, and 2.00 USD are left" in str(
        refused.value
    )
    assert "raise the stack's parameter ProjectBudgets" in str(refused.value)
    reserve(ledger, KEY, hold("b-1", "3.00", "b"), budgets)
    settle(ledger, KEY, "a-1", "a", Decimal("0.50"), DAY)
    reserve(ledger, KEY, hold("a-3", "4.50"), budgets)


@pytest.mark.parametrize(
    "budgets",
    [
        Budgets(Decimal(0), {}),
        Budgets(Decimal("2.99"), {}),
        Budgets(Decimal(100), {"a": Decimal(0)}),
        Budgets(Decimal(100), {"a": Decimal("2.99")}),
    ],
)
def test_a_budget_below_the_first_run_refuses_it(ledger: Ledger, budgets: Budgets) -> None:
    with pytest.raises(BudgetExceededError):
        reserve(ledger, KEY, hold(), budgets)
    assert ledger.month(KEY).committed_usd == 0


def test_a_budget_lowered_under_what_is_held_refuses_new_runs_and_settles_old_ones(
    ledger: Ledger,
) -> None:
    reserve(ledger, KEY, hold("a-1", "8.00"), PLENTY)
    lowered = Budgets(Decimal(5), {})
    with pytest.raises(BudgetExceededError, match=r"and 0.00 USD are left"):
        reserve(ledger, KEY, hold("a-2", "0.01"), lowered)
    # The run that is held finds its hold, and settles.
    assert reserve(ledger, KEY, hold("a-1", "8.00"), lowered).usd == 8
    settle(ledger, KEY, "a-1", "a", Decimal(7), DAY)
    assert lowered.left(ledger.month(KEY), "a") == -2
    assert ledger.month(KEY).committed_usd == 7


def test_a_hold_counts_in_the_month_in_which_it_was_made(ledger: Ledger) -> None:
    """November's run that ends in December leaves December alone."""
    reserve(ledger, KEY, hold(), PLENTY)
    settle(ledger, KEY, "a-1", "a", Decimal(2), date(2026, 12, 2))
    month = ledger.month(KEY)
    assert month.settled_usd == 2
    assert month.settled_days == {"2026-12-02": Decimal(2)}
    assert ledger.month("2026-12").committed_usd == 0
    assert month_key(datetime(2026, 12, 1, tzinfo=UTC)) == "2026-12"


def test_a_hold_is_whole_cents_and_never_less_than_its_parts() -> None:
    assert hold_usd(Decimal("2.83"), Decimal("0.041"), Decimal("0.1")) == Decimal("2.98")


class Racing:
    """Lets others write between what is read and each of the first changes."""

    def __init__(self, ledger: Ledger, others: list[Callable[[], object]]) -> None:
        self.ledger = ledger
        self.others = others

    def month(self, key: str) -> Month:
        return self.ledger.month(key)

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        self.ledger.file(key, run_ids)

    def is_filed(self, key: str, run_id: str) -> bool:
        return self.ledger.is_filed(key, run_id)

    def change(self, key: str, change: Change) -> Month | None:
        if self.others:
            self.others.pop(0)()
        return self.ledger.change(key, change)


def _settle_and_file(ledger: Ledger, run_id: str = "a-1") -> None:
    settle(ledger, KEY, run_id, "a", Decimal(1), DAY)
    _file_all(ledger)


def _file_all(ledger: Ledger) -> None:
    month = ledger.month(KEY)
    ledger.file(KEY, month.closed)
    assert ledger.change(KEY, Filing(month.closed, month.filed)) is None


def test_a_hold_that_meets_a_settlement_reads_the_month_again(ledger: Ledger) -> None:
    """The run is neither among the closed ones nor among those that were filed when it is read."""
    racing = Racing(ledger, [lambda: _settle_and_file(ledger)])
    with pytest.raises(RunSettledError):
        reserve(racing, KEY, hold(), PLENTY)
    month = ledger.month(KEY)
    assert (month.holds, month.committed_usd, month.closed) == ({}, Decimal(1), frozenset())


def test_two_settlements_of_one_run_meet_a_filing_and_count_once(ledger: Ledger) -> None:
    reserve(ledger, KEY, hold(), PLENTY)
    racing = Racing(ledger, [lambda: _settle_and_file(ledger)])
    assert settle(racing, KEY, "a-1", "a", Decimal(1), DAY).repeated
    assert ledger.month(KEY).settled_usd == 1


def test_a_settlement_that_meets_a_filing_of_others_is_made(ledger: Ledger) -> None:
    settle(ledger, KEY, "b-1", "b", Decimal(2), DAY)
    reserve(ledger, KEY, hold(), PLENTY)
    racing = Racing(ledger, [lambda: _file_all(ledger)])
    assert settle(racing, KEY, "a-1", "a", Decimal(1), DAY).held_usd == 3
    assert reserve(racing, KEY, hold("a-2"), PLENTY).run_id == "a-2"
    assert ledger.month(KEY).settled_usd == 3


@pytest.mark.parametrize("act", ["reserve", "settle"])
def test_a_month_that_changes_all_the_time_is_tried_again_later(act: str) -> None:
    memory = MemoryLedger()

    def file_nothing() -> None:
        assert memory.change(KEY, Filing(frozenset(), memory.month(KEY).filed)) is None

    others: list[Callable[[], object]] = [file_nothing] * 9
    racing = Racing(memory, others)
    acts: dict[str, Callable[[], object]] = {
        "reserve": lambda: reserve(racing, KEY, hold(), PLENTY),
        "settle": lambda: settle(racing, KEY, "a-1", "a", Decimal(1), DAY),
    }
    with pytest.raises(ThrottledError):
        acts[act]()


def test_of_two_filings_at_one_instant_one_is_made(ledger: Ledger) -> None:
    settle(ledger, KEY, "a-1", "a", Decimal(1), DAY)
    ledger.file(KEY, ["a-1"])
    both = [ledger.change(KEY, Filing(frozenset({"a-1"}), 0)) for _ in range(2)]
    assert both[0] is None
    assert both[1] is not None
    assert (ledger.month(KEY).filed, ledger.month(KEY).closed) == (1, frozenset())


def test_a_filing_that_broke_off_loses_no_closed_run(ledger: Ledger) -> None:
    """Its items were written, and the month was not changed."""
    settle(ledger, KEY, "a-1", "a", Decimal(1), DAY)
    ledger.file(KEY, ["a-1"])
    assert settle(ledger, KEY, "a-1", "a", Decimal(1), DAY).repeated
    with pytest.raises(RunSettledError):
        reserve(ledger, KEY, hold(), PLENTY)


def test_a_month_of_a_former_version_is_read_and_filed_bit_by_bit(table: LedgerTable) -> None:
    _empty(table)
    settle(table, KEY, "first", "a", Decimal(1), DAY)
    old = {f"old-{number:04d}" for number in range(700)}
    table._client.update_item(
        TableName="ledger",
        Key={"ledger_id": {"S": KEY}},
        UpdateExpression="ADD closed :old",
        ExpressionAttributeValues={":old": {"SS": sorted(old)}},
    )
    assert table.month(KEY).filed == 0
    assert settle(table, KEY, "a-1", "a", Decimal(1), DAY).repeated is False
    month = table.month(KEY)
    assert (month.filed, len(month.closed)) == (1, 702 - FILED_AT_ONCE)
    for run_id in ("first", "old-0000", "old-0699", "a-1"):
        assert settle(table, KEY, run_id, "a", Decimal(1), DAY).repeated
        with pytest.raises(RunSettledError):
            reserve(table, KEY, hold(run_id), PLENTY)
    assert table.month(KEY).settled_usd == 2


def test_twenty_thousand_runs_close_in_a_month_that_stays_small() -> None:
    memory, largest = MemoryLedger(), 0
    for number in range(20_000):
        run_id = f"reviews-20261121-{number:020d}"
        reserve(memory, KEY, hold(run_id, "0.02"), PLENTY)
        settle(memory, KEY, run_id, "a", Decimal("0.01"), DAY)
        largest = max(largest, len(memory.month(KEY).closed))
    month = memory.month(KEY)
    assert month.settled_usd == month.committed_usd == 200
    assert largest <= MOST_CLOSED
    # DynamoDB counts a text by its bytes; an item may have 400 KB.
    assert largest * len("reviews-20261121-".ljust(37)) < 40_000
    for number in (0, 9_999, 19_999):
        run_id = f"reviews-20261121-{number:020d}"
        assert settle(memory, KEY, run_id, "a", Decimal(1), DAY).repeated
        with pytest.raises(RunSettledError):
            reserve(memory, KEY, hold(run_id), PLENTY)


RUNS = st.sampled_from(["a-1", "a-2", "b-1"])
USD = st.decimals(0, 20, places=2)
ROOM = st.decimals(-5, 60, places=2)
MAYBE_ROOM = st.none() | ROOM
FILED = st.sampled_from([0, 0, 0, 1, 2])


def _hold(run_id: str, usd: Decimal) -> Hold:
    return Hold(run_id, run_id[0], usd, NOW)


CHANGES = st.lists(
    st.one_of(
        st.builds(Holding, st.builds(_hold, RUNS, USD), ROOM, MAYBE_ROOM, FILED),
        st.builds(Filing, st.frozensets(RUNS, min_size=1), FILED),
        RUNS.flatmap(
            lambda run: st.builds(
                Settling, st.just(run), st.just(run[0]), st.none() | USD, USD, st.just(DAY), FILED
            )
        ),
        st.builds(Counting, st.just(Decimal(0)) | USD, USD),
        st.builds(Announcing, st.sampled_from(["50", "80"])),
    ),
    max_size=12,
)


def _exact(changes: list[Change], month: Month) -> Iterator[Change]:
    """Half of the changes with the hold as it is, so that they are not all refused."""
    for number, change in enumerate(changes):
        held = month.holds.get(getattr(change, "run_id", ""))
        if isinstance(change, Settling) and number % 2 and held:
            yield replace(change, held_usd=held.usd)
        else:
            yield change


@settings(max_examples=25, deadline=None)
@given(CHANGES)
def test_the_table_makes_and_refuses_the_same_changes_as_the_rules(
    table: LedgerTable, changes: list[Change]
) -> None:
    table._client.delete_item(TableName="ledger", Key={"ledger_id": {"S": KEY}})
    memory = MemoryLedger()
    for wanted in changes:
        (change,) = _exact([wanted], memory.month(KEY))
        expected = memory.change(KEY, change)
        assert table.change(KEY, change) == expected
        month = memory.month(KEY)
        assert table.month(KEY) == month
        assert month.committed_usd == month.settled_usd + month.external_usd + month.held_usd
        assert month.committed_usd - month.external_usd == sum(month.projects.values())


class Refusing:
    """A client whose UpdateItem fails as it is announced."""

    def __init__(self, code: str, status: int) -> None:
        self.code, self.status = code, status

    def get_item(self, **_request: Any) -> dict[str, Any]:
        return {}

    def update_item(self, **_request: Any) -> None:
        raise refusal("UpdateItem", self.code, "no", self.status)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("TransactionConflictException", 400, ThrottledError),
        ("ProvisionedThroughputExceededException", 400, ThrottledError),
        ("InternalServerError", 500, ServiceUnavailableError),
    ],
)
def test_conflicts_and_faults_of_dynamodb_are_worth_another_try(
    code: str, status: int, error: type[Exception]
) -> None:
    table = LedgerTable(cast("Any", Refusing(code, status)), "ledger")
    with pytest.raises(error):
        reserve(table, KEY, hold(), PLENTY)


def test_budgets_are_read_out_of_the_parameters() -> None:
    budgets = read_budgets("1000.00", '{"reviews": 200, "tickets": 49.5, "old": 0}')
    assert budgets.month_usd == 1000
    assert budgets.projects == {
        "reviews": Decimal(200),
        "tickets": Decimal("49.5"),
        "old": Decimal(0),
    }


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"project_budgets": "{reviews: 200}"}, "ProjectBudgets is not JSON: Expecting property"),
        ({"project_budgets": "[200]"}, "must be a JSON object"),
        ({"project_budgets": '{"a": 1, "a": 2}'}, "a is there twice"),
        ({"project_budgets": '{"a": -1}'}, "ProjectBudgets, a must be dollars of 0 or more"),
        ({"project_budgets": '{"a": NaN}'}, "ProjectBudgets, a must be dollars"),
        ({"project_budgets": '{"a": "much"}'}, "given was much"),
        ({"project_budgets": '{"a": true}'}, "given was True"),
        ({"project_budgets": '{"a": {"usd": 1}}'}, "ProjectBudgets, a must be dollars"),
        ({"max_usd_per_month": "-5"}, "MaxUsdPerMonth must be dollars of 0 or more"),
        ({"max_usd_per_month": "inf"}, "MaxUsdPerMonth must be dollars"),
    ],
)
def test_a_budget_that_cannot_be_used_is_named(parameters: Mapping[str, str], said: str) -> None:
    with pytest.raises(InvalidStackParameterError, match=said):
        read_budgets(**{"max_usd_per_month": "1000", "project_budgets": "{}", **parameters})
