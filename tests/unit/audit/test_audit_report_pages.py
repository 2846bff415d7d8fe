"""The pages of a report: whole, readable, and safe whatever resources are called."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.unit.audit.accounts import bucket, endpoint, inventory, measured, training_job, variant
from tests.unit.audit.audit_reports import (
    REPORTS,
    report_account_report,
    report_for,
    settings_for,
    wasteful_report,
)
from tests.unit.audit.report_account import report_account
from tests.unit.core.page_reader import PageReader
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parts import Scope
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.audit.reports.calendar import short
from thriftline.audit.reports.markdown import escape, fenced, report_markdown
from thriftline.audit.reports.page import report_page
from thriftline.audit.reports.spreadsheet import report_csv
from thriftline.audit.reports.words import command
from thriftline.audit.schemas.report import AuditReport, LastReport
from thriftline.core.text import plain

_FORMULAS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", "|", "%")
EVIL = '<script>alert("1")</script>|`x`\u202egnp.exe\x07 *b* [l](javascript:a) & =1+1'


def _words(report: AuditReport) -> str:
    return PageReader(report_page(report)).words


def _rows(report: AuditReport) -> list[dict[str, str]]:
    text = report_csv(report)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("made", REPORTS)
def test_a_page_stands_by_itself_without_scripts_or_network(
    made: Callable[[], AuditReport],
) -> None:
    page = report_page(made())
    read = PageReader(page)
    assert "script" not in {tag for tag, _ in read.tags}
    ids = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    for _, attributes in read.tags:
        assert "src" not in attributes
        href = attributes.get("href")
        # Every link leads to a place on the page, and the place is there.
        assert href is None or (href.startswith("#") and href[1:] in ids)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("made", REPORTS)
@pytest.mark.parametrize("render", [report_page, report_markdown, report_csv])
def test_pages_are_made_of_the_document_alone(
    made: Callable[[], AuditReport], render: Callable[[AuditReport], str]
) -> None:
    report = made()
    again = AuditReport.model_validate_json(report.model_dump_json())
    assert render(again) == render(report)


def test_a_manager_finds_the_bill_the_savings_and_what_would_be_done() -> None:
    words = _words(report_account_report())
    for said in (
        "Machine learning was billed $9,345.49 in the 30 days to 2025-11-02; "
        "$1,744.47 a month can be saved on good evidence.",
        "$51.00 a month more may be saved",
        "37 findings, 2 of high severity",
        "Everything that was asked for could be read.",
        "it would mark 1 idle endpoint for termination",
        "A limit holds back 17 actions.",
        "9 training jobs 8 failed, 1.2 instance hours",
        "1 Bedrock model 98,520,000 tokens in, 22,648,000 out",
        "3 buckets 306.41 GB",
        "21 endpoints 4 in service, 1 idle, 1 quiet",
    ):
        assert said in words


def test_an_engineer_finds_evidence_command_undo_and_how_it_was_found() -> None:
    words = _words(report_account_report())
    for said in (
        "aws sagemaker delete-endpoint --region us-west-2 --endpoint-name llama3-endpoint-1",
        "Invocations of variant AllTraffic 0, measured on 7 of 7 days",
        "5 jobs, 4.90 USD: finetune-llama3-01",
        "Undo: CreateEndpoint with the same config",
        "docs/audit_rules/ml.sagemaker.endpoint.idle.md",
        "idle_window_days = 7",
        "accept ml.sagemaker.endpoint.idle|123456789012|us-west-2|llama3-endpoint-1",
        "Amazon SageMaker $7,442.12 $9,285.50 $1,843.38",
        "2026-05-20",
    ):
        assert said in words


def test_a_day_without_a_datapoint_looks_unlike_a_day_of_zero() -> None:
    found = measured(
        inventory(endpoints=(endpoint("one"),)),
        {variant_metric("one", "AllTraffic", INVOCATIONS): [None] * 10 + [0.0] * 15 + [7.0] * 5},
    )
    page = PageReader(report_page(report_for(found)))
    assert len(page.titles_of_cells("none")) == 10
    assert page.titles_of_cells("none")[0] == "2026-10-22: no datapoint"
    assert len(page.titles_of_cells("zero")) == 15
    assert page.titles_of_cells("zero")[0] == "2026-11-01: no invocations"
    assert "2026-11-20: 7 invocations" in page.titles_of_cells("strong")


def test_an_endpoint_whose_days_could_not_be_read_says_so() -> None:
    words = _words(report_for(inventory(endpoints=(endpoint("one"),))))
    assert "could not be read" in words.split("Endpoints, day by day")[1].split("sum")[1][:80]


def test_spend_by_day_is_drawn_and_a_bill_in_one_sum_is_told() -> None:
    assert "<svg" in report_page(wasteful_report())
    page = report_page(report_account_report())
    assert "<svg" not in page
    assert "The bill came as one sum ($9,345.49), not by day." in page


def test_an_unknown_bill_is_a_dash_and_not_a_zero() -> None:
    unread = (UnreadResource(ResourceKind.COST, "*", "GetCostAndUsage", "AccessDenied: no"),)
    report = report_for(replace(report_account(), costs=(), unread=unread))
    words = _words(report)
    assert "Billed \u2013 Cost Explorer was not read" in words
    assert "$0.00" not in words.split("What to do when")[0]
    assert "Give the audit's role the permission for GetCostAndUsage." in words
    assert "The bill was not read for 123456789012 us-west-2: no total is known." in words
    text = report_markdown(report)
    assert "| **all** | $7,501.53 | \u2013 | \u2013 |" in text


def test_what_many_resources_failed_for_is_told_once() -> None:
    unread = tuple(
        UnreadResource(ResourceKind.METRIC, f"endpoint-{index}", "GetMetricData", "Forbidden: no")
        for index in range(2000)
    )
    report = report_for(replace(report_account(), unread=unread))
    for text in (_words(report), report_markdown(report)):
        assert "2,000 metrics" in text
        assert "and 1,995 more" in text
    assert "2,000 things could not be read" in report.summary[4]


def test_difference_and_acceptances_are_on_every_page() -> None:
    found = report_account()
    idle = next(one for one in report_for(found).findings if one.rule.endswith("endpoint.idle"))
    accepted = [
        Acceptance(idle.id, "a demo", date(2026, 1, 1), "jane", date(2025, 11, 1)),
        Acceptance("ml.x.y|1|r|old", "was over", date(2025, 1, 1)),
    ]
    before = replace(found, now=found.now - timedelta(days=1), log_groups=())
    last = report_for(before, settings=settings_for(before, audit_id="the-day-before"))
    report = report_for(
        found,
        acceptances=accepted,
        last=LastReport.model_validate_json(last.model_dump_json()),
    )
    for text in (_words(report), report_markdown(report).replace("\\", "")):
        assert "the-day-before" in text
        assert "/aws/sagemaker/Endpoints/llama3-endpoint-1" in text.split("Since the last")[1]
        assert "a demo" in text
        assert "jane" in text
    assert "and no finding of this audit" in _words(report)
    rows = _rows(report)
    assert [row["accepted_because"] for row in rows if row["status"] == "accepted"] == ["a demo"]
    new = {row["rule"] for row in rows if row["status"] == "new"}
    assert "ml.logs.group.no-retention" in new
    assert "ml.sagemaker.training.failure-rate" not in new


def test_the_hourly_audit_has_a_page_of_its_own_kind() -> None:
    found = measured(inventory(endpoints=(endpoint("one"),)))
    settings = settings_for(
        found, scope=Scope.IDLE_ENDPOINTS, rules=("ml.sagemaker.endpoint.idle",)
    )
    words = _words(report_for(found, settings=settings))
    assert "Endpoints that nobody uses" in words
    assert "Where the money goes" not in words


def test_the_table_has_one_line_for_each_finding_and_its_dollars_add_up() -> None:
    report = wasteful_report()
    rows = _rows(report)
    assert [row["finding"] for row in rows] == [one.id for one in report.findings]
    counted = [row for row in rows if row["counted"] == "yes"]
    total = report.totals.sure_monthly_usd + report.totals.possible_monthly_usd
    assert sum(round(float(row["monthly_usd"]) * 100) for row in counted) == round(total * 100)
    assert {row["monthly_usd"] for row in rows if row["rule"] == "ml.spend.residual"} == {""}


def _hostile() -> Inventory:
    """An account in which everything that somebody may choose is chosen to do harm."""
    return measured(
        inventory(
            endpoints=(
                endpoint(EVIL, variants=(variant(EVIL),), tags=((EVIL, EVIL),)),
                endpoint("f", status="Failed", failure_reason=EVIL + "r" * 10_000),
                *(endpoint(f"{sign}1+1", status="Failed") for sign in _FORMULAS),
            ),
            training_jobs=tuple(
                training_job(
                    f"{EVIL}{index}",
                    status="Failed",
                    failure_reason=f"{EVIL}\n{'|' * 10_000}",
                    tags=(),
                )
                for index in range(6)
            ),
            buckets=(bucket(EVIL, bytes_by_storage_type={"StandardStorage": 9 * 10**11}, tags=()),),
            unread=(UnreadResource(ResourceKind.BUCKET, EVIL, "GetBucketTagging", EVIL * 200),),
        )
    )


@pytest.fixture(scope="module")
def hostile() -> AuditReport:
    return report_for(
        _hostile(),
        acceptances=[Acceptance(f"ml.{EVIL}|1|r|x", EVIL, date(2027, 1, 1), EVIL)],
        problems={EVIL: EVIL},
    )


def test_hostile_names_are_text_on_the_page(hostile: AuditReport) -> None:
    page = report_page(hostile)
    read = PageReader(page)
    assert "script" not in {tag for tag, _ in read.tags}
    assert '<script>alert("1")</script>' in read.words
    assert "\u202e" not in page
    assert "\\u202egnp.exe\\u0007" in read.words
    assert all(
        value is None or "<" not in value for _, some in read.tags for value in some.values()
    )


def test_hostile_names_are_text_in_markdown(hostile: AuditReport) -> None:
    text = report_markdown(hostile)
    html = MarkdownIt("commonmark").enable("table").render(text)
    tags = {
        tag for tag, _ in PageReader(html.replace("<hr />", "<hr>").replace("<br />", "<br>")).tags
    }
    assert tags <= {
        *("h1", "h2", "h3", "p", "ul", "li", "strong", "code", "pre"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert "<em>" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in text


def test_hostile_names_are_no_formulas_in_the_table(hostile: AuditReport) -> None:
    rows = _rows(hostile)
    assert {"'=1+1", "'@1+1"} <= {row["resource"] for row in rows}
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(_FORMULAS)
            assert len(cell) <= 32_001
            assert "\u202e" not in cell


def test_a_reason_of_ten_kilobytes_is_cut_on_pages_and_whole_in_the_document(
    hostile: AuditReport,
) -> None:
    assert any("r" * 10_000 in one.summary for one in hostile.findings)
    assert "r" * 1000 not in report_page(hostile)
    assert "r" * 1000 not in report_markdown(hostile)


def test_a_command_that_is_too_long_or_hides_something_is_not_shown(hostile: AuditReport) -> None:
    assert command("aws s3 ls") == "aws s3 ls"
    assert command("aws " + "x" * 5000).startswith("# Too long")
    assert command("aws s3 ls \u202egnp").startswith("# Holds characters")
    assert "# Holds characters that do not print" in report_page(hostile)


_ANY_TEXT = st.text(max_size=80) | st.text(
    alphabet="|`*_[]()<>#-+=.!~&:/\\ aw1\n\r\t\u202e\u200b", max_size=40
)


@given(_ANY_TEXT)
def test_any_text_is_one_line_that_hides_nothing(text: str) -> None:
    shown = plain(text, 100)
    assert len(shown) <= 100
    assert "\n" not in shown
    assert shown.isprintable()


@given(_ANY_TEXT)
def test_any_text_is_itself_in_markdown(text: str) -> None:
    frames = {"{}": "", "| a |\n| --- |\n| {} |": "a", "- {}": "", "**b** {}": "b"}
    for frame, before in frames.items():
        html = MarkdownIt("commonmark").enable("table").render(frame.format(escape(text)))
        tags = [tag for tag, _ in PageReader(html).tags]
        assert tags in (
            [],
            ["p"],
            ["p", "strong"],
            ["ul", "li"],
            ["table", "thead", "tr", "th", "tbody", "tr", "td"],
        )
        assert PageReader(html).words == " ".join([before, *plain(text).split()]).strip()


@given(st.lists(_ANY_TEXT, max_size=4))
def test_no_command_ends_its_block(lines: list[str]) -> None:
    html = MarkdownIt("commonmark").render(fenced([command(line) for line in lines]))
    assert [tag for tag, _ in PageReader(html).tags] == ["pre", "code"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7, "7"), (999, "999"), (999.6, "1.0k"), (12_345, "12k"), (9_960, "10k"),
     (1_234_567, "1.2M"), (5e15, "5000T")],
)  # fmt: skip
def test_a_count_fits_into_its_cell(value: float, text: str) -> None:
    assert short(value) == text


def test_two_thousand_endpoints_and_thousands_of_findings_make_a_page_of_a_few_megabytes() -> None:
    found = inventory(
        endpoints=(
            *(
                endpoint(f"endpoint-{index:04d}", variants=(variant("a"), variant("b")))
                for index in range(2000)
            ),
            *(
                endpoint(f"failed-{index:04d}", status="Failed", variants=())
                for index in range(2000)
            ),
        )
    )
    report = report_for(measured(found))
    assert report.totals.findings > 4000
    page, text = report_page(report), report_markdown(report)
    assert len(page) < 3_000_000
    assert len(text) < 1_000_000
    words = PageReader(page).words
    assert "and 1,960 other endpoints in report.json" in words
    assert "and 1,980 more in report.csv and report.json." in words
    assert re.search(r"and [\d,]+ more in report\.csv", text)
    assert len(_rows(report)) == report.totals.findings
