"""The figures of an audit as CloudWatch reads them from the log."""

import json

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests.unit.audit.audit_reports import AUDIT_ID
from tests.unit.audit.audit_store import Store
from tests.unit.audit.report_account import report_account
from tests.unit.audit.test_publish_audit import written
from thriftline.audit.domain.parameters import Mode
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.handlers.publish_audit import lambda_handler
from thriftline.wiring import audit as wiring


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = written(report_account(), Mode.REPORT)
    monkeypatch.setattr(wiring, "artifacts", lambda: store.bucket)
    monkeypatch.setattr(wiring, "alerts", lambda: Topic(store, "arn:topic"))  # type: ignore[arg-type]
    monkeypatch.setattr(wiring, "event_bus", lambda: EventBus(store, "default"))  # type: ignore[arg-type]
    return store


def _context() -> LambdaContext:
    context = LambdaContext()
    context._function_name = "publish-audit"
    context._memory_limit_in_mb = 512
    context._invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:publish-audit"
    context._aws_request_id = "request"
    return context


def test_the_dashboard_finds_them_under_the_audits_own_dimension(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = lambda_handler({"audit_id": AUDIT_ID}, _context())
    assert answer["monthly_usd"] == "1744.47"
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (told,) = [json.loads(line) for line in lines]
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Thriftline"
    assert directive["Dimensions"] == [["service"]]
    assert told["service"] == "audit"
    units = {one["Name"]: one["Unit"] for one in directive["Metrics"]}
    assert units["AuditFindings"] == "Count"
    assert units["StorageBytes"] == "Bytes"
    assert units["AuditSureSavingsUsd"] == units["TrainingHours"] == "None"
    assert told["AuditFindings"] == [37.0]
    assert "SpendYesterdayUsd" not in told
