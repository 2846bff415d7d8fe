"""Bombs are stopped, damage is a finding, and memory does not grow with the data."""

import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from arro3.core import Array, DataType

from tests.unit.datasets.data_sets import (
    finding,
    jsonl,
    packed,
    parquet,
    rows,
    validate,
    workshop,
)
from thriftline.datasets.engine.planning import plan_single_pass
from thriftline.datasets.engine.preparing import prepare_group
from thriftline.datasets.engine.rules import DataFile, DatasetRules
from thriftline.datasets.engine.sources import BytesSource, DamagedStreamError, gunzip, iter_chunks
from thriftline.datasets.engine.validation import WorkContext, validate_files, validate_in_one_pass

GOOD = jsonl(rows(40))


def bomb(mebibytes: int) -> Iterator[bytes]:
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(mebibytes):
        yield stream.compress(b"\n" * (1 << 20))
    yield stream.flush()


def test_a_gzip_bomb_is_stopped_while_it_unpacks() -> None:
    rules = DatasetRules(ratio_free_bytes=4 << 20)
    given: list[int] = []
    chunks = map(len, gunzip(iter([b"".join(bomb(64))]), rules, 1 << 20))

    with pytest.raises(DamagedStreamError, match="more than 200 times"):
        given.extend(chunks)

    assert sum(given) <= 14 << 20


def test_the_absolute_limit_stops_what_grows_slowly() -> None:
    report = validate({"a.jsonl.gz": packed(GOOD)}, max_decompressed_bytes=500)

    assert "500 bytes" in str(finding(report, "decompression_bomb").places[0].rule)


def test_a_bomb_is_a_rejected_data_set() -> None:
    data = packed(GOOD + GOOD.replace(b"text n", b"n" * 4000))

    report = validate({"a.jsonl.gz": data}, max_decompression_ratio=5, ratio_free_bytes=1)

    assert report.verdict == "rejected"
    assert "decompression_bomb" in report.codes


def test_gzip_that_is_cut_short_or_damaged_is_a_finding() -> None:
    data = packed(GOOD)

    assert "malformed_gzip" in validate({"a.jsonl.gz": data[:-30]}).codes
    assert "malformed_gzip" in validate({"a.jsonl.gz": b"no gzip"}).codes
    assert "malformed_gzip" in validate({"a.jsonl.gz": data[:50] + b"\0" * 9 + data[59:]}).codes


def test_gzip_of_several_members_is_read_to_the_end() -> None:
    data = packed(GOOD) + packed(GOOD.replace(b"text n", b"n")) + b"\0" * 100

    assert validate({"a.jsonl.gz": data}).rows == 80


@pytest.mark.parametrize("size", [0, 3, 8, 12])
def test_a_parquet_file_that_is_none_is_a_finding(size: int) -> None:
    report = validate({"a.parquet": b"PAR1" * 3 + b"x" * size, "b.jsonl": GOOD})

    assert report.verdict == "rejected"
    assert "malformed_parquet" in report.codes


def test_a_damaged_row_group_is_a_finding_and_the_others_are_read() -> None:
    data = bytearray(parquet(rows(100), 25))
    data[20:60] = b"\xff" * 40

    report = validate({"a.parquet": bytes(data)})

    assert "malformed_parquet" in report.codes
    assert 0 < report.rows < 100


def test_parquet_places_are_row_numbers() -> None:
    records = [*rows(30), ("", "yes"), ("t", None)]

    report = validate({"a.parquet": parquet(records, 8)})

    assert str(finding(report, "empty_text").places[0]) == "a.parquet, row 31, field text"
    assert finding(report, "missing_label").places[0].line == 32


def test_parquet_columns_are_checked_in_the_schema() -> None:
    count = Array(list(range(20)), type=DataType.int64())

    extra = validate({"a.parquet": parquet(rows(20), n=count)})
    missing = validate({"a.parquet": parquet(rows(20))}, text_column="body")

    assert [place.field for place in finding(extra, "extra_column").places] == ["n"]
    assert [place.field for place in finding(missing, "missing_column").places] == ["body"]


