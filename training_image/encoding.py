"""Texts to rows of tokens, exactly as the model's own tokenizer makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from training_image.data import IntArray, Tokenizer
from training_image.records import Record
from training_image.word_cache import Tokens, WordCache

Ids = npt.NDArray[np.integer[Any]]
CHECKED_CHARACTERS = 50_000  # on which both ways are compared before the quicker one is trusted


class EncodedRows(NamedTuple):
    """The tokens of some records."""

    tokens: Ids
    """Of all rows, one after another; uint16, or uint32 for a vocabulary beyond 65,536."""
    lengths: IntArray
    pair_starts: IntArray
    """Where in each row the second text starts; its length where there is none."""


Encoder = Callable[[Sequence[Record]], EncodedRows]


def token_type(tokenizer: Tokenizer) -> type[np.uint16] | type[np.uint32]:
    """Returns the narrowest type that holds every token."""
    return np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32


def make_encoder(tokenizer: Tokenizer) -> Encoder:
    """Returns what makes rows of records, in their order: by words where that is the same."""
    words = _WordRows.of(tokenizer)

    is_checked = False

    def encode(records: Sequence[Record]) -> EncodedRows:
        nonlocal words, is_checked
        rows = None if words is None else words.encode(records)
        if rows is not None and not is_checked:
            some = records[: _rows_within(records, CHECKED_CHARACTERS)]
            is_checked = bool(some)
            if some and not _agree(rows, encode_whole(tokenizer, some)):
                words = rows = None
        return encode_whole(tokenizer, records) if rows is None else rows

    return encode


def _rows_within(records: Sequence[Record], characters: int) -> int:
    sizes = (len(record.text) + len(record.text_pair or "") for record in records)
    return sum(1 for total in accumulate(sizes) if total <= characters)


def _agree(rows: EncodedRows, first: EncodedRows) -> bool:
    """Whether the first rows are these."""
    pairs = zip(rows, first, strict=True)
    return all(np.array_equal(ours[: len(its)], its) for ours, its in pairs)


def encode_whole(tokenizer: Tokenizer, records: Sequence[Record]) -> EncodedRows:
    """Gives whole texts to the tokenizer, which works on them on every core."""
    texts = [r.text if r.text_pair is None else (r.text, r.text_pair) for r in records]
    encodings = tokenizer.backend.encode_batch_fast(texts)
    rows = [each.ids for each in encodings]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    tokens: Ids = np.fromiter(
        chain.from_iterable(rows), dtype=token_type(tokenizer), count=int(lengths.sum())
    )
    seconds = [
        0 if record.text_pair is None else sum(encoding.type_ids)
        for record, encoding in zip(records, encodings, strict=True)
    ]
    return EncodedRows(tokens, lengths, lengths - np.array(seconds, dtype=np.int64))


@dataclass(frozen=True)
class _Template:
    """What the tokenizer puts around the tokens of one text or of two."""

    specials: tuple[Ids, ...]
    """Before, (between,) and behind the texts."""
    second_types: int
    """How many of the special tokens count to the second text."""
    second_has_type: bool
    """Whether the tokens of the second text say so."""

    @classmethod
    def of(cls, backend: Any, width: type[Any], *texts: str) -> "_Template":
        encoding = backend.encode(*texts)
        specials: list[list[int]] = [[]]
        for token, sequence in zip(encoding.ids, encoding.sequence_ids, strict=True):
            if sequence is None:
                specials[-1].append(token)
            elif len(specials) == sequence + 1:
                specials.append([])
        types = [
            kind
            for kind, sequence in zip(encoding.type_ids, encoding.sequence_ids, strict=True)
            if sequence is None
        ]
        second = [
            kind
            for kind, sequence in zip(encoding.type_ids, encoding.sequence_ids, strict=True)
            if sequence == 1
        ]
        return cls(tuple(np.array(each, dtype=width) for each in specials), sum(types), any(second))

    @property
    def added(self) -> int:
        """The number of special tokens."""
        return sum(len(each) for each in self.specials)


class _WordRows:
    """Makes rows of the tokens of words that are remembered."""

    def __init__(self, tokenizer: Tokenizer, words: WordCache) -> None:
        self._tokenizer, self._words = tokenizer, words
        self._width = token_type(tokenizer)
        self._max_length: int = tokenizer.backend.truncation["max_length"]
        self._single = _Template.of(tokenizer.backend, self._width, "a")
        self._pair = _Template.of(tokenizer.backend, self._width, "a", "a")

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "_WordRows | None":
        cut = tokenizer.backend.truncation
        usual = {"strategy": "longest_first", "direction": "right", "stride": 0}
        if cut is None or not usual.items() <= cut.items():
            return None
        words = WordCache.of(tokenizer, token_type(tokenizer))
        return None if words is None else cls(tokenizer, words)

    def encode(self, records: Sequence[Record]) -> EncodedRows | None:
        """Returns the rows; None where the tokenizer had better do it."""
        if records[0].text_pair is None:
            texts = self._words.tokens_of([record.text for record in records])
            return None if texts is None else self._rows(self._single, [texts])
        # Of both texts together, so that a word of either is known to both.
        firsts = [record.text for record in records]
        both = self._words.tokens_of(firsts + [record.text_pair or "" for record in records])
        if both is None:
            return None
        middle = len(records)
        pair = [
            Tokens(both.flat, both.ends[: middle + 1]),
            Tokens(both.flat, both.ends[middle:]),
        ]
        return self._rows(self._pair, pair)

    def _rows(self, template: _Template, texts: list[Tokens]) -> EncodedRows:
        room = self._max_length - template.added
        kept = truncated([np.diff(each.ends) for each in texts], room)
        lengths: IntArray = np.sum(kept, axis=0) + template.added
        starts = np.cumsum(lengths) - lengths
        tokens: Ids = np.empty(int(lengths.sum()), dtype=self._width)
        place = starts
        for special, text, count in zip(template.specials, texts, kept, strict=False):
            place = _put(tokens, special, place)
            inside = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            tokens[np.repeat(place, count) + inside] = text.flat[
                np.repeat(text.ends[:-1], count) + inside
            ]
            place = place + count
        _put(tokens, template.specials[-1], place)
        if len(texts) == 1:
            return EncodedRows(tokens, lengths, lengths)
        second = kept[1] * template.second_has_type + template.second_types
        return EncodedRows(tokens, lengths, lengths - second)


def _put(tokens: Ids, special: Ids, place: IntArray) -> IntArray:
    """Writes the same special tokens into every row; returns the places behind them."""
    for token in special:
        tokens[place] = token
        place = place + 1
    return place


def truncated(lengths: Sequence[IntArray], room: int) -> list[IntArray]:
    """Returns how many tokens of one text, or of two, are kept: `longest_first`.

    Of two texts the longer one loses first; where both lose, they are left with a half each, the
    longer one with the odd token (tokenizers, `utils/truncation.rs`).
    """
    if len(lengths) == 1:
        return [np.minimum(lengths[0], room)]
    first, second = lengths
    short, long = np.minimum(first, second), np.maximum(first, second)
    fits = short + long <= room
    one_loses = short <= room - short
    short_kept = np.where(fits | one_loses, short, room // 2)
    long_kept = np.where(fits, long, room - short_kept)
    swap = first > second
    return [np.where(swap, long_kept, short_kept), np.where(swap, short_kept, long_kept)]
