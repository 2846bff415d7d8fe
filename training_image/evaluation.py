"""What a model says about a split, how good that is, and the file of predictions."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from training_image.batches import batches
from training_image.data import Split
from training_image.data_share import deal
from training_image.job import StopRequestedError, StopSignal
from training_image.models import Classifier
from training_image.parallel import ALONE, Ranks
from training_image.token_cache import record_ids

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
ROW_GROUP = 16_384  # of the file of predictions; more are not held at once
LEAST_LOG = -100.0  # of a probability of 0, as in torch's binary cross-entropy


@dataclass(frozen=True)
class Predictions:
    """One model's answers for the rows of a split."""

    labels: tuple[str, ...]
    log_probabilities: FloatArray
    """A row for each row of the split, a column for each label."""
    multi_label: bool = False
    """Whether each label has a probability of its own; those of at least 1/2 are given."""

    @property
    def given(self) -> BoolArray:
        """With several labels a record, which labels each row gets."""
        return self.log_probabilities >= np.float32(-math.log(2))

    def names(self, first: int, last: int) -> list[Any]:
        """The label with the highest probability for each of these rows, or a list of labels."""
        if self.multi_label:
            return _names(self.given[first:last], self.labels)
        return [self.labels[i] for i in self.log_probabilities[first:last].argmax(axis=1)]


@dataclass(frozen=True)
class Scores:
    """How good predictions are; loss is None where a true label is none that the model knows.

    With several labels a record, accuracy counts the rows of which every label is right, and the
    loss is the mean over rows and labels of the binary cross-entropy.
    """

    accuracy: float
    macro_f1: float
    loss: float | None


def predict(
    classifier: Classifier,
    split: Split,
    autocast: torch.autocast,
    pass_tokens: int,
    stop: StopSignal,
    ranks: Ranks = ALONE,
    *,
    equal_passes: bool = False,
) -> Predictions:
    """Runs a model over a split; every rank runs a part, and gets the whole.

    Args:
        classifier: the model.
        split: its rows.
        autocast: the numbers to compute in.
        pass_tokens: the most tokens of a pass.
        stop: is heeded between passes.
        ranks: the processes.
        equal_passes: whether all of them must run equally many.

    Raises:
        StopRequestedError: SIGTERM came.
    """
    found = logits_of(
        classifier, split, autocast, pass_tokens, stop, ranks, equal_passes=equal_passes
    )
    likelihood = log_likelihood(torch.from_numpy(found), classifier.multi_label).numpy()
    return Predictions(classifier.labels, likelihood, classifier.multi_label)


@torch.inference_mode()
def logits_of(
    classifier: Classifier,
    split: Split,
    autocast: torch.autocast,
    pass_tokens: int,
    stop: StopSignal | None = None,
    ranks: Ranks = ALONE,
    *,
    equal_passes: bool = False,
    width: int | None = None,
) -> FloatArray:
    """Returns what the head says, [rows of the split, labels], in fp32; see `predict`.

    A head that says something of another width than the labels' is told of by `width`.
    """
    stop = stop or StopSignal()
    network, rows = classifier.network.eval(), deal(split, ranks)
    width = len(classifier.labels) if width is None else width
    logits = np.zeros((len(split), width), dtype=np.float32)
    done = 0
    for batch in batches(split, rows, classifier.packing, pass_tokens, network.device):
        if ranks.world == 1:
            stop.check()
        elif stop.requested and not equal_passes:
            break
        with autocast:
            found = network(**batch.inputs).logits
        logits[batch.rows] = found.float().cpu().numpy()
        done += 1
    if equal_passes:
        _run_idly(classifier, split, autocast, max(ranks.gather(done)) - done)
    if ranks.any(stop.requested):
        raise StopRequestedError
    return ranks.sum(logits)


def _run_idly(classifier: Classifier, split: Split, autocast: torch.autocast, times: int) -> None:
    """Takes part in the passes of others, whose weights lie here in part."""
    network = classifier.network
    row = np.zeros(1, dtype=np.int64)
    for _ in range(times):
        with autocast:
            network(**next(batches(split, row, classifier.packing, 1, network.device)).inputs)


def log_likelihood(logits: torch.Tensor, multi_label: bool) -> torch.Tensor:
    """The logarithms of the labels' probabilities: of all together, or of each alone."""
    if multi_label:
        return torch.nn.functional.logsigmoid(logits)
    return torch.log_softmax(logits, dim=1)


