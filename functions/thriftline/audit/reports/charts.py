"""Spend by day, as SVG that stands inside the page."""

from collections.abc import Sequence

import pygal
from markupsafe import Markup

from thriftline.audit.schemas.report_parts import ReportDay
from thriftline.core.dataclass import dataclass
from thriftline.core.reports.chart_style import STYLE, without_script


@dataclass(frozen=True)
class SpendChart:
    """An SVG element, and the services in the order of the page's series colours."""

    svg: Markup
    legend: tuple[str, ...]


def spend_chart(days: Sequence[ReportDay]) -> SpendChart | None:
    """Bars of each day, one part for each service; None where the bill was not read by day."""
    if not days:
        return None
    totals: dict[str, float] = {}
    for day in days:
        for service, usd in day.usd.items():
            totals[service] = totals.get(service, 0.0) + float(usd)
    services = tuple(sorted(totals, key=lambda name: -totals[name]))
    chart = pygal.StackedBar(
        style=STYLE,
        width=640,
        height=260,
        margin=4,
        margin_left=12,
        margin_right=10,
        js=(),
        show_legend=False,
        spacing=3,
        min_scale=3,
        max_scale=6,
        show_minor_x_labels=False,
        truncate_label=-1,
        x_label_rotation=0,
        value_formatter=lambda value: f"${value:,.0f}" if value >= 10 else f"${value:,.2f}",
    )
    chart.uuid = "spend"
    chart.add_xml_filter(without_script)
    names = [f"{day.date:%d %b}" for day in days]
    chart.x_labels = names
    chart.x_labels_major = names[:: max(1, round(len(names) / 6))]
    for service in services:
        chart.add(service, [float(day.usd.get(service, 0)) for day in days])
    # Made by pygal of numbers, dates and the names of AWS's services.
    return SpendChart(Markup(chart.render(is_unicode=True, disable_xml_declaration=True)), services)
