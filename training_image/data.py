"""Reads the channels' records, and tokenises each text once into a compact file on disk.

Memory holds a few bytes a row, whatever the texts are; the tokens are mapped from the file.
"""

import hashlib
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from training_image.job import JobError

IntArray = npt.NDArray[np.int64]
ROWS_AT_ONCE = 4096  # the tokenizer works on them in parallel; SIGTERM is heard in between


class Record(NamedTuple):
    """One labelled example, and where it stands."""

    id: str
    text: str
    text_pair: str | None
    label: str
    place: str


@dataclass(frozen=True)
class Tokenizer:
    """How texts become tokens for one model."""

    backend: Any
    """A tokenizers.Tokenizer that truncates and does not pad."""
    pad_id: int
    vocabulary: int
    has_pair_types: bool
    """Whether the model wants to be told which tokens are of the second text."""

    def encode(self, records: Sequence[Record]) -> list[Any]:
        """Tokenises on every core; the order is kept."""
        texts = [r.text if r.text_pair is None else (r.text, r.text_pair) for r in records]
        return list(self.backend.encode_batch_fast(texts))


@dataclass(frozen=True)
class Split:
    """The rows of one channel as one model reads them."""

    tokens: npt.NDArray[np.integer[Any]]
    """The tokens of all rows, one after another."""
    offsets: IntArray
    """Where each row starts in `tokens`, and at the end where the last one ends."""
    pair_starts: IntArray
    """Where in each row the second text starts; its length where there is none."""
    labels: tuple[str, ...]
    truth: IntArray
    """The label of each row, as an index into `labels`."""
    ids: tuple[str, ...]
    tokenizer: Tokenizer
    digest: str
    """Of tokens, rows and labels: equal digests train equally."""

    def __len__(self) -> int:
        return len(self.truth)

    def lengths_of(self, rows: IntArray) -> IntArray:
        """Returns the tokens of each of these rows."""
        return self.offsets[rows + 1] - self.offsets[rows]


def read_records(folder: Path, channel: str, text_pair: bool) -> Iterator[Record]:
    """Yields the records of a channel's `*.jsonl` shards, in order of their names.

    Raises:
        JobError: there are none, or a line is not the record that the contract asks for.
    """
    shards = sorted(folder.rglob("*.jsonl"))
    if not shards:
        raise JobError(f"The channel {channel} holds no .jsonl file.")
    wanted = ["id", "text", "label"] + (["text_pair"] if text_pair else [])
    empty = True
    for shard in shards:
        with shard.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                place = f"{channel}/{shard.name} line {number}"
                empty = False
                yield _record(line, wanted, place)
    if empty:
        raise JobError(f"The channel {channel} holds no records.")


def _record(line: bytes, wanted: list[str], place: str) -> Record:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise JobError(f"{place} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise JobError(f"{place} must be a JSON object.")
    for name in wanted:
        if not isinstance(value.get(name), str):
            raise JobError(f"{place} must have a string under {name!r}.")
        if not value[name].strip():
            raise JobError(f"{place} has nothing but blanks under {name!r}.")
    if "text_pair" not in wanted and value.get("text_pair") is not None:
        raise JobError(f"{place} has a text_pair, but the hyperparameter text_pair is false.")
    pair = value["text_pair"] if "text_pair" in wanted else None
    return Record(value["id"], value["text"], pair, value["label"], place)


def tokenize(
    records: Iterator[Record],
    tokenizer: Tokenizer,
    cache: Path,
    labels: Sequence[str] | None = None,
    *,
    keep_ids: bool = False,
    between: Callable[[], None] = lambda: None,
) -> Split:
    """Tokenises records into the file `cache`.

    Args:
        records: what to tokenise.
        tokenizer: of the model that will read them.
        cache: the file to write.
        labels: the labels that may occur; None takes those that do, sorted.
        keep_ids: whether the rows' ids are needed later.
        between: called between chunks; it may raise.
    """
    width = np.uint16 if tokenizer.vocabulary <= 2**16 else np.uint32
    index = {label: number for number, label in enumerate(labels or ())}
    ends, pairs, truth, ids = array("q", [0]), array("q"), array("q"), list[str]()
    digest = hashlib.sha256()
    with cache.open("wb") as file:
        while chunk := list(islice(records, ROWS_AT_ONCE)):
            between()
            for record, encoded in zip(chunk, tokenizer.encode(chunk), strict=True):
                row = np.asarray(encoded.ids, dtype=width).tobytes()
                file.write(row)
                digest.update(row)
                ends.append(ends[-1] + len(encoded.ids))
                pairs.append(len(encoded.ids) - sum(encoded.type_ids))
                truth.append(_index(record, index, labels))
                if keep_ids:
                    ids.append(record.id)
    names, order = _sorted_labels(index) if labels is None else (tuple(labels), None)
    truths = np.array(truth, dtype=np.int64)
    truths = truths if order is None else order[truths]
    offsets = np.array(ends, dtype=np.int64)
    for part in (offsets, truths, np.array(pairs)):
        digest.update(part.tobytes())
    digest.update(json.dumps(names).encode())
    return Split(
        tokens=np.memmap(cache, dtype=width, mode="r"),
        offsets=offsets,
        pair_starts=np.array(pairs, dtype=np.int64),
        labels=names,
        truth=truths,
        ids=tuple(ids),
        tokenizer=tokenizer,
        digest=digest.hexdigest(),
    )


def _index(record: Record, index: dict[str, int], labels: Sequence[str] | None) -> int:
    if labels is None:
        return index.setdefault(record.label, len(index))
    if record.label not in index:
        shown = ", ".join(labels[:20]) + (", …" if len(labels) > 20 else "")
        raise JobError(
            f"{record.place} has the label {record.label!r}, which the training split never has "
            f"(it has {shown})."
        )
    return index[record.label]


def _sorted_labels(index: dict[str, int]) -> tuple[tuple[str, ...], IntArray]:
    names = tuple(sorted(index))
    order = np.empty(len(names), dtype=np.int64)
    for new, name in enumerate(names):
        order[index[name]] = new
    return names, order
