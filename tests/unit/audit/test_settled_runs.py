"""What runs settled against the bill, and what Spot saved."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import NOW, WINDOW, days_ago, inventory, training_job
from tests.unit.audit.rule_findings import finding_of, findings_of
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.findings import Confidence, Severity
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resources.runs import RunBill, SettledAttempt, SettledRun
from thriftline.audit.domain.savings import savings_of
from thriftline.audit.domain.settled_runs import reconcile_runs
from thriftline.money.price_catalogue import price_catalogue

_RULE = "ml.spend.settled-runs"
_SPOT = "ml.spend.spot-saved"


def _attempt(job: str, start: datetime, hours: float = 2, **facts: Any) -> SettledAttempt:
    dull: dict[str, Any] = {
        "started": start,
        "ended": start + timedelta(hours=hours),
        "is_spot": True,
        "billed_usd": Decimal("1.20"),
        "undiscounted_usd": Decimal(4),
    }
    return SettledAttempt(job_name=job, **(dull | facts))


def _run(name: str, start: datetime, usd: str = "1.20", **facts: Any) -> SettledRun:
    dull: dict[str, Any] = {
        "project": "reviews",
        "month": "2026-11",
        "attempts": (_attempt(f"{name}-1", start),),
    }
    return SettledRun(run_id=name, settled_usd=Decimal(usd), **(dull | facts))


def _bill(name: str, day: datetime, usd: str, *, is_estimated: bool = False) -> RunBill:
    return RunBill(run_id=name, day=day.date(), usd=Decimal(usd), is_estimated=is_estimated)


def test_runs_and_the_bill_agree_day_by_day_and_project_by_project() -> None:
    late = days_ago(7).replace(hour=23)
    found = inventory(
        settled_runs=(
            _run("a", days_ago(9)),
            _run("b", late, "3.00", project="letters"),
            _run("never-started", days_ago(8), "0", attempts=()),
        ),
        run_bills=(
            _bill("a", days_ago(9), "1.25"),
            # It ran through midnight, so two days are its own.
            _bill("b", late, "1.00"),
            _bill("b", late + timedelta(days=1), "2.00"),
            _bill("", days_ago(9), "500"),
        ),
    )

    told = reconcile_runs(found, 2)
    finding = finding_of(found, _RULE)

    assert (told.settled_usd, told.billed_usd, told.difference_usd) == (
        Decimal("4.20"),
        Decimal("4.25"),
        Decimal("0.05"),
    )
    assert [(row.project, row.difference_usd) for row in told.rows] == [
        ("letters", Decimal(0)),
        ("reviews", Decimal("0.05")),
    ]
    assert "2 runs settled 4.20 USD; AWS billed 4.25 USD under their tag" in finding.summary
    assert "0.05 USD more than was settled" in finding.summary
    assert (finding.severity, finding.confidence) == (Severity.INFO, Confidence.HIGH)
    assert finding.monthly_usd is None


def test_only_days_for_which_the_bill_is_complete_are_compared() -> None:
    yesterday = days_ago(1)
    found = inventory(
        settled_runs=(
            _run("old", days_ago(9)),
            _run("new", yesterday, "7.00"),
            # It began before the window, so a part of its bill is not asked for.
            _run("straddles", WINDOW.start - timedelta(hours=1), "5.00"),
            _run("long-gone", WINDOW.start - timedelta(days=60), "5.00"),
        ),
        run_bills=(
            _bill("old", days_ago(9), "1.20"),
            _bill("new", yesterday, "0.10"),
            _bill("straddles", WINDOW.start, "0.10"),
        ),
    )

    told = reconcile_runs(found, 2)

    assert told.end == (NOW - timedelta(days=2)).date()
    assert (told.runs, told.difference_usd) == (1, Decimal(0))
    assert told.outside == 1
    assert "no difference" in finding_of(found, _RULE).summary


def test_what_a_model_costs_after_its_run_is_no_difference() -> None:
    found = inventory(
        settled_runs=(_run("a", days_ago(9)),),
        run_bills=(
            _bill("a", days_ago(9), "1.20"),
            _bill("a", days_ago(5), "0.65"),
            _bill("of-another-stack", days_ago(5), "9.00"),
        ),
    )

    told = reconcile_runs(found, 2)

    assert (told.difference_usd, told.later_usd, told.others_usd) == (
        Decimal(0),
        Decimal("0.65"),
        Decimal(9),
    )


def test_a_bill_without_the_tag_is_unknown_and_not_zero() -> None:
    found = inventory(
        settled_runs=(_run("a", days_ago(9)),), run_bills=(_bill("", days_ago(9), "1.20"),)
    )

    told = reconcile_runs(found, 2)
    finding = finding_of(found, _RULE)

    assert (told.billed_usd, told.difference_usd) == (None, None)
    assert "not known" in finding.summary
    (call,) = finding.change.calls
    assert call.operation == "UpdateCostAllocationTagsStatus"
    assert "thriftline:run-id" in call.cli("us-east-1")


def test_a_run_without_a_line_and_a_large_difference_are_told() -> None:
    found = inventory(
        settled_runs=(_run("a", days_ago(9)), _run("b", days_ago(8), "80")),
        run_bills=(_bill("a", days_ago(9), "1.20", is_estimated=True),),
    )

    finding = finding_of(found, _RULE)

    assert (finding.severity, finding.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    assert "80.00 USD less than was settled" in finding.summary
    assert any("1 run that cost something" in one for one in finding.evidence.signals_missing)
    assert "1 of them still estimated" in finding.evidence.signals_used[0].value


def test_a_run_at_unknown_times_is_left_out_on_both_sides() -> None:
    unknown = (_attempt("b-1", days_ago(8), started=None),)
    found = inventory(
        settled_runs=(_run("a", days_ago(9)), _run("b", days_ago(8), "80", attempts=unknown)),
        run_bills=(_bill("a", days_ago(9), "1.20"), _bill("b", days_ago(8), "70")),
    )

    told = reconcile_runs(found, 2)

    assert (told.runs, told.outside, told.difference_usd) == (1, 1, Decimal(0))


@pytest.mark.parametrize("kind", [ResourceKind.SETTLED_RUN, ResourceKind.RUN_BILL])
def test_what_was_not_read_is_not_compared(kind: ResourceKind) -> None:
    gap = UnreadResource(kind, "*", "GetCostAndUsage", "AccessDeniedException")
    found = inventory(settled_runs=(_run("a", days_ago(9)),), unread=(gap,))

    told = audit(found, price_catalogue(), AuditParameters(), {_RULE})

    assert told.findings == ()
    assert [one.evaluated for one in told.gaps] == [False]


def test_without_settled_runs_there_is_nothing_to_say() -> None:
    assert findings_of(inventory(run_bills=(_bill("x", days_ago(9), "1"),)), _RULE) == []


_days = st.integers(3, 29)
_cents = st.decimals(0, 50, places=2)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(_days, _cents), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcdefghxy"), _days, _cents), max_size=30),
)
def test_every_line_of_the_bill_is_counted_once(
    runs: dict[str, tuple[int, Decimal]], lines: list[tuple[str, int, Decimal]]
) -> None:
    found = inventory(
        settled_runs=tuple(
            _run(name, days_ago(day), str(usd)) for name, (day, usd) in runs.items()
        ),
        run_bills=tuple(_bill(name, days_ago(day), str(usd)) for name, day, usd in lines),
    )

    told = reconcile_runs(found, 2)

    inside = [usd for _, day, usd in lines if told.start <= days_ago(day).date() < told.end]
    billed = sum((row.billed_usd for row in told.rows), Decimal(0))
    assert billed + told.later_usd + told.others_usd == sum(inside, Decimal(0))
    assert told.settled_usd == sum((usd for _, usd in runs.values()), Decimal(0))


# Spot.


def _worked(name: str, **facts: Any) -> Any:
    spot = {"managed_spot": True, "training_seconds": 7200, "billable_seconds": 1800}
    return training_job(name, **(spot | facts))


def _saved(found: Inventory) -> Any:
    return finding_of(found, _SPOT)


def test_settled_runs_and_other_jobs_count_once_each() -> None:
    found = inventory(
        region="us-east-1",
        settled_runs=(_run("a", days_ago(9)),),
        # SageMaker lists the run's own job too.
        training_jobs=(_worked("a-1"), _worked("other"), training_job("on-demand")),
    )

    finding = _saved(found)

    # 4.00 - 1.20 of the run; two hours of ml.g5.2xlarge at 1.515, a quarter of which was billed.
    assert "Spot saved 5.07 USD of 7.03 USD (72%) on 2 jobs" in finding.summary
    told = {one.name: one.value for one in finding.evidence.signals_used}
    assert told["Of which the stack's own runs settled"] == "2.80 USD"
    assert finding.severity is Severity.INFO


def test_what_is_saved_already_is_in_no_sum_of_savings() -> None:
    finding = _saved(inventory(settled_runs=(_run("a", days_ago(9)),)))

    sums = savings_of([finding])

    assert sums.sure_usd == sums.possible_usd == 0
    assert sums.unpriced == 0


def test_a_job_whose_dollars_are_unknown_is_named_and_not_counted() -> None:
    found = inventory(
        settled_runs=(
            _run("a", days_ago(9)),
            _run("b", days_ago(8), attempts=(_attempt("b-1", days_ago(8), undiscounted_usd=None),)),
        ),
        training_jobs=(
            _worked("unbilled", billable_seconds=None),
            _worked("unpriced", instance_type="ml.new.large"),
            _worked("never-started", billable_seconds=0, training_seconds=None),
            _worked("before", ended=days_ago(40)),
            _worked("planned", is_prepaid=True),
        ),
    )

    finding = _saved(found)

    assert "Spot saved 2.80 USD of 4.00 USD (70%) on 1 job" in finding.summary
    named = [one for one in finding.evidence.signals_missing if one.startswith("The dollars")]
    assert named == [
        *("The dollars of job b-1.", "The dollars of job unbilled."),
        "The dollars of job unpriced.",
    ]


def test_without_any_dollars_what_spot_saved_is_unknown_and_not_zero() -> None:
    finding = _saved(inventory(training_jobs=(_worked("unbilled", billable_seconds=None),)))

    assert finding.summary == "What Spot saved on 1 job is not known."
    assert finding.monthly_usd is None


def test_spot_that_was_more_expensive_is_told_as_such() -> None:
    dear = _attempt("a-1", days_ago(9), billed_usd=Decimal(5))

    finding = _saved(inventory(settled_runs=(_run("a", days_ago(9), attempts=(dear,)),)))

    assert finding.summary == "Spot cost 1.00 USD more than on demand would have for 1 job."


def test_without_spot_there_is_nothing_to_say() -> None:
    on_demand = (_attempt("a-1", days_ago(9), is_spot=False),)
    found = inventory(
        settled_runs=(_run("a", days_ago(9), attempts=on_demand),),
        training_jobs=(training_job("on-demand"),),
    )

    assert findings_of(found, _SPOT) == []


def test_a_failed_reading_of_runs_leaves_spot_to_the_seconds_of_the_jobs() -> None:
    gap = UnreadResource(ResourceKind.SETTLED_RUN, "*", "Scan", "AccessDeniedException")
    found = replace(inventory(region="us-east-1", training_jobs=(_worked("a-1"),)), unread=(gap,))

    assert "Spot saved 2.27 USD of 3.03 USD (75%) on 1 job" in _saved(found).summary


def test_the_window_has_days_of_its_own() -> None:
    assert WINDOW.start.tzinfo is UTC
    assert reconcile_runs(inventory(), 0).end == date(2026, 11, 21)
