"""Runs climb their ladders: waits, quotas, interruptions, and the line of runs for a quota."""

import json
import time
from typing import Any

import pytest

from local_aws.server import ACCOUNT
from local_aws.services.service_quotas import QuotaStore
from local_aws.training.options import Fault, FaultKind
from tests.integration.workflow import quick_train_seeds as seeds
from tests.integration.workflow.world import PATIENCE_SECONDS, EndedExecution, World, csv_of

SPOT = {"instance_type": "ml.g6.xlarge"}
ON_DEMAND = {"instance_type": "ml.g6.xlarge", "market": "on-demand"}
POOL = "ml.g6.xlarge for spot training job usage"


def start(world: World, project: str, *ladder: dict[str, Any], seed: int = 42) -> str:
    """Upload a run with a ladder, and return its execution."""
    world.upload(f"{project}/run.yaml", json.dumps({"seed": seed, "training": {"ladder": ladder}}))
    return world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))


def quotas_of(world: World) -> QuotaStore:
    return world.aws.services.quotas.at(ACCOUNT, world.aws.region)


def result_of(ended: EndedExecution) -> dict[str, Any]:
    assert ended.result is not None, (ended.error, ended.cause)
    return ended.result


def test_a_job_that_does_not_start_in_time_is_stopped_for_the_next_rung_and_costs_nothing(
    world: World, project: str
) -> None:
    delay = Fault(FaultKind.CAPACITY_DELAY, job=f"{project}-*-01", after_seconds=600)
    world.jobs.inject(delay)
    ended = world.wait(start(world, project, SPOT | {"wait_seconds": 2}, ON_DEMAND))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    first, second = result["attempts"]
    assert (first["ending"], first["billed_usd"]) == ("out_of_rung_wait", "0")
    assert (second["ending"], second["rung_name"]) == ("completed", "1 x ml.g6.xlarge, on demand")
    assert first["started_at"] is None
    assert first["waited_seconds"] >= 2
    assert [one["outcome"] for one in result["ladder"]] == ["out_of_rung_wait", "completed"]
    page = world.page_of(result["run_id"])
    assert "out of rung wait" in page


def test_capacity_refused_and_no_quota_lead_to_the_third_rung(world: World, project: str) -> None:
    quotas = quotas_of(world)
    quotas.set("ml.g5.2xlarge for training job usage", 0)
    world.jobs.inject(Fault(FaultKind.CAPACITY, job=f"{project}-*-01"))
    second = {"instance_type": "ml.g5.2xlarge", "market": "on-demand"}
    ended = world.wait(start(world, project, SPOT, second, ON_DEMAND))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    assert [one["ending"] for one in result["attempts"]] == ["capacity", "completed"]
    plan = world.document(result["run_id"], "plan.json")
    assert plan is not None
    # It is left out before anything starts, with how to ask for it.
    (left_out,) = plan["left_out"]
    assert left_out["name"] == "1 x ml.g5.2xlarge, on demand"
    assert "request-service-quota-increase" in left_out["reason"]
    assert result["plan"]["rungs"] == ["1 x ml.g6.xlarge, Spot", "1 x ml.g6.xlarge, on demand"]


def test_a_run_without_any_quota_is_rejected_before_anything_is_spent(
    world: World, project: str
) -> None:
    quotas = quotas_of(world)
    quotas.set("ml.g4dn.2xlarge for spot training job usage", 0)
    ended = world.wait(start(world, project, {"instance_type": "ml.g4dn.2xlarge"}))

    assert ended.status == "SUCCEEDED"
    result = result_of(ended)
    assert (result["status"], result["error"]["name"]) == ("rejected", "NoQuotaError")
    assert "Ask for 1 or more in Service Quotas" in result["error"]["message"]
    assert world.jobs_of(result["run_id"]) == []


def test_a_job_that_is_interrupted_again_and_again_is_left_for_the_next_rung(
    world: World, project: str
) -> None:
    world.jobs.inject(
        Fault(FaultKind.INTERRUPTION, job=f"{project}-*-01", after_seconds=0, times=1000)
    )
    arn = start(world, project, SPOT | {"max_interruptions": 2}, ON_DEMAND)
    ended = world.wait(arn)

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    assert [one["ending"] for one in result["attempts"]] == ["interrupted", "completed"]
    assert result["attempts"][0]["interruptions"] > 2


@pytest.mark.parametrize("runs", [5, pytest.param(10, marks=pytest.mark.thorough)])
def test_runs_with_a_quota_of_two_train_in_the_order_in_which_they_came(
    world: World, project: str, runs: int
) -> None:
    quotas = quotas_of(world)
    quotas.set(POOL, 2)
    holders = [start(world, f"{project}-h{n}", SPOT, seed=seeds.RUNS_ON) for n in range(2)]
    jobs = [world.wait_for_job(arn) for arn in holders]
    waiting = []
    for number in range(runs - len(holders)):
        waiting.append(start(world, f"{project}-w{number}", SPOT))
        until_they_wait(world, number + 1)
    assert all("Wait for a turn" in world.entered(arn) for arn in waiting[:-1])
    for job in jobs:
        world.sagemaker.stop_training_job(TrainingJobName=job)

    ended = [world.wait(arn) for arn in waiting]
    for arn in holders:
        world.wait(arn)

    assert [one.status for one in ended] == ["SUCCEEDED"] * len(waiting), [
        one.cause for one in ended
    ]
    made = [world.jobs_of(result_of(one)["run_id"])[0] for one in ended]
    times = [job["CreationTime"] for job in made]
    assert times == sorted(times)
    assert all(len(result_of(one)["attempts"]) == 1 for one in ended)
    assert line_of(world) == []


def line_of(world: World) -> list[str]:
    """Return the names in the line for the quota."""
    item = world.aws.client("dynamodb").get_item(
        TableName=world.aws.outputs["RunsTableName"], Key={"run_id": {"S": f"queue#{POOL}"}}
    )
    return list(item.get("Item", {}).get("tickets", {}).get("M", {}))


def until_they_wait(world: World, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(line_of(world)) < count:
        assert time.monotonic() < deadline, f"{line_of(world)} wait"
        time.sleep(0.1)


def test_a_run_that_is_aborted_while_it_waits_leaves_the_line(world: World, project: str) -> None:
    quotas = quotas_of(world)
    quotas.set(POOL, 1)
    holder = start(world, f"{project}-h", SPOT, seed=seeds.RUNS_ON)
    job = world.wait_for_job(holder)
    arn = start(world, f"{project}-w", SPOT)
    until_they_wait(world, 1)
    world.states.stop_execution(executionArn=arn)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while line_of(world):
        assert time.monotonic() < deadline, "it still waits"
        time.sleep(0.1)
    world.sagemaker.stop_training_job(TrainingJobName=job)
    world.wait(holder)
    quotas.set(POOL, 1000)
