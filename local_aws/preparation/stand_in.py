"""A program that stands in for the one of preparation/: no Spark, in a moment, for tests.

python stand_in.py --config URI --s3-root DIR

It reads CSV and JSON lines, maps columns and labels, removes what is empty or there already, splits
by a hash of the text, and writes Parquet, the documents and the manifest in the form of the real
one. Filters, near duplicates, conflicts, redaction and balance are not done, and the page says so.
"""

import argparse
import csv
import gzip
import hashlib
import html
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

USER_ERROR = 2
_SCHEMA = "1.0"
_SPLITS = ("train", "validation", "test")
_NOTE = "Made by the stand-in of the embedded AWS, which does not do all that the program does."


class DataProblemError(Exception):
    """The user's fault: a code, and what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Places:
    """`s3://bucket/key` is `DIR/bucket/key`."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def file(self, uri: str) -> Path:
        """Return where something lies."""
        return self._root / uri.removeprefix("s3://") if uri.startswith("s3://") else Path(uri)


def main(arguments: list[str]) -> int:
    """Return 0, or 2 where the data is at fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--s3-root", required=True)
    given = parser.parse_args(arguments)
    places = Places(given.s3_root)
    text = places.file(given.config).read_text(encoding="utf-8")
    config = json.loads(text)
    output = places.file(config["output"])
    output.mkdir(parents=True, exist_ok=True)
    try:
        _prepare(config, hashlib.sha256(text.encode()).hexdigest(), places, output)
    except DataProblemError as error:
        document = json.dumps({"code": error.code, "message": str(error)})
        (output / "error.json").write_text(document)
        sys.stderr.write(f"PREPARATION_ERROR {document}\n")
        return USER_ERROR
    return 0


def _prepare(config: Mapping[str, Any], digest: str, places: Places, output: Path) -> None:
    files = [file for source in config["sources"] for file in _files(places.file(source))]
    if not files:
        raise DataProblemError("no_files", f"{', '.join(config['sources'])}: no data file is there")
    rows: dict[tuple[str, str], dict[str, str]] = {}
    read = 0
    for file in files:
        for raw in _records(file):
            read += 1
            row = _row(raw, config, file)
            if row is not None:
                rows.setdefault((row["text"], row.get("text_pair", "")), row)
    if not rows:
        raise DataProblemError("empty", f"No row is left to train on, of {read:,} that were read.")
    splits: dict[str, list[dict[str, str]]] = {name: [] for name in _SPLITS}
    for row in rows.values():
        splits[_split(row, config)].append(row)
    written = [_write(name, splits[name], output) for name in _SPLITS if splits[name]]
    _document(config, digest, output, splits, files, read)
    manifest = {
        "schema_version": _SCHEMA,
        "run_id": config["run_id"],
        "config_sha256": digest,
        "spark_version": "none",
        "columns": list(next(iter(rows.values()))),
        "rows": {name: len(splits[name]) for name in _SPLITS},
        "files": written,
    }
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1))


def _files(place: Path) -> list[Path]:
    found = [place] if place.is_file() else sorted(place.rglob("*"))
    return [file for file in found if file.is_file() and _kind(file) is not None]


def _kind(file: Path) -> str | None:
    name = file.name.removesuffix(".gz")
    return next((kind for kind in ("csv", "jsonl") if name.endswith(f".{kind}")), None)


def _records(file: Path) -> Iterator[Mapping[str, Any]]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8", newline="") as text:
        if _kind(file) == "csv":
            yield from csv.DictReader(text)
        else:
            yield from (json.loads(line) for line in text if line.strip())


def _row(raw: Mapping[str, Any], config: Mapping[str, Any], file: Path) -> dict[str, str] | None:
    columns, labels = config["columns"], config["labels"]
    found = {}
    for name, column in columns.items():
        if column is None:
            continue
        if column not in raw:
            raise DataProblemError("columns", f"{file.name} has no column `{column}`")
        found[name] = " ".join(str(raw[column] if raw[column] is not None else "").split())
    if not found["text"] or not found["label"]:
        return None
    if found["label"] in labels["map"]:
        found["label"] = labels["map"][found["label"]]
    elif labels["unmapped"] == "drop":
        return None
    elif labels["unmapped"] == "refuse":
        raise DataProblemError(
            "unmapped_labels", f"labels.map leaves “{found['label']}” over, which is to be refused"
        )
    return found


def _split(row: Mapping[str, str], config: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(f"{config['seed']} {row['text']}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    fractions = config["split"]
    if share < fractions["test_fraction"]:
        return "test"
    held_out = fractions["test_fraction"] + fractions["validation_fraction"]
    return "validation" if share < held_out else "train"


def _write(split: str, rows: list[dict[str, str]], output: Path) -> dict[str, Any]:
    # Only where it runs: the embedded AWS itself needs none of it.
    import pyarrow
    import pyarrow.parquet

    file = output / split / "part-00000.parquet"
    file.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    size = file.stat().st_size
    return {"split": split, "path": f"{split}/{file.name}", "rows": len(rows), "bytes": size}


def _document(
    config: Mapping[str, Any],
    digest: str,
    output: Path,
    splits: Mapping[str, list[dict[str, str]]],
    files: list[Path],
    read: int,
) -> None:
    left = sum(len(rows) for rows in splits.values())
    counts = {name: Counter(row["label"] for row in splits[name]) for name in _SPLITS}
    labels = sorted({label for each in counts.values() for label in each})
    lengths = sorted(len(row["text"]) for rows in splits.values() for row in rows)
    document = {
        "schema_version": _SCHEMA,
        "run_id": config["run_id"],
        "config_sha256": digest,
        "rows_read": read,
        "rows_written": left,
        "sources": {
            "files": len(files),
            "bytes": sum(file.stat().st_size for file in files),
            "kinds": sorted({str(_kind(file)) for file in files}),
            "ignored": [],
            "ignored_files": 0,
        },
        "stages": [],
        "splits": {name: len(splits[name]) for name in _SPLITS},
        "labels": [
            {"label": label, **{name: counts[name][label] for name in _SPLITS}} for label in labels
        ],
        "characters": {"least": lengths[0], "p50": lengths[left // 2], "most": lengths[-1]},
        "notes": [_NOTE],
    }
    (output / "preparation.json").write_text(json.dumps(document, indent=1))
    (output / "index.html").write_text(
        f"<!doctype html><title>Preparation</title><p>{html.escape(_NOTE)}</p>"
        f"<p>{read:,} rows were read, {left:,} are left.</p>"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
