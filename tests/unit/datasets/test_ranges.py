"""Ranges and a merge say exactly what a single pass says."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.datasets.data_sets import (
    csv_file,
    jsonl,
    packed,
    parquet,
    rows,
    validate,
    validate_in_ranges,
)

TEXTS = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(
        ["same", "same too", "", " ", "two\nlines", 'a "quote"', "a,b", "joe@example.com", "\x00"]
    ),
)
LABELS = st.sampled_from(["yes", "no", "maybe", "", "YES"])
RECORDS = st.lists(st.tuples(TEXTS, LABELS), max_size=60)
BROKEN_LINES = st.sampled_from(
    [b"{", b"[1]", b"", b'{"text": 1, "label": "yes"}', b'{"text": "no label"}', b"\xff", b" " * 90]
)
SIZES = st.integers(min_value=1, max_value=400)
relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.data_too_large]
)


@relaxed
@given(RECORDS, st.lists(st.tuples(st.integers(0, 60), BROKEN_LINES), max_size=5), SIZES, SIZES)
def test_json_lines_in_ranges_are_the_same(
    records: list[tuple[str, str]], broken: list[tuple[int, bytes]], size: int, block: int
) -> None:
    lines = jsonl(records).splitlines(keepends=True)
    for position, line in broken:
        lines.insert(position, line + b"\n")
    files = {"a.jsonl": b"".join(lines), "test.jsonl": jsonl(records[:7])}

    single = validate(files, max_record_bytes=80)
    merged, _ = validate_in_ranges(files, size, block, max_record_bytes=80)

    assert merged == single


@relaxed
@given(RECORDS, SIZES, SIZES)
def test_csv_in_ranges_is_the_same(records: list[tuple[str, str]], size: int, block: int) -> None:
    files = {"a.csv": csv_file(records)}

    single = validate(files)
    merged, _ = validate_in_ranges(files, size, block)

    assert merged == single


@relaxed
@given(st.lists(st.sampled_from(list('ab",\n\r;é ')), max_size=300), SIZES, SIZES)
def test_csv_that_is_anything_is_the_same(marks: list[str], size: int, block: int) -> None:
    files = {"a.csv": b"text,label\n" + "".join(marks).encode()}

    single = validate(files, max_record_bytes=60)
    merged, _ = validate_in_ranges(files, size, block, max_record_bytes=60)

    assert merged == single


@relaxed
@given(st.binary(max_size=300), SIZES, SIZES)
def test_bytes_that_are_anything_are_the_same_and_never_a_crash(
    data: bytes, size: int, block: int
) -> None:
    for name in ("a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz", "a.parquet.gz"):
        single = validate({name: data}, max_record_bytes=100)
        merged, _ = validate_in_ranges({name: data}, size, block, max_record_bytes=100)

        assert single.verdict == "rejected"
        assert merged == single


@relaxed
@given(RECORDS, st.integers(1, 20), SIZES)
def test_parquet_in_ranges_is_the_same(
    records: list[tuple[str, str]], group_rows: int, size: int
) -> None:
    files = {"a.parquet": parquet(records, group_rows)}

    single = validate(files)
    merged, _ = validate_in_ranges(files, size)

    assert merged == single


@relaxed
@given(RECORDS, SIZES)
def test_compressed_files_are_the_same_as_plain_ones(
    records: list[tuple[str, str]], size: int
) -> None:
    for name, data in (
        ("a.jsonl", jsonl(records)),
        ("a.csv", csv_file(records)),
        ("a.parquet", parquet(records, 5)),
    ):
        plain = validate({name: data})
        merged, _ = validate_in_ranges({f"{name}.gz": packed(data)}, size)

        ignored = {"files", "bytes", "findings"}
        assert merged.model_dump(exclude=ignored) == plain.model_dump(exclude=ignored)
        assert _without_names(merged.model_dump_json(include={"findings"})) == _without_names(
            plain.model_dump_json(include={"findings"})
        )


def _without_names(findings: str) -> str:
    return findings.replace(".gz", "")


def test_files_are_really_cut_into_ranges() -> None:
    files = {
        "a.jsonl": jsonl(rows(100)),
        "b.csv": csv_file([(f"{text}\nsecond, line", label) for text, label in rows(100)]),
        "c.parquet": parquet(rows(100), 10),
        "d.jsonl.gz": packed(jsonl(rows(100))),
    }

    _, plan = validate_in_ranges(files, 300)

    ranges = dict.fromkeys(files, 0)
    for part in plan.ranges:
        ranges[plan.files[part.file].name] += 1
    assert ranges["a.jsonl"] > 5
    assert ranges["b.csv"] > 5
    assert ranges["c.parquet"] > 3
    assert ranges["d.jsonl.gz"] == 1
    assert len(plan.groups) > 10
    assert [index for first, stop in plan.groups for index in range(first, stop)] == list(
        range(len(plan.ranges))
    )


def test_small_files_share_a_group() -> None:
    files = {f"train-{i}.jsonl": jsonl(rows(2)) for i in range(20)}

    _, plan = validate_in_ranges(files, 1000)

    assert len(plan.ranges) == 20
    assert len(plan.groups) < 5


def test_line_numbers_do_not_depend_on_the_ranges() -> None:
    lines = jsonl(rows(500)).splitlines(keepends=True)
    lines[399] = b"broken\n"
    data = b"".join(lines)

    for size in (100, 1000, 7777):
        merged, _ = validate_in_ranges({"a.jsonl": data}, size)
        assert [p.line for f in merged.findings for p in f.places] == [400]


def test_the_plan_survives_json() -> None:
    _, plan = validate_in_ranges({"b.csv": csv_file(rows(50))}, 200)

    assert type(plan).from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.ranges[1].header == ("text", "label")
