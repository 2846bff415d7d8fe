"""Charts as SVG that stands inside a page: no script, no file, the page's own colours."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import pygal
from markupsafe import Markup

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.chart_style import STYLE, without_script
from thriftline.evaluation.document import Calibration, Training

Point = tuple[float, float]

_LEAST_SPAN = 2.0


@dataclass(frozen=True)
class Chart:
    """An SVG element, and the names of its lines in the order of the page's series colours."""

    svg: Markup
    legend: tuple[str, ...]


def _chart(name: str, x_title: str, **options: Any) -> Any:
    chart = pygal.XY(
        style=STYLE,
        width=520,
        height=270,
        margin=4,
        margin_right=18,
        js=(),
        x_title=x_title,
        show_dots=False,
        show_legend=False,
        min_scale=4,
        max_scale=7,
        **options,
    )
    # Ids must differ within a page, and be the same each time it is made.
    chart.uuid = name
    chart.add_xml_filter(without_script)
    return chart


def _finished(chart: Any, *legend: str) -> Chart:
    # Made by pygal of numbers and our own names: nothing of it comes from the data set.
    svg = Markup(chart.render(is_unicode=True, disable_xml_declaration=True))
    return Chart(svg, legend)


def _epochs(training: Training) -> list[int]:
    last = max(
        [*(one.epoch for one in training.curve), *(one.epoch for one in training.validation)]
    )
    step = max(1, round(last / 8))
    return list(range(0, ceil(last) + 1, step))


def loss_chart(training: Training) -> Chart | None:
    """Training and validation loss by epoch; None when there is nothing to show."""
    if len(training.curve) < 2:
        return None
    chart = _chart("loss", "epoch", range=_range_of(training))
    chart.x_labels = _epochs(training)
    chart.add("training", _smooth([(one.epoch, one.loss) for one in training.curve]))
    held_out = [(one.epoch, one.loss) for one in training.validation if one.loss is not None]
    if not held_out:
        return _finished(chart, "training")
    chart.add("validation", held_out, show_dots=True, dots_size=4)
    return _finished(chart, "training", "validation")


def _range_of(training: Training) -> tuple[float, float]:
    losses = [one.loss for one in training.curve]
    # A few wild steps at the start must not flatten the rest.
    usual = sorted(losses)[int(0.99 * (len(losses) - 1))]
    held_out = [one.loss for one in training.validation if one.loss is not None]
    return 0.0, 1.05 * max([usual, *held_out])


def _smooth(points: Sequence[Point], window: int = 60) -> list[Point]:
    """Averages neighbours, so that at most some ``window`` points of a noisy curve remain."""
    size = max(1, len(points) // window)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group))
        for group in groups
    ]


def validation_chart(training: Training) -> Chart | None:
    """Accuracy and macro-F1 on the validation split by epoch."""
    accuracy = [
        (one.epoch, 100 * one.accuracy) for one in training.validation if one.accuracy is not None
    ]
    macro_f1 = [
        (one.epoch, 100 * one.macro_f1) for one in training.validation if one.macro_f1 is not None
    ]
    if len(accuracy) < 2:
        return None
    chart = _chart(
        "validation",
        "epoch",
        range=_at_least_wide([share for _, share in accuracy + macro_f1]),
        value_formatter=lambda value: f"{value:.4g}%",
    )
    chart.x_labels = _epochs(training)
    chart.add("accuracy", accuracy, show_dots=True, dots_size=4)
    chart.add("macro-F1", macro_f1, show_dots=True, dots_size=4)
    return _finished(chart, "accuracy", "macro-F1")


def _at_least_wide(shares: Sequence[float]) -> tuple[float, float]:
    """Returns an axis of two points or more: a narrower one has the same label at every line."""
    least, most = min(shares), max(shares)
    missing = max(0.0, _LEAST_SPAN - (most - least))
    most = min(100.0, most + missing / 2)
    return max(0.0, min(least, most - _LEAST_SPAN)), max(most, _LEAST_SPAN)


def calibration_chart(calibration: Calibration) -> Chart:
    """Accuracy by confidence, beside the line on which both are equal."""
    chart = _chart(
        "calibration",
        "confidence of the prediction",
        range=(0, 100),
        xrange=(0, 100),
        value_formatter=lambda value: f"{value:.0f}%",
        x_value_formatter=lambda value: f"{value:.0f}%",
    )
    chart.x_labels = chart.y_labels = [0, 20, 40, 60, 80, 100]
    points = [
        (100 * one.confidence, 100 * one.accuracy)
        for one in calibration.bins
        if one.confidence is not None and one.accuracy is not None
    ]
    chart.add("share that is right", points, show_dots=True, dots_size=4)
    chart.add("equal", [(0, 0), (100, 100)])
    return _finished(chart, "share that is right", "as sure as right")
