"""Small data sets of every format, validated in one pass or in ranges."""

import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from thriftline.datasets.engine.planning import plan_work
from thriftline.datasets.engine.preparing import prepare_group
from thriftline.datasets.engine.rules import DataFile, DatasetRules, WorkLimits, split_of
from thriftline.datasets.engine.scratch import LocalScratch
from thriftline.datasets.engine.sources import BytesSource
from thriftline.datasets.engine.validation import (
    WorkContext,
    merge_ranges,
    validate_files,
    validate_group,
)
from thriftline.datasets.engine.work import WorkPlan
from thriftline.datasets.report_document import DatasetReport, Finding

Files = Mapping[str, bytes]
Row = tuple[Any, Any]


def rows(count: int, labels: Sequence[str] = ("yes", "no")) -> list[Row]:
    """Different texts with labels in turn."""
    return [(f"text number {i}", labels[i % len(labels)]) for i in range(count)]


def jsonl(records: Iterable[Row]) -> bytes:
    return b"".join(
        json.dumps({"text": text, "label": label}).encode() + b"\n" for text, label in records
    )


def csv_file(records: Iterable[Row]) -> bytes:
    lines = ["text,label"]
    for text, label in records:
        quoted = text.replace('"', '""')
        lines.append(f'"{quoted}",{label}')
    return ("\n".join(lines) + "\n").encode()


def parquet(records: Sequence[Row], group_rows: int = 1024, **columns: Array) -> bytes:
    table = Table.from_pydict(
        {
            "text": Array([text for text, _ in records], type=DataType.utf8()),
            "label": Array([label for _, label in records], type=DataType.utf8()),
            **columns,
        }
    )
    file = io.BytesIO()
    write_parquet(table, file, max_row_group_size=group_rows)
    return file.getvalue()


def written(name: str, records: Sequence[Row]) -> bytes:
    """The records in the format of a file's name."""
    if name.endswith(".csv"):
        return csv_file(records)
    return parquet(records) if name.endswith(".parquet") else jsonl(records)


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def data_files(files: Files) -> list[DataFile]:
    return [DataFile(name, len(data), split_of(name), f"v-{name}") for name, data in files.items()]


def workshop(files: Files, folder: Path, **limits: int) -> WorkContext:
    return WorkContext(
        open_source=lambda file: BytesSource(file.name, files[file.name]),
        limits=WorkLimits(**limits),
        scratch=LocalScratch(folder),
    )


def validate(files: Files, **rules: Any) -> DatasetReport:
    """In one pass."""
    with TemporaryDirectory() as folder:
        shop = workshop(files, Path(folder))
        return validate_files(data_files(files), DatasetRules(**rules), shop)


def validate_in_ranges(
    files: Files, range_bytes: int, block_bytes: int = 64, **rules: Any
) -> tuple[DatasetReport, WorkPlan]:
    """As a Map over ranges and a merge would."""
    with TemporaryDirectory() as folder:
        return _in_ranges(files, Path(folder), range_bytes, block_bytes, **rules)[:2]


def _in_ranges(
    files: Files, folder: Path, range_bytes: int, block_bytes: int, **rules: Any
) -> tuple[DatasetReport, WorkPlan, WorkContext]:
    shop = workshop(
        files,
        folder,
        single_pass_bytes=0,
        range_bytes=range_bytes,
        block_bytes=block_bytes,
        read_bytes=block_bytes * 2,
        read_threads=2,
        spill_rows=7,
    )
    plan = plan_work(data_files(files), DatasetRules(**rules), shop.limits, shop.open_source)
    plan = WorkPlan.from_json(json.loads(json.dumps(plan.to_json())))
    for group in range(len(plan.groups)):
        validate_group(plan, group, shop)
    return merge_ranges(plan, shop, shop.scratch), plan, shop


def prepare(files: Files, range_bytes: int = 1 << 30, **rules: Any) -> dict[str, list[Any]]:
    """Validates and prepares; returns the records of each split in order of id."""
    with TemporaryDirectory() as folder:
        report, plan, shop = _in_ranges(files, Path(folder), range_bytes, 1 << 16, **rules)
        assert report.verdict != "rejected", report.findings
        for group in range(len(plan.groups)):
            prepare_group(plan, group, shop)
        return {
            split: sorted(
                (
                    json.loads(line)
                    for shard in sorted(Path(folder).glob(f"splits/{split}/*.jsonl"))
                    for line in shard.read_text().splitlines()
                ),
                key=lambda record: record["id"],
            )
            for split in ("train", "validation", "test")
        }


def finding(report: DatasetReport, code: str) -> Finding:
    """The finding of a code; the test fails when there is none."""
    found = {one.code: one for one in report.findings}
    assert code in found, f"{code} is not among {sorted(found)}"
    return found[code]


def lines_of(report: DatasetReport, code: str) -> list[int | None]:
    return [place.line for place in finding(report, code).places]
