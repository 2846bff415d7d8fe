"""What a model reads: its tokenizer, and the rows of a channel as tokens on the disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tokenizer:
    """How texts become tokens for one model."""

    backend: Any
    """A tokenizers.Tokenizer that truncates and does not pad."""
    pad_id: int
    vocabulary: int
    has_pair_types: bool
    """Whether the model wants to be told which tokens are of the second text."""


@dataclass(frozen=True)
class Split:
    """The rows of one channel as one model reads them, mapped from a token cache."""

    tokens: npt.NDArray[np.integer[Any]]
    """The tokens of all rows, one after another."""
    offsets: IntArray
    """Where each row starts in `tokens`, and at the end where the last one ends."""
    pair_starts: IntArray
    """Where in each row the second text starts; its length where there is none."""
    labels: tuple[str, ...]
    truth: npt.NDArray[np.integer[Any]]
    """The label of each row as an index into `labels`, int64; with several labels a record a
    row of zeros and ones, uint8 [rows, labels]."""
    tokenizer: Tokenizer
    digest: str
    """Of tokens, rows and labels: equal digests train equally."""
    folder: Path | None = None
    """The token cache, which another process of the machine opens with `open_split`; None for
    rows that are in memory alone."""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def multi_label(self) -> bool:
        """Whether a record has any number of labels, not one."""
        return self.truth.ndim == 2

    def lengths_of(self, rows: IntArray) -> IntArray:
        """Returns the tokens of each of these rows."""
        return self.offsets[rows + 1] - self.offsets[rows]
