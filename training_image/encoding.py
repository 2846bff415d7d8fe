"""Texts to tokens, exactly as the model's own tokenizer makes them."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from training_image.data import IntArray, Tokenizer
from training_image.records import Record


class EncodedRows(NamedTuple):
    """The tokens of some records."""

    tokens: npt.NDArray[np.integer[Any]]
    """Of all rows, one after another; uint16, or uint32 for a vocabulary beyond 65,536."""
    lengths: IntArray
    pair_starts: IntArray
    """Where in each row the second text starts; its length where there is none."""


Encoder = Callable[[Sequence[Record]], EncodedRows]


def token_type(tokenizer: Tokenizer) -> type[np.uint16] | type[np.uint32]:
    """Returns the narrowest type that holds every token."""
    return np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32


def make_encoder(tokenizer: Tokenizer) -> Encoder:
    """Returns what makes rows of records; the order is kept, every core works on them."""
    width = token_type(tokenizer)

    def encode(records: Sequence[Record]) -> EncodedRows:
        texts = [r.text if r.text_pair is None else (r.text, r.text_pair) for r in records]
        encodings = tokenizer.backend.encode_batch_fast(texts)
        rows = [each.ids for each in encodings]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        tokens: npt.NDArray[np.integer[Any]] = np.fromiter(
            chain.from_iterable(rows), dtype=width, count=int(lengths.sum())
        )
        seconds = [
            0 if record.text_pair is None else sum(encoding.type_ids)
            for record, encoding in zip(records, encodings, strict=True)
        ]
        return EncodedRows(tokens, lengths, lengths - np.array(seconds, dtype=np.int64))

    return encode
