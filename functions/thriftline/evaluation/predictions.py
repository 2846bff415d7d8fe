"""Reads ``predictions.parquet`` of a training job, batch by batch, and refuses what cannot be.

Columns: id, label, candidate_label, candidate_probabilities and, with a champion, champion_label
and champion_probabilities; baseline_label where the job trained a baseline. Of a model that
answers with words the lists of probabilities are empty, an answer that is no label is null, and
zero_shot_label and few_shot_label are what its base model answers.
"""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import xxhash
from arro3.core import DataType, RecordBatch, list_flatten, list_offsets
from arro3.io import read_parquet

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import EvaluationError
from thriftline.core.wording import counted
from thriftline.evaluation.cells import Batch, FloatArray, IntArray
from thriftline.evaluation.document import BaselineKind
from thriftline.evaluation.reading_parquet import readable

_CANDIDATE = ("id", "label", "candidate_label", "candidate_probabilities")
_CHAMPION = ("champion_label", "champion_probabilities")
_UNTUNED: dict[BaselineKind, str] = {
    "zero_shot": "zero_shot_label",
    "few_shot": "few_shot_label",
}
_OPTIONAL = ("baseline_label", *_UNTUNED.values())
# Sums of 32-bit softmax outputs, and of probabilities that were rounded to print.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Labels:
    """The labels as the training program lists them; probabilities come in this order."""

    candidate: tuple[str, ...]
    champion: tuple[str, ...] | None

    @property
    def index(self) -> dict[str, int]:
        """Where each label stands."""
        return {label: number for number, label in enumerate(self.candidate)}

    @property
    def champion_columns(self) -> list[int] | None:
        """Where the candidate's labels lie among the champion's; None when they differ."""
        if self.champion is None or set(self.champion) != set(self.candidate):
            return None
        return [self.champion.index(label) for label in self.candidate]


def read_predictions(source: IO[bytes], labels: Labels) -> Iterator[Batch]:
    """Yields the test records; memory does not grow with the file but for 8 bytes a record.

    Raises:
        EvaluationError: no such file, a column is missing, a record is there twice, a true label
            is unknown, or probabilities are not probabilities.
    """
    for batch in record_batches(source, labels, multi_label=False):
        yield _batch(batch, labels)


def record_batches(
    source: IO[bytes], labels: Labels, *, multi_label: bool
) -> Iterator[RecordBatch]:
    """Yields the records as they lie in the file, which must have its columns and no id twice.

    Raises:
        EvaluationError: no such file, a column is missing or of another kind, or a record is there
            twice.
    """
    with readable("predictions.parquet"):
        reader = read_parquet(source)
    columns = _CANDIDATE + (_CHAMPION if labels.champion is not None else ())
    missing = [name for name in columns if name not in reader.schema.names]
    if missing:
        raise EvaluationError(f"predictions.parquet has no column {', '.join(missing)}.")
    optional = tuple(name for name in _OPTIONAL if name in reader.schema.names)
    _refuse_other_kind(reader.schema, columns + optional, multi_label)
    hashes: list[npt.NDArray[np.uint64]] = []
    for batch in _batches(reader):
        hashes.append(_hashes(batch["id"].to_pylist()))
        yield batch
    _refuse_duplicates(hashes)


def _refuse_other_kind(schema: Any, columns: tuple[str, ...], multi_label: bool) -> None:
    """The job and the run must agree on whether a record has one label or any number."""
    for name in columns:
        if name.endswith("label") and DataType.is_list(schema.field(name).type) != multi_label:
            kind, other = ("lists", "texts") if multi_label else ("texts", "lists")
            raise EvaluationError(
                f"predictions.parquet has {other} in the column {name}, where the run's task "
                f"wants {kind}."
            )


