"""Stops at any state, failures that no Catch gets: registry, result and message agree."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest

from tests.integration.workflow.test_endings import SCHEMA
from tests.integration.workflow.world import World, csv_of

# Before the run exists, before it holds dollars, while a job runs, and as it ends.
STATES = ("Open run", "Reserve budget", "Poll training", "Register model", "Publish result")
# With make test-thorough. In virtual time a run is stopped in any state (tests/virtual_time).
OTHER_STATES = (
    "Validate dataset",
    "Plan run",
    "Prepare splits",
    "Start training",
    "Evaluate",
    "Clean up",
    "Settle budget",
)
PATIENCE_SECONDS = 120
# What came out of the mailbox so far.
MESSAGES: list[dict[str, Any]] = []
# What each ending leaves in the registry, if it leaves anything.
STATUSES = {
    "succeeded": {"Approved", "PendingManualApproval"},
    "not_promoted": {"Rejected"},
    "failed": {"Rejected"},
    "rejected": set(),
}


@pytest.mark.parametrize(
    "states", [STATES, pytest.param(OTHER_STATES, marks=pytest.mark.thorough)], ids=["few", "rest"]
)
def test_a_stop_at_any_state_leaves_one_story(world: World, states: tuple[str, ...]) -> None:
    def stop(state: str) -> str:
        project = f"stop-{state.replace(' ', '-')}"
        arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
        stop_in(world, arn, state)
        return arn

    with ThreadPoolExecutor(3) as pool:
        arns = list(pool.map(stop, states))
    for state, arn in zip(states, arns, strict=True):
        says_one_thing(world, f"stop-{state.replace(' ', '-')}", arn)


def test_an_execution_that_could_not_publish_is_published_afterwards(
    world: World, project: str
) -> None:
    world.fail("events", "PutEvents", "AccessDeniedException", 400, times=1)
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    world.aws.faults.clear()
    assert (ended.status, ended.error) == ("FAILED", "AccessDeniedError")
    says_one_thing(world, project, ended.arn)
    result = world.result_of(ended.arn)
    assert result is not None
    # The ending was decided before the message failed.
    assert result["status"] == "succeeded"


def test_what_a_failed_execution_announced_is_not_announced_again(
    world: World, project: str
) -> None:
    body = "seed: 1\nhyperparameters:\n  epochs: 1\n"
    world.upload(f"{project}/run.yaml", body)
    world.fail("sagemaker", "CreateTrainingJob", "AccessDeniedException", 403, times=1)
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    world.aws.faults.clear()
    assert ended.status == "FAILED"
    before = world.result_of(ended.arn)
    says_one_thing(world, project, ended.arn)
    assert world.result_of(ended.arn) == before


def stop_in(world: World, arn: str, state: str) -> None:
    """Stop an execution as soon as it has entered a state, or let it end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status = world.states.describe_execution(executionArn=arn)["status"]
        if status != "RUNNING":
            return
        if state in world.entered(arn):
            world.states.stop_execution(executionArn=arn)
            return
        time.sleep(0.01)
    raise AssertionError(f"{arn} never came to {state}")


def says_one_thing(world: World, project: str, arn: str) -> None:
    ended = world.states.describe_execution(executionArn=arn)["status"]
    if ended != "SUCCEEDED":
        wait_for_sweeper(world, arn)
    result = world.result_of(arn)
    assert result is not None
    jsonschema.validate(result, SCHEMA)
    statuses = statuses_of(world, project)
    assert set(statuses) <= STATUSES[result["status"]], (result["status"], statuses)
    if result["status"] == "succeeded":
        assert statuses
    told = messages_about(world, result["run_id"])
    words = {"succeeded": "succeeded", "failed": "failed", "not_promoted": "not promoted"}
    # A function outlives its execution, here for longer than the scaled waits of the machine: the
    # same may be told twice, never two things.
    assert {words[result["status"]] in subject for subject in told} == {True}, told
    assert world.keys(f"scratch/{result['run_id']}/") == []
    assert world.keys(f"checkpoints/{result['run_id']}/") == []
    for job in world.jobs_of(result["run_id"]):
        assert job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")


def wait_for_sweeper(world: World, arn: str) -> None:
    """Wait until the machine for what is left behind has ended."""
    machines = world.states.list_state_machines()["stateMachines"]
    machine = next(one for one in machines if "AbandonedRun" in one["name"])["stateMachineArn"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for execution in world.states.list_executions(stateMachineArn=machine)["executions"]:
            found = world.states.describe_execution(executionArn=execution["executionArn"])
            if json.loads(found["input"])["detail"]["executionArn"] != arn:
                continue
            if found["status"] != "RUNNING":
                assert found["status"] == "SUCCEEDED", found
                return
        time.sleep(0.1)
    raise AssertionError("nobody tidied up")


def statuses_of(world: World, project: str) -> list[str]:
    groups = world.sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    name = f"thriftline-{project}"
    if name not in [group["ModelPackageGroupName"] for group in groups]:
        return []
    listed = world.sagemaker.list_model_packages(ModelPackageGroupName=name)
    return [one["ModelApprovalStatus"] for one in listed["ModelPackageSummaryList"]]


def messages_about(world: World, run_id: str) -> list[str]:
    """Return the subjects of all messages about a run that came until now."""
    sqs = world.aws.client("sqs")
    quiet = 0
    while quiet < 3:
        received: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=world.messages, MaxNumberOfMessages=10
        ).get("Messages", [])
        for message in received:
            MESSAGES.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=world.messages, ReceiptHandle=message["ReceiptHandle"])
        quiet = 0 if received else quiet + 1
        time.sleep(0.1)
    return [str(one["Subject"]) for one in MESSAGES if run_id in one["Message"]]
