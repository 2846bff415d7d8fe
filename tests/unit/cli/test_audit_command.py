"""`thriftline audit run|list|report|findings` over an API in memory."""

import pytest

from tests.unit.cli.fake_api import FakeApi, page
from thriftline_cli.exits import Exit

AUDIT = {
    "audit_id": "audit-20261130T030000",
    "scope": "account",
    "status": "succeeded",
    "started_at": "2026-11-30T03:00:00Z",
    "ended_at": "2026-11-30T03:02:00Z",
    "findings": 12,
    "monthly_usd": "12345.67",
    "reason": "",
}
RUNNING = {**AUDIT, "status": "running", "ended_at": None, "report": None, "documents": []}
DETAIL = {
    **AUDIT,
    "report": {"summary": ["$9,348.00 was billed."], "alerts": ["A rate is old."]},
    "documents": [{"name": "report.html", "uri": "s3://b/audits/a/report.html"}],
}
PATH = f"GET /audits/{AUDIT['audit_id']}"


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        routes={
            "POST /audits": {"id": AUDIT["audit_id"], "kind": "audit", "href": "/audits/x"},
            "GET /audits": page({**AUDIT, "status": "running"}, AUDIT),
            PATH: [RUNNING, DETAIL],
        },
    )


def test_an_audit_is_started_with_what_was_said_alone(api: FakeApi) -> None:
    assert api.command("audit run --mode report --window-days 14 --output json") == Exit.DONE
    assert api.changes[0].body == {"mode": "report", "window_days": 14}
    assert api.answer["id"] == AUDIT["audit_id"]


def test_an_audit_that_acts_asks_first(api: FakeApi) -> None:
    assert api.command("audit run --mode act") == Exit.REFUSED
    assert api.changes == []


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("stopped", 1)])
def test_waiting_ends_with_the_report_and_its_code(api: FakeApi, status: str, code: int) -> None:
    api.routes[PATH] = [RUNNING, {**DETAIL, "status": status}]
    assert api.command("audit run --wait") == code
    assert "- $9,348.00 was billed." in api.out
    assert "report.html  s3://b/audits/a/report.html" in api.out


def test_waiting_ends_and_the_audit_goes_on(api: FakeApi) -> None:
    api.routes[PATH] = RUNNING
    assert api.command("audit run --wait --timeout 30s") == Exit.TIMED_OUT
    assert "goes on: thriftline audit report" in api.said[-1]


def test_the_newest_report_is_shown(api: FakeApi) -> None:
    api.routes[PATH] = DETAIL
    assert api.command("audit report") == Exit.DONE
    assert f"audit    {AUDIT['audit_id']}" in api.out
    api.routes["GET /audits"] = page()
    assert api.command("audit report") == Exit.NOT_FOUND


def test_audits_and_findings_are_lists(api: FakeApi) -> None:
    finding = {
        "id": "ml.sagemaker.endpoint.idle|1|r|" + "x" * 63,
        "rule": "ml.sagemaker.endpoint.idle",
        "severity": "high",
        "resource": "x" * 63,
        "monthly_usd": "1027.84",
    }
    api.routes["GET /findings"] = page(finding)
    api.command("audit list")
    assert api.out.splitlines()[2].split()[:5] == [
        *(AUDIT["audit_id"], "account", "succeeded", "12", "$12,345.67")
    ]
    api.command("audit findings --severity high --resource x")
    assert api.out.splitlines()[1].startswith("$1,027.84")
    assert max(map(len, api.out.splitlines())) <= 80
    assert api.asked[-1].query["severity"] == "high"
