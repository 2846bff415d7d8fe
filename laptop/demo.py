"""The main job on real sentences, as a story of four uploads, with live progress.

A file with mistakes is rejected before anything is spent; a small one gives the first model; one
whose labels were sorted apart from their texts is trained and not promoted; a larger one is.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from laptop import demo_money, kept_demo, page, sample_data
from laptop.demo_error import DemoError
from laptop.demo_progress import show
from laptop.follow import Follower, Snapshot, execution_of
from laptop.run_documents import leave_documents
from laptop.sample_data import Row
from local_aws.server import ROOT, EmbeddedAws

PROJECT = "reviews"
RUN_YAML = ROOT / "events/demo_run.yaml"
# Waits of the machine pass five times as fast; faster, its looks at the job would cost the
# training more than they show.
TIME_SCALE = 5.0
FIRST_ROWS = 400
LAST_ROWS = 1200
VALIDATION_ROWS = 100
TEST_ROWS = 600
# States that a run enters when its plan is written.
_PLANNED = frozenset({"Reserve budget", "Prepare splits", "Start training"})
DOCUMENTS = ("result.json", "report.html", "dataset.html", "dataset.json", "plan.json")
SAME_TEST = (
    f"The champion never trained on these test records: test.csv holds the same {TEST_ROWS} "
    "sentences for every upload, and no train.csv has one of them."
)


@dataclass(frozen=True)
class Upload:
    """One version of train.csv, what happened to it, and how its run has to end."""

    title: str
    story: str
    rows: Sequence[Row]
    ending: str
    folder: str


@dataclass(frozen=True)
class FinishedUpload:
    """One upload that went through."""

    upload: Upload
    result: dict[str, Any]
    seconds: float
    folder: Path


def uploads() -> list[Upload]:
    """Return the story, in order.

    Raises:
        SampleDataError: the package of sentences is not installed.
    """
    first = sample_data.train_rows(FIRST_ROWS)
    return [
        Upload(
            "A file with mistakes",
            "Three labels are missing. Nothing may be spent on it.",
            sample_data.with_mistakes(first),
            "rejected",
            "1-mistakes",
        ),
        Upload(
            "The first model",
            "The labels are there. No model is in use yet.",
            first,
            "succeeded",
            "2-first",
        ),
        Upload(
            "The wrong labels",
            "Somebody sorted the label column alone: no check of the file can see that.",
            sample_data.with_sorted_labels(first),
            "not_promoted",
            "3-wrong-labels",
        ),
        Upload(
            "A better model",
            f"{LAST_ROWS - FIRST_ROWS:,} sentences more, with their own labels.",
            sample_data.train_rows(LAST_ROWS),
            "succeeded",
            ".",
        ),
    ]


def run_demo(aws: EmbeddedAws, folder: Path, console: Console) -> None:
    """Upload, follow and report; leave the documents of the runs in `folder`.

    Raises:
        DemoError: a run did not end as it should.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    validation_and_test = sample_data.held_out_rows(VALIDATION_ROWS + TEST_ROWS)
    put(aws, "validation.csv", sample_data.as_csv(validation_and_test[:VALIDATION_ROWS]))
    put(aws, "test.csv", sample_data.as_csv(validation_and_test[VALIDATION_ROWS:]))
    console.rule("run.yaml, beside the data; every key is optional")
    console.print(escape(RUN_YAML.read_text().strip()), highlight=False)
    finished = [one_upload(aws, each, folder, console) for each in uploads()]
    _summarise(finished, console)
    summary = [
        {
            "title": each.upload.title,
            "rows": len(each.upload.rows),
            "status": each.result["status"],
            "seconds": round(each.seconds, 1),
            "baselines": each.result["baselines"],
        }
        for each in finished
    ]
    (folder / "summary.json").write_text(json.dumps(summary, indent=2))
    kept_demo.keep(aws, folder / page.KEPT)
    for line in page_lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def page_lines() -> list[str]:
    """Return how the page of these runs is opened."""
    return [
        "page  make ui shows these runs, their dollars and charts in a browser, at",
        f"      {page.address()}",
    ]


