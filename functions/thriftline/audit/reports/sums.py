"""What a report says in totals: spend, waste, use, prices, roadmap."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from thriftline.audit.domain.digest import Digest
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import Confidence, Finding
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.overview import EndpointDays, Overview, TrainingUse
from thriftline.audit.domain.resource_kinds import RESOURCE_SPECS
from thriftline.audit.domain.savings import Savings, is_sure, roadmap
from thriftline.audit.reports.words import kind_name, listed
from thriftline.audit.schemas.report_parts import (
    ReportCalendarRow,
    ReportDay,
    ReportKindCost,
    ReportPart,
    ReportPrices,
    ReportRoadmapStep,
    ReportSpend,
    ReportTraining,
    ReportUse,
    ReportWaste,
)
from thriftline.money.prices import STALE_DAYS, PriceCatalogue

_NOTHING = Decimal(0)
# In the order in which a person should look at them.
_VERDICTS = (Verdict.IDLE, Verdict.UNKNOWN, Verdict.QUIET, Verdict.EXEMPT, Verdict.IN_USE)

Value = TypeVar("Value", int, float)


def spend_document(digests: Sequence[Digest]) -> ReportSpend:
    """Returns where the money went, by kind of resource and by day."""
    estimated = {day for digest in digests for day in digest.estimated}
    return ReportSpend(
        by_kind=_by_kind(digests),
        by_day=tuple(
            ReportDay(date=day, usd=dict(sorted(services.items())), is_estimated=day in estimated)
            for day, services in sorted(_by_day(digests).items())
        ),
        undated_usd=sum((digest.undated_usd for digest in digests), _NOTHING),
    )


def _by_day(digests: Iterable[Digest]) -> Mapping[date, Mapping[str, Decimal]]:
    days: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for digest in digests:
        for (day, service), usd in digest.days.items():
            days[day][service] += usd
    return days


def _by_kind(digests: Iterable[Digest]) -> tuple[ReportKindCost, ...]:
    costs = [cost for digest in digests for cost in digest.costs]
    rows = []
    for kind in ResourceKind:
        mine = [cost for cost in costs if cost.kind is kind]
        priced = sum(cost.priced for cost in mine)
        unpriced = sum(cost.unpriced for cost in mine)
        if mine:
            rows.append(
                ReportKindCost(
                    resource_type=kind,
                    usd=sum((cost.usd for cost in mine), _NOTHING) if priced else None,
                    resources=priced + unpriced,
                    unpriced=unpriced,
                )
            )
    return tuple(sorted(rows, key=lambda row: -(row.usd or _NOTHING)))


def waste_documents(findings: Sequence[Finding], savings: Savings) -> tuple[ReportWaste, ...]:
    """Returns what each rule's findings are worth; the sums are those of the totals."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    rows = [
        ReportWaste(
            rule=rule,
            title=mine[0].title,
            findings=len(mine),
            sure_usd=_worth(mine, savings.counted, sure=True),
            possible_usd=_worth(mine, savings.counted, sure=False),
            unpriced=sum(finding.monthly_usd is None for finding in mine),
        )
        for rule, mine in by_rule.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-(row.sure_usd + row.possible_usd), row.rule)))


def _worth(findings: Iterable[Finding], counted: Collection[str], *, sure: bool) -> Decimal:
    mine = [one for one in findings if one.id in counted and is_sure(one) is sure]
    return sum((one.monthly_usd for one in mine if one.monthly_usd), _NOTHING)


def roadmap_documents(
    findings: Sequence[Finding], savings: Savings
) -> tuple[ReportRoadmapStep, ...]:
    """Returns what to do now, this week, this month and in the quarter."""
    return tuple(
        ReportRoadmapStep(
            when=when,
            findings=tuple(finding.id for finding in some),
            sure_usd=_worth(some, savings.counted, sure=True),
            possible_usd=_worth(some, savings.counted, sure=False),
        )
        for when, some in roadmap(findings).items()
    )


def price_documents(
    digests: Sequence[Digest], prices: PriceCatalogue, today: date
) -> tuple[ReportPrices, ...]:
    """Returns the lists that may have priced something of this report, with their dates."""
    regions = {digest.region for digest in digests}
    priced: dict[ResourceKind, int] = defaultdict(int)
    for digest in digests:
        for cost in digest.costs:
            priced[cost.kind] += cost.priced
    used: dict[tuple[str, date], list[ResourceKind]] = defaultdict(list)
    for spec in RESOURCE_SPECS:
        for one in spec.price_lists(prices) if priced[spec.kind] else ():
            if regions & set(one.regions):
                used[one.source, one.date].append(spec.kind)
    return tuple(
        ReportPrices(
            covers=listed([kind_name(kind, 2) for kind in kinds]),
            source=source,
            date=day,
            resources=sum(priced[kind] for kind in kinds),
            is_stale=(today - day).days > STALE_DAYS,
        )
        for (source, day), kinds in used.items()
    )


