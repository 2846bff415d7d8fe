"""An attempt goes from its job to its last answer, and leaves nothing that costs."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.runs.trainers.bedrock.attempt_world import JOB, RUN_ID, AttemptWorld
from thriftline.core.errors import ServiceUnavailableError, TrainingStoppedError
from thriftline.evaluation.predictions import Labels, read_predictions
from thriftline.runs.domain.endings import Ending

UNEXPECTED = "Encountered an unexpected error when processing the request, please try again"


@pytest.fixture
def world() -> AttemptWorld:
    return AttemptWorld()


def test_an_attempt_trains_deploys_asks_and_takes_its_deployment_away(
    world: AttemptWorld, tmp_path: Path
) -> None:
    assert world.start().phase == "validation"
    world.bedrock.move(JOB, "training")
    assert world.poll(600).phase == "training"
    world.bedrock.move(JOB, "Completed")
    assert world.poll().phase == "deploying"
    assert len(world.bedrock.deployments) == 1
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    assert world.bedrock.deployments == {}
    assert state.model_uri in world.bedrock.models
    assert state.phase == "ended"
    # The tuned model and the base model on the same 20 records.
    assert len(world.bedrock.asked) == 40
    output = world.trainer.predictions(JOB, RUN_ID, tmp_path)
    metrics = json.loads(output.metrics.read_text())
    assert metrics["labels"] == ["pos", "neg"]
    assert metrics["test"]["candidate"]["accuracy"] == 1.0
    assert metrics["train"]["samples"] == 40
    with output.predictions.open("rb") as source:
        batches = list(read_predictions(source, Labels(("pos", "neg"), None)))
    assert sum(len(batch.truth) for batch in batches) == 20
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert (summary["asked"], summary["of"], summary["unparsed_count"]) == (20, 30, 0)
    model = world.trainer.model(JOB, RUN_ID)
    assert (model.uri, model.image_uri) == (state.model_uri, None)
    world.clean_up(registered=True)
    assert state.model_uri in world.bedrock.models


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        (UNEXPECTED, Ending.INTERNAL_ERROR),
        ("Unable to parse Amazon S3 file: train.jsonl.", Ending.USER_ERROR),
        ("Something that nobody has seen", Ending.UNKNOWN_FAILURE),
    ],
)
def test_a_job_that_fails_in_validation_ends_by_its_message_and_costs_nothing(
    world: AttemptWorld, message: str, ending: Ending
) -> None:
    world.start()
    world.bedrock.fail_job(JOB, message)
    state = world.poll_to_end()

    assert state.ending is ending
    assert message in state.reason
    assert (state.billed_usd, state.charges) == (Decimal(0), ())
    world.clean_up()
    assert world.what_costs() == []


def test_a_validation_that_hangs_is_stopped_at_its_limit(world: AttemptWorld) -> None:
    world.start()
    assert world.poll(3_500).is_active
    assert "StopModelCustomizationJob" not in world.bedrock.calls
    world.poll(200)
    assert world.bedrock.jobs[JOB]["status"] == "Stopping"
    world.bedrock.move(JOB, "Stopped")
    state = world.poll_to_end()

    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert "validated" in state.reason
    assert state.billed_usd == 0


def test_a_training_that_does_not_end_is_stopped_and_may_cost_all_its_tokens(
    world: AttemptWorld,
) -> None:
    world.start()
    world.bedrock.move(JOB, "training")
    world.poll(600)
    world.poll(43_000)
    world.bedrock.move(JOB, "Stopped")
    state = world.poll_to_end()

    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    (charge,) = state.charges
    assert "at most" in charge.what
    assert charge.units == 2 * world.document()["sample"]["tokens"]
    assert state.billed_usd == Decimal(charge.units) / 1000 * Decimal("0.001")


def test_a_job_that_completed_before_its_stop_reached_it_has_completed(
    world: AttemptWorld,
) -> None:
    world.start()
    world.bedrock.move(JOB, "training")
    world.poll(50_000)
    world.bedrock.move(JOB, "Completed")

    assert world.poll_to_end().ending is Ending.COMPLETED


@pytest.mark.parametrize("moment", ["validation", "training", "deploying", "asking"])
def test_an_attempt_that_is_stopped_leaves_nothing_that_costs(moment: str) -> None:
    world = AttemptWorld({"requests_per_minute": 4})
    world.start()
    if moment != "validation":
        world.bedrock.move(JOB, "training")
        world.poll(600)
    if moment in {"deploying", "asking"}:
        world.bedrock.move(JOB, "Completed")
        world.poll()
    if moment == "asking":
        world.poll()
        world.poll()
    world.clean_up()

    state = world.look()
    assert state.ending is Ending.STOPPED
    assert world.what_costs() == []
    assert state.billed_usd is not None
    assert (state.billed_usd == 0) is (moment == "validation")
    # It is remembered, so that a settlement needs to ask nobody.
    calls = len(world.bedrock.calls)
    assert world.look() == state
    assert len(world.bedrock.calls) == calls
    # A poll that comes late starts nothing again.
    world.poll()
    assert world.what_costs() == []


def test_an_attempt_that_is_stopped_after_its_job_failed_has_failed(world: AttemptWorld) -> None:
    world.start()
    world.bedrock.fail_job(JOB, "Unable to parse Amazon S3 file: train.jsonl.")
    world.clean_up()

    state = world.look()
    assert state.ending is Ending.USER_ERROR
    assert "Unable to parse" in state.reason


def test_a_stopped_attempt_does_not_start_again(world: AttemptWorld) -> None:
    world.bedrock.fail("CreateModelCustomizationJob", "ThrottlingException")
    with pytest.raises(Exception, match="Throttling"):
        world.start()
    world.trainer.stop(JOB)

    with pytest.raises(TrainingStoppedError):
        world.start()
    assert world.bedrock.jobs == {}


def test_a_deployment_that_fails_is_made_once_more(world: AttemptWorld) -> None:
    world.bedrock.deployment_ends_as = ["Failed"]
    world.train()

    assert world.poll_to_end().ending is Ending.COMPLETED
    assert world.bedrock.deployments == {}


def test_a_deployment_that_fails_twice_ends_the_attempt_and_its_model(
    world: AttemptWorld,
) -> None:
    world.bedrock.deployment_ends_as = ["Failed", "Failed"]
    world.bedrock.deployment_failure = "There is no capacity."
    world.train()
    state = world.poll_to_end()

    assert state.ending is Ending.UNKNOWN_FAILURE
    assert "failed to deploy" in state.reason
    assert state.reason.endswith("2 times: There is no capacity.")
    world.clean_up()
    assert world.what_costs() == []


def test_a_job_that_has_completed_and_shows_no_model_is_waited_for(world: AttemptWorld) -> None:
    world.train()
    arn = world.bedrock.jobs[JOB].pop("outputModelArn")
    assert world.poll().is_active
    world.bedrock.jobs[JOB]["outputModelArn"] = arn

    assert world.poll_to_end().ending is Ending.COMPLETED


def test_a_job_that_has_completed_without_a_model_is_no_success(world: AttemptWorld) -> None:
    world.train()
    del world.bedrock.jobs[JOB]["outputModelArn"]
    state = world.poll_to_end()

    assert state.ending is Ending.UNKNOWN_FAILURE
    assert "shows no model" in state.reason
    assert state.billed_usd is not None
    assert state.billed_usd > 0


def test_a_deployment_that_somebody_deletes_before_it_is_active_is_made_once_more(
    world: AttemptWorld,
) -> None:
    world.train()
    world.poll()
    world.bedrock.deployments.clear()

    assert world.poll_to_end(most=12).ending is Ending.COMPLETED
    assert world.bedrock.deployments == {}


def test_a_deployment_that_somebody_deletes_again_and_again_ends_the_attempt_in_minutes(
    world: AttemptWorld,
) -> None:
    world.train()
    for _ in range(16):
        world.bedrock.deployments.clear()
        state = world.poll()
    assert state.ending is Ending.UNKNOWN_FAILURE
    assert "2 times: Bedrock does not show the deployment" in state.reason


def test_a_promoted_model_answers_behind_the_projects_one_deployment() -> None:
    world = AttemptWorld({"keep_deployment": True})
    world.train()
    state = world.poll_to_end()
    first = world.trainer.promote(JOB, RUN_ID, "films")
    again = world.trainer.promote(JOB, RUN_ID, "films")

    assert first == again
    (deployment,) = world.bedrock.deployments.values()
    assert deployment["modelArn"] == state.model_uri
    assert deployment["modelDeploymentName"] == "thriftline-films"
    world.clean_up(registered=True)
    assert len(world.bedrock.deployments) == 1


def test_a_later_model_takes_the_place_behind_the_same_arn() -> None:
    world = AttemptWorld({"keep_deployment": True})
    world.train()
    world.poll_to_end()
    arn = world.trainer.promote(JOB, RUN_ID, "films")
    (deployment,) = world.bedrock.deployments.values()
    deployment |= {"modelArn": "arn:of-an-earlier-model", "status": "Active"}

    assert world.trainer.promote(JOB, RUN_ID, "films") == arn
    assert deployment["modelArn"] == world.look().model_uri


def test_a_deployment_that_still_changes_is_changed_by_a_later_call() -> None:
    world = AttemptWorld({"keep_deployment": True})
    world.train()
    world.poll_to_end()
    arn = world.trainer.promote(JOB, RUN_ID, "films")
    (deployment,) = world.bedrock.deployments.values()
    deployment |= {"modelArn": "arn:of-an-earlier-model", "status": "Active"}
    deployment["updateDetails"] = {"updateStatus": "Updating", "modelArn": "arn:of-another"}

    with pytest.raises(ServiceUnavailableError, match="still changes"):
        world.trainer.promote(JOB, RUN_ID, "films")
    deployment["updateDetails"]["updateStatus"] = "UpdateCompleted"
    assert world.trainer.promote(JOB, RUN_ID, "films") == arn


def test_a_run_that_keeps_no_deployment_promotes_nothing(world: AttemptWorld) -> None:
    world.train()
    world.poll_to_end()

    assert world.trainer.promote(JOB, RUN_ID, "films") is None
    assert world.bedrock.deployments == {}
