"""``report.md``: the report as text, for a pull request, a chat or a terminal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from thriftline.audit.reports.calendar import requests_of
from thriftline.audit.reports.groups import group_gaps, group_unknown
from thriftline.audit.reports.summary import last_day, use_of
from thriftline.audit.reports.words import (
    command,
    deed,
    kind_name,
    money,
    state_of,
    worth,
)
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import ReportFinding
from thriftline.core.reports.pages import count, moment
from thriftline.core.text import plain
from thriftline.core.wording import counted

_MOST_FINDINGS = 50
_MOST_ROWS = 40
# Markup in the midst of a line, and what would begin a block or a link there.
_MARKUP = re.compile(
    r"([\\`*\[\]<>|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w+;)|:(?=//)|(?<=www)\.|@)"
)
# A list, a heading or a rule begins like this; a date and a negative number do not.
_BLOCK = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|#|=|--|\+\+))")
_BACKTICKS = re.compile(r"`+")


def report_markdown(report: AuditReport) -> str:
    """Returns the text; names and reasons of others stand in it as text, never as markup."""
    blocks = (
        _head(report),
        _section("Look at this", [f"- {escape(alert, 1000)}" for alert in report.alerts]),
        _section("What to do when", _roadmap(report)),
        _section("Where the money goes", _spend(report)),
        _section("Findings", _findings(report)),
        _section("What Thriftline does", _actions(report)),
        _section("The bill and its resources", _reconciliation(report)),
        _section("Savings Plans: what if", _plans(report)),
        _section("Endpoints", _endpoints(report)),
        _section("What could not be read", _unknown(report)),
        _section("What no audit looks at", [f"- {one}" for one in report.not_looked_at]),
        _section("Since the last report", _difference(report)),
        _section("Accepted", _accepted(report)),
        _section("Prices", _prices(report)),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: object, limit: int = 300) -> str:
    """Returns a text of others as one line that Markdown shows as it is."""
    return _BLOCK.sub(r"\1\\", _MARKUP.sub(r"\\\1", plain(text, limit)))


def fenced(lines: Iterable[str]) -> str:
    """Returns a code block that nothing inside can end."""
    body = "\n".join(lines)
    longest = max((len(run) for run in _BACKTICKS.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{body}\n{fence}"


def _head(report: AuditReport) -> str:
    number = len(report.targets)
    where = "1 account and region" if number == 1 else f"{number:,} accounts and regions"
    about = f"{moment(report.generated_at)}, mode {report.mode}, {where}."
    return "\n".join(
        ["# Cost audit", "", about, "", *(f"- {escape(one, 1000)}" for one in report.summary)]
    )


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines) if lines else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns a table; columns that end in a colon hold numbers."""
    names = [name.rstrip(":") for name in columns]
    rules = ["---:" if name.endswith(":") else "---" for name in columns]
    lines = [names, rules, *rows]
    return [f"| {' | '.join(line)} |" for line in lines] if len(lines) > 2 else []


def _more(shown: int, total: int, where: str) -> list[str]:
    return ["", f"and {total - shown:,} more in {where}."] if total > shown else []


def _roadmap(report: AuditReport) -> list[str]:
    by_id = {finding.id: finding for finding in report.findings}
    lines = []
    for step in report.roadmap:
        if not step.findings:
            continue
        worth = [f"{money(step.sure_usd)} a month"] if step.sure_usd else []
        worth += [f"perhaps {money(step.possible_usd)}"] if step.possible_usd else []
        titles = list(dict.fromkeys(by_id[one].title for one in step.findings))
        lines.append(
            f"- **{step.when}**: {counted(len(step.findings), 'finding')}"
            + (f", {' and '.join(worth)}" if worth else "")
            + f" ({escape('; '.join(titles), 500)})"
        )
    return lines


def _spend(report: AuditReport) -> list[str]:
    return _table(
        ("kind", "resources:", "in the window:", "use"),
        (
            (
                kind_name(row.resource_type, 2),
                count(row.resources),
                money(row.usd),
                use_of(report, row),
            )
            for row in report.spend.by_kind
        ),
    )


def _findings(report: AuditReport) -> list[str]:
    lines = []
    for number, finding in enumerate(report.findings[:_MOST_FINDINGS], start=1):
        lines += [*_finding(number, finding), ""]
    return lines[:-1] + _more(_MOST_FINDINGS, len(report.findings), "report.csv")


def _finding(number: int, finding: ReportFinding) -> Iterator[str]:
    apart = "" if finding.counted or not finding.monthly_usd else ", not counted in the totals"
    yield f"### {number}. {finding.title}: {escape(finding.resource)}"
    yield ""
    yield (
        f"**{worth(finding)}**{apart} · severity {finding.severity} · "
        f"confidence {finding.confidence} · effort {finding.effort} · "
        f"{escape(finding.account)} {escape(finding.region)}" + (" · new" if finding.is_new else "")
    )
    yield ""
    yield escape(finding.summary, 1000)
    yield ""
    for signal in finding.evidence.signals_used[:_MOST_ROWS]:
        yield f"- {escape(signal.name)}: {escape(signal.value)}"
    for missing in finding.evidence.signals_missing[:_MOST_ROWS]:
        yield f"- not known: {escape(missing)}"
    yield ""
    yield f"{escape(finding.change.text, 1000)} Undo: {escape(finding.change.undo, 1000)}"
    yield ""
    if finding.change.cli:
        yield fenced(command(line) for line in finding.change.cli)
        yield ""
    yield f"Rule `{finding.rule}` ({finding.document}), looked at {_days(finding)}."


