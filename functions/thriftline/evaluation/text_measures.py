"""What is measured of a text, the same for the test split and for what an endpoint was asked.

Standard library only. Nothing here keeps a text: a word is a number of 32 bits, a text is three
numbers.
"""

import re
import zlib
from bisect import bisect_left
from collections.abc import Collection, Iterator

# Characters of a script without spaces between words are words of their own.
_WORDS = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\\W_\u0e00-\u0e7f"
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
# The longest text of each bin in characters, each 1.41 times the former; the last has no end.
LENGTH_ENDS = tuple(round(2 ** (half / 2)) for half in range(4, 41))
# The largest share of unknown words of each bin.
UNKNOWN_ENDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
CONFIDENCE_BINS = 10


def one_text(text: str, pair: str | None) -> str:
    """Returns what is measured of a record with one text, or with two."""
    return text if pair is None else f"{text}\n{pair}"


def words_of(text: str) -> Iterator[int]:
    """Yields what stands for each word, whatever its case."""
    for found in _WORDS.finditer(text.lower()):
        yield zlib.crc32(found.group().encode("utf-8", "surrogatepass"))


def length_bin(characters: int) -> int:
    """Returns the bin of a text of so many characters; there is one more than ends."""
    return bisect_left(LENGTH_ENDS, characters)


def confidence_bin(confidence: float) -> int:
    """Returns the bin of a probability; a bin holds its lower end, the last one both."""
    return min(CONFIDENCE_BINS - 1, max(0, int(confidence * CONFIDENCE_BINS)))


def unknown_share(text: str, vocabulary: Collection[int]) -> float | None:
    """Returns the share of a text's words that are not in the vocabulary; None without a word."""
    words, unknown = 0, 0
    for word in words_of(text):
        words += 1
        unknown += word not in vocabulary
    return unknown / words if words else None


def unknown_bin(share: float) -> int:
    """Returns the bin of a share of unknown words."""
    return bisect_left(UNKNOWN_ENDS, share)
