"""A Parquet file decodes within bounded memory, whatever its sizes say."""

import io
import tracemalloc
from dataclasses import replace
from itertools import accumulate

import pytest
from arro3.core import Array, DataType, Table, list_array
from arro3.io import write_parquet

from tests.unit.datasets.data_sets import finding, parquet, rows, validate
from thriftline.datasets.engine.parquet_footer import read_footer
from thriftline.datasets.engine.parquet_pages import (
    BATCH_BYTES,
    MAX_PAGE_BYTES,
    PageGuard,
    read_page_header,
)
from thriftline.datasets.engine.sources import BytesSource, DamagedStreamError

MIB = 1 << 20


def repeated(text: str, times: int) -> bytes:
    """One long text in every row: the dictionary holds it once."""
    table = Table.from_pydict(
        {
            "text": Array([text] * times, type=DataType.utf8()),
            "label": Array(["yes", "no"] * (times // 2), type=DataType.utf8()),
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, compression="zstd(3)", dictionary_page_size_limit=4 * MIB)
    return file.getvalue()


def test_a_long_text_that_a_dictionary_repeats_is_a_bomb_at_its_row() -> None:
    data = repeated("a long text " * 20_000, 2000)
    assert len(data) < 20_000

    tracemalloc.start()
    report = validate({"a.parquet": data}, ratio_free_bytes=8 * MIB)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    place = finding(report, "decompression_bomb").places[0]
    assert place.line is not None
    assert 0 < place.line < 200
    assert report.rows < 200
    # All texts together are 480 MB.
    assert peak < 60 * MIB


def test_reading_stops_at_a_bomb_and_does_not_try_the_next_row_group() -> None:
    texts = [("a long text " * 5_000, "yes")] * 200

    report = validate(
        {"a.parquet": parquet(texts, 50)}, ratio_free_bytes=MIB, max_decompression_ratio=5
    )

    assert finding(report, "decompression_bomb").count == 1


def label_lists(sizes: list[int], label: str) -> bytes:
    """Lists of one label, which the dictionary holds once."""
    labels = Array([label] * sum(sizes), type=DataType.utf8())
    offsets = Array([0, *accumulate(sizes)], type=DataType.int32())
    table = Table.from_pydict(
        {
            "text": Array([f"text number {i}" for i in range(len(sizes))], type=DataType.utf8()),
            "label": list_array(offsets, labels),
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, compression="zstd(3)", dictionary_page_size_limit=4 * MIB)
    return file.getvalue()


@pytest.mark.parametrize(
    ("sizes", "label"),
    [
        ([1_000_000, 2, 1], "yes"),
        ([2] * 150 + [1_000_000] + [1] * 3_000, "yes"),
        ([2, 700, 2], "long" * 25_000),
    ],
    ids=["one list of three", "one list among many", "long entries"],
)
def test_lists_of_entries_that_a_dictionary_repeats_are_a_bomb(
    sizes: list[int], label: str
) -> None:
    data = label_lists(sizes, label)
    assert len(data) < 40_000

    tracemalloc.start()
    report = validate({"a.parquet": data}, multi_label=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert finding(report, "decompression_bomb").count == 1
    assert report.verdict == "rejected"
    # The entries of one list of a million are 58 MB as Python has them.
    assert peak < 20 * MIB


def test_lists_as_long_as_a_data_set_may_have_labels_are_read() -> None:
    report = validate({"a.parquet": label_lists([1000] * 70, "yes")}, multi_label=True)

    assert "decompression_bomb" not in {one.code for one in report.findings}
    assert report.rows == 70


def test_a_few_rows_are_read_at_a_time_where_a_dictionary_holds_long_texts() -> None:
    data = repeated("x" * (2 * MIB), 100)
    source = BytesSource("a.parquet", data)
    group = read_footer(source).groups[0]

    rows_at_once = PageGuard(group.chunks, group.rows, source.read).batch_rows

    assert rows_at_once == BATCH_BYTES // (2 * MIB + 4)


def first_page(data: bytes) -> tuple[BytesSource, PageGuard, int]:
    source = BytesSource("a.parquet", data)
    group = read_footer(source).groups[0]
    return source, PageGuard(group.chunks, group.rows, source.read), group.chunks[0].start


def zigzag(value: int) -> bytes:
    value *= 2
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def test_a_page_that_announces_more_than_it_may_is_refused_before_it_is_unpacked() -> None:
    # Type, unpacked size, packed size, end: what a page's header must say.
    header = b"\x15\x00\x15" + zigzag(MAX_PAGE_BYTES + 1) + b"\x15" + zigzag(10) + b"\x00"
    source, _, start = first_page(parquet(rows(50)))
    data = source.read(0, start) + header + source.read(start + len(header), source.size)
    group = read_footer(BytesSource("a", data)).groups[0]

    with pytest.raises(DamagedStreamError, match="when decoded") as raised:
        PageGuard(group.chunks, group.rows, BytesSource("a", data).read)

    assert raised.value.code == "decompression_bomb"


def test_every_page_is_looked_at_as_its_bytes_pass_by() -> None:
    source, guard, start = first_page(parquet(rows(50)))
    first = read_page_header(source.read(start, 4096))
    second = start + first.header_bytes + first.packed_bytes
    looked: list[int] = []

    def read(offset: int, length: int) -> bytes:
        looked.append(offset)
        return source.read(offset, length)

    group = read_footer(source).groups[0]
    guard = PageGuard(group.chunks, group.rows, read)
    looked.clear()
    guard.check(start, 1)
    guard.check(start + 5, second - start)

    assert looked == [start, second]


def test_a_page_of_an_encoding_that_is_not_declared_is_refused() -> None:
    table = Table.from_pydict(
        {"text": Array([f"text {i}" for i in range(50)], type=DataType.utf8())}
    )
    file = io.BytesIO()
    write_parquet(table, file, dictionary_enabled=False, encoding="delta_byte_array")
    source = BytesSource("a", file.getvalue())
    chunk = read_footer(source).groups[0].chunks[0]
    assert PageGuard([chunk], 50, source.read).batch_rows == 4

    guard = PageGuard([replace(chunk, uses_prefixes=False)], 50, source.read)
    with pytest.raises(DamagedStreamError, match="not declared"):
        guard.check(chunk.start, 10)


def test_rows_of_short_texts_are_gathered_into_blocks() -> None:
    report = validate({"a.parquet": parquet(rows(5000), 700)})

    assert report.verdict == "accepted"
    assert report.rows == 5000