def _days(finding: ReportFinding) -> str:
    return f"{finding.evidence.start:%Y-%m-%d} to {last_day(finding.evidence.end)}"


def _actions(report: AuditReport) -> list[str]:
    return [
        *_table(
            ("action", "resource", "where", "why", "state"),
            (
                (
                    deed(one),
                    escape(one.resource),
                    f"{escape(one.account)} {escape(one.region)}",
                    escape(one.reason),
                    escape(state_of(one)),
                )
                for one in report.planned_actions[:_MOST_ROWS]
            ),
        ),
        *_more(_MOST_ROWS, len(report.planned_actions), "report.json"),
    ]


def _reconciliation(report: AuditReport) -> list[str]:
    told = report.reconciliation
    total = (
        "**all**",
        money(told.explained_usd),
        money(told.billed_usd),
        money(told.residual_usd),
        "",
    )
    rows = [
        (
            escape(row.service),
            money(row.explained_usd),
            money(row.billed_usd),
            money(row.residual_usd),
            count(row.unpriced_count),
        )
        for row in told.rows
    ]
    return _table(
        ("service", "explained:", "billed:", "residual:", "resources without a price:"),
        [*rows, total],
    )


def _endpoints(report: AuditReport) -> list[str]:
    days = max((len(part.days) for row in report.calendar for part in row.parts), default=0)
    return [
        *_table(
            (
                "endpoint",
                "part",
                "verdict",
                f"invocations in {counted(days, 'day')}:",
                "days measured:",
            ),
            (
                (
                    escape(row.endpoint),
                    escape(f"{part.kind} {part.name}"),
                    row.verdict,
                    requests_of(part),
                    f"{sum(day is not None for day in part.days)} of {len(part.days)}",
                )
                for row in report.calendar[:_MOST_ROWS]
                for part in row.parts[:10]
            ),
        ),
        *_more(_MOST_ROWS, len(report.calendar), "report.json"),
    ]


def _unknown(report: AuditReport) -> list[str]:
    groups = group_unknown(report.unknown)
    rows = [
        f"- {group.what}, {escape(group.where)}: {escape(group.operation)}: "
        f"{escape(group.error)} ({escape(group.names)})"
        for group in groups[:_MOST_ROWS]
    ]
    blind = group_gaps(report.gaps)
    return [
        *rows,
        *_more(_MOST_ROWS, len(groups), "report.json"),
        *[
            f"- rule `{gap.rule}` has no answer for {escape(gap.where)}: {escape(gap.reasons)}"
            for gap in blind[:_MOST_ROWS]
        ],
    ]


def _difference(report: AuditReport) -> list[str]:
    changed = report.difference
    if changed is None:
        return []
    lines = [
        f"Compared with {escape(changed.last_audit_id)} of {moment(changed.last_generated_at)}: "
        f"{len(changed.new):,} new, {len(changed.gone):,} gone, {len(changed.unseen):,} that this "
        f"audit could not look at, {len(changed.accepted):,} accepted since.",
        "",
    ]
    lines += [f"- new: {escape(one)}" for one in changed.new[:_MOST_ROWS]]
    lines += [
        f"- gone: {escape(one.title)}, {escape(one.finding)}{_was(one.monthly_usd)}"
        for one in changed.gone[:_MOST_ROWS]
    ]
    lines += [f"- could not be looked at: {escape(one.finding)}" for one in changed.unseen[:10]]
    return lines


def _was(worth: Decimal | None) -> str:
    return f" ({money(worth)} a month)" if worth else ""


def _accepted(report: AuditReport) -> list[str]:
    rows = [
        f"- {escape(one.finding.title)}, {escape(one.finding.resource)}: {escape(one.reason)} "
        f"(until {one.until}{f', {escape(one.accepted_by)}' if one.accepted_by else ''})"
        for one in report.accepted[:_MOST_ROWS]
    ]
    rows += _more(_MOST_ROWS, len(report.accepted), "report.csv")
    return rows + [
        f"- without effect ({one.state}): {escape(one.finding)}, until {one.until}"
        for one in report.lapsed[:_MOST_ROWS]
    ]


def _plans(report: AuditReport) -> list[str]:
    return [
        f"- {one.account} {one.region}: {escape(text, 500)}"
        for one in report.findings
        if one.rule == "ml.spend.savings-plan"
        for text in (
            one.summary,
            *(f"{signal.name}: {signal.value}" for signal in one.evidence.signals_used),
            *one.evidence.signals_missing,
        )
    ]


def _prices(report: AuditReport) -> list[str]:
    old = " (older than 90 days: read the prices again with `make prices`)"
    return [
        f"- {one.covers}: {escape(one.source, 500)}, {one.date}{old if one.is_stale else ''}"
        for one in report.prices
    ]
