"""Reads ``predictions.parquet`` of a job whose records have any number of labels.

The columns are those of ``predictions.py``; label, candidate_label and champion_label are lists.
"""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from arro3.core import RecordBatch

from thriftline.evaluation.cells import BoolArray, FloatArray
from thriftline.evaluation.label_sets import PredictedSets, SetBatch
from thriftline.evaluation.predictions import (
    Labels,
    has_baseline,
    probabilities_of,
    record_batches,
    unknown_truth,
)


def read_label_sets(source: IO[bytes], labels: Labels) -> Iterator[SetBatch]:
    """Yields the test records; memory does not grow with the file but for 8 bytes a record.

    Raises:
        EvaluationError: as in ``read_predictions``.
    """
    for batch in record_batches(source, labels, multi_label=True):
        yield _batch(batch, labels)


def _batch(batch: RecordBatch, labels: Labels) -> SetBatch:
    index = labels.index
    own = _probabilities(batch, "candidate", len(labels.candidate))
    champion = None
    if labels.champion is not None:
        every = _probabilities(batch, "champion", len(labels.champion))
        columns = labels.champion_columns
        known = None if columns is None else every[:, columns]
        champion = _said(batch["champion_label"], index, known)
    return SetBatch(
        truth=_truth(batch["label"], index),
        candidate=_said(batch["candidate_label"], index, own),
        champion=champion,
        baseline=_said(batch["baseline_label"], index, None) if has_baseline(batch) else None,
    )


def _probabilities(batch: RecordBatch, model: str, width: int) -> FloatArray:
    return probabilities_of(batch[f"{model}_probabilities"], width, model, exclusive=False)


def _truth(column: Any, index: dict[str, int]) -> BoolArray:
    rows = column.to_pylist()
    truth = np.zeros((len(rows), len(index)), dtype=np.bool_)
    for number, names in enumerate(rows):
        for name in names or ():
            if name not in index:
                raise unknown_truth(name, index)
            truth[number, index[name]] = True
    return truth


def _said(column: Any, index: dict[str, int], probabilities: FloatArray | None) -> PredictedSets:
    rows = column.to_pylist()
    given = np.zeros((len(rows), len(index)), dtype=np.bool_)
    unknown = np.zeros(len(rows), dtype=np.int64)
    for number, names in enumerate(rows):
        for name in names or ():
            if name in index:
                given[number, index[name]] = True
            else:
                unknown[number] += 1
    missing = np.array([names is None for names in rows], dtype=np.bool_)
    return PredictedSets(given, unknown, missing, probabilities)
