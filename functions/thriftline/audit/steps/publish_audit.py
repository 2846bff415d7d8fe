"""Publish audit: what was done goes into the report, and whoever wants to know is told, once."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, ValidationError

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.layout import (
    TOLD_OF_ENDPOINTS,
    published_key,
    record_key,
    report_key,
)
from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.assembly import with_outcomes
from thriftline.audit.reports.message import (
    event_of,
    message_of,
)
from thriftline.audit.reports.metrics import metrics_of
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.steps import AuditRequest, PublishAuditResponse
from thriftline.audit.steps.report_documents import read_report, write_report_documents
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import ThriftlineError


class _Published(BaseModel):
    """What of an audit is out already."""

    model_config = ConfigDict(defer_build=True)

    measured: bool = False
    event: bool = False
    message: bool = False


class _ReportedEndpoints(BaseModel):
    """What the last message about endpoints said."""

    model_config = ConfigDict(defer_build=True)

    told: frozenset[str] = frozenset()


def publish_audit(
    request: AuditRequest,
    *,
    artifacts: Bucket,
    alerts: Topic,
    bus: EventBus,
    measure: Callable[[str, float], None],
) -> PublishAuditResponse:
    """Adds what was done to the report, measures it, and tells the bus and the topic.

    Safe to repeat: what was told is not told twice. ``measure`` takes a metric's name and value.

    Raises:
        AwsRequestError: the audit has no report.
        ThriftlineError: the report could not be written, or the bus or the topic did not take
            what it was told; the other one was tried all the same.
    """
    report = _with_records(read_report(artifacts, request.audit_id), artifacts)
    _tell(report, artifacts, alerts, bus, measure)
    return PublishAuditResponse(
        audit_id=report.audit_id,
        mode=report.mode,
        findings=report.totals.findings,
        monthly_usd=report.totals.sure_monthly_usd,
        planned_actions=report.totals.planned_actions,
        done_actions=report.totals.done_actions,
        unknown=report.totals.unknown,
        report_uri=_report_uri(report, artifacts),
    )


def _report_uri(report: AuditReport, artifacts: Bucket) -> str:
    return artifacts.uri(report_key(report.audit_id, "html"))


def _with_records(report: AuditReport, artifacts: Bucket) -> AuditReport:
    """Returns the report with outcomes, written again; unchanged where nothing was to be done."""
    due = [one.index for one in report.planned_actions if one.executes]
    if not due:
        return report
    records = {
        index: record
        for index in due
        if (record := _record(report.audit_id, index, artifacts)) is not None
    }
    done = with_outcomes(report, records)
    write_report_documents(done, artifacts)
    return done


def _record(audit_id: str, index: int, artifacts: Bucket) -> ActionRecord | None:
    """Returns an action's record, None where it cannot be read: its outcome is then unknown."""
    try:
        body = artifacts.read(record_key(audit_id, index))
        return None if body is None else ActionRecord.model_validate_json(body)
    except (ThriftlineError, ValidationError):
        return None


def _tell(
    report: AuditReport,
    artifacts: Bucket,
    alerts: Topic,
    bus: EventBus,
    measure: Callable[[str, float], None],
) -> None:
    key, uri = published_key(report.audit_id), _report_uri(report, artifacts)
    out = _Published.model_validate_json(artifacts.read(key) or b"{}")
    problem: ThriftlineError | None = None
    if not out.measured:
        for name, value in metrics_of(report).items():
            measure(name, value)
        out.measured = True
    if not out.event:
        try:
            bus.put(event_of(report, uri))
            out.event = True
        except ThriftlineError as error:
            problem = error
    if not out.message:
        try:
            _send(report, uri, artifacts, alerts)
            out.message = True
        except ThriftlineError as error:
            problem = error
    artifacts.write_json(key, out.model_dump_json())
    if problem is not None:
        raise problem


def _send(report: AuditReport, uri: str, artifacts: Bucket, alerts: Topic) -> None:
    """Sends the message; of the hourly audit only when there is something new to tell."""
    if report.scope is Scope.ACCOUNT:
        alerts.send(message_of(report, uri))
        return
    said = _news(report)
    before = _told(artifacts)
    if said - before or any(one.result for one in report.planned_actions):
        alerts.send(message_of(report, uri))
    if said != before:
        artifacts.write_json(TOLD_OF_ENDPOINTS, _ReportedEndpoints(told=said).model_dump_json())


def _told(artifacts: Bucket) -> frozenset[str]:
    try:
        return _ReportedEndpoints.model_validate_json(
            artifacts.read(TOLD_OF_ENDPOINTS) or b"{}"
        ).told
    except (ThriftlineError, ValidationError):
        # Rather told twice than not at all.
        return frozenset()


def _news(report: AuditReport) -> frozenset[str]:
    """Returns what a message would tell, but for what only waits."""
    actions = (one for one in report.planned_actions if one.step is not Step.WAIT)
    return frozenset(report.alerts) | {
        f"{one.action}|{one.step}|{one.account}|{one.region}|{one.resource}" for one in actions
    }
