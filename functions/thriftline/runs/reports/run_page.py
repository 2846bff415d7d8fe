"""``report.html``: a run for a person, made of its result alone."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import render
from thriftline.datasets.shown import Masks
from thriftline.evaluation.document import Comparison, Confusion, MetricIntervals, Scores
from thriftline.runs.domain.router import millions
from thriftline.runs.reports.advice import advice_of
from thriftline.runs.reports.charts import Chart, calibration_chart, loss_chart, validation_chart
from thriftline.runs.reports.message import spent_text
from thriftline.runs.reports.routing_view import dollars
from thriftline.runs.schemas.result import Result, ResultChoice

_MOST_LABELS = 15
_MOST_CHOICES = 10
_MOST_CLASSES = 40


@dataclass(frozen=True)
class _Verdict:
    tone: str
    headline: str
    advice: str


@dataclass(frozen=True)
class _Bar:
    label: str
    count: int
    share: float
    length: float


@dataclass(frozen=True)
class _Cell:
    count: int
    share: float
    right: bool

    @property
    def dark(self) -> bool:
        """Whether the cell's colour is so strong that its text must be light."""
        return self.share > 0.6


@dataclass(frozen=True)
class _Model:
    name: str
    accuracy: float
    accuracy_interval: tuple[float, float] | None
    macro_f1: float | None
    macro_f1_interval: tuple[float, float] | None
    micro_f1: float | None
    micro_f1_interval: tuple[float, float] | None
    log_loss: float | None
    calibration_error: float | None
    strong: bool


@dataclass(frozen=True)
class _Scale:
    """Places, in percent of the width, of a difference and what it is measured against."""

    low: float
    high: float
    value: float
    zero: float
    margin: float


def run_page(result: Result) -> str:
    """Returns the page of a run, however it ended."""
    scores = result.metrics
    return render(
        "thriftline.runs.reports",
        "run.html.j2",
        result=result,
        multi_label=_has_label_sets(result),
        on_instances=result.is_on_machines,
        test_records=_test_records(result),
        verdict=_verdict(result),
        models=_models(result),
        scale=_scale(result.comparison) if result.comparison else None,
        heat=_heat(scores.confusion) if scores and scores.confusion else None,
        classes=_classes(scores) if scores else [],
        class_limit=_MOST_CLASSES,
        label_bars=_label_bars(result),
        charts=_charts(result),
        choices=_choices(result),
        routing=result.plan.routing if result.plan else None,
        dollars=dollars,
        millions=millions,
        shown=Masks().show,
    )


def _has_label_sets(result: Result) -> bool:
    return result.spec is not None and result.spec.multi_label


def _test_records(result: Result) -> int | None:
    if _has_label_sets(result):
        return result.dataset.splits.get("test") if result.dataset else None
    return sum(one.support for one in result.metrics.per_class) if result.metrics else None


def _verdict(result: Result) -> _Verdict:
    if result.status == "succeeded":
        if result.gate and result.gate.promotion == "pending":
            return _Verdict(
                "warn",
                "Trained; waits for your approval",
                "Approve or reject the version in SageMaker's Model Registry.",
            )
        return _Verdict("good", "Trained and approved", "")
    if result.status == "not_promoted":
        return _Verdict(
            "warn",
            "Trained, not promoted",
            "The model in use stays in use. The new one is in the registry as rejected.",
        )
    if result.status == "rejected":
        return _Verdict(
            "bad",
            f"Rejected before training; {spent_text(_prepared_usd(result))}",
            advice_of("rejected", result.error.name if result.error else None),
        )
    state = f" in “{result.error.state}”" if result.error else ""
    return _Verdict(
        "bad",
        f"Failed{state}",
        "No job is still running and the scratch space is cleared. "
        + advice_of("failed", result.error.name if result.error else None),
    )


def _prepared_usd(result: Result) -> Decimal | None:
    return result.preparation.usd if result.preparation else Decimal(0)


