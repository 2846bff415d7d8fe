"""Which rows a model was trained on, in little space, to find them again in a later test split.

A digest is 64 bits of a hash of the text. Of many, the smallest are kept: they are a random sample
of the distinct texts, and the same texts are in the sample of another data set.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from thriftline.core.dataclass import dataclass

# 4 MB beside a model, exact up to half a million rows.
MOST_DIGESTS = 500_000
_SEPARATOR = "\x1f"
Digests = NDArray[np.uint64]


def digest_of_row(text: str, pair: str | None) -> int:
    """Returns what stands for a row, whatever its label and its data set's seed."""
    whole = text if pair is None else f"{len(text)}{_SEPARATOR}{text}{pair}"
    return xxhash.xxh3_64_intdigest(whole.encode("utf-8", "surrogatepass"))


def smallest(digests: Iterable[int] | Digests) -> Digests:
    """Returns the kept digests, each once, in order."""
    found = np.asarray(list(digests) if not isinstance(digests, np.ndarray) else digests)
    return np.unique(found.astype(np.uint64))[:MOST_DIGESTS]


def merged(parts: Sequence[bytes]) -> Digests:
    """Returns the kept digests of several parts."""
    return smallest(np.concatenate([np.frombuffer(part, "<u8") for part in (*parts, b"")]))


def to_bytes(digests: Digests) -> bytes:
    """The digests as an object holds them."""
    return digests.astype("<u8").tobytes()


@dataclass(frozen=True)
class Overlap:
    """Of the test rows that could be looked up, how many a model was trained on."""

    known: int
    trained_on: int


def overlap(trained: Digests, tested: Digests) -> Overlap:
    """Looks the test rows up; where only a sample was kept, those that would be in it."""
    if len(trained) >= MOST_DIGESTS:
        tested = tested[tested <= trained[-1]]
    return Overlap(len(tested), int(np.isin(tested, trained).sum()))
