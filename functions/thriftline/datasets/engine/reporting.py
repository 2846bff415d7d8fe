"""Writes the totals of a data set down as ``dataset.json`` has them."""

from collections.abc import Iterator, Sequence
from typing import Literal

from thriftline.core.wording import counted
from thriftline.datasets.engine.comparing import Comparison, RowComparer
from thriftline.datasets.engine.label_sets import labels_of
from thriftline.datasets.engine.profile import LengthHistogram
from thriftline.datasets.engine.rules import Split
from thriftline.datasets.engine.spill import PARTS
from thriftline.datasets.engine.splitting import NAMES
from thriftline.datasets.engine.totals import Totals
from thriftline.datasets.engine.verdict import by_label, verdict_of
from thriftline.datasets.report_document import (
    DatasetReport,
    FileSummary,
    Finding,
    LabelSetRows,
    LabelSets,
    LengthBin,
    Place,
    Sampling,
)
from thriftline.datasets.shown import Masks

_BINS = 24
_MOST_SETS = 50


def build_report(
    totals: Totals,
    comparer: RowComparer,
    comparison: Comparison,
    findings: list[Finding],
    masks: Masks,
) -> DatasetReport:
    """Puts the document together."""
    rules = totals.plan.rules
    verdict = verdict_of(findings)
    lengths = totals.lengths.counts()
    texts = sum(lengths.values())
    ranks = list(enumerate(NAMES)) if comparer.names else []
    return DatasetReport(
        verdict=verdict,
        summary=_summary(totals, findings),
        rows=totals.rows,
        bytes=sum(file.size for file in totals.plan.files),
        columns=[masks.show_column(name) for name in totals.columns],
        text_columns=list(rules.text_columns),
        label_column=rules.label_column,
        seed=rules.seed,
        labels=_most_frequent(totals),
        characters=totals.lengths.total,
        text_length_mean=round(totals.lengths.total / texts, 2) if texts else None,
        text_length_median=_quantile(lengths, texts, 0.5),
        text_length_p95=_quantile(lengths, texts, 0.95),
        text_length_max=totals.lengths.longest if texts else None,
        text_length_histogram=_histogram(totals.lengths, lengths),
        label_sets=_label_sets(totals) if rules.multi_label else None,
        splits={split: int(comparer.prepared[rank].sum()) for rank, split in ranks},
        split_labels={
            split: by_label(totals, comparer, comparer.prepared[rank]) for rank, split in ranks
        },
        split_origins={split: _origin(split, totals) for _, split in ranks},
        sampling=_sampling(comparer, comparison),
        findings=findings,
        files=[
            FileSummary(
                name=file.name,
                version=file.version,
                bytes=file.size,
                rows=totals.file_rows[index],
                split=file.split,
            )
            for index, file in enumerate(totals.plan.files)
        ],
    )


def _label_sets(totals: Totals) -> LabelSets:
    """How many labels rows have, and which sets of them."""
    rows = sum(totals.classes.values())
    sizes: dict[int, int] = {}
    for key, count in totals.classes.items():
        size = len(labels_of(key))
        sizes[size] = sizes.get(size, 0) + count
    ordered = sorted(totals.classes.items(), key=lambda item: (-item[1], item[0]))
    return LabelSets(
        distinct=len(totals.classes),
        labels_per_row=round(sum(n * count for n, count in sizes.items()) / rows, 3)
        if rows
        else None,
        rows_by_size=dict(sorted(sizes.items())),
        most_frequent=[
            LabelSetRows(labels=labels_of(key), rows=count) for key, count in ordered[:_MOST_SETS]
        ],
    )


def _origin(split: Split, totals: Totals) -> Literal["files", "cut"]:
    return "files" if any(file.split == split for file in totals.plan.files) else "cut"


def _most_frequent(totals: Totals) -> dict[str, int]:
    if totals.too_many_labels:
        return {}
    return dict(sorted(totals.labels.items(), key=lambda item: (-item[1], item[0])))


def _quantile(lengths: dict[int, int], texts: int, share: float) -> int | None:
    seen = 0
    for length, count in lengths.items():
        seen += count
        if seen >= texts * share:
            return length
    return None


def _histogram(histogram: LengthHistogram, lengths: dict[int, int]) -> list[LengthBin]:
    """About 24 bins of equal, round width up to the 99th percentile, and one for the rest."""
    texts = sum(lengths.values())
    most = _quantile(lengths, texts, 0.99)
    if most is None:
        return []
    width = _round_up(most / _BINS)
    last = most // width
    bins = [0] * (last + 2)
    for length, count in lengths.items():
        bins[min(length // width, last + 1)] += count
    shown = [
        LengthBin(start=index * width, below=(index + 1) * width, texts=count)
        for index, count in enumerate(bins[:-1])
    ]
    if bins[-1]:
        start = (last + 1) * width
        shown.append(LengthBin(start=start, below=histogram.longest + 1, texts=bins[-1]))
    return shown


def _round_up(width: float) -> int:
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= width:
                return step * factor
        step *= 10


def _sampling(comparer: RowComparer, comparison: Comparison) -> Sampling:
    share = comparison.parts / PARTS
    if comparer.is_exact:
        statement = "Repeats, contradictions and leakage were looked for among all rows."
    else:
        statement = (
            "Repeats, contradictions and leakage were looked for among "
            f"{counted(comparison.rows, 'row')}: "
            f"those whose text's hash lies in the first 1/{PARTS // comparison.parts} of all "
            "hashes. Rows with the same text are in the sample together or not at all; counts are "
            "scaled up, and rows outside the sample are all used."
        )
    return Sampling(exact=comparer.is_exact, rows=comparison.rows, share=share, statement=statement)


def _summary(totals: Totals, findings: list[Finding]) -> str:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        names = ", ".join(
            f"{_uncapitalized(finding.title)} ({finding.count:,})" for finding in errors[:3]
        )
        more = f" and {counted(len(errors) - 3, 'more problem')}" if len(errors) > 3 else ""
        return f"The data set cannot be used: {names}{more}."
    labels = f"{counted(totals.rows, 'row')} with {counted(len(totals.labels), 'label')}"
    if findings:
        return f"{labels} can be used; {counted(len(findings), 'warning')}."
    return f"{labels} can be used."


def rejection_message(report: DatasetReport) -> str:
    """What a person reads first: the main problems with their first places and what to fix."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    lines = [_problem(finding) for finding in errors[:3]]
    if len(errors) > 3:
        lines.append(f"See dataset.html for {counted(len(errors) - 3, 'more problem')}.")
    return " ".join(lines)


def _problem(finding: Finding) -> str:
    places = "; ".join(map(str, _each_rule_once(finding.places[:3])))
    more = finding.count - min(len(finding.places), 3)
    where = f" in {places}" + (f" and {more:,} more" if more > 0 else "") if places else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{finding.title}{detail}{where}. {finding.fix}"


def _each_rule_once(places: Sequence[Place]) -> Iterator[Place]:
    """Leaves a rule out where the place before has said it already."""
    for number, place in enumerate(places):
        told = number > 0 and place.rule == places[number - 1].rule
        yield place.model_copy(update={"rule": None}) if told else place


def _uncapitalized(title: str) -> str:
    return title[:1].lower() + title[1:]
