"""The account of the first report has known answers, and usual tools get them wrong."""

from decimal import Decimal

import pytest

from tests.unit.audit.report_account import HAIKU, NOW, report_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.audit import Audit, audit
from thriftline.audit.domain.costs import Service
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind, Finding, Severity
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.reconciliation import BillRow
from thriftline.audit.domain.savings import savings_of
from thriftline.money.price_catalogue import price_catalogue

PARAMETERS = AuditParameters()


@pytest.fixture(scope="module")
def told() -> Audit:
    return audit(report_account(), price_catalogue(), PARAMETERS)


def _of(told: Audit, rule: str) -> list[Finding]:
    return [finding for finding in told.findings if finding.rule == rule]


def _row(told: Audit, service: Service) -> BillRow:
    row = told.reconciliation.row(service)
    assert row is not None
    return row


def test_one_endpoint_is_idle_and_each_other_has_its_own_verdict(told: Audit) -> None:
    said = {one.endpoint: str(one.verdict) for one in told.idleness}
    assert said.pop("llama3-endpoint-1") == "idle"
    assert said.pop("model-endpoint-2") == "in use"
    assert said.pop("llama3-endpoint-3") == "in use"
    assert said.pop("qwen-vl-endpoint-4") == "quiet"
    assert set(said.values()) == {"exempt"}


def test_the_idle_endpoint_is_worth_its_instances_for_730_hours(told: Audit) -> None:
    (finding,) = _of(told, "ml.sagemaker.endpoint.idle")
    assert finding.resource == "llama3-endpoint-1"
    assert finding.monthly_usd == Decimal("1.515") * 730
    assert finding.severity is Severity.HIGH


def test_training_cost_what_nine_short_jobs_cost(told: Audit) -> None:
    jobs = [cost for cost in told.costs if cost.kind is ResourceKind.TRAINING_JOB]
    spent = sum(cost.usd for cost in jobs if cost.usd is not None)
    assert len(jobs) == 9
    assert round(spent, 2) == Decimal("8.30")


def test_eight_of_nine_failures_are_grouped_by_reason(told: Audit) -> None:
    (finding,) = _of(told, "ml.sagemaker.training.failure-rate")
    assert finding.summary.startswith("8 of 9 jobs failed")
    counts = [signal.value.split(" job")[0] for signal in finding.evidence.signals_used]
    names = [signal.name.split(":")[0] for signal in finding.evidence.signals_used]
    assert dict(zip(names, counts, strict=True)) == {
        "AlgorithmError": "5",
        "ClientError": "2",
        "CapacityError": "1",
    }


def test_tokens_are_counted_and_explain_the_bill_to_the_cent(told: Audit) -> None:
    (finding,) = _of(told, "ml.bedrock.tokens.use")
    assert finding.resource == HAIKU
    assert "98,520,000 tokens in, 22,648,000 out" in finding.summary
    row = _row(told, Service.BEDROCK)
    assert round(row.explained_usd, 2) == row.billed_usd == Decimal("52.94")


def test_the_residual_is_what_no_endpoint_or_job_explains(told: Audit) -> None:
    row = _row(told, Service.SAGEMAKER)
    # 720 hours of three endpoints, 708 of the one that was made at noon, and the jobs.
    hourly = Decimal("1.515") + Decimal("0.23") + Decimal("7.09")
    explained = hourly * 720 + Decimal("1.515") * 708 + Decimal("7.09") * 4212 / 3600
    assert row.billed_usd == Decimal("9285.50")
    assert round(row.explained_usd, 6) == round(explained, 6)
    assert round(row.residual_usd or 0, 2) == Decimal("1843.38")
    (finding,) = _of(told, "ml.spend.residual")
    assert "1,843.38 USD of 9,285.50 USD" in finding.summary
    assert any("llama3-endpoint-3" in text for text in told.reconciliation.assumptions)


def test_storage_is_counted_in_decimal_and_priced_in_binary_gigabytes(told: Audit) -> None:
    buckets = report_account().buckets
    sizes = [one.bytes_by_storage_type for one in buckets]
    assert sum(size["StandardStorage"] for size in sizes if isinstance(size, dict)) == 306.41e9
    row = _row(told, Service.S3)
    expected = Decimal(306_410_000_000) / 2**30 * Decimal("0.023") * 720 / 730
    assert round(row.explained_usd, 6) == round(expected, 6)


def test_no_money_is_saved_twice(told: Audit) -> None:
    total = savings_of(told.findings)
    idle = Decimal("1.515") * 730
    assert idle < total.sure_usd < idle + Decimal("1.515") * 730
    assert total.sure_usd + total.possible_usd < Decimal("9345.49")


def test_the_plan_marks_the_idle_endpoint_and_touches_no_other(told: Audit) -> None:
    plan = plan_actions(told.findings, report_account(), PARAMETERS, Mode.REPORT)
    (one,) = [one for one in plan.actions if one.action is ActionKind.TERMINATE_ENDPOINT]
    assert (one.resource, one.step, one.executes) == ("llama3-endpoint-1", Step.MARK, False)
    assert one.due is not None
    assert (one.due - NOW).total_seconds() == 72 * 3600


def test_seventeen_of_twenty_one_is_more_than_a_run_may_delete(told: Audit) -> None:
    plan = plan_actions(told.findings, report_account(), PARAMETERS, Mode.ACT)
    failed = [one for one in plan.actions if one.action is ActionKind.DELETE_FAILED_ENDPOINT]
    assert len(failed) == 17
    assert not any(one.executes for one in failed)
    assert all(one.withheld for one in failed)
    (alert,) = plan.alerts
    assert "delete 17 failed endpoints, of 21 in all" in alert
