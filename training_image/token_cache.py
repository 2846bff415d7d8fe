"""Tokenises records once into a folder of flat files, which are then mapped, not loaded.

While it is written, memory holds two chunks of records and the labels' names; of the rows nothing
stays. The files, little-endian as every machine of SageMaker is:

| file | of each row |
| --- | --- |
| `tokens.bin` | its tokens, uint16 or uint32 |
| `offsets.bin` | int64, where it starts in the tokens; one more at the end |
| `pair_starts.bin` | int64, where in it the second text starts |
| `truth.bin` | int64, its label; with several labels a record uint8 [labels], 1 where it has it |
| `ids.bin`, `id_offsets.bin` | its id in UTF-8 and where it starts; where ids are kept |
| `index.json` | once, at last: rows, tokens, labels, digest |
"""

import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from training_image.data import IntArray, Split, Tokenizer
from training_image.encoding import EncodedRows, make_encoder, token_type
from training_image.job import JobError, write_json
from training_image.prefetch import prefetched
from training_image.records import Record

# The tokenizer works on a chunk in parallel. Both bound the memory: some 150 MB a chunk.
CHUNK_ROWS = 4096
CHUNK_CHARACTERS = 4_000_000
BLOCK_BYTES = 8_000_000  # of the files that are gone over once more


@dataclass(frozen=True)
class Index:
    """What `index.json` says."""

    rows: int
    tokens: int
    labels: list[str]
    multi_label: bool
    digest: str


def tokenize(
    records: Iterator[Record],
    tokenizer: Tokenizer,
    folder: Path,
    labels: Sequence[str] | None = None,
    *,
    multi_label: bool = False,
    keep_ids: bool = False,
    between: Callable[[], None] = lambda: None,
    agree: Callable[[Sequence[str]], Sequence[str]] = sorted,
) -> Split:
    """Writes the token cache of some records, each of which is asked for once, and maps it.

    Args:
        records: what to tokenise.
        tokenizer: of the model that will read them.
        folder: where to; it is made.
        labels: the labels that may occur; None takes those that do.
        multi_label: whether a record has any number of labels.
        keep_ids: whether the records' ids are needed later.
        between: called between chunks, and while one is waited for; it may raise.
        agree: given the labels that occurred here, sorted, returns those of all instances in
            their final order.

    Raises:
        JobError: a record has a label that is not among `labels`, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encode = make_encoder(tokenizer)
    known = _Labels(labels)
    try:
        with ExitStack() as stack:
            writer = _Writer(stack, folder, multi_label, keep_ids)
            for chunk in stack.enter_context(closing(prefetched(_chunks(records), between))):
                writer.write(chunk, encode(chunk), known)
        names = known.names if labels is not None else tuple(agree(sorted(known.names)))
        digest = writer.digest(known.names, names)
        place = {name: number for number, name in enumerate(names)}
        order = np.array([place[name] for name in known.names], dtype=np.int64)
        finish = _write_multi_hot if multi_label else _renumber
        finish(folder, order, len(names))
        index = Index(writer.rows, writer.tokens, list(names), multi_label, digest)
        write_json(folder / "index.json", asdict(index))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise JobError(
            "No space is left on the instance's disk for the tokens of the data; give the job a "
            "larger volume."
        ) from error
    return open_split(folder, tokenizer)


def open_split(folder: Path, tokenizer: Tokenizer) -> Split:
    """Maps a token cache that this or another process of the machine wrote.

    Raises:
        JobError: it is not there as a whole.
    """
    try:
        index = Index(**json.loads((folder / "index.json").read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise JobError(f"The token cache {folder.name} is not whole: {error}.") from error
    shape = (index.rows, len(index.labels)) if index.multi_label else (index.rows,)
    return Split(
        tokens=_map(folder / "tokens.bin", token_type(tokenizer), (index.tokens,)),
        offsets=_map(folder / "offsets.bin", np.int64, (index.rows + 1,)),
        pair_starts=_map(folder / "pair_starts.bin", np.int64, (index.rows,)),
        labels=tuple(index.labels),
        truth=_map(folder / "truth.bin", np.uint8 if index.multi_label else np.int64, shape),
        tokenizer=tokenizer,
        digest=index.digest,
        folder=folder,
    )


def record_ids(split: Split, first: int, last: int) -> list[str]:
    """Returns the ids of the rows from `first` to before `last`; they were kept."""
    if split.folder is None:
        raise ValueError("rows in memory have no ids")
    offsets: IntArray = np.fromfile(
        split.folder / "id_offsets.bin", np.int64, last - first + 1, offset=8 * first
    )
    with (split.folder / "ids.bin").open("rb") as file:
        file.seek(int(offsets[0]))
        content = file.read(int(offsets[-1] - offsets[0]))
    ends = (offsets - offsets[0]).tolist()
    return [content[a:b].decode() for a, b in pairwise(ends)]


def _map(path: Path, kind: type[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if path.stat().st_size != size:
        raise JobError(
            f"The token cache {path.parent.name} is not whole: {path.name} has "
            f"{path.stat().st_size:,} bytes, not {size:,}."
        )
    if not size:
        return np.zeros(shape, dtype=kind)  # nothing cannot be mapped
    return np.memmap(path, dtype=kind, mode="r", shape=shape).view(np.ndarray)


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text) + len(record.text_pair or "")
        if len(chunk) == CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


class _Labels:
    """Numbers the labels as they come, or knows them beforehand."""

    def __init__(self, given: Sequence[str] | None) -> None:
        self._index = {label: number for number, label in enumerate(given or ())}
        self._is_closed = given is not None

    @property
    def names(self) -> tuple[str, ...]:
        """By number."""
        return tuple(self._index)

    def numbers(self, record: Record) -> list[int]:
        """Returns the numbers of a record's labels."""
        if self._is_closed:
            unknown = [label for label in record.labels if label not in self._index]
            if unknown:
                raise JobError(
                    f"{record.place} has the label {unknown[0]!r}, which the training split never "
                    f"has (it has {shown(self.names)})."
                )
        return [self._index.setdefault(label, len(self._index)) for label in record.labels]


