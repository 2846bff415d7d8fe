"""Sums of savings, the roadmap, what was accepted and what changed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import WINDOW
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import (
    Change,
    Confidence,
    Effort,
    Evidence,
    Finding,
    Severity,
    Signal,
)
from thriftline.audit.domain.history import Acceptance, difference, sort_out
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.reconciliation import billed_within
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.savings import Bucket, bucket_of, roadmap, savings_of

TODAY = date(2026, 11, 21)


def _finding(resource: str = "a", usd: str | None = "10", **facts: Any) -> Finding:
    dull: dict[str, Any] = {
        "rule": "ml.some.rule",
        "title": "A rule",
        "resource_type": ResourceKind.ENDPOINT,
        "account": "1",
        "region": "r",
        "summary": "s",
        "severity": Severity.MEDIUM,
        "confidence": Confidence.HIGH,
        "effort": Effort.CALL,
        "evidence": Evidence((Signal("a", "b"),), (), WINDOW.start, WINDOW.end),
        "change": Change("c", (), "u"),
        "action": None,
        "pools": frozenset({resource}),
    }
    money = None if usd is None else Decimal(usd)
    return Finding(resource=resource, monthly_usd=money, **(dull | facts))


def test_of_two_savings_on_one_resource_the_larger_counts() -> None:
    one = _finding("a", "10", rule="x")
    other = _finding("a", "25", rule="y")
    total = savings_of([one, other, _finding("b", "7")])
    assert total.sure_usd == Decimal(32)
    assert other.id in total.counted
    assert one.id not in total.counted


def test_a_sure_saving_counts_before_a_larger_candidate_on_the_same_money() -> None:
    sure = _finding("a", "10", rule="x")
    candidate = _finding("a", "90", rule="y", confidence=Confidence.LOW)
    alone = _finding("b", "5", confidence=Confidence.LOW)
    total = savings_of([candidate, sure, alone])
    assert (total.sure_usd, total.possible_usd) == (Decimal(10), Decimal(5))


def test_a_finding_without_dollars_is_counted_as_such() -> None:
    total = savings_of([_finding("a", None), _finding("b", "0")])
    assert (total.sure_usd, total.unpriced) == (Decimal(0), 1)


def test_the_same_name_in_two_accounts_is_two_resources() -> None:
    assert savings_of([_finding(), _finding(account="2")]).sure_usd == Decimal(20)


_pools = st.frozensets(st.sampled_from("abcd"), min_size=1)


@given(
    st.lists(st.tuples(_pools, st.integers(0, 100), st.sampled_from(list(Confidence))), max_size=12)
)
def test_no_money_is_counted_twice(cases: Sequence[tuple[frozenset[str], int, Confidence]]) -> None:
    findings = [
        _finding(str(index), str(usd), pools=pools, confidence=confidence)
        for index, (pools, usd, confidence) in enumerate(cases)
    ]
    total = savings_of(findings)
    counted = [finding for finding in findings if finding.id in total.counted]
    pools = [one for finding in counted for one in finding.pools]
    assert len(pools) == len(set(pools))
    assert total.sure_usd + total.possible_usd == sum(
        (finding.monthly_usd or Decimal(0) for finding in counted), Decimal(0)
    )
    # What was left out shares its money with something that was counted.
    for finding in findings:
        if finding.monthly_usd and finding not in counted:
            assert finding.pools & set(pools)


@pytest.mark.parametrize(
    ("effort", "when"),
    [
        (Effort.CALL, (Bucket.THIS_MONTH, Bucket.THIS_MONTH, Bucket.THIS_WEEK, Bucket.NOW)),
        (
            Effort.DEPLOYMENT,
            (Bucket.QUARTER, Bucket.QUARTER, Bucket.THIS_MONTH, Bucket.THIS_WEEK),
        ),
        (Effort.PROJECT, (Bucket.QUARTER, Bucket.QUARTER, Bucket.QUARTER, Bucket.THIS_MONTH)),
    ],
)
def test_severity_and_effort_say_when(effort: Effort, when: tuple[Bucket, ...]) -> None:
    found = [bucket_of(_finding(effort=effort, severity=severity)) for severity in Severity]
    assert tuple(found) == when


def test_each_finding_has_one_place_on_the_roadmap() -> None:
    findings = [
        _finding(f"{severity}-{effort}", severity=severity, effort=effort)
        for severity in Severity
        for effort in Effort
    ]
    plan = roadmap(findings)
    assert sorted(one.id for some in plan.values() for one in some) == sorted(
        one.id for one in findings
    )
    assert bucket_of(_finding(severity=Severity.HIGH)) is Bucket.NOW
    assert bucket_of(_finding(effort=Effort.PROJECT)) is Bucket.QUARTER


def test_an_accepted_finding_is_quiet_to_the_end_of_its_day() -> None:
    finding = _finding()
    until = Acceptance(finding.id, "a demo for the board", TODAY)
    now = sort_out([finding], [until], TODAY)
    assert now.spoken == ()
    assert now.accepted[0].acceptance.reason == "a demo for the board"
    later = sort_out([finding], [until], date(2026, 11, 22))
    assert later.spoken == (finding,)
    assert later.expired == (until,)


def test_what_a_silent_rule_found_last_time_is_not_gone() -> None:
    kept, new = _finding("kept", "12"), _finding("new")
    accepted = _finding("accepted")
    now = sort_out([kept, new, accepted], [Acceptance(accepted.id, "known", TODAY)], TODAY)
    last = {
        kept.id: Decimal(10),
        accepted.id: Decimal(1),
        "ml.some.rule|1|r|gone": Decimal(3),
        "ml.blind.rule|1|r|unseen": None,
    }
    changed = difference(last, now, lambda one: not one.startswith("ml.blind.rule|"))
    assert changed.new == (new.id,)
    assert changed.gone == ("ml.some.rule|1|r|gone",)
    assert changed.unseen == ("ml.blind.rule|1|r|unseen",)
    assert changed.accepted == (accepted.id,)
    assert (changed.dearer_usd, changed.cheaper_usd) == (Decimal(2), Decimal(0))


def test_a_line_of_the_bill_counts_by_its_days_in_the_window() -> None:
    window = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC))

    def line(start: date, end: date) -> CostLine:
        return CostLine(
            service="Amazon SageMaker",
            usage_type=None,
            start=start,
            end=end,
            usd=Decimal(20),
            is_estimated=False,
        )

    inside = line(date(2026, 11, 1), date(2026, 11, 11))
    half = line(date(2026, 11, 6), date(2026, 11, 16))
    outside = line(date(2026, 10, 1), date(2026, 11, 1))
    assert billed_within([inside, half, outside], window) == Decimal(30)
