"""Cuts files into ranges that begin and end with whole records, wherever that is cheap.

JSON Lines are cut at line breaks. CSV is cut at line breaks outside quotes: whether a quote is
open at a place depends on all quotes before it, so they are counted once, side by side.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise

from thriftline.datasets.engine.blocks import CSV_RECORDS, LINES, RecordEnds
from thriftline.datasets.engine.columns import ColumnCensus
from thriftline.datasets.engine.contents import HEAD_BYTES, is_foreign
from thriftline.datasets.engine.csv_reader import CsvReader
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.parquet_footer import read_footer
from thriftline.datasets.engine.reading import OpenSource, kind_of_file
from thriftline.datasets.engine.rules import DataFile, DatasetRules, WorkLimits, kind_of
from thriftline.datasets.engine.sources import ByteSource, DamagedStreamError, UnusableFileError
from thriftline.datasets.engine.work import FileRange, WorkPlan

_PIECE = 1 << 16


def plan_single_pass(files: Sequence[DataFile], rules: DatasetRules) -> WorkPlan:
    """One range a file, one group for all."""
    ranges = tuple(FileRange(i) for i, file in enumerate(files) if kind_of(file.name))
    return WorkPlan(rules, tuple(files), ranges, ((0, len(ranges)),))


def plan_work(
    files: Sequence[DataFile], rules: DatasetRules, limits: WorkLimits, open_source: OpenSource
) -> WorkPlan:
    """One group where one Lambda can read all of it; else about as many bytes in each group."""
    total = sum(file.size for file in files)
    if total <= limits.single_pass_bytes:
        return plan_single_pass(files, rules)
    # Two neighbouring groups hold more than one target: there are at most 2 * total / target + 1.
    target = max(limits.range_bytes, 2 * total // max(1, limits.max_groups - 1) + 1)
    ranges: list[FileRange] = []
    sizes: list[int] = []
    for index, file in enumerate(files):
        if kind_of(file.name) is None:
            continue
        own = _cut_file(index, file, rules, limits, target, open_source)
        ranges += own
        sizes += [file.size // len(own)] * len(own)
    return WorkPlan(rules, tuple(files), tuple(ranges), tuple(_groups(sizes, target)))


def _groups(sizes: list[int], target: int) -> Iterator[tuple[int, int]]:
    start = held = 0
    for index, size in enumerate(sizes):
        if index > start and held + size > target:
            yield start, index
            start, held = index, 0
        held += size
    yield start, len(sizes)


def _cut_file(
    index: int,
    file: DataFile,
    rules: DatasetRules,
    limits: WorkLimits,
    target: int,
    open_source: OpenSource,
) -> list[FileRange]:
    kind = kind_of_file(file)
    if kind.gzipped or file.size <= target:
        return [FileRange(index)]
    source = open_source(file)
    if kind.format == "parquet":
        return _cut_parquet(index, source, target)
    if is_foreign(source.read(0, HEAD_BYTES), kind.format):
        return [FileRange(index)]
    wanted = range(target, source.size - target // 2, target)
    reach = 2 * rules.max_record_bytes
    if kind.format == "jsonl":
        cuts = [_next_end(source, cut - 1, False, reach, LINES) for cut in wanted]
        return _ranges(index, cuts, source.size, None)
    header = _header(source, rules, limits)
    if header is None:
        return [FileRange(index)]
    in_quotes = _open_quotes(source, [0, *wanted], limits)
    cuts = [
        _next_end(source, cut, quoted, reach, CSV_RECORDS)
        for cut, quoted in zip(wanted, in_quotes, strict=True)
    ]
    return _ranges(index, cuts, source.size, header)


def _ranges(
    index: int, cuts: list[int], size: int, header: tuple[str, ...] | None
) -> list[FileRange]:
    """Cuts that were not found are 0, and fall out."""
    starts = sorted({cut for cut in cuts if 0 < cut < size})
    return [
        FileRange(index, start, end, header if start else None)
        for start, end in pairwise([0, *starts, size])
    ]


def _next_end(
    source: ByteSource, start: int, in_quotes: bool, reach: int, cutter: RecordEnds
) -> int:
    """Position after the first end of a record at or after ``start``; 0: none within reach."""
    for offset in range(start, min(start + reach, source.size), _PIECE):
        end, in_quotes = cutter.first_end(source.read(offset, _PIECE), in_quotes)
        if end:
            return offset + end
    return 0


def _open_quotes(source: ByteSource, starts: list[int], limits: WorkLimits) -> list[bool]:
    """Whether a quote is open at each start but the first."""

    def count(segment: tuple[int, int]) -> int:
        start, end = segment
        return sum(
            source.read(offset, min(limits.read_bytes, end - offset)).count(b'"')
            for offset in range(start, end, limits.read_bytes)
        )

    with ThreadPoolExecutor(limits.read_threads) as threads:
        counts = list(threads.map(count, pairwise(starts)))
    return [bool(total & 1) for total in accumulate(counts)]


def _header(source: ByteSource, rules: DatasetRules, limits: WorkLimits) -> tuple[str, ...] | None:
    """The header as the first range will read it; None where no row of the file can be used."""
    findings = Findings()
    reader = CsvReader(rules, findings, ColumnCensus(rules, findings), None)
    data = source.read(0, limits.read_bytes + 2 * rules.max_record_bytes)
    chunks = iter([data.removeprefix(b"\xef\xbb\xbf")])
    try:
        next(reader.blocks(chunks, limits.block_bytes), None)
    except UnusableFileError:
        return None
    return None if reader.header is None else tuple(reader.header)


def _cut_parquet(index: int, source: ByteSource, target: int) -> list[FileRange]:
    try:
        groups = read_footer(source).groups
    except DamagedStreamError:
        return [FileRange(index)]
    decoded = sum(group.decoded_bytes for group in groups) or 1
    cuts = [0]
    held = 0.0
    for number, group in enumerate(groups):
        held += group.decoded_bytes * source.size / decoded
        if held >= target and number + 1 < len(groups):
            cuts.append(number + 1)
            held = 0.0
    return [FileRange(index, start, end) for start, end in pairwise([*cuts, len(groups)])]
