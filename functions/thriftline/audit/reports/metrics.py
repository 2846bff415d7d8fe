"""The figures of an audit for CloudWatch; what is not known has none, and is never 0."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.report import AuditReport


def metrics_of(report: AuditReport) -> Mapping[str, float]:
    """Returns value by name. Names in ``Usd`` are dollars, in ``Bytes`` bytes, others counts.

    The hourly audit of endpoints has those of endpoints and actions only, so that it does not
    stand in for the daily one.
    """
    figures = _of_endpoints(report)
    if report.scope is Scope.ACCOUNT:
        figures |= _of_findings(report) | _of_money(report) | _of_use(report)
    return {name: float(value) for name, value in figures.items() if value is not None}


_Figures = dict[str, float | Decimal | None]


def _of_endpoints(report: AuditReport) -> _Figures:
    totals, use = report.totals, report.use
    return {
        "AuditActionsPlanned": totals.planned_actions,
        "AuditActionsDone": totals.done_actions,
        "AuditActionsDeclined": totals.declined_actions,
        "AuditActionsFailed": totals.failed_actions,
        "AuditAlerts": len(report.alerts),
        "EndpointsInService": use.endpoints_in_service,
        "EndpointsIdle": None if use.endpoints is None else use.endpoints.get(Verdict.IDLE, 0),
    }


def _of_findings(report: AuditReport) -> _Figures:
    totals = report.totals
    return {
        "AuditFindings": totals.findings,
        "AuditFindingsHigh": totals.by_severity.get("high", 0),
        "AuditFindingsNew": totals.new,
        "AuditFindingsAccepted": totals.accepted,
        "AuditUnknown": totals.unknown,
        "AuditRulesNotEvaluated": totals.not_evaluated,
    }


def _of_money(report: AuditReport) -> _Figures:
    told, totals = report.reconciliation, report.totals
    return {
        "AuditSureSavingsUsd": totals.sure_monthly_usd,
        "AuditPossibleSavingsUsd": totals.possible_monthly_usd,
        "AuditBilledUsd": told.billed_usd,
        "AuditExplainedUsd": told.explained_usd,
        "AuditResidualUsd": told.residual_usd,
        "SpendYesterdayUsd": _spend_yesterday(report),
    }


def _spend_yesterday(report: AuditReport) -> Decimal | None:
    """Returns the bill of the window's last day, None before Cost Explorer has it."""
    if report.reconciliation.without_bill:
        return None
    day = (report.window.end - timedelta(days=1)).date()
    found = [one for one in report.spend.by_day if one.date == day]
    return sum(found[0].usd.values(), Decimal(0)) if found else None


def _of_use(report: AuditReport) -> _Figures:
    use, training = report.use, report.use.training_last_day
    return {
        "StorageBytes": use.storage_bytes,
        "EndpointInvocations": use.invocations_last_day,
        "TrainingJobsCompleted": training.completed if training else None,
        "TrainingJobsFailed": training.failed if training else None,
        "TrainingHours": training.hours if training else None,
        "BedrockInvocations": use.bedrock_invocations,
        "BedrockTokensIn": use.tokens_in,
        "BedrockTokensOut": use.tokens_out,
    }
