"""The message that a person gets after an audit, and the event that other systems get."""

from decimal import Decimal
from itertools import islice

from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.summary import is_above_bill, unread_places
from thriftline.audit.reports.words import LIKELY_LARGE, deeds, money, worth
from thriftline.audit.schemas.events import CostAuditCompleted
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import ReportFinding
from thriftline.core.message import Fact, Message
from thriftline.core.text import plain
from thriftline.core.wording import counted

_TOP = 3
_MOST_ALERTS = 5


def message_of(report: AuditReport, report_uri: str) -> Message:
    """Returns the message: the summary, alerts, the largest savings, where to read on."""
    first, *others = report.summary or [_subject(report)]
    sure = report.totals.sure_monthly_usd
    return Message(
        kind="audit",
        tone="notice" if report.totals.findings or report.alerts else "good",
        thread=report.audit_id,
        title=_subject(report),
        sentence=first,
        detail="\n".join([*others, *(f"! {one}" for one in report.alerts[:_MOST_ALERTS])]),
        facts=(
            *(
                Fact(one.title, f"{one.resource} ({one.region}): {worth(one)}")
                for one in _top(report)
            ),
            Fact("Report", report_uri),
        ),
        dollars=f"{money(sure)} a month to save" if sure else None,
        next_steps=(f"Read it: thriftline audit report {report.audit_id}",),
        text=_text(report, report_uri),
    )


def _subject(report: AuditReport) -> str:
    """Returns one line: what is to be saved, or what was done."""
    if report.scope is Scope.IDLE_ENDPOINTS:
        return f"Thriftline: {_endpoints(report)}"
    totals = report.totals
    parts = [
        _to_save(report),
        counted(totals.findings, "finding"),
    ]
    if totals.unknown:
        parts.append(f"{totals.unknown:,} unknown")
    return f"Thriftline: {', '.join(parts)}"


def _to_save(report: AuditReport) -> str:
    sure, bill = report.totals.sure_monthly_usd, report.reconciliation.billed_usd
    if bill is not None and is_above_bill(report):
        return f"at most {money(max(bill, Decimal(0)))} a month to save"
    if sure:
        return f"{money(sure)} a month to save"
    return "savings not known" if unread_places(report) else "no sure saving"


def _endpoints(report: AuditReport) -> str:
    done = [one for one in report.planned_actions if one.result and one.result.outcome == "done"]
    if done:
        return deeds(done, done=True)
    if report.totals.failed_actions:
        return f"{counted(report.totals.failed_actions, 'action')} failed"
    return f"{counted(report.totals.findings, 'idle endpoint')}"


def _text(report: AuditReport, report_uri: str) -> str:
    """Returns some ten lines: the summary, alerts, the largest savings, where to read on."""
    lines = [*report.summary, ""]
    lines += [f"! {plain(alert, 600)}" for alert in report.alerts[:_MOST_ALERTS]]
    if len(report.alerts) > _MOST_ALERTS:
        lines.append(f"! and {counted(len(report.alerts) - _MOST_ALERTS, 'more alert')}")
    if top := _top(report):
        lines.append("Largest savings:")
        lines += [
            f"  {worth(one)}  {one.title}: {plain(one.resource, 120)} ({one.region})" for one in top
        ]
    return "\n".join([*lines, f"Report: {report_uri}"]) + "\n"


def _top(report: AuditReport) -> list[ReportFinding]:
    large = (
        one
        for one in report.findings
        if (one.counted and one.monthly_usd) or worth(one) == LIKELY_LARGE
    )
    return list(islice(large, _TOP))


def event_of(report: AuditReport, report_uri: str) -> CostAuditCompleted:
    """Returns the event: the figures, and where the rest is."""
    told = report.reconciliation
    return CostAuditCompleted(
        audit_id=report.audit_id,
        scope=report.scope,
        mode=report.mode,
        generated_at=report.generated_at,
        summary=report.summary,
        totals=report.totals,
        billed_usd=told.billed_usd,
        explained_usd=told.explained_usd,
        residual_usd=told.residual_usd,
        alerts=tuple(plain(alert, 600) for alert in report.alerts[:_MOST_ALERTS]),
        report_uri=report_uri,
    )
