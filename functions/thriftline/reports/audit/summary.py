"""The report in a few sentences: for the head of the page, the message and the terminal."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from thriftline.domain.audit.actions import Step
from thriftline.domain.audit.parameters import Mode
from thriftline.domain.audit.parts import Scope
from thriftline.reports.audit.words import counted, deeds, kind_name, listed
from thriftline.reports.pages import usd
from thriftline.schemas.audit_report import AuditReport
from thriftline.schemas.audit_report_parts import ReportAction


def sentences(report: AuditReport) -> tuple[str, ...]:
    """Returns the summary: the bill, the savings, what was found, what is unknown, what is done."""
    return (
        *_bill(report),
        _savings(report),
        _found(report),
        _unknown(report),
        *_actions(report),
    )


def span(report: AuditReport) -> str:
    """Returns ``the 30 days to 2025-11-02``."""
    days = (report.window.end - report.window.start).days
    last = report.window.end - timedelta(days=1)
    return f"the {counted(days, 'day')} to {last:%Y-%m-%d}"


def _bill(report: AuditReport) -> Iterator[str]:
    if report.scope is Scope.IDLE_ENDPOINTS:
        return
    told = report.reconciliation
    if told.billed_usd is None:
        where = listed(told.without_bill[:3])
        yield (
            f"What machine learning was billed in {span(report)} is not known: Cost Explorer was "
            f"not read{f' for {where}' if where else ''}. "
            f"The resources that have a price come to {usd(told.explained_usd)}."
        )
        return
    residual = told.residual_usd
    yield (
        f"Machine learning was billed {usd(told.billed_usd)} in {span(report)}; its resources "
        f"explain {usd(told.explained_usd)} of that."
        if residual is not None and residual >= 0
        else f"Machine learning was billed {usd(told.billed_usd)} in {span(report)}; its "
        f"resources come to {usd(told.explained_usd)}, which is more."
    )


def _savings(report: AuditReport) -> str:
    totals = report.totals
    if not totals.sure_monthly_usd and not totals.possible_monthly_usd:
        text = "No saving that has a price was found."
    elif not totals.possible_monthly_usd:
        text = f"{usd(totals.sure_monthly_usd)} a month can be saved on good evidence."
    else:
        text = (
            f"{usd(totals.sure_monthly_usd)} a month can be saved on good evidence, and "
            f"{usd(totals.possible_monthly_usd)} more may be, after a closer look."
        )
    if totals.unpriced_findings:
        verb = "has" if totals.unpriced_findings == 1 else "have"
        text += f" {counted(totals.unpriced_findings, 'finding')} {verb} no price and add nothing."
    return text


def _found(report: AuditReport) -> str:
    totals = report.totals
    text = counted(totals.findings, "finding")
    high = totals.by_severity.get("high", 0)
    if high:
        text += f", {high:,} of high severity"
    if report.difference:
        since = f"{report.difference.last_generated_at:%Y-%m-%d}"
        text += f"; since {since} {totals.new or 0:,} are new and {totals.gone or 0:,} are gone"
    if totals.accepted:
        text += f"; {counted(totals.accepted, 'more finding')} {_be(totals.accepted)} accepted"
    return f"{text}."


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _unknown(report: AuditReport) -> str:
    if not report.totals.unknown:
        return "Everything that was asked for could be read."
    kinds = list(dict.fromkeys(kind_name(one.resource_type) for one in report.unknown))
    more = f" and {len(kinds) - 4} other kinds" if len(kinds) > 4 else ""
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
        yield f"A cap holds back {counted(withheld, 'action')}."
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