def _batches(reader: Any) -> Iterator[RecordBatch]:
    while True:
        with readable("predictions.parquet"):
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _batch(batch: RecordBatch, labels: Labels) -> Batch:
    index = labels.index
    said = batch["candidate_label"].to_pylist()
    candidate_probabilities = probabilities_of(
        batch["candidate_probabilities"], len(labels.candidate), "candidate"
    )
    champion = champion_probabilities = None
    if labels.champion is not None:
        champion = _predicted(batch["champion_label"].to_pylist(), index)
        every = probabilities_of(batch["champion_probabilities"], len(labels.champion), "champion")
        if labels.champion_columns is not None:
            champion_probabilities = every[:, labels.champion_columns]
    return Batch(
        truth=_truth(batch["label"].to_pylist(), index),
        candidate=_predicted(said, index),
        candidate_probabilities=candidate_probabilities,
        champion=champion,
        champion_probabilities=champion_probabilities,
        baseline=(
            _predicted(batch["baseline_label"].to_pylist(), index) if has_baseline(batch) else None
        ),
        untuned={
            kind: _predicted(batch[name].to_pylist(), index)
            for kind, name in _UNTUNED.items()
            if name in batch.schema.names
        },
        ids=tuple(batch["id"].to_pylist()),
    )


def has_baseline(batch: RecordBatch) -> bool:
    """Whether the job says what its baseline said; jobs before 2026-11-29 do not."""
    return "baseline_label" in batch.schema.names


def _truth(values: list[str | None], index: dict[str, int]) -> IntArray:
    try:
        return np.array([index[value or ""] for value in values], dtype=np.int64)
    except KeyError as error:
        raise unknown_truth(error.args[0], index) from error


def unknown_truth(label: object, index: dict[str, int]) -> EvaluationError:
    """Returns the error for a true label that the model was not trained on."""
    return EvaluationError(
        f"predictions.parquet has test records labelled {label!r}, which is not one of the "
        f"model's labels ({_some(list(index))})."
    )


def _predicted(values: list[str | None], index: dict[str, int]) -> IntArray:
    missing, unknown = len(index), len(index) + 1
    return np.array(
        [index.get(value, unknown) if value else missing for value in values], dtype=np.int64
    )


def probabilities_of(column: Any, width: int, model: str, *, exclusive: bool = True) -> FloatArray:
    """Returns the probabilities of each record, NaN where it has none.

    Args:
        column: lists of numbers.
        width: the model's labels.
        model: how to name it.
        exclusive: whether a record has one label, so that they add up to 1.

    Raises:
        EvaluationError: they are not probabilities, or not one for each label.
    """
    offsets = list_offsets(column).to_numpy().astype(np.int64)
    lengths = np.diff(offsets)
    present = lengths > 0
    if (lengths[present] != width).any():
        raise EvaluationError(
            f"predictions.parquet: the {model} has {counted(width, 'label')}, but a record has "
            f"{counted(int(lengths[present][lengths[present] != width][0]), 'probability')}."
        )
    rows = np.full((len(lengths), width), np.nan)
    values = list_flatten(column).to_numpy().astype(np.float64).reshape(-1, width)
    _refuse_impossible(values, model, exclusive)
    rows[present] = values
    return rows


def _refuse_impossible(values: FloatArray, model: str, exclusive: bool) -> None:
    if np.isnan(values).any():
        raise EvaluationError(f"predictions.parquet: a probability of the {model} is NaN.")
    if (values < 0).any() or (values > 1 + _SUM_TOLERANCE).any():
        raise EvaluationError(
            f"predictions.parquet: a probability of the {model} is not between 0 and 1."
        )
    if exclusive and (np.abs(values.sum(axis=1) - 1) > _SUM_TOLERANCE).any():
        raise EvaluationError(
            f"predictions.parquet: the probabilities of the {model} do not sum up to 1."
        )


def _hashes(ids: list[str | None]) -> npt.NDArray[np.uint64]:
    if None in ids:
        raise EvaluationError("predictions.parquet has a record without an id.")
    return np.array([xxhash.xxh3_64_intdigest(str(name).encode()) for name in ids], dtype=np.uint64)


def _refuse_duplicates(hashes: list[npt.NDArray[np.uint64]]) -> None:
    if not hashes:
        return
    every = np.concatenate(hashes)
    twice = len(every) - len(np.unique(every))
    if twice:
        raise EvaluationError(
            f"predictions.parquet has {counted(twice, 'test record')} more than once."
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