def test_parquet_texts_of_another_type_are_refused() -> None:
    numbers = Array(list(range(20)), type=DataType.int64())

    report = validate({"a.parquet": parquet(rows(20), n=numbers)}, text_column="n")

    assert finding(report, "unsupported_value_type").count == 20


def test_a_parquet_bomb_is_stopped() -> None:
    records = [("x" * 5000, "yes") for _ in range(3000)]

    report = validate({"a.parquet": parquet(records)}, ratio_free_bytes=1 << 20)

    assert "decompression_bomb" in report.codes


def test_an_over_long_parquet_text_is_refused() -> None:
    report = validate({"a.parquet": parquet([*rows(20), ("é" * 60, "yes")])}, max_record_bytes=100)

    assert finding(report, "over_long_record").places[0].line == 21
    assert report.rows == 20


class EndlessSource:
    """A file of any size, made while it is read."""

    def __init__(self, size: int) -> None:
        self.name = "endless.jsonl"
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        first = offset // 64
        lines = (
            b'{"text": "row %025d of it", "label": "%s"}\n' % (i, b"yes" if i % 2 else b"nay")
            for i in range(first, first + length // 64 + 2)
        )
        data = b"".join(lines)
        begin = offset - first * 64
        return data[begin : begin + min(length, self.size - offset)]


def peak_memory(size: int, folder: Path) -> int:
    shop = workshop({}, folder, read_bytes=1 << 16, block_bytes=1 << 14, spill_rows=1000)
    source = EndlessSource(size)
    shop = WorkContext(lambda _: source, shop.limits, shop.scratch)
    tracemalloc.start()
    report = validate_files([DataFile(source.name, size)], DatasetRules(), shop)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.verdict == "accepted"
    assert report.rows == size // 64
    return peak


def test_lines_of_the_endless_file_are_64_bytes() -> None:
    assert EndlessSource(1 << 20).read(64, 64).count(b"\n") == 1
    assert EndlessSource(1 << 20).read(0, 128).index(b"\n") == 63


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small = peak_memory(1 << 19, tmp_path / "small")
    large = peak_memory(3 << 20, tmp_path / "large")

    # The comparison of hashes holds up to 400,000 rows at once, whatever the file's size.
    assert large < small + 400_000 * 24 * 5


def test_a_line_without_end_costs_no_memory(tmp_path: Path) -> None:
    class OneLine(EndlessSource):
        def read(self, offset: int, length: int) -> bytes:
            return b"x" * min(length, self.size - offset)

    shop = workshop({}, tmp_path, read_bytes=1 << 16, block_bytes=1 << 14)
    source = OneLine(24 << 20)
    tracemalloc.start()
    report = validate_files(
        [DataFile(source.name, source.size)],
        DatasetRules(max_record_bytes=1 << 16),
        WorkContext(lambda _: source, shop.limits, shop.scratch),
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert report.codes == ["over_long_record"]
    assert peak < 8 << 20


def test_chunks_are_read_in_order_up_to_the_end() -> None:
    data = bytes(range(256)) * 5
    source = BytesSource("a", data)

    for size in (1, 7, 256, 5000):
        assert b"".join(iter_chunks(source, 3, 1200, size)) == data[3:1200]
    assert list(iter_chunks(source, 5, 5, 10)) == []


def test_preparing_holds_no_more_than_its_shards(tmp_path: Path) -> None:
    def peak(size: int, folder: Path) -> int:
        shop = workshop({}, folder, read_bytes=1 << 16, block_bytes=1 << 14, shard_bytes=1 << 20)
        source = EndlessSource(size)
        shop = WorkContext(lambda _: source, shop.limits, shop.scratch)
        plan = plan_single_pass([DataFile(source.name, size)], DatasetRules())
        validate_in_one_pass(plan, shop)
        tracemalloc.start()
        prepare_group(plan, 0, shop)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    # Three splits of a mebibyte each wait to be written, and a digest for each row is kept.
    assert peak(4 << 20, tmp_path / "a") < 10 << 20
