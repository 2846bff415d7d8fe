"""Another way to train runs through the whole workflow: the machine and the steps know no trainer.

What it takes is the folder ``memory`` beside this file and one line of the registry.
"""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.workflow.world import EndedExecution, World, csv_of

SPEC = json.dumps({"trainer": "memory"})


def run(world: World, project: str, *script: dict[str, Any], spec: str = SPEC) -> EndedExecution:
    """Uploads a data set whose attempts end as the script says, and waits for the run's end."""
    return world.end_of(start(world, project, *script, spec=spec))


def start(world: World, project: str, *script: dict[str, Any], spec: str = SPEC) -> str:
    world.s3.put_object(
        Bucket=world.artifacts,
        Key=f"memory_trainer/{project}.json",
        Body=json.dumps(script).encode(),
    )
    world.upload(f"{project}/run.yaml", spec)
    return world.upload(f"{project}/reviews.csv", csv_of(600))


def result_of(ended: EndedExecution) -> dict[str, Any]:
    assert ended.result is not None, (ended.error, ended.cause)
    return ended.result


def test_a_run_is_quoted_trained_evaluated_and_registered(world: World, project: str) -> None:
    ended = run(world, project, {"ending": "completed", "billed_usd": "0.25", "looks": 3})

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    assert result["status"] == "succeeded"
    assert result["metrics"]["accuracy"] > 0.95
    plan = result["plan"]
    assert (plan["trainer"], plan["rungs"]) == ("memory", ["small", "large"])
    assert (plan["worst_case_usd"], plan["instance_type"], plan["spot"]) == ("2", None, None)
    assert result["cost"]["usd"] == "0.25"
    assert result["reports"]["model"].endswith("/words.json")
    package = world.sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"] == "memory:1"
    # The workflow asked SageMaker for no training.
    assert world.jobs_of(result["run_id"]) == []
    assert "memory" in world.page_of(result["run_id"])


def test_the_next_attempt_is_made_on_the_next_rung_with_what_is_left(
    world: World, project: str
) -> None:
    ended = run(
        world,
        project,
        {"ending": "capacity", "billed_usd": "0.40"},
        {"ending": "interrupted", "billed_usd": "0.90"},
        {"ending": "completed", "billed_usd": "0.60"},
    )

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    assert [one["secondary_status"] for one in result["attempts"]] == ["small", "large", "large"]
    # The allowance is 2 USD, the dearest rung in full; the small one costs 0.50 at the most.
    limits = [world.attempt_of(result["run_id"], n)["limit_usd"]["S"] for n in (1, 2, 3)]
    assert [Decimal(limit) for limit in limits] == [
        Decimal("0.50"),
        Decimal("1.60"),
        Decimal("0.70"),
    ]
    assert result["cost"]["usd"] == "1.9"


def test_an_allowance_that_is_spent_ends_the_run_whatever_attempts_are_left(
    world: World, project: str
) -> None:
    ended = run(
        world,
        project,
        {"ending": "capacity", "billed_usd": "0.45"},
        {"ending": "capacity", "billed_usd": "1.50"},
    )

    assert (ended.status, ended.error) == ("FAILED", "AllowanceSpentError")
    result = result_of(ended)
    assert result["error"]["state"] == "Start training"
    assert len(result["attempts"]) == 2
    assert result["cost"]["usd"] == "1.95"


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        ("user_error", "TrainingFailedError"),
        ("out_of_run_time_with_checkpoint", "OutOfRunTimeError"),
        ("unknown_failure", "TrainingFailedError"),
    ],
)
def test_an_ending_that_no_attempt_can_mend_is_the_runs_ending(
    world: World, project: str, ending: str, error: str
) -> None:
    ended = run(world, project, {"ending": ending})

    assert (ended.status, ended.error) == ("FAILED", error)
    result = result_of(ended)
    assert result["error"]["state"] == "Poll training"
    assert result["error"]["message"].startswith("The memory said so on the small rung.")
    assert [one["ending"] for one in result["attempts"]] == [ending]
    assert world.keys(f"scratch/{result['run_id']}/") == []


@pytest.mark.parametrize(
    ("ending", "rungs"),
    [
        ("capacity", ["small", "large", "large"]),
        ("internal_error", ["small", "small", "large"]),
        ("out_of_wait_time", ["small", "large"]),
        ("quota", ["small", "large"]),
    ],
)
def test_a_ladder_that_is_exhausted_ends_the_run_with_what_became_of_each_rung(
    world: World, project: str, ending: str, rungs: list[str]
) -> None:
    ended = run(world, project, {"ending": ending})

    assert (ended.status, ended.error) == ("FAILED", "LadderExhaustedError")
    result = result_of(ended)
    assert [one["rung_name"] for one in result["attempts"]] == rungs
    assert [one["name"] for one in result["ladder"]] == ["small", "large"]
    assert {one["outcome"] for one in result["ladder"]} == {ending}
    message = result["error"]["message"].splitlines()
    assert message[0].startswith(f"No rung of the ladder is left after {len(rungs)} attempts")
    assert message[1].startswith("1. small: attempt 1")
    assert ended.states.count("Start training") == len(rungs) + 1


def test_an_execution_that_is_aborted_stops_the_attempt(world: World, project: str) -> None:
    arn = world.execution_of(start(world, project, {"ending": None}))
    deadline = time.monotonic() + 60
    while "Poll training" not in world.entered(arn) and time.monotonic() < deadline:
        time.sleep(0.05)
    world.states.stop_execution(executionArn=arn)
    while world.result_of(arn) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    result = world.result_of(arn)

    assert result is not None
    assert [one["ending"] for one in result["attempts"]] == ["stopped"]
    assert result["cost"]["usd"] == "0.01"


def test_a_trainer_that_is_not_registered_is_refused_with_those_that_are(
    world: World, project: str
) -> None:
    # It is refused where the file is read.
    ended = world.end_of(world.upload(f"{project}/run.yaml", json.dumps({"trainer": "memmory"})))

    result = result_of(ended)
    assert result["status"] == "rejected"
    assert "memmory" in result["error"]["message"]
    assert "memory or sagemaker" in result["error"]["message"]
    assert result["attempts"] == []
