"""Uploads in random orders and timings, through S3, EventBridge and the machine.

6 orders in the gate; ``make test-arrivals`` draws 200. The exhaustive test of the decision itself
is tests/unit/runs/test_arrivals.py.
"""

import json
import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.workflow.world import World, csv_of

ORDERS = int(os.environ.get("THRIFTLINE_ARRIVAL_ORDERS", "6"))
SIDE_BY_SIDE = 4
# SettleSeconds is 60 and the waits of the machine pass 60 times as fast.
PAUSES = (0.0, 0.0, 0.0, 0.4, 2.0)
FILES = {
    "train.csv": csv_of(200),
    "validation.csv": csv_of(40, start=200),
    "test.csv": csv_of(60, start=240),
    "dev.csv": csv_of(40, start=300),
    "extra.csv": csv_of(60, start=340),
    "run.yaml": "hyperparameters: {epochs: 1}\n",
}
NEW_VERSION = csv_of(220, start=1000)


def upload_in_some_order(world: World, project: str, seed: int) -> list[str]:
    """Play one order, and return what was done when, for the message of a failure."""
    draw = random.Random(seed)
    steps = [*FILES, "run.yaml again", "new version", "duplicate event"]
    draw.shuffle(steps)
    # Files that come after the last run.yaml start nothing; at the end there is always one.
    steps.append("run.yaml last")
    versions: list[str] = []
    for step in steps:
        if step == "duplicate event":
            if versions:
                repeat_event(world, draw.choice(versions), f"{project}-again")
        elif step == "new version":
            versions.append(world.upload(f"{project}/train.csv", NEW_VERSION))
        else:
            name = step.split()[0]
            versions.append(world.upload(f"{project}/{name}", FILES[name]))
        pause = draw.choice(PAUSES)
        time.sleep(pause)
    return steps


def repeat_event(world: World, version: str, name: str) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if found := world.executions_of(version):
            given = world.states.describe_execution(executionArn=found[0])["input"]
            world.states.start_execution(stateMachineArn=world.machine, name=name, input=given)
            return
        time.sleep(0.1)


def wait_until_quiet(world: World) -> None:
    deadline = time.monotonic() + 60 + 10 * ORDERS
    quiet = 0
    while quiet < 3:
        running = world.states.list_executions(
            stateMachineArn=world.machine, statusFilter="RUNNING"
        )["executions"]
        quiet = 0 if running else quiet + 1
        assert time.monotonic() < deadline, [one["executionArn"] for one in running]
        time.sleep(0.5)


def runs_of(world: World, project: str) -> list[dict[str, Any]]:
    found = []
    for key in world.keys(f"runs/{project}-"):
        if key.endswith("/run.json"):
            body = world.s3.get_object(Bucket=world.artifacts, Key=key)["Body"].read()
            found.append(json.loads(body))
    return found


def test_each_version_is_trained_once_at_most_whatever_arrives_when(world: World) -> None:
    first = random.SystemRandom().randrange(10**6) if ORDERS > 6 else 1
    names = [f"order{first + n}" for n in range(ORDERS)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        steps = dict(
            zip(
                names,
                pool.map(lambda name: upload_in_some_order(world, name, int(name[5:])), names),
                strict=True,
            )
        )
    wait_until_quiet(world)
    for name in names:
        runs = runs_of(world, name)
        said = (name, steps[name], [[f["key"] for f in run["files"]] for run in runs])
        trained = [
            (file["key"].rsplit("/", 1)[-1], file["version_id"])
            for run in runs
            for file in run["files"]
            if file["split"] in (None, "train")
        ]
        assert trained, said
        assert max(Counter(trained).values()) == 1, said
        assert {file for file, _ in trained} <= {"train.csv", "extra.csv"}, said
        for run in runs:
            assert len(world.jobs_of(run["run_id"])) <= 1, said
            result = world.document(run["run_id"], "result.json")
            assert result is not None, said
            assert result["status"] in ("succeeded", "not_promoted", "rejected"), (
                said,
                result["reason"],
            )


@pytest.mark.parametrize("order", [("run.yaml", "train.csv", "dev.csv", "holdout.csv")])
def test_files_that_run_yaml_names_are_one_run(
    world: World, project: str, order: tuple[str, ...]
) -> None:
    files = {
        "run.yaml": "dataset: {validation: [dev.csv], test: [holdout.csv]}\n",
        "train.csv": csv_of(200),
        "dev.csv": csv_of(40, start=200),
        "holdout.csv": csv_of(60, start=240),
    }
    for name in order:
        world.upload(f"{project}/{name}", files[name])
    ended = world.end_of(world.upload(f"{project}/run.yaml", files["run.yaml"]))
    wait_until_quiet(world)
    assert ended.status == "SUCCEEDED"
    runs = runs_of(world, project)
    assert [[(f["key"].rsplit("/", 1)[-1], f["split"]) for f in run["files"]] for run in runs] == [
        [("train.csv", "train"), ("dev.csv", "validation"), ("holdout.csv", "test")]
    ]


def test_the_same_bytes_again_are_told_and_not_trained(world: World, project: str) -> None:
    first = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600))).result
    assert first is not None
    again = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert again.output["status"] == "duplicate"
    assert again.output["run_id"] == first["run_id"]
    assert first["run_id"] in world.message_about("the same bytes")
    world.upload(f"{project}/run.yaml", "repeat: true\n")
    third = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert third.output["status"] in ("succeeded", "not_promoted")
