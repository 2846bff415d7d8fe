"""``report.csv``: one line for each finding, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from thriftline.audit.reports.words import command
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import ReportAccepted, ReportFinding
from thriftline.core.text import plain

COLUMNS = (
    "status",
    "monthly_usd",
    "counted",
    "severity",
    "confidence",
    "effort",
    "when",
    "title",
    "resource_type",
    "resource",
    "account",
    "region",
    "summary",
    "evidence",
    "missing",
    "window_start",
    "window_end",
    "change",
    "cli",
    "undo",
    "thriftline_can",
    "first_told",
    "rule",
    "document",
    "finding",
    "accepted_until",
    "accepted_because",
)
# A spreadsheet takes no more in a cell.
_LONGEST = 32_000
# What makes a spreadsheet take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
# Spreadsheets take a file without it for a legacy encoding.
_BYTE_ORDER_MARK = "\ufeff"


def report_csv(report: AuditReport) -> str:
    """Returns the table, reported findings first; no cell of it is a formula."""
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in report.findings:
        writer.writerow(_cells(finding, "new" if finding.is_new else "reported", None))
    for accepted in report.accepted:
        writer.writerow(_cells(accepted.finding, "accepted", accepted))
    return out.getvalue()


def _cells(finding: ReportFinding, status: str, accepted: ReportAccepted | None) -> Iterator[str]:
    values = {
        **{name: getattr(finding, name, "") for name in COLUMNS},
        "status": status,
        "counted": "yes" if finding.counted else "no",
        "monthly_usd": "" if finding.monthly_usd is None else f"{finding.monthly_usd:.2f}",
        "evidence": "; ".join(
            f"{plain(one.name)}: {plain(one.value)}" for one in finding.evidence.signals_used
        ),
        "missing": "; ".join(plain(one) for one in finding.evidence.signals_missing),
        "window_start": f"{finding.evidence.start:%Y-%m-%d}",
        "window_end": f"{finding.evidence.end:%Y-%m-%d}",
        "change": finding.change.text,
        "undo": finding.change.undo,
        "thriftline_can": finding.action or "",
        "finding": finding.id,
        "accepted_until": accepted.until if accepted else "",
        "accepted_because": accepted.reason if accepted else "",
    }
    for name in COLUMNS:
        if name == "cli":
            yield _safe("\n".join(command(line) for line in finding.change.cli)[:_LONGEST])
        else:
            yield _safe(plain(values[name], _LONGEST))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
