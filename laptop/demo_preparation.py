"""Raw data on this machine: the same dirty file trained as it is, and after a preparation on Spark.

The sentences lie in other columns, with every spelling of the labels, copies that differ in a word,
some of them mislabelled, addresses, and one class four times the other. Once somebody renames the
columns and the labels, which is the least that a training takes; once run.yaml says `prepare:`.
Both models then answer the same clean sentences, which neither has seen.
"""

import json
import shutil
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from ruamel.yaml import YAML

from laptop import dirty_data, sample_data
from laptop.demo_error import DemoError
from laptop.demo_progress import show
from laptop.follow import Follower, execution_of
from laptop.held_out_accuracy import accuracy_of
from laptop.run_documents import leave_documents
from laptop.sample_data import Row
from local_aws.preparation.options import SPARK_PYTHON
from local_aws.server import ROOT, EmbeddedAws

RUN_YAML = ROOT / "events/demo_prepare.yaml"
# Waits of the machine pass ten times as fast: most of the time is Spark's and the training's.
TIME_SCALE = 10.0
SENTENCES = 2000
HELD_OUT = 400
DOCUMENTS = ("result.json", "report.html", "preparation.html", "preparation.json", "plan.json")


@dataclass(frozen=True)
class Trained:
    """One way through, its result, and how its model answers the clean sentences."""

    title: str
    result: dict[str, Any]
    accuracy: float
    seconds: float


def require_spark() -> None:
    """Check that there is a Spark to prepare with.

    Raises:
        DemoError: its environment is missing.
    """
    if not SPARK_PYTHON.exists():
        raise DemoError(f"{SPARK_PYTHON.relative_to(ROOT)} is missing: run make setup-preparation")


def run_demo(aws: EmbeddedAws, folder: Path, console: Console) -> None:
    """Train on the dirty file both ways; leave the documents of the runs in `folder`.

    Raises:
        DemoError: a run did not end with a model, or the preparation made it worse.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    dirty = dirty_data.dirty_rows(sample_data.train_rows(SENTENCES))
    held_out = sample_data.held_out_rows(HELD_OUT)
    _describe(dirty, console)
    naive = _train(
        aws,
        "As it is, with columns and labels renamed",
        "renamed",
        {"reviews.csv": sample_data.as_csv(dirty), "run.yaml": _without_preparation()},
        held_out,
        folder / "renamed",
        console,
    )
    console.rule("run.yaml of the other run, beside the raw file")
    console.print(escape(RUN_YAML.read_text().strip()), highlight=False)
    prepared = _train(
        aws,
        "After a preparation",
        "prepared",
        {"raw.csv": dirty_data.as_raw_csv(dirty), "run.yaml": RUN_YAML.read_bytes()},
        held_out,
        folder,
        console,
    )
    _summarise((naive, prepared), folder, console)
    if prepared.accuracy < naive.accuracy:
        raise DemoError("the preparation made the model worse")


def _without_preparation() -> bytes:
    """Return the same run.yaml without its first section, so that both train alike."""
    document = YAML(typ="safe").load(RUN_YAML.read_text())
    del document["prepare"]
    return json.dumps(document).encode()


def _describe(dirty: Sequence[Row], console: Console) -> None:
    positive = sum(row.label == "positive" for row in dirty)
    addresses = sum("@example.com" in row.text for row in dirty)
    console.print(
        f"{len(dirty):,} raw rows: {positive:,} positive in "
        f"{len(dirty_data.SPELLINGS['positive'])} spellings, {len(dirty) - positive:,} negative, "
        f"copies that differ in a word, some of them mislabelled, {addresses} addresses.",
        highlight=False,
    )


def _train(
    aws: EmbeddedAws,
    title: str,
    project: str,
    files: dict[str, bytes],
    held_out: Sequence[Row],
    place: Path,
    console: Console,
) -> Trained:
    console.rule(title)
    started = time.monotonic()
    versions = {name: _put(aws, f"datasets/{project}/{name}", body) for name, body in files.items()}
    # run.yaml, which comes last, starts the run of raw data; a whole file starts by itself.
    first = "run.yaml" if "raw.csv" in files else "reviews.csv"
    arn = execution_of(aws, aws.outputs["TrainingStateMachineArn"], versions[first])
    last = show(Follower(aws, arn).snapshots(), console)
    if last.run_id is None:
        raise DemoError(f"the run ended as {last.status}: {last.error}")
    if "result.json" not in leave_documents(aws, last.run_id, DOCUMENTS, place):
        raise DemoError(f"the run ended as {last.status} without a result: {last.error}")
    result: dict[str, Any] = json.loads((place / "result.json").read_text())
    console.print(f"[bold]{result['status']}[/bold]: {escape(result['reason'])}", highlight=False)
    if result["reports"]["model"] is None:
        raise DemoError(f"the run ended as {result['status']}: {result['reason']}")
    accuracy = _accuracy(aws, result["reports"]["model"], held_out)
    return Trained(title, result, accuracy, time.monotonic() - started)


def _put(aws: EmbeddedAws, key: str, body: bytes) -> str:
    bucket = aws.outputs["DataBucketName"]
    return str(aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


def _accuracy(aws: EmbeddedAws, model_uri: str, rows: Sequence[Row]) -> float:
    bucket, _, key = model_uri.removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "model.tar.gz"
        aws.client("s3").download_file(bucket, key, str(packed))
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        return accuracy_of(Path(folder), rows)


def _summarise(trained: Sequence[Trained], folder: Path, console: Console) -> None:
    console.rule(f"Both models on the same {HELD_OUT} clean sentences")
    table = Table(box=None, padding=(0, 1))
    for name in ("way", "rows", "its own test says", "clean sentences", "USD", "seconds"):
        table.add_column(name, justify="left" if name == "way" else "right")
    for one in trained:
        table.add_row(one.title, *_figures(one))
    console.print(table)
    console.print(
        "The test of the renamed file is of the file's own kind: copies of what the model was "
        "trained on, and mostly one label.",
        highlight=False,
    )
    summary = [
        {
            "title": one.title,
            "accuracy": round(one.accuracy, 4),
            "own_test_accuracy": one.result["metrics"]["accuracy"],
            "usd": _dollars(one.result),
            "seconds": round(one.seconds, 1),
        }
        for one in trained
    ]
    (folder / "summary.json").write_text(json.dumps(summary, indent=2))
    for name in ("report.html", "preparation.html", "result.json"):
        path = folder / name
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        console.print(f"[bold]{name}[/bold]  {shown}", highlight=False)


def _figures(one: Trained) -> tuple[str, ...]:
    dataset = one.result["dataset"]
    return (
        f"{dataset['rows']:,}",
        f"{one.result['metrics']['accuracy']:.3f}",
        f"{one.accuracy:.3f}",
        f"{_dollars(one.result):.4f}",
        f"{one.seconds:.0f}",
    )


def _dollars(result: dict[str, Any]) -> float:
    preparation = (result.get("preparation") or {}).get("usd") or 0
    return float(result["cost"]["usd"] or 0) + float(preparation)
