"""The main job on real sentences, twice, with live progress.

The first upload becomes a model; the second, larger one is compared with it as the champion.
"""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from laptop import sample_data
from laptop.baseline import write_baseline
from laptop.demo_error import DemoError
from laptop.follow import Follower, Snapshot, Training
from local_aws.server import ROOT, EmbeddedAws

PROJECT = "reviews"
FILE = "reviews.csv"
RUN_YAML = ROOT / "events/demo_run.yaml"
# Waits of the machine pass five times as fast; faster, its looks at the job would cost the
# training more than they show.
TIME_SCALE = 5.0
FIRST_ROWS = 1600
SECOND_ROWS = 2600
DOCUMENTS = ("result.json", "report.html", "dataset.html", "dataset.json", "plan.json")


@dataclass
class Finished:
    """One upload that went through."""

    title: str
    rows: int
    result: dict[str, Any]
    baseline: dict[str, Any]
    seconds: float
    folder: Path


def run_demo(aws: EmbeddedAws, folder: Path, console: Console) -> None:
    """Upload, follow and report twice; leave the documents of the runs in `folder`.

    Raises:
        DemoError: a run did not succeed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _put(aws, "run.yaml", RUN_YAML.read_bytes())
    first = _one_upload(aws, "First upload", FIRST_ROWS, folder, console)
    second = _one_upload(aws, "Second upload", SECOND_ROWS, folder / "second", console)
    for finished in (first, second):
        _summarise(finished, console)
    (folder / "summary.json").write_text(
        json.dumps(
            [
                {
                    "title": f.title,
                    "rows": f.rows,
                    "seconds": round(f.seconds, 1),
                    "baseline": f.baseline,
                }
                for f in (first, second)
            ],
            indent=2,
        )
    )


def _put(aws: EmbeddedAws, name: str, body: bytes) -> str:
    put = aws.client("s3").put_object(
        Bucket=aws.outputs["DataBucketName"], Key=f"datasets/{PROJECT}/{name}", Body=body
    )
    return str(put["VersionId"])


def _one_upload(
    aws: EmbeddedAws, title: str, rows: int, folder: Path, console: Console
) -> Finished:
    console.rule(f"{title}: {rows:,} sentences of Rotten Tomatoes")
    started = time.monotonic()
    version_id = _put(aws, FILE, sample_data.reviews_csv(rows))
    console.print(f"uploaded s3://{aws.outputs['DataBucketName']}/datasets/{PROJECT}/{FILE}")
    follower = Follower(aws, aws.outputs["TrainingStateMachineArn"], version_id)
    last = _show(_with_baseline(aws, follower.snapshots()), console)
    if last.status != "SUCCEEDED" or last.run_id is None:
        raise DemoError(f"the run ended as {last.status}: {last.error}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        aws.client("s3").download_file(
            aws.outputs["ArtifactsBucketName"], f"runs/{last.run_id}/{name}", str(folder / name)
        )
    result = json.loads((folder / "result.json").read_text())
    if result["status"] not in ("succeeded", "not_promoted"):
        raise DemoError(f"the run ended as {result['status']}: {result['reason']}")
    baseline = _document(aws, last.run_id, "baseline.json")
    return Finished(title, rows, result, baseline, time.monotonic() - started, folder)


def _document(aws: EmbeddedAws, run_id: str, name: str) -> dict[str, Any]:
    body = aws.client("s3").get_object(
        Bucket=aws.outputs["ArtifactsBucketName"], Key=f"runs/{run_id}/{name}"
    )["Body"]
    document: dict[str, Any] = json.loads(body.read())
    return document


def _with_baseline(aws: EmbeddedAws, snapshots: Iterator[Snapshot]) -> Iterator[Snapshot]:
    """Fit the baseline once, as soon as the training job runs and its splits lie there."""
    fitted = False
    for snapshot in snapshots:
        if not fitted and snapshot.run_id and snapshot.training.job_name:
            write_baseline(aws.client("s3"), aws.outputs["ArtifactsBucketName"], snapshot.run_id)
            fitted = True
        yield snapshot


def _show(snapshots: Iterator[Snapshot], console: Console) -> Snapshot:
    last = None
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            for last in snapshots:
                live.update(_picture(last))
    else:
        said: list[str] = []
        for last in snapshots:
            for line in _lines(last):
                if line not in said:
                    said.append(line)
                    console.print(line, highlight=False)
    if last is None:
        raise DemoError("nothing was followed")
    return last


def _picture(snapshot: Snapshot) -> Group:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for index, (name, seconds) in enumerate(snapshot.states):
        running = snapshot.status == "RUNNING" and index == len(snapshot.states) - 1
        mark = Text("▶", "cyan") if running else Text("✓", "green")
        table.add_row(mark, name, Text(f"{seconds:.1f} s", "dim"))
    parts: list[Any] = [table]
    training = snapshot.training
    if training.job_name:
        parts.append(Text(f"   {training.job_name}  {training.secondary_status}", "dim"))
    if training.total_steps:
        bar = ProgressBar(total=training.total_steps, completed=training.step, width=40)
        row = Table.grid(padding=(0, 1))
        row.add_row("  ", bar, _progress(training))
        parts.append(row)
    return Group(*parts)


def _progress(training: Training) -> str:
    parts = [f"step {training.step}/{training.total_steps}"]
    if training.loss is not None:
        parts.append(f"loss {training.loss:.3f}")
    if training.samples_per_second is not None:
        parts.append(f"{training.samples_per_second:.0f} samples/s")
    if training.seconds_left is not None:
        parts.append(f"{training.seconds_left:.0f} s to go")
    if accuracy := training.validation.get("accuracy"):
        parts.append(f"validation accuracy {accuracy:.3f}")
    return "  ".join(parts)


def _lines(snapshot: Snapshot) -> Iterator[str]:
    """What a log gets: each state, each status of the job, and a line for each tenth of it."""
    for name, _ in snapshot.states:
        yield f"  {name}"
    training = snapshot.training
    if training.job_name:
        yield f"    {training.job_name}: {training.secondary_status}"
    tenth = training.step * 10 // training.total_steps if training.total_steps else 0
    if tenth:
        yield f"    training {tenth * 10} %" + ("" if tenth < 10 else "  " + _progress(training))
    if accuracy := training.validation.get("accuracy"):
        yield f"    validation accuracy {accuracy:.3f}"


def _summarise(finished: Finished, console: Console) -> None:
    result = finished.result
    console.rule(finished.title)
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in _facts(finished, result):
        table.add_row(Text(name, "bold"), value)
    console.print(table)


def _facts(finished: Finished, result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    splits = result["dataset"]["splits"]
    metrics, plan, cost = result["metrics"], result["plan"], result["cost"]
    yield "verdict", f"{result['status']}: {result['reason']}"
    yield "records", ", ".join(f"{name} {count:,}" for name, count in splits.items())
    yield "test accuracy", f"{metrics['accuracy']:.3f}  ({_between(metrics['intervals'])})"
    yield "baseline", f"{finished.baseline['accuracy']:.3f}  ({finished.baseline['name']})"
    if comparison := result["comparison"]:
        yield "champion", f"{comparison['champion']:.3f} on the same records"
        yield "difference", f"{comparison['difference']:+.3f}  ({_ends(comparison['interval'])})"
    yield "planned", f"at most {plan['worst_case_usd']} USD, expected {plan['expected_usd']} USD"
    yield (
        "billed",
        f"{cost['usd']} USD: this machine's seconds at the planned instance's rate; "
        "30 % of them stand in for what Spot bills",
    )
    yield "model", str(result["model_package_arn"])
    yield "took", f"{finished.seconds:.0f} s on this machine"
    for name in ("report.html", "dataset.html", "result.json"):
        path = finished.folder / name
        yield name, str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _between(intervals: dict[str, Any]) -> str:
    return f"interval {_ends(intervals['accuracy'], sign='')}"


def _ends(interval: dict[str, float], sign: str = "+") -> str:
    return f"{interval['low']:{sign}.3f} to {interval['high']:{sign}.3f}"
