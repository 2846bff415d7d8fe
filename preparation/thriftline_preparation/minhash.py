"""MinHash of word 3-grams in numpy, and the exact Jaccard similarity that judges its candidates.

Nothing here depends on the interpreter, on the order of rows or on the number of rows a batch has:
no ``hash()``, no random state, only arithmetic modulo 2**64 on the bytes of the texts.

Two texts get the same key in one of B bands of R rows with probability ``1 - (1 - J**R)**B``, J
being their Jaccard similarity. ``Banding.of`` chooses B and R from the threshold so that a pair
exactly at the threshold is found with 0.99; at 0.8 these are 20 bands of 7 rows (16 of 8 would
find 0.95).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    U64 = npt.NDArray[np.uint64]
    I64 = npt.NDArray[np.int64]

WORDS_IN_SHINGLE = 3
LEAST_THRESHOLD, GREATEST_THRESHOLD = 0.5, 1.0
RECALL_AT_THRESHOLD = 0.99
# Two rows that are alike may share a bucket with a smaller id that is not: several bands find them.
FEWEST_BANDS, MOST_BANDS, MOST_ROWS = 8, 20, 16
# Scripts that write no spaces between words: each of their characters counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORDS = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_ASCII_WORDS = bytes(
    byte | 32 if chr(byte).isalpha() else byte if chr(byte).isdigit() else 32 for byte in range(128)
) + bytes(range(128, 256))
# A batch is hashed in parts of about this many bytes: the arrays take some 40 times as much.
_PART_BYTES = 1 << 19
_WORD, _LINE = ord(" "), ord("\n")
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def _mix_integer(value: int) -> int:
    """SplitMix64's finaliser of one integer."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def _numbers(count: int, stream: int) -> U64:
    """Fixed pseudo-random numbers of a stream."""
    start = _mix_integer(stream + _GOLDEN)
    return np.array([_mix_integer(start + _GOLDEN * (n + 1)) for n in range(count)], np.uint64)


_BYTES = _numbers(256, 1)
_POWERS = np.concatenate(
    ([np.uint64(1)], np.multiply.accumulate(np.full(255, 0xD6E8FEB86659FD93, np.uint64)))
)
_PLACES = _numbers(WORDS_IN_SHINGLE, 2) | np.uint64(1)


def _mix(values: U64) -> U64:
    """SplitMix64's finaliser of many integers."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def words(text: str | None) -> list[str]:
    """Returns the lower-cased words of letters and digits; at least one, whatever the text is.

    A text without any (only signs, or nothing) is one word: itself without white space.
    """
    text = text or ""
    if text.isascii():
        found = text.encode().translate(_ASCII_WORDS).decode().split()
    else:
        found = _WORDS.findall(unicodedata.normalize("NFC", text).lower())
    return found or ["".join(text.split()) or "\0"]


def shingles(text: str | None) -> frozenset[str]:
    """Returns the word 3-grams of a text, or its words where it has fewer than three."""
    found = words(text)
    if len(found) < WORDS_IN_SHINGLE:
        return frozenset(found)
    return frozenset(map(" ".join, zip(found, found[1:], found[2:])))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Returns the share of common shingles among all shingles of both."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


@dataclass(frozen=True)
class Banding:
    """Into how many bands of how many minima a signature is cut."""

    bands: int
    rows: int

    @classmethod
    def of(cls, threshold: float) -> Banding:
        """Returns the most selective banding that still finds a pair at the threshold."""
        if not LEAST_THRESHOLD <= threshold <= GREATEST_THRESHOLD:
            raise ValueError(
                f"threshold {threshold} is not from {LEAST_THRESHOLD} to {GREATEST_THRESHOLD}"
            )
        rows = max(r for r in range(1, MOST_ROWS + 1) if _bands(threshold, r) <= MOST_BANDS)
        return cls(_bands(threshold, rows), rows)

    def recall(self, similarity: float) -> float:
        """Returns the probability that a pair of this similarity shares a bucket."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def _bands(threshold: float, rows: int) -> int:
    collision = threshold**rows
    if collision >= RECALL_AT_THRESHOLD:
        return FEWEST_BANDS
    needed = math.ceil(math.log(1 - RECALL_AT_THRESHOLD) / math.log(1 - collision))
    return max(needed, FEWEST_BANDS)


