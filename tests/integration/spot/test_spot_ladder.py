"""The bar of the ladder, with real trainings on the embedded AWS: ``make test-spot-ladder``.

Capacity is refused on the first rung, the second has no quota, and the third is Spot that is taken
away again and again. The run finishes with the weights of a run that nobody disturbed, to the bit,
and hardly any paid step is made twice.
"""

import dataclasses
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from laptop import sample_data, stack
from local_aws.server import ACCOUNT, EmbeddedAws, Options
from local_aws.training.options import Fault, FaultKind, TrainingOptions
from tests.integration.workflow.world import EndedExecution, World

pytestmark = pytest.mark.skipif(
    not os.environ.get("THRIFTLINE_SPOT_LADDER"),
    reason="minutes of training: make test-spot-ladder",
)

ROWS = 1200
# Seconds between two interruptions, the start of the program among them.
EVERY_SECONDS = 90
MOST_REPEATED = 0.05
LADDER = [
    {"instance_type": "ml.g6.xlarge"},
    {"instance_type": "ml.g5.2xlarge", "market": "on-demand"},
    {"instance_type": "ml.g5.xlarge"},
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    options = stack.with_own_stack(
        Options(time_scale=20, quotas={"ml.g5.2xlarge for training job usage": 0}),
        TrainingOptions(stop_grace_seconds=60, checkpoint_sync_seconds=1),
    )
    with EmbeddedAws(dataclasses.replace(options)) as aws:
        stack.upload_base_model(aws)
        yield World(aws)


def trained(world: World, project: str) -> EndedExecution:
    """Train the same rows in a project, to the end."""
    spec = {
        "hyperparameters": {"method": "finetune", "epochs": 8, "max_length": 64},
        "training": {"ladder": LADDER},
        # The other project has trained the same bytes.
        "repeat": True,
    }
    world.upload(f"{project}/run.yaml", json.dumps(spec))
    rows = [row._asdict() for row in sample_data.train_rows(ROWS)]
    body = "".join(json.dumps(row) + "\n" for row in rows)
    arn = world.execution_of(world.upload(f"{project}/reviews.jsonl", body))
    while True:
        try:
            return world.wait(arn)
        except AssertionError as error:
            if "still runs" not in str(error):
                raise


def weights_of(world: World, result: dict[str, Any]) -> bytes:
    bucket, _, key = result["reports"]["model"].removeprefix("s3://").partition("/")
    body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = archive.extractfile("model.safetensors")
        assert member is not None
        return member.read()


def lines_of(world: World, job: str) -> list[list[dict[str, Any]]]:
    """Return what the program printed on each instance of a job, in order."""
    logs = world.aws.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
    told = []
    for stream in sorted(streams, key=lambda one: str(one["logStreamName"])):
        events = logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
        told.append(
            [json.loads(one["message"]) for one in events if one["message"].startswith("{")]
        )
    return told


def steps_of(instances: list[list[dict[str, Any]]]) -> tuple[int, int]:
    """Return how many steps were paid for, and how many of these were made before."""
    paid = again = last = 0
    for lines in instances:
        begun = next((one["resumed_from_step"] for one in lines if one["event"] == "start"), None)
        if begun is None:
            continue
        again += max(0, last - begun)
        steps = [one["step"] for one in lines if one["event"] == "step"]
        last = max([begun, *steps])
        paid += last - begun
    return paid, again


def test_spot_that_is_taken_away_again_and_again_ends_with_the_same_weights(world: World) -> None:
    calm = trained(world, "calm")
    world.jobs.inject(
        Fault(FaultKind.CAPACITY, job="stormy-*-01"),
        Fault(FaultKind.INTERRUPTION, job="stormy-*-02", after_seconds=EVERY_SECONDS, times=1000),
    )
    stormy = trained(world, "stormy")

    for ended in (calm, stormy):
        assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
        assert ended.result is not None
        assert ended.result["status"] != "rejected", ended.result["reason"]
    assert calm.result is not None
    assert stormy.result is not None
    result = stormy.result
    assert [one["ending"] for one in result["attempts"]] == ["capacity", "completed"]
    assert result["attempts"][1]["rung_name"] == "1 x ml.g5.xlarge, Spot"
    interruptions = result["attempts"][1]["interruptions"]
    assert interruptions >= 2
    assert weights_of(world, calm.result) == weights_of(world, result)
    paid, again = steps_of(lines_of(world, result["attempts"][1]["job_name"]))
    sys.stdout.write(f"{interruptions} interruptions, {paid} steps paid, {again} of them again\n")
    assert paid > 0
    assert again <= MOST_REPEATED * paid
    quotas = world.aws.services.quotas.at(ACCOUNT, world.aws.region)
    assert quotas.limit("ml.g5.2xlarge for training job usage") == 0
