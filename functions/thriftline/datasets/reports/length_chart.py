"""The histogram of text lengths."""

from collections.abc import Sequence

import pygal
from markupsafe import Markup

from thriftline.core.reports.chart_style import STYLE, without_script
from thriftline.datasets.report_document import LengthBin


def length_chart(bins: Sequence[LengthBin]) -> Markup | None:
    """Bars of equal width; the last one may hold all that is longer. None where there is none."""
    if not bins:
        return None
    chart = pygal.Bar(
        style=STYLE,
        width=720,
        height=260,
        margin=4,
        margin_left=16,
        margin_right=12,
        js=(),
        show_legend=False,
        spacing=1,
        rounded_bars=2,
        min_scale=3,
        max_scale=5,
        show_minor_x_labels=False,
        x_label_rotation=0,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    chart.uuid = "lengths"
    chart.add_xml_filter(without_script)
    chart.x_labels = [_name(one) for one in bins]
    chart.x_labels_major = [_name(one) for one in bins[:: max(1, round(len(bins) / 8))]]
    chart.add("texts", [one.texts for one in bins])
    # Made by pygal of numbers alone: nothing of it comes from the data set's texts.
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))


def _name(one: LengthBin) -> str:
    return f"{one.start:,}"
