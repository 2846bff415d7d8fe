"""What the server asks of a model, and no more: it knows neither torch nor any other engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training_image.data import IntArray
from training_image.serving_requests import Text

FloatArray = npt.NDArray[np.float32]

# Enough for matrix products at full speed; more makes everybody wait longer for nothing.
BATCH_TOKENS = {"cpu": 512, "cuda": 32_768}
# Some 10 to 20 seconds of work: a client gives up after 60.
WAITING_TOKENS = {"cpu": 65_536, "cuda": 4_194_304}


EXPORTED, EXPORTED_FACTS, EXPORTED_GRAPH = "exported", "exported.json", "model.onnx"
"""Where in a model's folder its exported form is, and the files of it."""
GPUS = (Path("/dev/nvidiactl"), Path("/dev/nvidia0"))


def prefers_exported(folder: Path) -> bool:
    """Whether a model has an exported form, and there is no GPU, which is faster still."""
    has = (folder / EXPORTED / EXPORTED_FACTS).is_file()
    return has and not any(device.exists() for device in GPUS)


class ModelLostError(Exception):
    """The model answers nothing any more; only a new process can help."""


@dataclass(frozen=True, eq=False)
class Row:
    """A text as the model reads it."""

    tokens: IntArray
    pair_start: int
    """Where the second text starts; the row's length where there is none."""
    truncated: bool
    """Whether the text was longer than the model reads."""

    def __len__(self) -> int:
        return len(self.tokens)


class ServableModel(Protocol):
    """A classifier that is ready to answer; any thread may call it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""

    @property
    def multi_label(self) -> bool:
        """Whether a text has any number of labels."""

    @property
    def text_pair(self) -> bool | None:
        """Whether it was trained on pairs of texts; None where nobody recorded it."""

    @property
    def batch_tokens(self) -> int:
        """Tokens that are worth running together."""

    @property
    def waiting_tokens(self) -> int:
        """Tokens that may wait."""

    @property
    def facts(self) -> dict[str, str]:
        """What the log says of it: `device`, `precision`, `engine`."""

    def encode(self, texts: Sequence[Text]) -> list[Row]:
        """Tokenises."""

    def probabilities(self, rows: Sequence[Row]) -> FloatArray:
        """Returns [rows, labels]."""

    def check(self) -> None:
        """Runs a text that it has read before.

        Raises:
            ModelLostError: that fails.
        """


def encoded(backend: object, texts: Sequence[Text]) -> list[Row]:
    """Tokenises with a tokenizers.Tokenizer that truncates and does not pad."""
    plain = [each.text if each.text_pair is None else tuple(each) for each in texts]
    encodings = backend.encode_batch_fast(plain)  # type: ignore[attr-defined]
    return [
        Row(
            np.array(each.ids, dtype=np.int64),
            len(each.ids) - (sum(each.type_ids) if text.text_pair is not None else 0),
            bool(each.overflowing),
        )
        for text, each in zip(texts, encodings, strict=True)
    ]
