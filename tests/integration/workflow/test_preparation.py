"""Raw data through the whole machine, with a program that stands in for Spark's."""

import csv
import dataclasses
import functools
import io
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.preparation.options import (
    STAND_IN,
    PreparationFault,
    PreparationFaultKind,
    PreparationFaults,
    PreparationOptions,
)
from local_aws.server import EmbeddedAws, Options
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions
from tests.integration.workflow.conftest import CONFIG, PROGRAM
from tests.integration.workflow.test_stops import says_one_thing, stop_in
from tests.integration.workflow.world import World

PREPARE = """
prepare:
  engine: {engine}
  columns: {{text: body, label: kind}}
  labels: {{Good: positive, good: positive, Bad: negative, bad: negative}}
  max_vcpus: 4
  max_minutes: 300
budget: {{max_usd: 4}}
"""
# Two machines run one after the other here, and each of their functions starts anew.
PATIENCE = 400.0
# What the quick model learned is not the matter here.
TRAINED = ("succeeded", "not_promoted")
SPELLINGS = ("Good", "Bad", "good", "bad")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    options = with_own_stack(Options(time_scale=60, parameters={"Trainers": "sagemaker"}))
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    options = dataclasses.replace(
        options, training_jobs=jobs, preparation=PreparationOptions(program=STAND_IN)
    )
    with EmbeddedAws(options) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield World(aws)


def raw_csv(rows: int, labels: tuple[str, ...] = SPELLINGS) -> bytes:
    """Returns rows in other columns; every tenth is there twice."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("number", "body", "kind"))
    for number in range(rows):
        words = f"a sentence that has the number {number} and some words"
        for _ in range(2 if number % 10 == 0 else 1):
            writer.writerow((number, words, labels[number % len(labels)]))
    return text.getvalue().encode()


def start(world: World, project: str, engine: str, body: bytes | None = None) -> str:
    world.upload(f"{project}/raw.csv", body or raw_csv(600))
    return world.upload(f"{project}/run.yaml", PREPARE.format(engine=engine))


def month_of(world: World) -> dict[str, Any]:
    table = world.aws.outputs["LedgerTableName"]
    items = world.aws.client("dynamodb").scan(TableName=table)["Items"]
    return next((item for item in items if "held" in item), {})


def holds(world: World, run_id: str) -> bool:
    return run_id in month_of(world)["held"]["M"]


def active_runs(world: World) -> list[str]:
    emr = world.aws.client("emr-serverless")
    application = emr.list_applications()["applications"][0]["id"]
    listed = emr.list_job_runs(applicationId=application)["jobRuns"]
    return [one["name"] for one in listed if one["state"] not in ("SUCCESS", "FAILED", "CANCELLED")]


def faults_of(world: World) -> PreparationFaults:
    assert world.aws.programs is not None
    return world.aws.programs.faults


@pytest.mark.parametrize("engine", ["emr_serverless", "sagemaker_processing", "auto"])
def test_raw_data_is_prepared_validated_and_trained_on_in_one_run(
    world: World, project: str, engine: str
) -> None:
    ended = world.end_of(start(world, project, engine), PATIENCE)
    result = ended.result
    assert result is not None
    assert result["status"] in TRAINED, result["reason"]
    made = result["preparation"]
    assert engine in ("auto", made["engine"])
    assert (made["rows_read"], made["rows_written"]) == (660, 600)
    assert result["dataset"]["rows"] == 600
    assert set(result["dataset"]["labels"]) == {"positive", "negative"}
    assert Decimal(made["usd"]) > 0
    settled = Decimal(result["settlement"]["settled_usd"])
    both = Decimal(made["usd"]) + Decimal(result["cost"]["usd"])
    # Each figure is rounded for itself.
    assert settled == pytest.approx(both, abs=Decimal("0.00001"))
    assert settled <= Decimal(result["settlement"]["held_usd"]) == Decimal(4)
    assert not holds(world, result["run_id"])
    kept = set(world.keys(f"runs/{result['run_id']}/prep"))
    assert {"aration.html", "aration.json"} <= {key.rsplit("prep", 1)[-1] for key in kept}


def test_labels_that_the_map_leaves_over_reject_the_run_with_their_names(
    world: World, project: str
) -> None:
    # Behind what is looked at before dollars are held.
    body = raw_csv(1_500) + b"1501,a sentence at the end,so-so\r\n"
    result = world.end_of(start(world, project, "emr_serverless", body), PATIENCE).result
    assert result is not None
    assert (result["status"], result["error"]["name"]) == ("rejected", "DatasetRejectedError")
    assert "so-so" in result["reason"]
    assert Decimal(result["preparation"]["usd"]) > 0
    assert not holds(world, result["run_id"])


def test_a_label_at_the_beginning_that_the_map_lacks_is_refused_before_dollars_are_held(
    world: World, project: str
) -> None:
    body = raw_csv(600, (*SPELLINGS, "so-so"))
    result = world.end_of(start(world, project, "emr_serverless", body), PATIENCE).result
    assert result is not None
    assert result["status"] == "rejected"
    assert "so-so" in result["reason"]
    assert result["preparation"] is None
    assert not holds(world, result["run_id"])


def test_a_preparation_that_loses_its_driver_is_made_again(world: World, project: str) -> None:
    lost = PreparationFault(PreparationFaultKind.INTERNAL_ERROR, run="*-prep01")
    faults_of(world).add(lost)
    result = world.end_of(start(world, project, "emr_serverless"), PATIENCE).result
    assert result is not None
    assert result["status"] in TRAINED, result["reason"]
    assert [one["ending"] for one in result["preparation"]["attempts"]] == [
        "internal_error",
        "completed",
    ]


def test_a_preparation_that_is_stopped_at_any_state_is_cancelled_and_its_dollars_given_back(
    world: World,
) -> None:
    held = PreparationFault(PreparationFaultKind.HOLD, seconds=3600, times=99)
    faults_of(world).add(held)
    states = (
        "Plan preparation",
        "Start preparation",
        "Poll preparation",
        "Wait for the preparation",
    )

    def stop(state: str) -> str:
        version = start(world, f"prep-stop-{states.index(state)}", "emr_serverless")
        arn = world.execution_of(version)
        stop_in(world, arn, state)
        return arn

    with ThreadPoolExecutor(2) as pool:
        arns = list(pool.map(stop, states))
    for number, arn in enumerate(arns):
        says_one_thing(world, f"prep-stop-{number}", arn)
    deadline = time.monotonic() + 30
    while active_runs(world) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert active_runs(world) == []
    assert json.dumps(month_of(world)["held"]) == '{"M": {}}'