def score(predictions: Predictions, split: Split) -> Scores:
    """Compares predictions with a split's truth; labels are matched by name.

    Macro-F1 is the mean over those of the split's labels that occur or are predicted.
    """
    return _score_many(predictions, split) if split.multi_label else _score_one(predictions, split)


def _score_one(predictions: Predictions, split: Split) -> Scores:
    labels, truth = split.labels, split.truth
    said = _columns(labels, predictions.labels)[predictions.log_probabilities.argmax(axis=1)]
    hits = np.bincount(truth[truth == said], minlength=len(labels))
    support = np.bincount(truth, minlength=len(labels))
    predicted = np.bincount(said[said >= 0], minlength=len(labels))
    columns = _columns(predictions.labels, labels)[truth]
    loss = None
    if (columns >= 0).all():
        of_truth = predictions.log_probabilities[np.arange(len(split)), columns]
        loss = _finite(-float(of_truth.mean(dtype=np.float64)))
    return Scores(float((truth == said).mean()), _macro_f1(hits, support, predicted), loss)


def _score_many(predictions: Predictions, split: Split) -> Scores:
    truth = split.truth.astype(np.bool_)
    columns = _columns(predictions.labels, split.labels)
    known = columns >= 0
    said = np.zeros_like(truth)
    said[:, known] = predictions.given[:, columns[known]]
    strange = _columns(split.labels, predictions.labels) < 0
    right = (said == truth).all(axis=1) & ~predictions.given[:, strange].any(axis=1)
    counts = ((said & truth).sum(axis=0), truth.sum(axis=0), said.sum(axis=0))
    loss = None
    if known.all():
        of_one = predictions.log_probabilities[:, columns].astype(np.float64)
        with np.errstate(divide="ignore"):
            of_zero = np.log(-np.expm1(of_one))
        likelihood = np.maximum(np.where(truth, of_one, of_zero), LEAST_LOG)
        loss = _finite(-float(likelihood.mean()))
    return Scores(float(right.mean()), _macro_f1(*counts), loss)


def _columns(of: tuple[str, ...], names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Where each of the names stands among those of another order; -1 where it does not."""
    index = {label: number for number, label in enumerate(of)}
    return np.array([index.get(label, -1) for label in names], dtype=np.int64)


def _macro_f1(
    hits: npt.NDArray[np.int64],
    support: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
) -> float:
    present = support + predicted > 0
    if not present.any():
        return 0.0
    return float((2 * hits[present] / (support + predicted)[present]).mean())


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None


def write_predictions(
    path: Path,
    split: Split,
    candidate: Predictions,
    champion: Predictions | None,
    baseline: Predictions | None = None,
) -> None:
    """Writes one row for each record of the test split.

    With several labels a record, the columns of labels are lists.
    """
    label = pa.list_(pa.string()) if split.multi_label else pa.string()
    probabilities = pa.list_(pa.float32())
    schema = pa.schema(
        {
            "id": pa.string(),
            "label": label,
            "candidate_label": label,
            "candidate_probabilities": probabilities,
            "champion_label": label,
            "champion_probabilities": probabilities,
            "baseline_label": label,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for first in range(0, len(split), ROW_GROUP):
            last = min(first + ROW_GROUP, len(split))
            columns = [
                pa.array(record_ids(split, first, last), pa.string()),
                pa.array(_true_names(split, first, last), label),
                *_said(candidate, first, last, label),
                *_said(champion, first, last, label),
                _said(baseline, first, last, label)[0],
            ]
            file.write_table(pa.table(columns, schema=schema))


def _true_names(split: Split, first: int, last: int) -> list[Any]:
    truth = split.truth[first:last]
    if split.multi_label:
        return _names(truth.astype(np.bool_), split.labels)
    return [split.labels[i] for i in truth]


def _names(given: BoolArray, labels: tuple[str, ...]) -> list[list[str]]:
    return [[labels[i] for i in np.flatnonzero(row)] for row in given]


def _said(predictions: Predictions | None, first: int, last: int, label: Any) -> list[Any]:
    kind = pa.list_(pa.float32())
    if predictions is None:
        return [pa.nulls(last - first, label), pa.nulls(last - first, kind)]
    values = np.exp(predictions.log_probabilities[first:last])
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    probabilities = pa.ListArray.from_arrays(ends, values.ravel(), type=kind)
    return [pa.array(predictions.names(first, last), label), probabilities]
