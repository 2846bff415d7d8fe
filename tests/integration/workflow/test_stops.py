"""Stops at any state, failures that no Catch gets: registry, result and message agree."""

import json
import time
from typing import Any

import jsonschema
import pytest

from tests.integration.workflow.test_endings import SCHEMA
from tests.integration.workflow.world import World, csv_of

STATES = (
    "Open run",
    "Validate dataset",
    "Plan run",
    "Prepare splits",
    "Start training",
    "Poll training",
    "Evaluate",
    "Register model",
    "Clean up",
    "Publish result",
)
PATIENCE_SECONDS = 60
# What each ending leaves in the registry, if it leaves anything.
STATUSES = {
    "succeeded": {"Approved", "PendingManualApproval"},
    "not_promoted": {"Rejected"},
    "failed": {"Rejected"},
    "rejected": set(),
}


@pytest.mark.parametrize("state", STATES)
def test_a_stop_at_any_state_leaves_one_story(world: World, project: str, state: str) -> None:
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    stop_in(world, arn, state)
    says_one_thing(world, project, arn)


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


def test_a_run_that_fails_after_its_model_was_registered_withdraws_it(
    world: World, project: str
) -> None:
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    stop_in(world, arn, "Clean up")
    says_one_thing(world, project, arn)
    result = world.result_of(arn)
    assert result is not None
    if result["status"] == "failed":
        assert statuses_of(world, project) == ["Rejected"]


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
    assert [words[result["status"]] in subject for subject in told] == [True], told
    assert world.keys(f"scratch/{result['run_id']}/") == []
    assert world.keys(f"checkpoints/{result['run_id']}/") == []
    for job in world.jobs_of(result["run_id"]):
        assert job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")


def wait_for_sweeper(world: World, arn: str) -> None:
    """Wait until the machine for what is left behind has published, or has found it published."""
    machines = world.states.list_state_machines()["stateMachines"]
    machine = next(one for one in machines if "AbandonedRun" in one["name"])["stateMachineArn"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for execution in world.states.list_executions(stateMachineArn=machine)["executions"]:
            given = world.states.describe_execution(executionArn=execution["executionArn"])
            if json.loads(given["input"])["detail"]["executionArn"] != arn:
                continue
            if "Wait for long steps" in world.entered(execution["executionArn"]):
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
    found: list[str] = []
    quiet = 0
    while quiet < 3:
        received: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=world.messages, MaxNumberOfMessages=10
        ).get("Messages", [])
        for message in received:
            body = json.loads(message["Body"])
            if run_id in body["Message"]:
                found.append(str(body["Subject"]))
            sqs.delete_message(QueueUrl=world.messages, ReceiptHandle=message["ReceiptHandle"])
        quiet = 0 if received else quiet + 1
        time.sleep(0.1)
    return found