@dataclass(frozen=True)
class MinHash:
    """Gives each row of a batch its bucket of every band."""

    banding: Banding
    factors: U64
    offsets: U64

    @classmethod
    def of(cls, banding: Banding, seed: int) -> MinHash:
        """Takes the hash functions from the seed."""
        count = banding.bands * banding.rows
        stream = _mix_integer(seed)
        return cls(banding, _numbers(count, stream ^ 3) | np.uint64(1), _numbers(count, stream ^ 4))

    def buckets(self, texts: Sequence[str | None], pairs: Sequence[str | None]) -> I64:
        """Returns the buckets of each row, a column for each band.

        Of a row with a second text a band is shared between both, so that rows meet only where
        both texts are alike: a long common text does not outvote a short different one.
        """
        keys = np.empty((len(texts), self.banding.bands), np.uint64)
        single = [number for number, pair in enumerate(pairs) if not pair]
        double = [number for number, pair in enumerate(pairs) if pair]
        keys[single] = self._keys([[texts[number] for number in single]])
        both = [[column[number] for number in double] for column in (texts, pairs)]
        keys[double] = self._keys(both)
        return keys.view(np.int64)

    def _keys(self, columns: list[list[str | None]]) -> U64:
        """Returns a key for each band of rows of as many texts as there are columns."""
        rows, bands = self.banding.rows, self.banding.bands
        keys = np.empty((len(columns[0]), bands), np.uint64)
        keys[:] = np.arange(bands, dtype=np.uint64) + np.uint64(bands * len(columns))
        for texts, share in zip(columns, np.array_split(np.arange(rows), len(columns))):
            functions = (np.arange(bands)[:, None] * rows + share[None, :]).ravel()
            minima = self._minima(texts, functions).reshape(bands, len(share), len(texts))
            for row in range(len(share)):
                keys = _mix(keys * np.uint64(_GOLDEN) + minima[:, row].T)
        return keys

    def _minima(self, texts: Sequence[str | None], functions: I64) -> U64:
        """Returns a row for each hash function, with the minimum over each text's shingles."""
        minima = np.empty((len(functions), len(texts)), np.uint64)
        done = 0
        for lines in _parts(texts):
            hashes, starts = _shingle_hashes(b"".join(lines))
            part = minima[:, done : done + len(lines)]
            for row, function in zip(part, functions):
                np.minimum.reduceat(
                    hashes * self.factors[function] + self.offsets[function], starts, out=row
                )
            done += len(lines)
        return minima


def _parts(texts: Sequence[str | None]) -> Iterator[list[bytes]]:
    """Yields the words of the texts as lines, a bounded number of bytes at a time."""
    lines: list[bytes] = []
    size = 0
    for text in texts:
        line = _line(text)
        lines.append(line)
        size += len(line)
        if size >= _PART_BYTES:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _line(text: str | None) -> bytes:
    if text and text.isascii():
        found = text.encode().translate(_ASCII_WORDS).split()
        if found:
            return b" ".join(found) + b"\n"
    return (" ".join(words(text)) + "\n").encode("utf-8", "surrogatepass")


def _shingle_hashes(lines: bytes) -> tuple[U64, I64]:
    """Returns the hash of each shingle, and where the shingles of each line start."""
    data = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero((data == _WORD) | (data == _LINE))
    starts = np.concatenate(([0], ends[:-1] + 1))
    places = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    letters = _BYTES[data] * _POWERS[places & 255]
    letters[ends] = 0  # what follows a word is no part of it
    hashes = _mix(np.add.reduceat(letters, starts))
    last = np.flatnonzero(data[ends] == _LINE)
    lengths = np.diff(last, prepend=-1)
    return _grams(hashes, lengths)


def _grams(hashes: U64, lengths: I64) -> tuple[U64, I64]:
    """Joins the hashes of neighbouring words, where a line has enough of them."""
    grams = hashes * _PLACES[0]
    longer = np.repeat(lengths >= WORDS_IN_SHINGLE, lengths)
    for place in range(1, WORDS_IN_SHINGLE):
        follower = np.zeros_like(hashes)
        follower[:-place] = hashes[place:] * _PLACES[place]
        grams = grams + np.where(longer, follower, np.uint64(0))
    counts = np.where(lengths >= WORDS_IN_SHINGLE, lengths - WORDS_IN_SHINGLE + 1, lengths)
    first = np.cumsum(lengths) - lengths
    within = np.arange(len(hashes)) - np.repeat(first, lengths)
    kept = within < np.repeat(counts, lengths)
    return _mix(grams[kept]), np.cumsum(counts) - counts
