"""The trained model as the server runs it: texts to rows, rows to probabilities.

The rows go through the same passes as the test split of a training job, so the answers are those
of the evaluation; in fp32 they differ by rounding alone, whatever was batched together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training_image.accelerators import free_memory
from training_image.data import Split
from training_image.evaluation import FloatArray, log_likelihood, logits_of
from training_image.hardware import Hardware
from training_image.models import Classifier, load_trained
from training_image.serving_port import (
    BATCH_TOKENS,
    WAITING_TOKENS,
    ModelLostError,
    Row,
    encoded,
)
from training_image.serving_requests import Text


@dataclass(frozen=True)
class ServedModel:
    """A classifier on its device."""

    classifier: Classifier
    hardware: Hardware

    @classmethod
    def load(cls, folder: Path) -> "ServedModel":
        """Loads what a training job left in its model folder, and runs it once.

        Raises:
            JobError: files are missing, damaged, or hold no classifier.
        """
        hardware = Hardware.find()
        model = cls(hardware.place(load_trained(folder)), hardware)
        model.probabilities(model.encode([Text("warm up")]))
        return model

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return self.classifier.labels

    @property
    def multi_label(self) -> bool:
        """Whether a text has any number of labels."""
        return self.classifier.multi_label

    @property
    def text_pair(self) -> bool | None:
        """Whether it was trained on pairs of texts; None where the config does not say."""
        wanted = getattr(self.classifier.network.config, "text_pair", None)
        return wanted if isinstance(wanted, bool) else None

    @property
    def batch_tokens(self) -> int:
        """Tokens that are worth running together."""
        return BATCH_TOKENS.get(self.hardware.device.type, BATCH_TOKENS["cpu"])

    @property
    def waiting_tokens(self) -> int:
        """Tokens that may wait."""
        return WAITING_TOKENS.get(self.hardware.device.type, WAITING_TOKENS["cpu"])

    @property
    def facts(self) -> dict[str, str]:
        """What the log says of it."""
        return {
            "device": self.hardware.device.type,
            "precision": str(self.hardware.dtype).removeprefix("torch."),
            "engine": "torch",
        }

    def encode(self, texts: Sequence[Text]) -> list[Row]:
        """Tokenises; any thread may call it."""
        return encoded(self.classifier.tokenizer.backend, texts)

    def probabilities(self, rows: Sequence[Row]) -> FloatArray:
        """Returns [rows, labels]; halves the rows for as long as the GPU has no memory for them.

        Raises:
            ModelLostError: it fails, and so does a text that it has read before.
        """
        try:
            return self._probabilities(rows)
        except torch.OutOfMemoryError:
            if len(rows) == 1:
                raise
            free_memory()
            middle = len(rows) // 2
            halves = (self.probabilities(rows[:middle]), self.probabilities(rows[middle:]))
            return np.concatenate(halves)

    def _probabilities(self, rows: Sequence[Row]) -> FloatArray:
        classifier, hardware = self.classifier, self.hardware
        pass_tokens = hardware.pass_tokens(classifier.network, classifier.packing is not None)
        logits = torch.from_numpy(
            logits_of(classifier, self._split(rows), hardware.autocast(), pass_tokens)
        )
        return np.asarray(np.exp(log_likelihood(logits, self.multi_label).numpy()))

    def check(self) -> None:
        """Runs a text that it has read before.

        Raises:
            ModelLostError: that fails.
        """
        try:
            self.probabilities(self.encode([Text("warm up")]))
        except Exception as error:
            raise ModelLostError(f"The model does not answer any more: {error}") from error

    def _split(self, rows: Sequence[Row]) -> Split:
        offsets: npt.NDArray[np.int64] = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        return Split(
            tokens=np.concatenate([row.tokens for row in rows]),
            offsets=offsets,
            pair_starts=np.array([row.pair_start for row in rows], dtype=np.int64),
            labels=self.labels,
            truth=np.zeros(len(rows), dtype=np.int64),
            tokenizer=self.classifier.tokenizer,
            digest="",
        )