def use_document(digests: Sequence[Digest], *, is_complete: bool) -> ReportUse:
    """Returns totals of use; without a target (not ``is_complete``) none of them is known."""
    told = [digest.overview for digest in digests] if is_complete else []
    hosts = [digest for digest in digests if is_complete and _knows_endpoints(digest)]
    knows_endpoints = bool(hosts) and len(hosts) == len(digests)
    rows = [row for digest in hosts for row in digest.overview.endpoints]
    tokens = [one.tokens for one in told if one.tokens is not None]
    knows_tokens = bool(told) and len(tokens) == len(told)
    return ReportUse(
        storage_bytes=_total(told, lambda one: one.storage_bytes),
        storage_bytes_known=_known_bytes(digests),
        objects=_total(told, lambda one: one.objects),
        endpoints={verdict: sum(row.verdict is verdict for row in rows) for verdict in _VERDICTS}
        if knows_endpoints
        else None,
        endpoints_in_service=sum(row.status == "InService" for row in rows)
        if knows_endpoints
        else None,
        invocations_last_day=_last_day(rows) if knows_endpoints else None,
        training=_training([one.training for one in told]),
        training_last_day=_training([one.training_last_day for one in told]),
        bedrock_invocations=sum(one.invocations for one in tokens) if knows_tokens else None,
        tokens_in=sum(one.input for one in tokens) if knows_tokens else None,
        tokens_out=sum(one.output for one in tokens) if knows_tokens else None,
    )


def _known_bytes(digests: Iterable[Digest]) -> int | None:
    known = [
        digest.overview.storage_bytes_known
        for digest in digests
        if ResourceKind.BUCKET in digest.overview.collected
    ]
    return sum(known) if known else None


def _knows_endpoints(digest: Digest) -> bool:
    return ResourceKind.ENDPOINT in digest.overview.collected and all(
        one.kind is not ResourceKind.ENDPOINT or one.resource != "*" for one in digest.unknown
    )


def _total(told: Sequence[Overview], of: Callable[[Overview], Value | None]) -> Value | None:
    values = [value for one in told if (value := of(one)) is not None]
    return sum(values) if told and len(values) == len(told) else None


def _last_day(rows: Iterable[EndpointDays]) -> float | None:
    """Returns the requests of the window's last day, None when a part was not read."""
    parts = [part for row in rows for part in row.parts]
    if any(part.unread or not part.daily for part in parts):
        return None
    known = [value for part in parts if (value := part.daily[-1]) is not None]
    return sum(known) if known else None


def _training(uses: Sequence[TrainingUse | None]) -> ReportTraining | None:
    known = [use for use in uses if use is not None]
    if not known or len(known) < len(uses):
        return None
    return ReportTraining(
        completed=sum(use.completed for use in known),
        failed=sum(use.failed for use in known),
        stopped=sum(use.stopped for use in known),
        hours=_hours([use.hours for use in known]),
        billed_hours=_hours([use.billed_hours for use in known]),
    )


def _hours(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return round(sum(known), 4) if len(known) == len(parts) else None


def calendar_documents(
    digests: Sequence[Digest], findings: Sequence[Finding]
) -> tuple[ReportCalendarRow, ...]:
    """Returns the days of the endpoints in service; what wants to be looked at comes first."""
    worth = {
        (one.account, one.region, one.resource): one.monthly_usd or _NOTHING
        for one in reversed(findings)
        if one.resource_type is ResourceKind.ENDPOINT and one.confidence > Confidence.LOW
    }
    rows = [(digest, row) for digest in digests for row in digest.overview.endpoints if row.parts]

    def order(pair: tuple[Digest, EndpointDays]) -> tuple[int, Decimal, str]:
        digest, row = pair
        usd = worth.get((digest.account, digest.region, row.endpoint), _NOTHING)
        return _VERDICTS.index(row.verdict), -usd, row.endpoint

    return tuple(
        ReportCalendarRow(
            endpoint=row.endpoint,
            account=digest.account,
            region=digest.region,
            status=row.status,
            verdict=row.verdict,
            reasons=row.reasons,
            parts=tuple(
                ReportPart(
                    name=part.name,
                    kind=part.kind,
                    days=part.daily,
                    today=part.today,
                    unread=part.unread,
                )
                for part in row.parts
            ),
        )
        for digest, row in sorted(rows, key=order)
    )
