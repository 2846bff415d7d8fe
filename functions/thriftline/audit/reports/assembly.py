"""Makes the one report of an audit: all targets, the plan, what was accepted, the last report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import get_args

from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.coverage import AuditCoverage
from thriftline.audit.domain.digest import Digest
from thriftline.audit.domain.findings import Finding
from thriftline.audit.domain.history import (
    Acceptance,
    Difference,
    SortedFindings,
    difference,
    sort_out,
)
from thriftline.audit.domain.savings import Savings, by_saving, savings_of
from thriftline.audit.domain.total_reconciliation import reconcile_all
from thriftline.audit.reports.blind_spots import not_looked_at
from thriftline.audit.reports.documents import (
    action_document,
    finding_document,
    gap_documents,
    outcome_document,
    reconciliation_document,
    refusal_document,
    rule_document,
    unknown_documents,
)
from thriftline.audit.reports.lifecycles import BucketLifecycles
from thriftline.audit.reports.summary import sentences
from thriftline.audit.reports.sums import (
    calendar_documents,
    price_documents,
    roadmap_documents,
    spend_document,
    use_document,
    waste_documents,
)
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.report import AuditReport, LastFinding, LastReport
from thriftline.audit.schemas.report_parts import (
    ReportAccepted,
    ReportAction,
    ReportDifference,
    ReportFinding,
    ReportGap,
    ReportGone,
    ReportLapsed,
    ReportRule,
    ReportTarget,
    ReportUnknown,
    ReportWindow,
)
from thriftline.audit.schemas.report_totals import ReportTotals, SeverityWord
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.prices import PriceCatalogue

_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class ReportInputs:
    """All that a report is made of.

    ``missing`` are targets without a result, with the reason. ``plan`` is None where there is
    none. ``problems`` are documents that could not be read, by their URI. ``last`` are the
    findings of the last whole report, None without one.
    """

    settings: AuditSettings
    digests: Sequence[Digest]
    missing: Sequence[tuple[Target, str]]
    plan: ActionPlan | None
    acceptances: Sequence[Acceptance]
    acceptance_problem: str | None
    last: LastReport | None
    problems: Mapping[str, str]
    prices: PriceCatalogue


def assemble(gathered: ReportInputs) -> AuditReport:
    """Returns the report, before anything was done."""
    settings = gathered.settings
    today = settings.started.date()
    found = sorted(
        (_to_the_cent(one) for digest in gathered.digests for one in digest.findings),
        key=by_saving,
    )
    told = sort_out(found, gathered.acceptances, today)
    savings = savings_of(told.spoken)
    changed = _difference(gathered, told)
    lifecycles = BucketLifecycles(told.spoken)
    scribe = _FindingWriter(gathered, savings, lifecycles)
    findings = tuple(scribe.document(finding) for finding in told.spoken)
    gaps = tuple(gap for digest in gathered.digests for gap in gap_documents(digest))
    plan = gathered.plan or ActionPlan((), (), ())
    report = AuditReport(
        schema_version="1.0",
        audit_id=settings.audit_id,
        scope=settings.scope,
        is_whole=settings.is_whole,
        mode=settings.mode,
        asked_mode=settings.asked_mode,
        allowed_mode=settings.allowed_mode,
        generated_at=settings.started,
        window=ReportWindow(start=settings.window.start, end=settings.window.end),
        targets=_targets(gathered),
        summary=(),
        alerts=(*plan.alerts, *_alerts(gathered)),
        totals=_NO_TOTALS,
        findings=findings,
        planned_actions=tuple(
            action_document(index, action, lifecycles) for index, action in enumerate(plan.actions)
        ),
        refused_actions=tuple(refusal_document(one) for one in plan.refused),
        unknown=_unknown(gathered),
        gaps=gaps,
        not_looked_at=not_looked_at(
            settings.scope, (settings.window.end - settings.window.start).days
        ),
        reconciliation=reconciliation_document(
            reconcile_all(
                gathered.digests, [f"{one.account} {one.region}" for one, _ in gathered.missing]
            )
        ),
        spend=spend_document(gathered.digests),
        waste_by_rule=waste_documents(told.spoken, savings),
        use=use_document(gathered.digests, is_complete=not gathered.missing),
        calendar=calendar_documents(gathered.digests, told.spoken),
        roadmap=roadmap_documents(told.spoken, savings),
        accepted=tuple(
            ReportAccepted(
                finding=scribe.document(one.finding),
                reason=one.acceptance.reason,
                until=one.acceptance.until,
                accepted_by=one.acceptance.accepted_by,
                on=one.acceptance.on,
            )
            for one in told.accepted
        ),
        lapsed=_lapsed(told, gathered.acceptances),
        difference=changed,
        prices=price_documents(gathered.digests, gathered.prices, today),
        rules=_rules(findings, gaps, settings),
    )
    return _summed(report, savings)


def with_outcomes(
    report: AuditReport, records: Mapping[int, ActionRecord], alerts: Sequence[str] = ()
) -> AuditReport:
    """Returns the report after acting: what became of each action that was to be done."""
    actions = tuple(
        one.model_copy(update={"result": outcome_document(records.get(one.index))})
        if one.executes or one.index in records
        else one
        for one in report.planned_actions
    )
    said = tuple(dict.fromkeys((*report.alerts, *alerts)))
    changed = report.model_copy(update={"planned_actions": actions, "alerts": said})
    totals = report.totals.model_copy(update=_action_totals(actions))
    return _with_summary(changed.model_copy(update={"totals": totals}))


def _to_the_cent(finding: Finding) -> Finding:
    """Returns the finding as people add it up: the sums are those of what they read."""
    if finding.monthly_usd is None:
        return finding
    return replace(finding, monthly_usd=finding.monthly_usd.quantize(_CENT, ROUND_HALF_UP))


class _FindingWriter:
    """Writes findings down with what is known of them from elsewhere."""

    def __init__(
        self, gathered: ReportInputs, savings: Savings, lifecycles: BucketLifecycles
    ) -> None:
        self._lifecycles = lifecycles
        self._counted = savings.counted
        self._today = gathered.settings.started.date()
        self._last = gathered.last.known if gathered.last else {}
        self._has_last = gathered.last is not None

    def document(self, finding: Finding) -> ReportFinding:
        before = self._last.get(finding.id)
        return finding_document(
            finding,
            counted=finding.id in self._counted,
            first_told=before.first_told if before else self._today,
            is_new=self._has_last and before is None,
            lifecycles=self._lifecycles,
        )


def _difference(gathered: ReportInputs, told: SortedFindings) -> ReportDifference | None:
    last = gathered.last
    if last is None:
        return None
    before = last.known
    sight = AuditCoverage(gathered.digests, gathered.settings.rules)
    changed: Difference = difference(
        {one: finding.monthly_usd for one, finding in before.items()}, told, sight.could_see
    )
    quiet = {one.finding.id for one in last.accepted}
    return ReportDifference(
        last_audit_id=last.audit_id,
        last_generated_at=last.generated_at,
        new=changed.new,
        gone=tuple(_gone(before[one]) for one in changed.gone),
        unseen=tuple(_gone(before[one]) for one in changed.unseen),
        accepted=tuple(one for one in changed.accepted if one not in quiet),
        dearer_usd=changed.dearer_usd,
        cheaper_usd=changed.cheaper_usd,
    )


def _gone(finding: LastFinding) -> ReportGone:
    return ReportGone(
        finding=finding.id,
        title=finding.title,
        monthly_usd=finding.monthly_usd,
        first_told=finding.first_told,
    )


def _targets(gathered: ReportInputs) -> tuple[ReportTarget, ...]:
    audited = {(one.account, one.region): one for one in gathered.digests}
    return tuple(
        ReportTarget(
            account=target.account,
            region=target.region,
            status="audited" if digest else "missing",
            findings=len(digest.findings) if digest else None,
            unknown=len(digest.unknown) if digest else None,
            resources=dict(digest.overview.counts) if digest else {},
        )
        for target in gathered.settings.targets
        for digest in [audited.get((target.account, target.region))]
    )


def _unknown(gathered: ReportInputs) -> tuple[ReportUnknown, ...]:
    missing = tuple(
        ReportUnknown(
            resource_type="target",
            resource=f"{target.account} {target.region}",
            account=target.account,
            region=target.region,
            operation="audit",
            error=why,
        )
        for target, why in gathered.missing
    )
    problems = dict(gathered.problems)
    if gathered.acceptance_problem:
        problems["accepted findings"] = gathered.acceptance_problem
    documents = tuple(
        ReportUnknown(
            resource_type="document",
            resource=name,
            account=None,
            region=None,
            operation="read",
            error=why,
        )
        for name, why in problems.items()
    )
    read = tuple(one for digest in gathered.digests for one in unknown_documents(digest))
    return (*missing, *documents, *read)


def _alerts(gathered: ReportInputs) -> list[str]:
    settings = gathered.settings
    alerts = []
    if gathered.missing:
        alerts.append(
            f"There is no result of {len(gathered.missing)} of the "
            f"{counted(len(settings.targets), 'place')} (account and region): nothing is known of "
            "what is there."
        )
    if gathered.acceptance_problem:
        alerts.append(
            "What was accepted cannot be read, so everything is reported and nothing is acted on: "
            f"{gathered.acceptance_problem}"
        )
    if gathered.plan is None:
        alerts.append("There is no plan of actions, so nothing is done.")
    if settings.asked_mode is not settings.mode:
        alerts.append(
            f"Mode {settings.asked_mode} was asked for; the stack allows {settings.allowed_mode}."
        )
    return alerts


def _lapsed(told: SortedFindings, acceptances: Sequence[Acceptance]) -> tuple[ReportLapsed, ...]:
    expired = set(told.expired)
    used = {one.acceptance for one in told.accepted}
    spoken = {finding.id for finding in told.spoken}
    known = spoken | {one.finding.id for one in told.accepted}
    return tuple(
        ReportLapsed(
            finding=one.finding,
            reason=one.reason,
            until=one.until,
            state="expired" if one in expired else "unmatched",
        )
        for one in acceptances
        if one in expired or (one not in used and one.finding not in known)
    )


def _rules(
    findings: Sequence[ReportFinding], gaps: Sequence[ReportGap], settings: AuditSettings
) -> tuple[ReportRule, ...]:
    named = dict.fromkeys([*(one.rule for one in findings), *(one.rule for one in gaps)])
    told = (rule_document(rule, settings) for rule in named)
    return tuple(one for one in told if one is not None)


_NO_TOTALS = ReportTotals(
    findings=0,
    by_severity={},
    sure_monthly_usd=Decimal(0),
    possible_monthly_usd=Decimal(0),
    unpriced_findings=0,
    new=None,
    gone=None,
    accepted=0,
    unknown=0,
    not_evaluated=0,
    planned_actions=0,
    executing_actions=0,
    done_actions=0,
    declined_actions=0,
    failed_actions=0,
)


def _summed(report: AuditReport, savings: Savings) -> AuditReport:
    severities = Counter(finding.severity for finding in report.findings)
    changed = report.difference
    words: tuple[SeverityWord, ...] = get_args(SeverityWord)
    totals = ReportTotals(
        findings=len(report.findings),
        by_severity={word: severities[word] for word in words},
        sure_monthly_usd=savings.sure_usd,
        possible_monthly_usd=savings.possible_usd,
        unpriced_findings=savings.unpriced,
        new=len(changed.new) if changed else None,
        gone=len(changed.gone) if changed else None,
        accepted=len(report.accepted),
        unknown=len(report.unknown),
        not_evaluated=len({gap.rule for gap in report.gaps if not gap.evaluated}),
        **_action_totals(report.planned_actions),
    )
    return _with_summary(report.model_copy(update={"totals": totals}))


def _action_totals(actions: Sequence[ReportAction]) -> dict[str, int]:
    outcomes = Counter(one.result.outcome for one in actions if one.result)
    return {
        "planned_actions": len(actions),
        "executing_actions": sum(one.executes for one in actions),
        "done_actions": outcomes["done"],
        "declined_actions": outcomes["declined"],
        "failed_actions": outcomes["failed"] + outcomes["unknown"],
    }


def _with_summary(report: AuditReport) -> AuditReport:
    return report.model_copy(update={"summary": sentences(report)})
