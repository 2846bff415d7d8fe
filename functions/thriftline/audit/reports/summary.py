"""The report in a few sentences: for the head of the page, the message and the terminal."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.words import deeds, kind_name, listed, money
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import ReportAction, ReportKindCost, ReportUse
from thriftline.core.wording import counted, sentence

# A month of 730 hours.
_DAYS_A_MONTH = Decimal(730) / 24


def sentences(report: AuditReport) -> tuple[str, ...]:
    """Returns the headline, then what was found, what is unknown and what is done about it."""
    return (
        _headline(report),
        *_more(report),
        _found(report),
        _unknown(report),
        *_actions(report),
    )


def span(report: AuditReport) -> str:
    """Returns ``the 30 days to 2025-11-02``."""
    days = (report.window.end - report.window.start).days
    return f"the {counted(days, 'day')} to {last_day(report.window.end)}"


def last_day(end: datetime) -> date:
    """Returns the last day before the end of a window."""
    return (end - timedelta(microseconds=1)).date()


def use_of(report: AuditReport, row: ReportKindCost) -> str:
    """Returns how much all resources of a kind were used, as far as it is known."""
    use = report.use
    parts: dict[ResourceKind, Callable[[ReportUse], list[str]]] = {
        ResourceKind.ENDPOINT: _endpoints,
        ResourceKind.TRAINING_JOB: _training,
        ResourceKind.BUCKET: _storage,
        ResourceKind.BEDROCK_MODEL: lambda use: [
            f"{counted(use.tokens_in, 'token')} in" if use.tokens_in is not None else "",
            f"{use.tokens_out:,} out" if use.tokens_out is not None else "",
        ],
    }
    said = parts[row.resource_type](use) if row.resource_type in parts else []
    unpriced = [f"{row.unpriced:,} without a price"] if row.unpriced else []
    return ", ".join(part for part in [*said, *unpriced] if part)


def _endpoints(use: ReportUse) -> list[str]:
    if use.endpoints is None or use.endpoints_in_service is None:
        return []
    told = (Verdict.IDLE, Verdict.QUIET, Verdict.UNKNOWN)
    verdicts = [(use.endpoints.get(verdict, 0), verdict) for verdict in told]
    return [
        f"{use.endpoints_in_service:,} in service",
        *(f"{number:,} {verdict}" for number, verdict in verdicts if number),
    ]


def _training(use: ReportUse) -> list[str]:
    jobs = use.training
    if jobs is None:
        return []
    hours = [] if jobs.hours is None else [f"{jobs.hours:,.1f} instance hours"]
    return [f"{jobs.failed:,} failed", *hours]


def _storage(use: ReportUse) -> list[str]:
    if use.storage_bytes is not None:
        return [gigabytes(use.storage_bytes)]
    known = use.storage_bytes_known
    return [f"at least {gigabytes(known)}"] if known else []


def gigabytes(size: int) -> str:
    """Returns bytes as people count them, in units of 1000."""
    return f"{size / 1e12:,.2f} TB" if size >= 1e12 else f"{size / 1e9:,.2f} GB"


def _headline(report: AuditReport) -> str:
    bill, sure = report.reconciliation.billed_usd, report.totals.sure_monthly_usd
    can = f"{money(sure)} a month can be saved on good evidence" if sure else ""
    blind = unread_places(report)
    if bill is None or report.scope is Scope.IDLE_ENDPOINTS:
        if can:
            return f"{can}."
        if blind:
            return f"Whether anything can be saved is not known: {_not_read(blind)}."
        return "No saving with a price and good evidence was found."
    billed = f"Machine learning was billed {money(bill)} in {span(report)}"
    if is_above_bill(report):
        return f"{billed}: at most that can be saved, however much is found at list prices."
    none = f"savings are not known: {_not_read(blind)}" if blind else "no sure saving was found"
    return f"{billed}; {can or none}."


def is_above_bill(report: AuditReport) -> bool:
    """Whether the savings at list prices come to more than a month of the bill."""
    bill = report.reconciliation.billed_usd
    if bill is None or report.scope is Scope.IDLE_ENDPOINTS:
        return False
    days = max((report.window.end - report.window.start).days, 1)
    return report.totals.sure_monthly_usd > max(bill, Decimal(0)) * _DAYS_A_MONTH / days


def unread_places(report: AuditReport) -> tuple[str, ...]:
    """Returns the accounts and regions of which nothing, or a whole kind, could not be read."""
    missing = [f"{one.account} {one.region}" for one in report.targets if one.status == "missing"]
    kinds = [
        f"{one.account} {one.region}"
        for one in report.unknown
        if one.resource == "*" and one.account and one.region
    ]
    return tuple(dict.fromkeys([*missing, *kinds]))


def _not_read(places: Sequence[str]) -> str:
    shown = list(places[:2])
    if len(places) > len(shown):
        shown.append(f"{len(places) - len(shown):,} more")
    return f"not everything could be read in {listed(shown)}"


def _more(report: AuditReport) -> Iterator[str]:
    told, totals = report.reconciliation, report.totals
    if is_above_bill(report):
        yield (
            f"At list prices the findings on good evidence save {money(totals.sure_monthly_usd)} a "
            "month, which is more than the bill: a Savings Plan, credits or prepaid hours lower "
            "the bill, or the resources are newer than it."
        )
    if totals.possible_monthly_usd:
        yield (
            f"{money(totals.possible_monthly_usd)} a month more may be saved, after a closer look."
        )
    if report.scope is Scope.IDLE_ENDPOINTS:
        return
    if told.billed_usd is None:
        yield _without_bill(report)
    elif told.residual_usd is not None and told.residual_usd >= 0:
        yield (
            f"The resources explain {money(told.explained_usd)} of the bill; "
            f"{money(told.residual_usd)} is billed for what no resource shows."
        )
    else:
        yield f"The resources come to {money(told.explained_usd)}, which is more than the bill."


def _without_bill(report: AuditReport) -> str:
    told = report.reconciliation
    names = [*told.without_bill[:3]]
    if len(told.without_bill) > len(names):
        names.append(f"{len(told.without_bill) - len(names):,} more")
    text = f"What was billed in {span(report)} is not known"
    text += f": it was not read for {listed(names)}." if names else "."
    known = known_bill(report)
    if known is not None:
        text += f" The others were billed {money(known)}."
    return f"{text} The resources with a price come to {money(told.explained_usd)}."


def known_bill(report: AuditReport) -> Decimal | None:
    """Returns what was billed where the bill was read, None when that is nowhere."""
    bills = [row.billed_usd for row in report.reconciliation.targets]
    known = [usd for usd in bills if usd is not None]
    return sum(known, Decimal(0)) if known else None


def _found(report: AuditReport) -> str:
    totals = report.totals
    text = sentence(counted(totals.findings, "finding"))
    high = totals.by_severity.get("high", 0)
    if high:
        text += f", {high:,} of high severity"
    if report.difference:
        since = f"{report.difference.last_generated_at:%Y-%m-%d}"
        new, gone = totals.new or 0, totals.gone or 0
        text += f"; since {since} {new:,} {_be(new)} new and {gone:,} {_be(gone)} gone"
    if totals.accepted:
        text += f"; {counted(totals.accepted, 'more finding')} {_be(totals.accepted)} accepted"
    if totals.unpriced_findings:
        text += f". Of these, {totals.unpriced_findings:,} without a price: the sums leave them out"
    return f"{text}."


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _unknown(report: AuditReport) -> str:
    if not report.totals.unknown:
        return "Everything that was asked for could be read."
    kinds = list(dict.fromkeys(kind_name(one.resource_type) for one in report.unknown))
    more = f" and {counted(len(kinds) - 4, 'other kind')}" if len(kinds) > 4 else ""
    return (
        f"{counted(report.totals.unknown, 'thing')} could not be read "
        f"({', '.join(kinds[:4])}{more}): nothing is concluded from what is unknown, and nothing "
        "is done about it."
    )


def _actions(report: AuditReport) -> Iterator[str]:
    planned = report.planned_actions
    results = [one for one in planned if one.result]
    if results:
        yield from _results(results)
    elif report.totals.executing_actions:
        yield f"Thriftline is to {deeds(one for one in planned if one.executes)}."
    ready = [one for one in planned if not _held(one) and not one.executes and not one.result]
    if report.mode is Mode.REPORT:
        if ready:
            yield f"Thriftline changed nothing; if it were allowed, it would {deeds(ready)}."
        else:
            yield "Thriftline changed nothing, and would change nothing."
    elif ready:
        yield f"In mode act it would also {deeds(ready)}."
    withheld = sum(one.withheld is not None for one in planned)
    if withheld:
        yield f"A limit holds back {counted(withheld, 'action')}."
    waiting = [one for one in planned if one.step is Step.WAIT]
    if waiting:
        yield f"{counted(len(waiting), 'marked endpoint')} {_be(len(waiting))} in the grace."


def _held(action: ReportAction) -> bool:
    return action.withheld is not None or action.step is Step.WAIT


def _results(actions: Sequence[ReportAction]) -> Iterator[str]:
    by: dict[str, list[ReportAction]] = {}
    for one in actions:
        if one.result:
            by.setdefault(one.result.outcome, []).append(one)
    if "done" in by:
        yield f"Thriftline {deeds(by['done'], done=True)}."
    if "declined" in by:
        number = len(by["declined"])
        yield f"It declined {counted(number, 'action')}: the world had changed since the plan."
    broken = len(by.get("failed", [])) + len(by.get("unknown", []))
    if broken:
        yield f"{counted(broken, 'action')} did not succeed."