def put(aws: EmbeddedAws, name: str, body: bytes) -> str:
    """Upload a file to the project's folder; return its version."""
    put = aws.client("s3").put_object(
        Bucket=aws.outputs["DataBucketName"], Key=f"datasets/{PROJECT}/{name}", Body=body
    )
    return str(put["VersionId"])


def one_upload(
    aws: EmbeddedAws, upload: Upload, folder: Path, console: Console, run_yaml: Path = RUN_YAML
) -> FinishedUpload:
    """Upload one version of train.csv and follow its run to the end that it has to have.

    Raises:
        DemoError: it did not end so.
    """
    console.rule(f"{upload.title}: train.csv with {len(upload.rows):,} sentences")
    console.print(upload.story, highlight=False)
    started = time.monotonic()
    put(aws, "train.csv", sample_data.as_csv(upload.rows))
    # The last file of a data set starts its run.
    version_id = put(aws, "run.yaml", run_yaml.read_bytes())
    arn = execution_of(aws, aws.outputs["TrainingStateMachineArn"], version_id)
    last = show(_with_plan(Follower(aws, arn).snapshots(), aws, console), console)
    if last.status != "SUCCEEDED" or last.run_id is None:
        raise DemoError(f"the run ended as {last.status}: {last.error}")
    place = folder / upload.folder
    leave_documents(aws, last.run_id, DOCUMENTS, place)
    result = json.loads((place / "result.json").read_text())
    console.print(f"[bold]{result['status']}[/bold]: {escape(result['reason'])}", highlight=False)
    if result["settlement"] and result["attempts"]:
        demo_money.show_settlement(result["settlement"], console)
    if result["status"] != upload.ending:
        raise DemoError(f"the run ended as {result['status']}, not as {upload.ending}")
    return FinishedUpload(upload, result, time.monotonic() - started, place)


def _with_plan(
    snapshots: Iterator[Snapshot], aws: EmbeddedAws, console: Console
) -> Iterator[Snapshot]:
    """Show the plan as soon as there is one, which is before anything trains."""
    shown = False
    for snapshot in snapshots:
        if not shown and any(name in _PLANNED for name, _ in snapshot.states):
            shown = True
            document = aws.client("s3").get_object(
                Bucket=aws.outputs["ArtifactsBucketName"], Key=f"runs/{snapshot.run_id}/plan.json"
            )
            demo_money.show_plan(json.loads(document["Body"].read()), console)
        yield snapshot


def _summarise(finished: Sequence[FinishedUpload], console: Console) -> None:
    console.rule("What happened")
    table = Table(box=None, padding=(0, 1))
    for name in ("upload", "ended as"):
        table.add_column(name, overflow="fold")
    for name in ("accuracy", "in use", "baseline", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in finished:
        table.add_row(each.upload.title, each.result["status"], *_figures(each.result))
    console.print(table)
    console.print(SAME_TEST, highlight=False)
    console.print(
        "Dollars are this machine's seconds at the planned instance's rate; 30 % of them stand in "
        "for what Spot bills.",
        highlight=False,
    )
    last = finished[-1]
    for name, value in _facts(last):
        console.print(Text.assemble((f"{name}  ", "bold"), value), highlight=False)


def _figures(result: dict[str, Any]) -> Iterator[str]:
    metrics, comparison, baselines = result["metrics"], result["comparison"], result["baselines"]
    yield f"{metrics['accuracy']:.3f}" if metrics else "-"
    yield f"{comparison['champion']:.3f}" if comparison else "-"
    yield f"{max(each['value'] for each in baselines):.3f}" if baselines else "-"
    yield str(result["cost"]["usd"]) if metrics else "0.00"


def _facts(finished: FinishedUpload) -> Iterator[tuple[str, str]]:
    result = finished.result
    if plan := result["plan"]:
        planned = f"at most {plan['worst_case_usd']} USD, expected {plan['expected_usd']} USD"
        yield "planned", planned
    if comparison := result["comparison"]:
        ends = f"{comparison['interval']['low']:+.3f} to {comparison['interval']['high']:+.3f}"
        yield "difference", f"{comparison['difference']:+.3f} ({ends})"
    yield "model", str(result["model_package_arn"])
    yield "took", f"{finished.seconds:.0f} s on this machine"
    for name in ("report.html", "dataset.html", "result.json"):
        path = finished.folder / name
        yield name, str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
