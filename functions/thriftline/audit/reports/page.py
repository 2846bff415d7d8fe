"""``report.html``: two minutes for a manager, everything to act on for an engineer."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.calendar import calendar_of, requests_of
from thriftline.audit.reports.charts import spend_chart
from thriftline.audit.reports.groups import group_actions, group_gaps, group_unknown
from thriftline.audit.reports.summary import is_above_bill, known_bill, last_day, span, use_of
from thriftline.audit.reports.words import (
    LIKELY_LARGE,
    command,
    kind_name,
    money,
    worth,
)
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import (
    ReportFinding,
    ReportRoadmapStep,
    ReportWaste,
)
from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import render
from thriftline.core.text import plain
from thriftline.core.wording import counted

# What a page holds; the rest is in report.csv and report.json.
_MOST_OF_A_RULE = 20
_MOST_ENDPOINTS = 40
_MOST_ROWS = 60
_MOST_SIGNALS = 12
_MOST_NAMES = 6


@dataclass(frozen=True)
class _Group:
    """The findings of one rule; ``shown`` of them are on the page."""

    rule: str
    title: str
    findings: Sequence[ReportFinding]
    shown: Sequence[ReportFinding]
    sure_usd: Decimal
    possible_usd: Decimal

    @property
    def severity(self) -> str:
        """The worst of them."""
        return min((one.severity for one in self.findings), key=_SEVERITIES.index)

    @property
    def is_likely_large(self) -> bool:
        """Whether one of them has no price and is likely large."""
        return any(worth(one) == LIKELY_LARGE for one in self.findings)


@dataclass(frozen=True)
class _Bar:
    label: str
    usd: Decimal | None
    possible_usd: Decimal
    note: str
    length: float
    possible_length: float
    anchor: str = ""


@dataclass(frozen=True)
class _Step:
    """One column of the roadmap: rules with the number of their findings."""

    step: ReportRoadmapStep
    rules: Sequence[tuple[str, str, int, Decimal]]
    more: int


# Where a group without a price stands that is likely a large one, among those with a price.
_LIKELY_USD = Decimal(1000)
_SEVERITIES = ("high", "medium", "low", "info")


def report_page(report: AuditReport) -> str:
    """Returns the page; whatever resources are called, it is shown as text."""
    groups = _groups(report)
    return render(
        "thriftline.audit.reports",
        "audit.html.j2",
        report=report,
        span=span(report),
        tone=_tone(report),
        is_account=report.scope is Scope.ACCOUNT,
        place=_place(report),
        groups=groups,
        roadmap=_roadmap(report),
        spend=spend_chart(report.spend.by_day),
        kinds=_kind_bars(report),
        waste=_waste_bars(report.waste_by_rule),
        unvalued=[row for row in report.waste_by_rule if not row.sure_usd + row.possible_usd],
        actions=group_actions(report.planned_actions),
        calendar=calendar_of(report, most_endpoints=_MOST_ENDPOINTS),
        unknown=group_unknown(report.unknown),
        blind=group_gaps(report.gaps),
        most_rows=_MOST_ROWS,
        most_signals=_MOST_SIGNALS,
        plain=plain,
        above_bill=is_above_bill(report),
        alert_tone=_alert_tone(report),
        requests_of=requests_of,
        worth=worth,
        likely_large=LIKELY_LARGE,
        last_day=last_day,
        command=command,
        counted=counted,
        kind_name=kind_name,
        money=money,
        by_id={
            one.id: one for one in (*report.findings, *(one.finding for one in report.accepted))
        },
        known_bill=known_bill(report),
        absent=sum(target.status == "missing" for target in report.targets),
    )


def _alert_tone(report: AuditReport) -> str:
    """Returns how loud the alerts are: what a limit holds back may be worth nothing."""
    held = {one.finding for one in report.planned_actions if one.withheld is not None}
    worthless = all(one.monthly_usd == 0 for one in report.findings if one.id in held)
    return "warn" if held and worthless else "bad"


def _tone(report: AuditReport) -> str:
    return "warn" if report.totals.sure_monthly_usd or report.totals.unknown else "good"


def _place(report: AuditReport) -> str:
    accounts = list(dict.fromkeys(target.account for target in report.targets))
    regions = list(dict.fromkeys(target.region for target in report.targets))
    where = [
        names[0] if len(names) == 1 else counted(len(names), noun)
        for names, noun in ((accounts, "account"), (regions, "region"))
        if names
    ]
    return ", ".join(where)


def _groups(report: AuditReport) -> list[_Group]:
    """Returns the findings by rule: the rule that saves most first."""
    worth = {row.rule: row for row in report.waste_by_rule}
    by_rule: dict[str, list[ReportFinding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    groups = [
        _Group(
            rule=rule,
            title=findings[0].title,
            findings=findings,
            shown=findings[:_MOST_OF_A_RULE],
            sure_usd=worth[rule].sure_usd,
            possible_usd=worth[rule].possible_usd,
        )
        for rule, findings in by_rule.items()
    ]
    return sorted(groups, key=_by_worth)


def _by_worth(group: _Group) -> tuple[Decimal, int, str]:
    usd = group.sure_usd + group.possible_usd
    return (
        -max(usd, _LIKELY_USD if group.is_likely_large else usd),
        _SEVERITIES.index(group.severity),
        group.rule,
    )


def _roadmap(report: AuditReport) -> list[_Step]:
    by_id = {finding.id: finding for finding in report.findings}
    steps = []
    for step in report.roadmap:
        rules: dict[str, tuple[str, str, int, Decimal]] = {}
        for one in step.findings:
            finding = by_id[one]
            usd = finding.monthly_usd if finding.counted and finding.monthly_usd else Decimal(0)
            _, _, number, worth = rules.get(finding.rule, ("", "", 0, Decimal(0)))
            rules[finding.rule] = (finding.rule, finding.title, number + 1, worth + usd)
        ordered = sorted(rules.values(), key=lambda rule: -rule[3])
        steps.append(_Step(step, ordered[:_MOST_NAMES], len(ordered) - len(ordered[:_MOST_NAMES])))
    return steps


def _kind_bars(report: AuditReport) -> list[_Bar]:
    rows = report.spend.by_kind
    most = max((row.usd for row in rows if row.usd), default=Decimal(0))
    return [
        _Bar(
            label=f"{row.resources:,} {kind_name(row.resource_type, row.resources)}",
            usd=row.usd,
            possible_usd=Decimal(0),
            note=use_of(report, row),
            length=_share(row.usd, most),
            possible_length=0.0,
        )
        for row in rows
    ]


def _waste_bars(rows: Sequence[ReportWaste]) -> list[_Bar]:
    most = max((row.sure_usd + row.possible_usd for row in rows), default=Decimal(0))
    return [
        _Bar(
            label=row.title,
            usd=row.sure_usd,
            possible_usd=row.possible_usd,
            note=f"\u00d7 {row.findings:,}" if row.findings > 1 else "",
            length=_share(row.sure_usd, most),
            possible_length=_share(row.possible_usd, most),
            anchor=row.rule,
        )
        for row in rows
        if row.sure_usd + row.possible_usd
    ]


def _share(usd: Decimal | None, most: Decimal) -> float:
    return float(usd / most) if usd and most else 0.0