def _models(result: Result) -> list[_Model]:
    """The candidate, the champion and the baseline, as far as there are such."""
    models = []
    if result.metrics:
        models.append(_model("This run", result.metrics, strong=True))
    if result.champion_metrics:
        models.append(_model("Champion", result.champion_metrics, strong=False))
    for each in result.baselines:
        micro_f1 = each.value if each.metric == "micro_f1" else None
        simple = _simple(each.name, each.accuracy, each.macro_f1, micro_f1)
        models.append(_with_intervals(simple, each.intervals))
    if result.baseline and result.metrics:
        measured = result.baseline
        models.append(_simple(measured.name, measured.accuracy, measured.macro_f1))
    return models


def _with_intervals(model: _Model, found: MetricIntervals | None) -> _Model:
    if found is None:
        return model
    accuracy, macro_f1 = found.accuracy, found.macro_f1
    return replace(
        model,
        accuracy_interval=(accuracy.low, accuracy.high),
        macro_f1_interval=(macro_f1.low, macro_f1.high),
    )


def _simple(
    name: str, accuracy: float, macro_f1: float | None, micro_f1: float | None = None
) -> _Model:
    return _Model(
        f"Baseline: {name}",
        accuracy=accuracy,
        accuracy_interval=None,
        macro_f1=macro_f1,
        macro_f1_interval=None,
        micro_f1=micro_f1,
        micro_f1_interval=None,
        log_loss=None,
        calibration_error=None,
        strong=False,
    )


def _model(name: str, scores: Scores, *, strong: bool) -> _Model:
    intervals, calibration = scores.intervals, scores.calibration
    micro_f1 = intervals.micro_f1
    return _Model(
        name,
        scores.accuracy,
        (intervals.accuracy.low, intervals.accuracy.high),
        scores.macro_f1,
        (intervals.macro_f1.low, intervals.macro_f1.high),
        scores.micro_f1,
        (micro_f1.low, micro_f1.high) if micro_f1 else None,
        calibration.log_loss if calibration else None,
        calibration.expected_calibration_error if calibration else None,
        strong=strong,
    )


def _scale(comparison: Comparison) -> _Scale:
    marks = (comparison.interval.low, comparison.interval.high, 0.0, -comparison.margin)
    low, high = min(marks), max(marks)
    room = 0.15 * (high - low) or 0.01
    low, high = low - room, high + room

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low)

    return _Scale(
        low=place(comparison.interval.low),
        high=place(comparison.interval.high),
        value=place(comparison.difference),
        zero=place(0.0),
        margin=place(-comparison.margin),
    )


def _heat(confusion: Confusion) -> list[tuple[str, list[_Cell], int]]:
    """Rows of a heat map: each cell's share of its true label's records."""
    rows = []
    for index, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        total = sum(counts) + confusion.unusable[index]
        cells = [
            _Cell(count, count / total if total else 0.0, right=column == index)
            for column, count in enumerate(counts)
        ]
        rows.append((label, cells, confusion.unusable[index]))
    return rows


def _classes(scores: Scores) -> Sequence[object]:
    """The labels' scores, the worst first, for there is something to do about these."""
    known = sorted(scores.per_class, key=lambda one: (one.f1 is None, one.f1 or 0.0))
    return known[:_MOST_CLASSES]


def _label_bars(result: Result) -> list[_Bar]:
    if not result.dataset:
        return []
    several = _has_label_sets(result)
    total = result.dataset.rows if several else sum(result.dataset.labels.values())
    shown = sorted(result.dataset.labels.items(), key=lambda item: -item[1])[:_MOST_LABELS]
    most = max((count for _, count in shown), default=1) or 1
    return [_Bar(label, count, count / (total or 1), count / most) for label, count in shown]


def _choices(result: Result) -> Sequence[ResultChoice]:
    """What was priced: the cheapest, and the one that was taken."""
    priced = result.plan.choices if result.plan else ()
    return [one for place, one in enumerate(priced) if place < _MOST_CHOICES or one.chosen]


def _charts(result: Result) -> dict[str, Chart | None]:
    training, scores = result.training, result.metrics
    calibration = scores.calibration if scores else None
    # A linear head has no course: each of its points is another penalty, all after one pass.
    has_course = training is not None and training.method != "linear_head"
    return {
        "loss": loss_chart(training) if training and has_course else None,
        "validation": validation_chart(training) if training and has_course else None,
        "calibration": calibration_chart(calibration) if calibration else None,
    }
