"""The way through Bedrock on this machine: a real small model, as it is and fine-tuned.

Two uploads: the first model of a project, and one that learned from more sentences and takes its
place behind the same deployment. At the end everything is taken away, and what is left is listed.
"""

import dataclasses
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from laptop import demo_bedrock_tables as tables
from laptop import demo_money, sample_data
from laptop.demo_bedrock_services import Region, phase_of_attempt
from laptop.demo_error import DemoError
from laptop.demo_progress import show
from laptop.follow import Follower, Snapshot, Training, execution_of
from laptop.run_documents import leave_documents
from laptop.sample_data import Row
from local_aws.generative import smollm2_weights
from local_aws.options import ROOT
from local_aws.server import EmbeddedAws

PROJECT = "reviews"
RUN_YAML = ROOT / "events/demo_bedrock_run.yaml"
TIME_SCALE = 10.0
FIRST_ROWS = 120
LAST_ROWS = 600
VALIDATION_ROWS = 40
TEST_ROWS = 200
REGIONS = ("us-east-1", "us-west-2")
ASKED = "A warm, funny film with a heart ."
PROMOTED = (
    "The second model took the first one's place behind the same ARN. The first stays for the way "
    "back, at 1.95 USD a month on AWS."
)
DOCUMENTS = ("result.json", "report.html", "plan.json", "evaluation.json", "model.json")
_PLANNED = frozenset({"Reserve budget", "Prepare splits", "Start training"})


def require_small_model() -> None:
    """Stop where the model is not installed.

    Raises:
        DemoError: it is not.
    """
    if not smollm2_weights.is_installed():
        raise DemoError(f"{smollm2_weights.NAME} is not installed: run make setup-bedrock (93 MB)")


def run_demo(aws: EmbeddedAws, folder: Path, console: Console) -> None:
    """Train twice, ask the deployment, take everything away; leave the documents in `folder`.

    Raises:
        DemoError: a run did not end as it should, or something is left.
    """
    shutil.rmtree(folder, ignore_errors=True)
    held_out = sample_data.held_out_rows(VALIDATION_ROWS + TEST_ROWS)
    _put(aws, "validation.csv", sample_data.as_csv(held_out[:VALIDATION_ROWS]))
    _put(aws, "test.csv", sample_data.as_csv(held_out[VALIDATION_ROWS:]))
    console.rule("run.yaml, beside the data")
    console.print(escape(RUN_YAML.read_text().strip()), highlight=False)
    region = Region(aws, REGIONS[0])
    deployments = set()
    for rows, title in ((FIRST_ROWS, "The first model"), (LAST_ROWS, "More sentences")):
        console.rule(f"{title}: train.csv with {rows} sentences")
        place = folder / str(rows)
        _one_upload(aws, sample_data.train_rows(rows), place, console)
        console.print()
        console.print(f"What {PROJECT} has now", style="bold")
        tables.show_left([region], console)
        model = json.loads((place / "model.json").read_text())
        deployments.add(model["deployment_arn"])
        console.print(
            f"{model['model_uri']}\nanswers behind {model['deployment_arn']}", highlight=False
        )
        said = region.ask(model["deployment_arn"], model["terms"], ASKED)
        console.print(f"Asked of its deployment: {ASKED!r} → {said!r}", highlight=False)
    if len(deployments) != 1:
        raise DemoError(f"the deployment's ARN changed: {', '.join(sorted(deployments))}")
    console.print(PROMOTED, highlight=False)
    console.rule("Teardown: deployments, then custom models")
    region.take_away()
    regions = [Region(aws, name) for name in REGIONS]
    tables.show_left(regions, console)
    if any(one.left() for one in regions):
        raise DemoError("something is left that costs")
    console.print(f"Documents: {folder}", highlight=False)


def _one_upload(aws: EmbeddedAws, rows: Sequence[Row], folder: Path, console: Console) -> None:
    started = time.monotonic()
    _put(aws, "train.csv", sample_data.as_csv(rows))
    # The last file of a data set starts its run.
    version_id = _put(aws, "run.yaml", RUN_YAML.read_bytes())
    arn = execution_of(aws, aws.outputs["TrainingStateMachineArn"], version_id)
    last = show(_with_phases(Follower(aws, arn).snapshots(), aws, console), console)
    if last.status != "SUCCEEDED" or last.run_id is None:
        raise DemoError(f"the run ended as {last.status}: {last.error}")
    result = _document(aws, last.run_id, "result.json")
    console.print(f"[bold]{result['status']}[/bold]: {escape(result['reason'])}", highlight=False)
    if result["status"] != "succeeded":
        raise DemoError(f"the run ended as {result['status']}: {result['reason']}")
    leave_documents(aws, last.run_id, DOCUMENTS, folder)
    evaluation = json.loads((folder / "evaluation.json").read_text())
    tables.show_curve(evaluation["training"]["curve"], console)
    tables.show_evaluation(evaluation, console)
    demo_money.show_settlement(result["settlement"], console)
    console.print(f"took {time.monotonic() - started:.0f} s on this machine", highlight=False)


def _with_phases(
    snapshots: Iterator[Snapshot], aws: EmbeddedAws, console: Console
) -> Iterator[Snapshot]:
    """Show the plan as soon as there is one, and the attempt's phase in each snapshot."""
    shown = False
    for snapshot in snapshots:
        if not shown and any(name in _PLANNED for name, _ in snapshot.states):
            shown = True
            demo_money.show_plan(_document(aws, snapshot.run_id, "plan.json"), console)
        phase = phase_of_attempt(aws, snapshot.run_id) if snapshot.run_id else None
        if phase is not None:
            training = Training(job_name=phase.job_name, secondary_status=phase.name)
            snapshot = dataclasses.replace(snapshot, training=training)
        yield snapshot


def _put(aws: EmbeddedAws, name: str, body: bytes) -> str:
    put = aws.client("s3").put_object(
        Bucket=aws.outputs["DataBucketName"], Key=f"datasets/{PROJECT}/{name}", Body=body
    )
    return str(put["VersionId"])


def _document(aws: EmbeddedAws, run_id: str | None, name: str) -> Any:
    found = aws.client("s3").get_object(
        Bucket=aws.outputs["ArtifactsBucketName"], Key=f"runs/{run_id}/{name}"
    )
    return json.loads(found["Body"].read())
