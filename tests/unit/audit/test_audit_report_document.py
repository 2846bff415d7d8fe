"""The report's document: what all targets, the plan and the last report say together."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.audit.accounts import ACCOUNT, REGION, bucket, endpoint, inventory, measured
from tests.unit.audit.audit_reports import (
    digest_for,
    gathered_for,
    report_account_report,
    report_for,
    settings_for,
    wasteful_report,
)
from tests.unit.audit.report_account import report_account
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.reconciliation import BillRow, Reconciliation
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.total_reconciliation import reconcile_all
from thriftline.audit.reports.assembly import assemble, with_outcomes
from thriftline.audit.reports.summary import use_of
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.report import AuditReport, LastReport
from thriftline.audit.schemas.settings import Target

REPORT = report_account_report()
ELSEWHERE = Target(account=ACCOUNT, region="eu-west-1")


def _finding(report: AuditReport, rule: str) -> Any:
    (found,) = [one for one in report.findings if one.rule == rule]
    return found


def _last(report: AuditReport) -> LastReport:
    return LastReport.model_validate_json(report.model_dump_json())


def test_training_cost_what_nine_short_jobs_cost_and_eight_failed() -> None:
    (jobs,) = [row for row in REPORT.spend.by_kind if row.resource_type == "training_job"]
    assert (jobs.resources, jobs.unpriced) == (9, 0)
    assert jobs.usd is not None
    assert round(jobs.usd, 2) == Decimal("8.30")
    assert REPORT.use.training is not None
    assert (REPORT.use.training.completed, REPORT.use.training.failed) == (1, 8)
    assert REPORT.use.training.hours == 1.17
    failures = _finding(REPORT, "ml.sagemaker.training.failure-rate")
    assert [one.value.split(",")[0] for one in failures.evidence.signals_used] == [
        "5 jobs",
        "2 jobs",
        "1 job",
    ]


def test_tokens_and_storage_are_counted() -> None:
    assert (REPORT.use.tokens_in, REPORT.use.tokens_out) == (98_520_000, 22_648_000)
    assert REPORT.use.bedrock_invocations == 1642
    assert REPORT.use.storage_bytes == 306_410_000_000


def test_a_bucket_that_does_not_tell_its_size_makes_the_sum_a_lower_bound() -> None:
    found = report_account()
    unread = Unread("BucketSizeBytes", "The bucket is new.")
    new = bucket("new", bytes_by_storage_type=unread)
    report = report_for(replace(found, buckets=(*found.buckets, new)))
    assert report.use.storage_bytes is None
    assert report.use.storage_bytes_known == 306_410_000_000
    (row,) = [row for row in report.spend.by_kind if row.resource_type == "bucket"]
    assert use_of(report, row) == "at least 306.41 GB, 1 without a price"


def test_one_endpoint_is_idle_and_the_others_have_verdicts_of_their_own() -> None:
    said = {row.endpoint: str(row.verdict) for row in REPORT.calendar}
    assert said == {
        "llama3-endpoint-1": "idle",
        "qwen-vl-endpoint-4": "quiet",
        "llama3-endpoint-3": "in use",
        "model-endpoint-2": "in use",
    }
    parts = {row.endpoint: row.parts[0] for row in REPORT.calendar}
    assert parts["llama3-endpoint-3"].name == "variant-1"
    assert parts["llama3-endpoint-3"].days[-4:] == (9, 47, 52, 0)


def test_the_residual_against_the_bill_is_shown() -> None:
    (row,) = [row for row in REPORT.reconciliation.rows if row.service == "Amazon SageMaker"]
    assert row.billed_usd == Decimal("9285.50")
    assert row.residual_usd is not None
    assert round(row.residual_usd, 2) == Decimal("1843.38")
    assert REPORT.reconciliation.billed_usd == Decimal("9345.49")
    assert REPORT.reconciliation.residual_usd == (
        Decimal("9345.49") - REPORT.reconciliation.explained_usd
    )


def test_a_finding_has_all_that_it_takes_to_act_on_it() -> None:
    idle = _finding(REPORT, "ml.sagemaker.endpoint.idle")
    assert (idle.severity, idle.confidence, idle.effort, idle.when) == (
        "high",
        "high",
        "call",
        "now",
    )
    assert idle.monthly_usd == Decimal("1105.95")
    assert idle.change.cli == (
        "aws sagemaker delete-endpoint --region us-west-2 --endpoint-name llama3-endpoint-1",
    )
    assert idle.change.calls[0].operation == "DeleteEndpoint"
    assert idle.change.undo
    assert idle.document == "docs/audit_rules/ml.sagemaker.endpoint.idle.md"


def test_the_plan_is_told_with_what_the_caps_hold_back() -> None:
    marks = [one for one in REPORT.planned_actions if one.action == "terminate_endpoint"]
    assert [(one.resource, one.step, one.executes) for one in marks] == [
        ("llama3-endpoint-1", "mark", False)
    ]
    assert sum(one.withheld is not None for one in REPORT.planned_actions) == 17
    assert [one.index for one in REPORT.planned_actions] == list(range(len(REPORT.planned_actions)))
    assert "delete 17 failed endpoints, of 21 in all" in REPORT.alerts[0]


@pytest.mark.parametrize("report", [REPORT, wasteful_report()])
def test_each_sum_of_savings_is_the_sum_of_its_parts(report: AuditReport) -> None:
    counted = [one.monthly_usd for one in report.findings if one.counted]
    total = report.totals.sure_monthly_usd + report.totals.possible_monthly_usd
    assert sum(usd for usd in counted if usd is not None) == total
    assert sum(row.sure_usd + row.possible_usd for row in report.waste_by_rule) == total
    assert sum(step.sure_usd + step.possible_usd for step in report.roadmap) == total
    assert sum(row.findings for row in report.waste_by_rule) == len(report.findings)
    assert sorted(one for step in report.roadmap for one in step.findings) == sorted(
        one.id for one in report.findings
    )
    assert sum(report.totals.by_severity.values()) == report.totals.findings


def test_every_price_that_was_used_names_its_source_and_date() -> None:
    assert {price.covers for price in REPORT.prices} == {
        "endpoints and training jobs",
        "buckets",
        "Bedrock models",
    }
    assert all(price.source and price.date > date(2020, 1, 1) for price in REPORT.prices)
    assert [price.covers for price in report_for(inventory()).prices] == []


def test_a_target_without_a_result_is_named_and_makes_totals_unknown() -> None:
    found = report_account()
    both = (Target(account=found.account, region=found.region), ELSEWHERE)
    report = report_for(
        found, settings=settings_for(found, targets=both), missing=[(ELSEWHERE, "It was killed.")]
    )
    assert [target.status for target in report.targets] == ["audited", "missing"]
    (unknown,) = report.unknown
    assert (unknown.resource_type, unknown.resource) == ("target", f"{ACCOUNT} eu-west-1")
    assert unknown.error == "It was killed."
    assert report.reconciliation.billed_usd is None
    assert report.reconciliation.residual_usd is None
    assert report.reconciliation.without_bill == (f"{ACCOUNT} eu-west-1",)
    assert [row.billed_usd for row in report.reconciliation.targets][1] is None
    assert report.use.storage_bytes is None
    assert any("1 of the 2 places (account and region)" in alert for alert in report.alerts)


def test_a_target_whose_bill_was_denied_is_not_a_target_without_cost() -> None:
    denied = UnreadResource(ResourceKind.COST, "*", "GetCostAndUsage", "AccessDeniedException")
    report = report_for(replace(report_account(), costs=(), unread=(denied,)))
    assert report.reconciliation.billed_usd is None
    assert all(row.billed_usd is None for row in report.reconciliation.rows)
    assert report.reconciliation.explained_usd > 7000
    assert "not known" in " ".join(report.summary)


def test_an_empty_account_that_was_billed_nothing_is_not_unknown() -> None:
    report = report_for(inventory())
    assert report.reconciliation.billed_usd == 0
    assert report.totals.findings == 0
    assert report.use.storage_bytes == 0


def test_what_was_unread_of_each_target_is_told_with_its_place() -> None:
    denied = UnreadResource(ResourceKind.BUCKET, "*", "ListBuckets", "AccessDenied: no")
    report = report_for(replace(wasteful_account(), buckets=(), unread=(denied,)))
    assert (report.unknown[0].resource_type, report.unknown[0].error) == (
        "bucket",
        "AccessDenied: no",
    )
    assert (report.unknown[0].account, report.unknown[0].region) == (ACCOUNT, REGION)
    blind = {gap.rule for gap in report.gaps if not gap.evaluated}
    assert report.totals.not_evaluated == len(blind)
    assert report.use.storage_bytes is None


def _accept(report: AuditReport, rule: str, until: date) -> Acceptance:
    return Acceptance(_finding(report, rule).id, "we know", until)


def test_an_accepted_finding_is_in_no_total_and_is_told_apart() -> None:
    until = date(2025, 11, 3)
    accepted = _accept(REPORT, "ml.sagemaker.endpoint.idle", until)
    report = report_for(report_account(), acceptances=[accepted])
    assert report.totals.findings == REPORT.totals.findings - 1
    assert report.totals.sure_monthly_usd == REPORT.totals.sure_monthly_usd - Decimal("1105.95")
    (one,) = report.accepted
    assert (one.finding.resource, one.reason, one.until) == ("llama3-endpoint-1", "we know", until)


def test_an_acceptance_that_is_over_or_of_nothing_is_told() -> None:
    over = _accept(REPORT, "ml.sagemaker.endpoint.idle", date(2025, 11, 2))
    nothing = Acceptance("ml.x|1|r|gone", "was once", date(2026, 1, 1))
    report = report_for(report_account(), acceptances=[over, nothing])
    assert [(one.finding, one.state) for one in report.lapsed] == [
        (over.finding, "expired"),
        ("ml.x|1|r|gone", "unmatched"),
    ]
    assert report.totals.findings == REPORT.totals.findings


def test_acceptances_that_cannot_be_read_are_an_alert_and_unknown() -> None:
    report = report_for(report_account(), acceptance_problem="line 3: unknown key")
    assert any("line 3: unknown key" in alert for alert in report.alerts)
    assert [one.resource for one in report.unknown] == ["accepted findings"]


def test_a_run_without_a_plan_says_so_and_does_nothing() -> None:
    report = report_for(report_account(), plan=None)
    assert report.planned_actions == ()
    assert "There is no plan of actions, so nothing is done." in report.alerts


def test_less_than_was_asked_for_is_told() -> None:
    found = report_account()
    asked = settings_for(found, asked_mode=Mode.ACT)
    report = report_for(found, settings=asked)
    assert "Mode act was asked for; the stack allows report." in report.alerts


def test_without_a_last_report_nothing_is_new() -> None:
    assert REPORT.difference is None
    assert REPORT.totals.new is None
    assert not any(one.is_new for one in REPORT.findings)
    assert {one.first_told for one in REPORT.findings} == {date(2025, 11, 3)}


def test_what_is_new_and_what_is_gone_is_told_by_the_last_report() -> None:
    found = report_account()
    before = replace(found, endpoints=found.endpoints[1:], now=found.now - timedelta(days=1))
    older = report_for(before, settings=settings_for(before, audit_id="before"))
    later = report_for(found, last=_last(older))
    assert later.difference is not None
    assert later.difference.last_audit_id == "before"
    new = [one for one in later.findings if one.is_new]
    assert "llama3-endpoint-1" in {one.resource for one in new}
    assert set(later.difference.new) == {one.id for one in new}
    kept = [one for one in later.findings if not one.is_new]
    assert {one.first_told for one in kept} == {date(2025, 11, 2)}

    back = report_for(before, last=_last(later))
    assert back.difference is not None
    assert {one.finding for one in back.difference.gone} == set(later.difference.new)


def test_what_could_not_be_looked_at_is_not_gone_and_not_new_when_it_is_back() -> None:
    found = report_account()
    denied = UnreadResource(ResourceKind.ENDPOINT, "*", "ListEndpoints", "AccessDenied")
    blind = report_for(replace(found, endpoints=(), unread=(denied,)), last=_last(REPORT))
    assert blind.difference is not None
    idle = _finding(REPORT, "ml.sagemaker.endpoint.idle").id
    assert idle in {one.finding for one in blind.difference.unseen}
    assert idle not in {one.finding for one in blind.difference.gone}

    again = report_for(found, last=_last(blind))
    assert again.difference is not None
    assert idle not in again.difference.new


def test_an_endpoint_whose_metrics_failed_is_not_gone() -> None:
    found = measured(inventory(endpoints=(endpoint("idle"), endpoint("other"))))
    before = report_for(found)
    assert {one.resource for one in before.findings} >= {"idle", "other"}
    denied = UnreadResource(ResourceKind.METRIC, "idle/AllTraffic", "GetMetricData", "Forbidden")
    later = report_for(replace(found, endpoints=(), unread=(denied,)), last=_last(before))
    assert later.difference is not None
    unseen = {one.finding.split("|")[3] for one in later.difference.unseen}
    gone = {one.finding.split("|")[3] for one in later.difference.gone}
    assert "idle" in unseen - gone
    assert "other" in gone - unseen


def test_a_finding_that_was_accepted_last_time_is_not_new_when_that_is_over() -> None:
    accepted = _accept(REPORT, "ml.sagemaker.endpoint.idle", date(2025, 11, 3))
    quiet = report_for(report_account(), acceptances=[accepted], last=_last(REPORT))
    assert quiet.difference is not None
    assert quiet.difference.accepted == (accepted.finding,)
    loud = report_for(report_account(), last=_last(quiet))
    assert loud.difference is not None
    assert loud.difference.new == ()
    assert loud.difference.gone == ()


def _record(report: AuditReport, index: int, outcome: Any) -> ActionRecord:
    planned = report.planned_actions[index]
    return ActionRecord(
        audit_id=report.audit_id,
        index=index,
        action=planned.action,
        step=planned.step,
        account=planned.account,
        region=planned.region,
        resource_type=planned.resource_type,
        resource=planned.resource,
        finding=planned.finding,
        planned_because=planned.reason,
        outcome=outcome,
        reason=f"It was {outcome}.",
        started=report.generated_at,
        ended=report.generated_at,
        calls=(),
        saved_uri="s3://artifacts/saved/one.json",
        undo="restore",
    )


def test_what_was_done_is_told_action_by_action() -> None:
    report = report_for(report_account(), mode=Mode.ACT)
    due = [one.index for one in report.planned_actions if one.executes]
    assert len(due) == 4
    outcomes = ("done", "declined", "failed")
    records = {
        index: _record(report, index, outcome)
        for index, outcome in zip(due, outcomes, strict=False)
    }
    done = with_outcomes(report, records)
    results = [one.result for one in done.planned_actions if one.result]
    assert [one.outcome for one in results] == [*outcomes, "unknown"]
    totals = done.totals
    assert (totals.done_actions, totals.declined_actions, totals.failed_actions) == (1, 1, 2)
    assert done.findings == report.findings
    assert with_outcomes(done, records) == done
    text = " ".join(done.summary)
    assert "Thriftline marked 1 idle endpoint for termination." in text
    assert "2 actions did not succeed." in text


_usd = st.none() | st.integers(0, 10_000).map(Decimal)
_row = st.tuples(st.sampled_from(["Amazon SageMaker", "Amazon Bedrock"]), st.integers(0, 999), _usd)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.lists(_row, max_size=2, unique_by=lambda r: r[0]))))
def test_sums_over_targets_are_exact_or_unknown(
    cases: list[tuple[bool, list[tuple[str, int, Decimal | None]]]],
) -> None:
    plain = digest_for(inventory())
    denied = UnreadResource(ResourceKind.COST, "*", "GetCostAndUsage", "no")
    digests = [
        replace(
            plain,
            account=f"{index:012d}",
            unknown=() if has_bill else (denied,),
            reconciliation=Reconciliation(
                tuple(
                    BillRow(
                        name, Decimal(explained), (billed or Decimal(0)) if has_bill else None, ()
                    )
                    for name, explained, billed in rows
                ),
                (),
            ),
        )
        for index, (has_bill, rows) in enumerate(cases)
    ]
    total = reconcile_all(digests, [])
    assert total.explained_usd == sum(row[1] for _, rows in cases for row in rows)
    assert total.explained_usd == sum(row.explained_usd for row in total.targets)
    if not cases:
        return
    if all(has_bill for has_bill, _ in cases):
        assert total.billed_usd == sum((row[2] or 0) for _, rows in cases for row in rows)
        assert total.billed_usd == sum(row.billed_usd or 0 for row in total.services)
    else:
        assert total.billed_usd is None
        assert all(row.billed_usd is None for row in total.services)
        assert len(total.without_bill) == sum(not has_bill for has_bill, _ in cases)


def test_the_bill_by_day_adds_up_over_targets() -> None:
    found = wasteful_account()
    lines = tuple(
        replace(line, is_estimated=line.start == max(one.start for one in found.costs))
        for line in found.costs
    )
    digest = digest_for(replace(found, costs=lines))
    other = replace(digest, region="eu-west-1")
    report = assemble(
        gathered_for(found, digests=[digest, other], plan=None),
    )
    assert len(report.spend.by_day) == 30
    assert report.spend.by_day[0].usd == {"Amazon SageMaker": Decimal(6000)}
    assert [day.is_estimated for day in report.spend.by_day][-2:] == [False, True]


def test_a_bill_in_one_sum_is_in_no_day() -> None:
    assert REPORT.spend.by_day == ()
    assert REPORT.spend.undated_usd == Decimal("9345.49")


def test_services_that_are_not_of_machine_learning_are_not_in_the_spend() -> None:
    found = report_account()
    other = CostLine(
        service="Amazon Route 53",
        usage_type=None,
        start=date(2025, 11, 1),
        end=date(2025, 11, 2),
        usd=Decimal(7),
        is_estimated=False,
    )
    assert report_for(replace(found, costs=(*found.costs, other))).spend.by_day == ()
