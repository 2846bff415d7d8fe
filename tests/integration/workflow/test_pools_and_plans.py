"""Whole runs on instances that were paid for before, and on instances that were kept warm."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.workflow.world import EndedExecution, World, csv_of

PLANNED = "ml.p4d.24xlarge"
KEPT = "ml.m5.xlarge"
# Longer than any machine takes from run to run; the clock is moved on where that is awaited.
KEPT_SECONDS = 21_600


def add_plan(world: World, name: str, ends_in: timedelta = timedelta(days=1), free: int = 1) -> str:
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-plan/{name}"
    capacity = {"InstanceType": PLANNED, "TotalInstanceCount": 1, "Status": "Active"}
    world.aws.services.training_plans.add(
        {
            "TrainingPlanArn": arn,
            "TrainingPlanName": name,
            "Status": "Active",
            "EndTime": datetime.now(UTC) + ends_in,
            "UpfrontFee": "1200.50",
            "CurrencyCode": "USD",
            "AvailableInstanceCount": free,
            "TargetResources": ["training-job"],
            "ReservedCapacitySummaries": [capacity],
        }
    )
    return arn


def train(world: World, project: str, **training: Any) -> EndedExecution:
    world.upload(f"{project}/run.yaml", json.dumps({"training": training}))
    return world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))


def test_a_run_on_a_training_plan_trains_and_is_billed_nothing_more(
    world: World, project: str
) -> None:
    arn = add_plan(world, project)

    ended = train(world, project, instance_type=PLANNED, training_plan=arn)

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.result is not None
    (job,) = world.jobs_of(ended.result["run_id"])
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ResourceConfig"]["TrainingPlanArn"] == arn
    assert ended.result["plan"]["rungs"] == [f"1 x {PLANNED}, prepaid"]
    settlement = ended.result["settlement"]
    assert (settlement["status"], Decimal(settlement["total_usd"])) == ("settled", Decimal(0))
    described = world.sagemaker.describe_training_plan(TrainingPlanName=arn)
    assert described["AvailableInstanceCount"] == 1


def test_a_plan_that_ends_in_an_hour_shortens_the_job(world: World, project: str) -> None:
    arn = add_plan(world, project, ends_in=timedelta(hours=1))

    ended = train(
        world, project, instance_type=PLANNED, training_plan=arn, max_runtime_seconds=7200
    )

    assert ended.result is not None
    (job,) = world.jobs_of(ended.result["run_id"])
    # An hour less the time to stop and to upload, and what has gone by.
    assert 2700 < job["StoppingCondition"]["MaxRuntimeInSeconds"] <= 3180
    document = world.document(ended.result["run_id"], "plan.json")
    assert document is not None
    assert any("and not 7,200" in text for text in document["warnings"])


def test_a_plan_that_is_full_refuses_the_run_and_no_job_exists(world: World, project: str) -> None:
    arn = add_plan(world, project, free=0)

    ended = train(world, project, instance_type=PLANNED, training_plan=arn)

    assert ended.result is not None
    assert ended.result["status"] == "rejected"
    assert "has 0 of its instances free now" in ended.result["reason"]
    assert world.jobs_of(ended.result["run_id"]) == []


@pytest.fixture(scope="module")
def kept_runs(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two runs of two projects, one after the other, on instances that are kept warm."""
    results = []
    for project in ("warm-first", "warm-second"):
        ended = train(
            world, project, instance_type=KEPT, spot=False, keep_alive_seconds=KEPT_SECONDS
        )
        assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
        assert ended.result is not None
        results.append(ended.result)
    first, second = results
    return first, second


def test_a_run_of_the_same_shape_takes_the_warm_instances_over(
    world: World, kept_runs: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (first,), (second,) = (world.jobs_of(one["run_id"]) for one in kept_runs)

    assert first["WarmPoolStatus"]["Status"] == "Reused"
    assert first["WarmPoolStatus"]["ReusedByJob"] == second["TrainingJobName"]


def test_a_run_stays_held_while_its_pool_waits_and_is_then_settled_with_it(
    world: World, kept_runs: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _, result = kept_runs
    plan = world.document(result["run_id"], "plan.json")
    assert plan is not None
    assert Decimal(plan["rungs"][0]["fixed_usd"]) > 0
    assert result["settlement"]["status"] == "kept"

    assert settle(world, result)["status"] == "kept"
    world.aws.clock.advance(timedelta(seconds=KEPT_SECONDS + 1))
    settled = settle(world, result)

    assert settled["status"] == "settled"
    (job,) = world.jobs_of(result["run_id"])
    assert job["WarmPoolStatus"]["ResourceRetainedBillableTimeInSeconds"] == KEPT_SECONDS
    rate = Decimal(plan["rungs"][0]["rate"]["usd"])
    seconds = job["BillableTimeInSeconds"] + KEPT_SECONDS
    instances = rate * seconds / 3600
    assert instances < Decimal(str(settled["settled_usd"])) < instances * Decimal("1.1")


def settle(world: World, result: dict[str, Any]) -> dict[str, Any]:
    """Invoke the state's function once more."""
    functions = world.aws.client("lambda")
    (name,) = [
        one["FunctionName"]
        for one in functions.list_functions()["Functions"]
        if "-SettleBudgetFunction-" in one["FunctionName"]
    ]
    request = {
        "run_id": result["run_id"],
        "upload": result["upload"],
        "execution_arn": result["execution_arn"],
    }
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(request).encode())
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body
