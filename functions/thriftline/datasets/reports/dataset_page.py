"""``dataset.html``: what validation found, for a person, in a minute."""

from collections.abc import Sequence

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import render
from thriftline.datasets.report_document import DatasetReport, Finding
from thriftline.datasets.reports.length_chart import length_chart
from thriftline.datasets.shown import Masks

_MOST_LABELS = 20
_MOST_SETS = 12
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class _Verdict:
    tone: str
    headline: str
    advice: str


@dataclass(frozen=True)
class _FailurePlaces:
    file: str
    lines: str
    field: str
    rule: str


@dataclass(frozen=True)
class _Bar:
    label: str
    rows: int
    share: float
    length: float


@dataclass(frozen=True)
class _Split:
    name: str
    rows: int
    share: float
    origin: str
    labels: tuple[int, ...]


_VERDICTS = {
    "accepted": _Verdict("good", "Accepted", "Training goes on with it."),
    "accepted_with_warnings": _Verdict(
        "warn", "Accepted with warnings", "Training goes on with it; read what follows."
    ),
    "rejected": _Verdict(
        "bad",
        "Rejected",
        "Nothing was spent. Fix what follows and upload the file again: "
        "a new version starts a new run.",
    ),
}


def dataset_page(report: DatasetReport, run_id: str) -> str:
    """Returns the page of a data set; whatever the data holds, it is shown as text."""
    labels = list(report.labels)[:_MOST_LABELS]
    masks = Masks()
    return render(
        "thriftline.datasets.reports",
        "dataset.html.j2",
        report=report,
        run_id=run_id,
        verdict=_VERDICTS[report.verdict],
        errors=[finding for finding in report.findings if finding.severity == "error"],
        warnings=[finding for finding in report.findings if finding.severity == "warning"],
        spots=_spots,
        bars=_bars(report, masks),
        more_labels=len(report.labels) - len(labels),
        label_sets=_label_sets(report, masks),
        split_rows=_splits(report, labels),
        split_labels=[masks.show(label) for label in labels] if len(labels) <= 6 else [],
        lengths=length_chart(report.text_length_histogram),
    )


def _spots(finding: Finding) -> list[_FailurePlaces]:
    """Places that differ in their line only are one row of the table."""
    grouped: dict[tuple[str, str | None, str | None], list[str]] = {}
    for place in finding.places:
        lines = grouped.setdefault((place.file, place.field, place.rule), [])
        if place.line is not None:
            column = "" if place.column is None else f":{place.column}"
            lines.append(f"{place.line}{column}")
    return [
        _FailurePlaces(file, ", ".join(lines), field or "", rule or "")
        for (file, field, rule), lines in grouped.items()
    ]


def _bars(report: DatasetReport, masks: Masks) -> list[_Bar]:
    total = report.rows if report.label_sets else sum(report.labels.values())
    most = max(report.labels.values(), default=0)
    return [
        _Bar(masks.show(name), rows, rows / total if total else 0.0, rows / most if most else 0.0)
        for name, rows in list(report.labels.items())[:_MOST_LABELS]
    ]


def _label_sets(report: DatasetReport, masks: Masks) -> list[_Bar]:
    """The sets of labels that most rows have."""
    if report.label_sets is None:
        return []
    most = max((one.rows for one in report.label_sets.most_frequent), default=0)
    return [
        _Bar(
            " + ".join(map(masks.show, one.labels)) or "(no label)",
            one.rows,
            one.rows / report.rows,
            one.rows / most,
        )
        for one in report.label_sets.most_frequent[:_MOST_SETS]
    ]


def _splits(report: DatasetReport, labels: Sequence[str]) -> list[_Split]:
    total = sum(report.splits.values())
    return [
        _Split(
            name=name,
            rows=report.splits[name],
            share=report.splits[name] / total,
            origin="your files" if report.split_origins.get(name) == "files" else "cut by the run",
            labels=tuple(report.split_labels.get(name, {}).get(label, 0) for label in labels),
        )
        for name in _SPLITS
        if total and name in report.splits
    ]
