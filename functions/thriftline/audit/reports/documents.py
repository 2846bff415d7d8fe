"""Turns what the rules and the planner say into parts of the report's document."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from thriftline.audit.domain.actions import PlannedAction, Refused
from thriftline.audit.domain.digest import Digest
from thriftline.audit.domain.findings import ApiCall, Finding
from thriftline.audit.domain.reconciliation import BillRow
from thriftline.audit.domain.rules.registry import rule_of
from thriftline.audit.domain.savings import bucket_of
from thriftline.audit.domain.total_reconciliation import TotalReconciliation
from thriftline.audit.reports.lifecycles import BucketLifecycles
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.report_parts import (
    ReportAction,
    ReportCall,
    ReportChange,
    ReportEvidence,
    ReportFinding,
    ReportGap,
    ReportOutcome,
    ReportReconciliation,
    ReportRefusal,
    ReportRule,
    ReportServiceRow,
    ReportSignal,
    ReportTargetRow,
    ReportUnknown,
)
from thriftline.audit.schemas.settings import AuditSettings

_MOST_UNPRICED = 100
NO_LIFECYCLES = BucketLifecycles(())


def finding_document(
    finding: Finding,
    *,
    counted: bool,
    first_told: date,
    is_new: bool,
    lifecycles: BucketLifecycles = NO_LIFECYCLES,
) -> ReportFinding:
    """Returns a finding with its enums as words and its calls as command lines."""
    evidence = finding.evidence
    return ReportFinding.model_validate(
        {
            "id": finding.id,
            "rule": finding.rule,
            "title": finding.title,
            "document": document_of(finding.rule),
            "resource_type": finding.resource_type,
            "resource": finding.resource,
            "account": finding.account,
            "region": finding.region,
            "summary": finding.summary,
            "severity": finding.severity.name.lower(),
            "confidence": finding.confidence.name.lower(),
            "effort": finding.effort.name.lower(),
            "when": bucket_of(finding),
            "evidence": ReportEvidence(
                signals_used=tuple(
                    ReportSignal(name=one.name, value=one.value) for one in evidence.signals_used
                ),
                signals_missing=evidence.signals_missing,
                start=evidence.start,
                end=evidence.end,
            ),
            "monthly_usd": finding.monthly_usd,
            "counted": counted,
            "first_told": first_told,
            "is_new": is_new,
            "change": ReportChange(
                text=" ".join(filter(None, [finding.change.text, lifecycles.words(finding)])),
                calls=tuple(_call(one) for one in finding.change.calls),
                cli=_cli(lifecycles.printed(finding), finding.region),
                undo=finding.change.undo,
            ),
            "action": finding.action,
        }
    )


def document_of(rule_id: str) -> str:
    """Returns where the rule's page lies in the repository."""
    return f"docs/audit_rules/{rule_id}.md"


def _call(call: ApiCall) -> ReportCall:
    return ReportCall(
        service=call.service,
        operation=call.operation,
        parameters=dict(call.parameters),
        is_partial=call.is_partial,
    )


def _cli(calls: Sequence[ApiCall], region: str) -> tuple[str, ...]:
    return tuple(call.cli(region) for call in calls)


def action_document(
    index: int, planned: PlannedAction, lifecycles: BucketLifecycles = NO_LIFECYCLES
) -> ReportAction:
    """Returns an action of the plan, not yet done."""
    return ReportAction(
        index=index,
        action=planned.action,
        step=planned.step,
        resource_type=planned.resource_type,
        resource=planned.resource,
        account=planned.account,
        region=planned.region,
        reason=planned.reason,
        finding=planned.finding,
        cli=_cli(lifecycles.printed(planned), planned.region),
        undo=planned.undo,
        due=planned.due,
        executes=planned.executes,
        withheld=planned.withheld,
        result=None,
    )


def outcome_document(record: ActionRecord | None) -> ReportOutcome:
    """Returns what became of an action that was to be done; without a record that is unknown."""
    if record is None:
        return ReportOutcome(
            outcome="unknown",
            reason="It was to be done, and left no record: look at the function's log.",
            ended=None,
            saved_uri=None,
        )
    return ReportOutcome(
        outcome=record.outcome,
        reason=record.reason,
        ended=record.ended,
        saved_uri=record.saved_uri,
    )


def refusal_document(refused: Refused) -> ReportRefusal:
    """Returns why nothing is done about a finding."""
    return ReportRefusal(action=refused.action, resource=refused.resource, reasons=refused.reasons)


def unknown_documents(digest: Digest) -> tuple[ReportUnknown, ...]:
    """Returns what could not be read of one target."""
    return tuple(
        ReportUnknown(
            resource_type=one.kind,
            resource=one.resource,
            account=digest.account,
            region=digest.region,
            operation=one.operation,
            error=one.error,
        )
        for one in digest.unknown
    )


def gap_documents(digest: Digest) -> tuple[ReportGap, ...]:
    """Returns what the rules could not see of one target."""
    return tuple(
        ReportGap(
            rule=gap.rule,
            account=digest.account,
            region=digest.region,
            evaluated=gap.evaluated,
            reasons=gap.reasons,
        )
        for gap in digest.gaps
    )


def rule_document(rule_id: str, settings: AuditSettings) -> ReportRule | None:
    """Returns what a page says of a rule, None of one that there is no more."""
    try:
        rule = rule_of(rule_id)
    except KeyError:
        return None
    return ReportRule(
        id=rule.id,
        title=rule.title,
        document=document_of(rule.id),
        rationale=rule.rationale,
        how=rule.how,
        evidence=rule.evidence,
        undo=rule.undo,
        thresholds={name: str(getattr(settings.parameters, name)) for name in rule.thresholds},
    )


def reconciliation_document(told: TotalReconciliation) -> ReportReconciliation:
    """Returns the bill beside the resources."""
    return ReportReconciliation(
        explained_usd=told.explained_usd,
        billed_usd=told.billed_usd,
        residual_usd=told.residual_usd,
        rows=tuple(ReportServiceRow(service=row.name, **_figures(row)) for row in told.services),
        targets=tuple(_target_row(row) for row in told.targets),
        without_bill=told.without_bill,
        assumptions=told.assumptions,
    )


def _target_row(row: BillRow) -> ReportTargetRow:
    account, region = row.name.split(" ", 1)
    return ReportTargetRow(account=account, region=region, **_figures(row))


def _figures(row: BillRow) -> dict[str, Any]:
    # Where nothing has a price, nothing is known to be explained: that is not zero dollars.
    is_known = bool(row.explained_usd) or not row.unpriced
    return {
        "explained_usd": row.explained_usd if is_known else None,
        "billed_usd": row.billed_usd,
        "residual_usd": row.residual_usd if is_known else None,
        "unpriced": row.unpriced[:_MOST_UNPRICED],
        "unpriced_count": len(row.unpriced),
    }
