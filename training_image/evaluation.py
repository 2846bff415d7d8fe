"""What a model says about a split, how good that is, and the file of predictions."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from training_image.batches import batches
from training_image.data import Split
from training_image.models import Classifier

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """One model's answers for the rows of a split."""

    labels: tuple[str, ...]
    log_probabilities: FloatArray
    """A row for each row of the split, a column for each label."""

    @property
    def names(self) -> list[str]:
        """The label with the highest probability, for each row."""
        return [self.labels[i] for i in self.log_probabilities.argmax(axis=1)]

    @property
    def probabilities(self) -> FloatArray:
        """The same rows as probabilities."""
        return np.exp(self.log_probabilities)


@dataclass(frozen=True)
class Scores:
    """How good predictions are; loss is None where a true label is none that the model knows."""

    accuracy: float
    macro_f1: float
    loss: float | None


@torch.inference_mode()
def predict(
    classifier: Classifier,
    split: Split,
    autocast: torch.autocast,
    pass_tokens: int,
    between: Callable[[], None],
) -> Predictions:
    """Runs a model over a split; `between` is called between passes and may raise."""
    logits = torch.from_numpy(logits_of(classifier, split, autocast, pass_tokens, between))
    return Predictions(classifier.labels, torch.log_softmax(logits, dim=1).numpy())


@torch.inference_mode()
def logits_of(
    classifier: Classifier,
    split: Split,
    autocast: torch.autocast,
    pass_tokens: int,
    between: Callable[[], None] = lambda: None,
) -> FloatArray:
    """Returns what the head says, [rows of the split, labels], in fp32."""
    network = classifier.network.eval()
    logits = np.empty((len(split), len(classifier.labels)), dtype=np.float32)
    rows = np.arange(len(split))
    for batch in batches(split, rows, classifier.packing, pass_tokens, network.device):
        between()
        with autocast:
            found = network(**batch.inputs).logits
        logits[batch.rows] = found.float().cpu().numpy()
    return logits


def score(predictions: Predictions, split: Split) -> Scores:
    """Compares predictions with a split's truth; labels are matched by name.

    Macro-F1 is the mean over those of the split's labels that occur or are predicted.
    """
    labels, truth = split.labels, split.truth
    index = {label: number for number, label in enumerate(labels)}
    said = np.array([index.get(label, -1) for label in predictions.labels])[
        predictions.log_probabilities.argmax(axis=1)
    ]
    hits = np.bincount(truth[truth == said], minlength=len(labels))
    support = np.bincount(truth, minlength=len(labels))
    predicted = np.bincount(said[said >= 0], minlength=len(labels))
    present = support + predicted > 0
    f1 = 2 * hits[present] / (support + predicted)[present]
    return Scores(float((truth == said).mean()), float(f1.mean()), _loss(predictions, split))


def _loss(predictions: Predictions, split: Split) -> float | None:
    index = {label: number for number, label in enumerate(predictions.labels)}
    columns = np.array([index.get(label, -1) for label in split.labels])[split.truth]
    if (columns < 0).any():
        return None
    of_truth = predictions.log_probabilities[np.arange(len(split)), columns]
    loss = -float(of_truth.mean(dtype=np.float64))
    return loss if math.isfinite(loss) else None


def write_predictions(
    path: Path, split: Split, candidate: Predictions, champion: Predictions | None
) -> None:
    """Writes one row for each record of the test split."""
    probabilities = pa.list_(pa.float32())
    rows = len(split)
    columns = {
        "id": pa.array(split.ids, pa.string()),
        "label": pa.array([split.labels[i] for i in split.truth], pa.string()),
        "candidate_label": pa.array(candidate.names, pa.string()),
        "candidate_probabilities": pa.array(list(candidate.probabilities), probabilities),
        "champion_label": pa.nulls(rows, pa.string()),
        "champion_probabilities": pa.nulls(rows, probabilities),
    }
    if champion is not None:
        columns["champion_label"] = pa.array(champion.names, pa.string())
        columns["champion_probabilities"] = pa.array(list(champion.probabilities), probabilities)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, compression="zstd")
