"""Remembers the tokens of words, so that a word which comes a thousand times is looked up once.

English text of any size repeats its words: after 30 MB of film reviews, 97 in 100 are known. Texts
are cut at spaces and counted off in Arrow (C++), known words are gathered in NumPy, and the
model's own tokenizer gets the new words alone. `segments.py` says where a cut changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer as Backend

from training_image.data import IntArray, Tokenizer
from training_image.segments import TextCutter

# Beyond either, all is forgotten: some 250 MB, and 250 MB of English text.
MAX_WORDS, MAX_TOKENS = 1_000_000, 8_000_000
GROUP = 256  # words that the tokenizer gets as one text; the groups are worked on in parallel
# Bytes of new words among all, above which the tokenizer is quicker with whole texts.
MAX_NEW_SHARE = 0.5


class Words(NamedTuple):
    """The words of some texts."""

    numbers: IntArray
    """Of each word, its place in `names`."""
    ends: IntArray
    """Where in `numbers` each text starts, and at the end where the last one ends."""
    names: list[str]
    sizes: IntArray
    """Of each name, in bytes."""


class Tokens(NamedTuple):
    """The tokens of some texts, without special ones, not truncated."""

    flat: npt.NDArray[np.integer[Any]]
    ends: IntArray
    """Where in `flat` each text starts, and at the end where the last one ends."""


@dataclass(frozen=True)
class _WordPlaces:
    starts: IntArray
    lengths: IntArray


class WordCache:
    """The tokens of the words that came so far."""

    def __init__(self, backend: Any, cuts: TextCutter, width: type[Any]) -> None:
        self._cuts = cuts
        self._tokenizer = Backend.from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._numbers: dict[str, int] = {}
        self._ends = np.zeros(MAX_WORDS + 1, dtype=np.int64)
        self._tokens = np.zeros(MAX_TOKENS, dtype=width)

    @classmethod
    def of(cls, tokenizer: Tokenizer, width: type[Any]) -> "WordCache | None":
        """Returns an empty cache; None for a tokenizer whose texts cannot be cut."""
        cuts = TextCutter.of(tokenizer.backend)
        return None if cuts is None else cls(tokenizer.backend, cuts, width)

    def tokens_of(self, texts: Sequence[str]) -> Tokens | None:
        """Returns the tokens of texts; None where remembering words does not pay."""
        words = self._words_of(texts)
        found = None if words is None else self._find(words)
        if words is None or found is None:
            return None
        starts, lengths = found.starts[words.numbers], found.lengths[words.numbers]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(starts - ends[:-1], lengths)
        places += np.arange(len(places))
        return Tokens(self._tokens[places], ends[words.ends])

    def _words_of(self, texts: Sequence[str]) -> Words | None:
        parts = self._cuts.apply(pa.array(texts, pa.large_string()))
        if parts is None:
            return None
        distinct = parts.values.dictionary_encode()
        numbers = distinct.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return Words(
            numbers,
            parts.offsets.to_numpy().astype(np.int64),
            distinct.dictionary.to_pylist(),
            pc.binary_length(distinct.dictionary).to_numpy().astype(np.int64),
        )

    def _find(self, words: Words) -> _WordPlaces | None:
        numbers = self._known(words.names)
        new = np.flatnonzero(numbers < 0)
        if len(new):
            if words.sizes[new].sum() > MAX_NEW_SHARE * words.sizes[words.numbers].sum():
                return None
            if self._learn([words.names[place] for place in new]):
                numbers[new] = np.arange(len(self._numbers) - len(new), len(self._numbers))
            else:
                self._numbers.clear()
                if not self._learn(words.names):
                    return None
                numbers = np.arange(len(words.names))
        starts = self._ends[numbers]
        return _WordPlaces(starts, self._ends[numbers + 1] - starts)

    def _known(self, names: list[str]) -> IntArray:
        """Returns the numbers of words, -1 for those that are new."""
        found = map(self._numbers.get, names, repeat(-1))
        return np.fromiter(found, dtype=np.int64, count=len(names))

    def _learn(self, names: list[str]) -> bool:
        """Adds new words; returns False, with nothing added, where they do not fit."""
        first = len(self._numbers)
        if first + len(names) > MAX_WORDS:
            return False
        groups = [names[place : place + GROUP] for place in range(0, len(names), GROUP)]
        encodings = self._tokenizer.encode_batch(
            groups, is_pretokenized=True, add_special_tokens=False
        )
        tokens: IntArray = np.concatenate([np.array(e.ids, dtype=np.int64) for e in encodings])
        lengths = np.concatenate(
            [
                np.bincount(np.array(e.word_ids, dtype=np.int64), minlength=len(group))
                for group, e in zip(groups, encodings, strict=True)
            ]
        )
        start = int(self._ends[first])
        if start + len(tokens) > MAX_TOKENS:
            return False
        self._tokens[start : start + len(tokens)] = tokens
        self._ends[first + 1 : first + 1 + len(names)] = start + np.cumsum(lengths)
        self._numbers.update(zip(names, range(first, first + len(names)), strict=True))
        return True
