"""What each choice would cost, as bars from low to high with a mark at the likely amount."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pygal
from markupsafe import Markup

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.chart_style import STYLE, without_script
from thriftline.runs.reports.charts import Chart

_ROW_HEIGHT, _FRAME_HEIGHT = 28, 60


@dataclass(frozen=True)
class UsdRange:
    """One choice: what it costs at the least, probably and at the most that is likely."""

    name: str
    low: Decimal
    likely: Decimal
    high: Decimal
    chosen: bool = False


def range_chart(ranges: Sequence[UsdRange]) -> Chart | None:
    """Returns the bars, the first one on top; None when there is nothing to show."""
    if not ranges:
        return None
    count = len(ranges)
    most = float(max(one.high for one in ranges))
    chart: Any = pygal.XY(
        style=STYLE,
        width=520,
        height=_FRAME_HEIGHT + _ROW_HEIGHT * count,
        margin=4,
        margin_right=18,
        js=(),
        x_title="USD at the on-demand rate",
        show_legend=False,
        show_y_guides=False,
        allow_interruptions=True,
        range=(0.4, count + 0.6),
        xrange=(0, most * 1.03),
        max_scale=7,
        min_scale=4,
        x_value_formatter=lambda value: f"{value:,.2f}",
    )
    # Ids must differ within a page, and be the same each time it is made.
    chart.uuid = "ranges"
    chart.add_xml_filter(without_script)
    chart.y_labels = [
        {"value": count - index, "label": one.name} for index, one in enumerate(ranges)
    ]
    rows = [(count - index, one) for index, one in enumerate(ranges)]
    # The page draws the lines as thick as bars.
    chart.add("range", _bars(rows, chosen=False), show_dots=False)
    chart.add("range of the choice", _bars(rows, chosen=True), show_dots=False)
    likely = [(float(one.likely), row) for row, one in rows]
    chart.add("likely", likely, stroke=False, show_dots=True, dots_size=5)
    # Made by pygal of numbers and names of choices: nothing of it comes from the data set.
    svg = Markup(chart.render(is_unicode=True, disable_xml_declaration=True))
    return Chart(svg, ("low to high", "low to high of the chosen type", "likely"))


def _bars(
    rows: Sequence[tuple[int, UsdRange]], *, chosen: bool
) -> list[tuple[float, float] | None]:
    points: list[tuple[float, float] | None] = []
    for row, one in rows:
        if one.chosen == chosen:
            points += [(float(one.low), row), (float(one.high), row), None]
    return points
