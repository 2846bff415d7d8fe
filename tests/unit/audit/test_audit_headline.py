"""The first things that a person reads: no saving above the bill, nothing large hidden."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import MIDNIGHT, endpoint, inventory, measured, throughput
from tests.unit.audit.audit_reports import report_for
from tests.unit.core.page_reader import PageReader
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.reconciliation import service_of
from thriftline.audit.domain.resources.bedrock import Bedrock
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.reports.markdown import report_markdown
from thriftline.audit.reports.message import message_of
from thriftline.audit.reports.page import report_page
from thriftline.core.reports.pages import UNKNOWN


def _cost(usd: str, service: str = "Amazon SageMaker") -> CostLine:
    end = MIDNIGHT.date()
    return CostLine(
        service=service,
        usage_type=None,
        start=end - timedelta(days=30),
        end=end,
        usd=Decimal(usd),
        is_estimated=False,
    )


def _idle(*costs: CostLine, **facts: Any) -> Inventory:
    return measured(inventory(endpoints=(endpoint(),), costs=costs, **facts))


def test_no_headline_claims_more_than_the_bill() -> None:
    report = report_for(_idle(_cost("300")))
    assert report.totals.sure_monthly_usd > 1000
    assert "$1,1" not in report.summary[0]
    assert "billed $300.00" in report.summary[0]
    assert "at most that can be saved" in report.summary[0]
    assert any("which is more than the bill" in sentence for sentence in report.summary)
    assert "at most $300.00 a month to save" in message_of(report, "s3://a/b").title
    assert "more than the bill" in PageReader(report_page(report)).words


def test_a_saving_within_the_bill_is_claimed_as_it_is() -> None:
    report = report_for(_idle(_cost("3000")))
    assert "$1,105.95 a month can be saved on good evidence" in report.summary[0]


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("Savings Plans for AWS Machine Learning", True),
        ("Savings Plans for AWS Compute usage", False),
        ("amazon sagemaker", True),
        ("Tax", False),
    ],
)
def test_the_fee_of_a_savings_plan_for_machine_learning_is_its_bill(
    name: str, is_ours: bool
) -> None:
    assert (service_of(name) is not None) is is_ours


def test_what_a_plan_covers_is_billed_by_its_fee() -> None:
    fee = _cost("700", "Savings Plans for AWS Machine Learning")
    report = report_for(_idle(_cost("1000"), _cost("-1000"), fee))
    assert report.reconciliation.billed_usd == Decimal(700)


def test_a_region_that_could_not_be_read_is_not_one_without_savings() -> None:
    gap = UnreadResource(ResourceKind.ENDPOINT, "*", "ListEndpoints", "AccessDeniedException: no")
    costs = UnreadResource(ResourceKind.COST, "*", "GetCostAndUsage", "AccessDeniedException: no")
    report = report_for(inventory(unread=(gap, costs)))
    assert "Whether anything can be saved is not known" in report.summary[0]
    assert "us-west-2" in report.summary[0]
    assert "savings not known" in message_of(report, "s3://a/b").title
    billed = report_for(inventory(unread=(gap,), costs=(_cost("300"),)))
    assert "savings are not known" in billed.summary[0]


def test_what_has_no_price_and_is_likely_large_stands_among_the_large() -> None:
    bought = Bedrock(
        models=(),
        provisioned_throughputs=(throughput("units"),),
        custom_models=(),
        deployments=(),
        imported_models=(),
    )
    small = endpoint(
        "small", variants=(replace(endpoint().variants[0], instance_type="ml.m5.large"),)
    )
    report = report_for(
        measured(inventory(endpoints=(small,), bedrock=bought, costs=(_cost("5000"),)))
    )
    first = report.findings[0]
    assert (first.rule, first.monthly_usd) == ("ml.bedrock.throughput.idle", None)
    page = PageReader(report_page(report)).words
    assert page.index("Idle provisioned throughput") < page.index("Idle endpoint")
    assert "unknown, likely large" in page
    assert "unknown, likely large" in report_markdown(report)
    assert "unknown, likely large" in message_of(report, "s3://a/b").text


def test_rows_without_data_have_no_sum() -> None:
    one = endpoint()
    found = measured(inventory(endpoints=(one,)))
    silent = {
        key: replace(series, values=(None,) * len(series.values))  # type: ignore[union-attr]
        for key, series in found.metrics.items()
    }
    report = report_for(replace(found, metrics=silent))
    (line,) = (row for row in report_markdown(report).splitlines() if row.startswith("| chat | v"))
    assert line.endswith(f"| {UNKNOWN} | 0 of 30 |")


def test_every_report_says_what_no_audit_looks_at() -> None:
    report = report_for(inventory())
    words = PageReader(report_page(report)).words
    for name in ("HyperPod", "Dollars of HyperPod, Canvas, MLflow", "Ground Truth", "two weeks"):
        assert any(name in one for one in report.not_looked_at)
        assert name in words
