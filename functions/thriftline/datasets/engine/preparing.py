"""Writes the splits in the form that training reads, one group of ranges at a time."""

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.blocks import Block
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.label_sets import key_of, read_label_set
from thriftline.datasets.engine.labels import plain_label
from thriftline.datasets.engine.reading import RangeReader, kind_of_file
from thriftline.datasets.engine.row_digests import (
    MOST_DIGESTS,
    digest_of_row,
    smallest,
    to_bytes,
)
from thriftline.datasets.engine.rules import DatasetRules, Split
from thriftline.datasets.engine.scratch import (
    SPLITS,
    Scratch,
    digests_name,
    drops_name,
    read_json,
    shard_name,
)
from thriftline.datasets.engine.splitting import NAMES, Cutoffs, cut_ranks
from thriftline.datasets.engine.texts import text_hashes
from thriftline.datasets.engine.validation import WorkContext
from thriftline.datasets.engine.work import WorkPlan

_DROPS_BYTES = 4 << 20
Ints = NDArray[np.int64]


@dataclass(slots=True)
class ShardWriter:
    """Collects the lines of one split, and writes them as objects of bounded size."""

    scratch: Scratch
    split: Split
    group: int
    shard_bytes: int
    rows: int = 0
    digests: list[int] = field(default_factory=list)
    _pending: bytearray = field(default_factory=bytearray)
    _shards: int = 0

    def add(self, line: bytes) -> None:
        """Takes one line without its line break."""
        self.rows += 1
        # One growing piece of memory: a list of short lines takes several times their bytes.
        self._pending += line
        self._pending += b"\n"
        if len(self._pending) >= self.shard_bytes:
            self.flush()

    def note(self, digest: int) -> None:
        """Keeps what stands for a row; never many more than are kept in the end."""
        self.digests.append(digest)
        if len(self.digests) >= 2 * MOST_DIGESTS:
            self.digests = smallest(self.digests).tolist()

    def flush(self) -> None:
        """Writes what is pending."""
        if self._pending:
            name = shard_name(self.split, self.group, self._shards)
            self.scratch.write(name, bytes(self._pending))
            self._pending.clear()
            self._shards += 1


def prepare_group(plan: WorkPlan, group: int, shop: WorkContext) -> dict[Split, int]:
    """Writes the shards of one group's ranges; returns the rows of each split."""
    splits = read_json(shop.scratch, SPLITS)
    cutoffs = Cutoffs.from_json(splits["cutoffs"])
    drops: dict[str, tuple[int, int]] = splits["drops"]
    writers = {
        split: ShardWriter(shop.scratch, split, group, shop.limits.shard_bytes) for split in NAMES
    }
    for index in plan.group(group):
        found = drops.get(str(index))
        dropped = None if found is None else _dropped_lines(shop.scratch, index, *found)
        first_line = splits["first_lines"][index]
        for split, line, digest in _prepared_lines(plan, index, shop, cutoffs, dropped, first_line):
            writers[split].add(line)
            writers[split].note(digest)
    for writer in writers.values():
        writer.flush()
        if writer.split != "validation":
            name = digests_name(writer.split, group)
            shop.scratch.write(name, to_bytes(smallest(writer.digests)))
    return {split: writer.rows for split, writer in writers.items()}


def _dropped_lines(scratch: Scratch, index: int, count: int, last_line: int) -> NDArray[np.bool_]:
    """Which lines of a range are left out, as one flag a line, read a piece at a time."""
    flags = np.zeros(last_line + 1, np.bool_)
    for start in range(0, 4 * count, _DROPS_BYTES):
        data = scratch.read(drops_name(index), start, min(_DROPS_BYTES, 4 * count - start))
        flags[np.frombuffer(data, "<u4")] = True
    return flags


def _prepared_lines(
    plan: WorkPlan,
    index: int,
    shop: WorkContext,
    cutoffs: Cutoffs,
    dropped: NDArray[np.bool_] | None,
    first_line: int,
) -> Iterator[tuple[Split, bytes, int]]:
    part, class_of = plan.ranges[index], _class_reader(plan.rules)
    file = plan.files[part.file]
    reader = RangeReader(part, kind_of_file(file), plan.rules, shop.limits, Findings())
    for block in reader.blocks(shop.open_source(file)):
        lines = np.array(block.lines, np.int64)
        labels = [class_of(label) for label in block.labels]
        kept = _kept(lines, dropped)
        ranks = _ranks(block, labels, plan.rules, cutoffs, file.split)
        for row in np.flatnonzero(kept).tolist():
            name = f"{file.name}:{lines[row] + first_line + 1}"
            record = _record(block, row, name, labels[row], plan.rules)
            pair = None if block.pairs is None else block.pairs[row]
            digest = digest_of_row(block.texts[row], pair)
            yield NAMES[ranks[row]], orjson.dumps(record), digest


def _kept(lines: Ints, dropped: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    kept = np.ones(len(lines), np.bool_)
    if dropped is not None:
        inside = lines < len(dropped)
        kept[inside] = ~dropped[lines[inside]]
    return kept


def _ranks(
    block: Block, labels: list[str], rules: DatasetRules, cutoffs: Cutoffs, given: Split | None
) -> Ints:
    if given in ("validation", "test"):
        return np.full(len(labels), NAMES.index(given), np.int64)
    columns = [block.texts] if block.pairs is None else [block.texts, block.pairs]
    contents = [[text.encode() for text in texts] for texts in columns]
    high = text_hashes(contents, rules.seed)[:, 0]
    return cut_ranks(high, *cutoffs.arrays(labels))


def _class_reader(rules: DatasetRules) -> Callable[[Any], str]:
    """How a value of the label column becomes the name by which it is split."""
    if rules.multi_label:
        return lambda value: key_of(read_label_set(value, rules).labels)
    return lambda value: plain_label(value)[1]


def _record(
    block: Block, row: int, name: str, label: str, rules: DatasetRules
) -> dict[str, object]:
    record = {"id": name, "text": block.texts[row]}
    if block.pairs is not None:
        record["text_pair"] = block.pairs[row]
    if rules.multi_label:
        return {**record, "labels": orjson.Fragment(label)}
    return {**record, "label": label}
