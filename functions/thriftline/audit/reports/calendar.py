"""The heat map of endpoints: one row for each part, one cell for each day."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import log1p

from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.report_parts import ReportCalendarRow, ReportPart
from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import UNKNOWN, count
from thriftline.core.wording import counted

_THOUSANDS = ("", "k", "M", "G", "T")


@dataclass(frozen=True)
class Cell:
    """``value`` is None without a datapoint; ``share`` is how strong its colour is."""

    day: date
    value: float | None
    text: str
    share: float

    @property
    def title(self) -> str:
        """What the cell says when it is pointed at."""
        if self.value is None:
            return f"{self.day}: no datapoint"
        return f"{self.day}: {counted(round(self.value), 'invocation')}"


@dataclass(frozen=True)
class Row:
    """One part; ``endpoint`` is set in the first row of each endpoint, with its number of rows."""

    endpoint: ReportCalendarRow | None
    span: int
    part: ReportPart
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Calendar:
    """``more`` endpoints are in the document only."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]
    more: int


def calendar_of(report: AuditReport, *, most_endpoints: int, most_parts: int = 6) -> Calendar:
    """Returns the endpoints that want to be looked at first; colours go by the logarithm."""
    chosen = report.calendar[:most_endpoints]
    first = report.window.start.date()
    length = (report.window.end - report.window.start).days
    values = [value or 0 for row in chosen for part in row.parts for value in part.days]
    highest = max(values, default=0)
    return Calendar(
        days=tuple(first + timedelta(days=index) for index in range(length)),
        rows=tuple(
            Row(
                endpoint=row if index == 0 else None,
                span=min(len(row.parts), most_parts),
                part=part,
                # What does not cover the window cannot be told day by day.
                cells=_cells(part.days, first, highest) if len(part.days) == length else (),
            )
            for row in chosen
            for index, part in enumerate(row.parts[:most_parts])
        ),
        more=len(report.calendar) - len(chosen),
    )


def _cells(days: Sequence[float | None], first: date, highest: float) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            day=first + timedelta(days=index),
            value=value,
            text="" if value is None else short(value),
            share=0.15 + 0.75 * log1p(value) / log1p(highest) if value else 0.0,
        )
        for index, value in enumerate(days)
    )


def requests_of(part: ReportPart) -> str:
    """Returns the requests of all days together, unknown where no day has a datapoint."""
    known = [value for value in part.days if value is not None]
    return count(round(sum(known))) if known else UNKNOWN


def short(value: float) -> str:
    """1234567 as ``1.2M``: what fits into a cell."""
    size = 0
    while value >= 999.5 and size < len(_THOUSANDS) - 1:
        value /= 1000
        size += 1
    digits = 1 if size and value < 9.95 else 0
    return f"{value:.{digits}f}{_THOUSANDS[size]}"
