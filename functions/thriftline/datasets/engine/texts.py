"""One block's texts as bytes: what is asked of all of them is asked of one piece of memory."""

import re
from itertools import repeat
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.personal_data import find_personal_data

Ints = NDArray[np.int64]

# White space, control characters, and what has no shape of its own: a text of these alone is blank.
_BLANK: Final = re.compile(
    "[\\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc"
    "\U000e0000-\U000e0fff]*"
)
# Such a text begins with one of these bytes.
_MAY_BE_BLANK = np.zeros(256, np.bool_)
_MAY_BE_BLANK[[*range(33), 0x7F, 0xC2, 0xCD, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF3]] = True


@dataclass(slots=True)
class EncodedTexts:
    """Texts in UTF-8, each for itself and all joined by line breaks."""

    texts: list[bytes]
    joined: bytes
    sizes: Ints

    def characters(self, texts: list[str]) -> Ints:
        """Length of each text in characters."""
        # Every byte but the first of a character is below -64 as a signed number.
        beyond_first = np.flatnonzero(np.frombuffer(self.joined, np.int8) < -64)
        if len(beyond_first) > len(texts):
            return np.fromiter(map(len, texts), np.int64, len(texts))
        if not len(beyond_first):
            return self.sizes
        rows = np.searchsorted(np.cumsum(self.sizes + 1), beyond_first, side="right")
        return self.sizes - np.bincount(rows, minlength=len(texts))

    def suspicious(self) -> dict[str, list[int]]:
        """Positions of personal data and control characters, by the code of the check."""
        found = find_personal_data(self.joined)
        found["control_characters"] = _control_characters(self.joined, len(self.texts) - 1)
        return found

    def rows_of(self, positions: list[int]) -> list[int]:
        """The rows that positions lie in, each once."""
        if not positions:
            return []
        ends = np.cumsum(self.sizes + 1)
        return sorted(set(np.searchsorted(ends, positions, side="right").tolist()))


def is_blank(text: str) -> bool:
    """Whether a text holds nothing that can be seen."""
    return _BLANK.fullmatch(text) is not None


def encode_texts(values: list[Any]) -> EncodedTexts | None:
    """Encodes a column; None where one of its values is blank or no text."""
    try:
        texts = list(map(str.encode, values))
    except TypeError:
        return None
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    if not len(sizes) or sizes.min() == 0:
        return None
    joined = b"\n".join(texts)
    starts = np.cumsum(sizes + 1) - sizes - 1
    doubtful = np.flatnonzero(_MAY_BE_BLANK[np.frombuffer(joined, np.uint8)[starts]])
    if any(map(_BLANK.fullmatch, map(values.__getitem__, doubtful.tolist()))):
        return None
    return EncodedTexts(texts, joined, sizes)


def text_hashes(columns: list[list[bytes]], seed: int) -> NDArray[np.uint64]:
    """The 128-bit hash of each text, or pair of texts, as two numbers."""
    texts = columns[0]
    if len(columns) == 2:
        texts = [b"%d\x1f%b%b" % (len(a), a, b) for a, b in zip(*columns, strict=True)]
    digests = b"".join(map(xxhash.xxh3_128_digest, texts, repeat(seed)))
    return np.frombuffer(digests, ">u8").reshape(-1, 2).astype(np.uint64)


def _control_characters(joined: bytes, separators: int) -> list[int]:
    marks = np.frombuffer(joined, np.uint8)
    bad = []
    below_space = marks < 32
    if np.count_nonzero(below_space) != separators:
        low = np.flatnonzero(below_space)
        values = marks[low]
        bad = low[(values != 10) & (values != 9) & (values != 13)].tolist()
    if b"\x7f" in joined:
        bad += np.flatnonzero(marks == 127).tolist()
    return bad
