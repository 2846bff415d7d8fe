"""What a preparation's program leaves in its output: shards, a report, the manifest last."""

import json
from functools import cache
from typing import Any

from arro3.core import DataType

from tests.unit.evaluation.job_outputs import parquet
from tests.virtual_time.buckets import MemoryS3
from tests.virtual_time.job_runs import JobRun, error_document

_ROWS = {"train": 160, "validation": 20, "test": 40}


def finish(run: JobRun, s3: MemoryS3) -> None:
    """Writes what a run of this fate leaves."""
    arguments = run.request["jobDriver"]["sparkSubmit"]["entryPointArguments"]
    bucket, _, key = arguments[1].removeprefix("s3://").partition("/")
    config = json.loads(s3.body(bucket, key) or b"{}")
    prefix = config["output"].removeprefix(f"s3://{bucket}/")

    def put(name: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=body)

    if run.fate == "bad data":
        put("error.json", error_document())
        return
    written = {} if run.fate == "leaves no rows" else _shards()
    for name, body in written.items():
        put(name, body)
    put("preparation.json", json.dumps(_REPORT).encode())
    put("index.html", b"<!doctype html><p>A page.")
    if run.fate != "leaves no manifest":
        files = [
            {
                "split": name.split("/")[0],
                "path": name,
                "rows": _ROWS[name.split("/")[0]],
                "bytes": len(body),
            }
            for name, body in written.items()
        ]
        put("manifest.json", json.dumps({"schema_version": "1.0", "files": files}).encode())


_REPORT: dict[str, Any] = {
    "schema_version": "1.0",
    "rows_read": 260,
    "rows_written": 220,
    "stages": [{"name": "read", "rows_in": 260, "rows_out": 220, "removed": [], "changed": []}],
    "notes": [],
}


@cache
def _shards() -> dict[str, bytes]:
    return {f"{split}/part-00000.snappy.parquet": _shard(split) for split in _ROWS}


def _shard(split: str) -> bytes:
    rows: list[dict[str, Any]] = []
    for index in range(_ROWS[split]):
        word, label = ("splendid", "positive") if index % 2 else ("dreadful", "negative")
        text = f"a {word} {split} film number {index} seen in town"
        rows.append({"text": text, "label": label})
    return parquet(rows, columns={"text": DataType.utf8(), "label": DataType.utf8()})
