"""Raw files for tests, and what the program makes of them."""

from __future__ import annotations

import csv
import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from preparation.thriftline_preparation.config import read_config
from preparation.thriftline_preparation.listing import list_files
from preparation.thriftline_preparation.pipeline import prepare
from preparation.thriftline_preparation.places import Places
from preparation.thriftline_preparation.reading import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from preparation.thriftline_preparation.config import Config

SPLITS = ("train", "validation", "test")


EMAIL = {
    "name": "email",
    "regex": r"@[A-Za-z0-9-]+\.[a-z]+",
    "lead": "[A-Za-z0-9.]+",
    "replacement": "<EMAIL>",
}
WORDS = [f"word{number}" for number in range(2000)]


def texts(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=12)) for _ in range(count)]


def config(folder: Path, **changes: Any) -> Config:
    """A configuration that reads `folder/raw` and writes `folder/out`."""
    value = {
        "schema_version": "1.0",
        "run_id": "run-1",
        "sources": [str(folder / "raw")],
        "columns": {"text": "body", "label": "verdict"},
        "output": str(folder / "out"),
        **changes,
    }
    return read_config(json.dumps(value))


def write(folder: Path, name: str, content: str | bytes) -> None:
    """Writes a raw file as it is."""
    path = folder / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def write_csv(folder: Path, name: str, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows of body and verdict."""
    path = folder / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("body", "verdict"), *rows])


def write_jsonl(folder: Path, name: str, rows: Iterable[tuple[Any, Any]]) -> None:
    """Writes records of body and verdict."""
    records = ({"body": body, "verdict": verdict} for body, verdict in rows)
    write(folder, name, "".join(f"{json.dumps(record)}\n" for record in records))


def judged(spark: SparkSession, wanted: Config) -> list[tuple[Any, ...]]:
    """What becomes of every raw row: text, label and reason, in order."""
    files = list_files(spark, wanted, Places()).files
    rows = read_rows(spark, files, wanted).select("text", "label", "reason").collect()
    return sorted((tuple(row) for row in rows), key=repr)


def run(spark: SparkSession, wanted: Config) -> dict[str, Any]:
    """Prepares, and returns preparation.json."""
    prepare(spark, wanted, Places())
    return document(wanted, "preparation.json")


def document(wanted: Config, name: str) -> dict[str, Any]:
    """Returns a document that was written."""
    from pathlib import Path

    value: dict[str, Any] = json.loads((Path(wanted.output) / name).read_text(encoding="utf-8"))
    return value


def prepared(wanted: Config) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each split, in the order of shards and rows."""
    from pathlib import Path

    files = document(wanted, "manifest.json")["files"]
    found: dict[str, list[tuple[Any, ...]]] = {split: [] for split in SPLITS}
    for file in files:
        table = pq.read_table(Path(wanted.output) / file["path"])
        assert table.num_rows == file["rows"]
        found[file["split"]] += [tuple(row.values()) for row in table.to_pylist()]
    return found


def removed(report: dict[str, Any]) -> dict[str, int]:
    """How many rows each reason removed."""
    return {one["reason"]: one["rows"] for stage in report["stages"] for one in stage["removed"]}


SETTINGS: dict[str, Any] = {
    "labels": {"map": {"pos": "positive", "neg": "negative"}, "unmapped": "drop"},
    "filters": {"min_characters": 10},
    "near_duplicates": {"threshold": 0.8},
    "redact": ["email"],
    "patterns": [EMAIL],
    "balance": {"max_per_label": 90},
    "max_rows_per_shard": 60,
}


def write_dirty(folder: Path) -> None:
    """240 good texts of two labels, one of them three times as frequent, and all that is wrong."""
    good = texts(240, seed=1)
    spellings = ["pos", "POS ", "Positive", "neg"]
    rows = [(text, spellings[number % 4]) for number, text in enumerate(good)]
    write_csv(folder, "a.csv", [*rows[:120], *rows[:30]])
    edited = [(f"{text} indeed", label) for text, label in rows[200:210]]
    shouted = [(f"  {text.upper()}", label) for text, label in rows[210:215]]
    write_jsonl(folder, "sub/b.jsonl.gz", [*rows[120:], *edited, *shouted])
    conflict = texts(2, seed=2)
    write_jsonl(
        folder,
        "c.jsonl",
        [
            (conflict[0], "pos"), (conflict[0], "neg"),
            (conflict[1], "pos"), (f"{conflict[1]} too", "neg"),
            ("short", "pos"), ("", "pos"), (5, "pos"), (texts(1, seed=3)[0], "neutral"),
            ("write to joe.doe@example.com about " + texts(1, seed=4)[0], "neg"),
        ],
    )  # fmt: skip
    write(folder, "d.jsonl", '{"body": "half a\n{"body": "no label here"}\n{"body": "a whole text of it", "verdict": "neg"}\n')  # noqa: E501  # fmt: skip