def shown(names: Sequence[str]) -> str:
    """Returns the first names of many, for a sentence."""
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")


class _Writer:
    """Appends chunks to the files, and digests what it appends."""

    def __init__(self, stack: ExitStack, folder: Path, multi_label: bool, keep_ids: bool) -> None:
        def create(name: str) -> IO[bytes]:
            return stack.enter_context((folder / name).open("wb"))

        self.rows = self.tokens = self._id_bytes = 0
        self._multi_label = multi_label
        names = ["tokens.bin", "offsets.bin", "pair_starts.bin"]
        names += ["label_counts.bin", "label_numbers.bin"] if multi_label else ["truth.bin"]
        self._files = {name: create(name) for name in names}
        self._hashes = {name: hashlib.sha256() for name in names}
        self._ids = (create("ids.bin"), create("id_offsets.bin")) if keep_ids else None
        self._append("offsets.bin", np.zeros(1, dtype=np.int64))
        if self._ids:
            self._ids[1].write(bytes(8))

    def write(self, chunk: Sequence[Record], rows: EncodedRows, labels: _Labels) -> None:
        """Appends one chunk."""
        self._append("tokens.bin", rows.tokens)
        self._append("offsets.bin", self.tokens + np.cumsum(rows.lengths))
        self._append("pair_starts.bin", rows.pair_starts)
        numbers = [labels.numbers(record) for record in chunk]
        flat = np.array([number for row in numbers for number in row], dtype=np.int64)
        if self._multi_label:
            counts = np.array([len(row) for row in numbers], dtype=np.int64)
            self._append("label_counts.bin", counts)
            self._append("label_numbers.bin", flat)
        else:
            self._append("truth.bin", flat)
        if self._ids:
            self._append_ids(chunk, *self._ids)
        self.rows += len(chunk)
        self.tokens += len(rows.tokens)

    def digest(self, by_number: Sequence[str], names: Sequence[str]) -> str:
        """Returns the SHA-256 of all rows and of the labels' names."""
        parts = [each.hexdigest() for each in self._hashes.values()]
        return hashlib.sha256(json.dumps([parts, by_number, names]).encode()).hexdigest()

    def _append(self, name: str, values: npt.NDArray[Any]) -> None:
        content = np.ascontiguousarray(values).data
        self._files[name].write(content)
        self._hashes[name].update(content)

    def _append_ids(self, chunk: Sequence[Record], texts: IO[bytes], ends: IO[bytes]) -> None:
        ids = [record.id.encode() for record in chunk]
        texts.write(b"".join(ids))
        sizes = np.array([len(each) for each in ids], dtype=np.int64)
        ends.write((self._id_bytes + np.cumsum(sizes)).data)
        self._id_bytes += int(sizes.sum())


def _renumber(folder: Path, order: IntArray, _labels: int) -> None:
    """Gives the labels their final numbers, in place."""
    if np.array_equal(order, np.arange(len(order))):
        return
    with (folder / "truth.bin").open("r+b") as file:
        while content := file.read(BLOCK_BYTES):
            file.seek(-len(content), 1)
            file.write(order[np.frombuffer(content, dtype=np.int64)].data)
            file.flush()


def _write_multi_hot(folder: Path, order: IntArray, labels: int) -> None:
    """Writes the truth of several labels a record from their numbers."""
    counts_path, numbers_path = folder / "label_counts.bin", folder / "label_numbers.bin"
    with (
        counts_path.open("rb") as counts_file,
        numbers_path.open("rb") as numbers_file,
        (folder / "truth.bin").open("wb") as truth_file,
    ):
        while content := counts_file.read(8 * max(1, BLOCK_BYTES // max(1, labels))):
            counts: IntArray = np.frombuffer(content, dtype=np.int64)
            total = int(counts.sum())
            numbers = np.frombuffer(numbers_file.read(8 * total), dtype=np.int64)
            truth = np.zeros((len(counts), labels), dtype=np.uint8)
            truth[np.repeat(np.arange(len(counts)), counts), order[numbers]] = 1
            truth_file.write(truth.data)
    counts_path.unlink()
    numbers_path.unlink()
