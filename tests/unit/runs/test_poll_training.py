"""Poll training: what is kept of each look, and which error an ending raises."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker, refusal
from tests.unit.runs.run_world import RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from tests.unit.runs.trainers.sagemaker.test_training_request import SPOT as OTHER_RUN
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import (
    CapacityError,
    OutOfRunTimeError,
    OutOfWaitTimeError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
    TrainingFailedError,
    TrainingInternalError,
    TrainingStoppedError,
)
from thriftline.runs.schemas.steps.training import PollTrainingResponse
from thriftline.runs.steps.poll_training import poll_training
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs
from thriftline.runs.trainers.sagemaker.training_request import training_request

SPOT = replace(OTHER_RUN, run_id=RUN_ID, job_name=f"{RUN_ID}-01")
JOB = SPOT.job_name


def throttled(**_: Any) -> dict[str, Any]:
    raise refusal("StopTrainingJob", "ThrottlingException", "slow down")


@dataclass
class Poll:
    """Poll training with its adapters."""

    world: RunWorld
    sagemaker: FakeSageMaker

    def __call__(self, seconds: float = 0, name: str = JOB) -> PollTrainingResponse:
        return poll_training(
            RUN_ID,
            name,
            1,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            runs=self.world.runs,
            now=CREATED_AT + timedelta(seconds=seconds),
        )

    def plan(self, **values: Any) -> None:
        self.world.put(f"runs/{RUN_ID}/plan.json", a_plan(**values).model_dump_json())

    def end(self, status: str, secondary: str, **facts: Any) -> None:
        self.sagemaker.move(
            JOB,
            status,
            secondary,
            TrainingStartTime=CREATED_AT + timedelta(minutes=2),
            TrainingEndTime=CREATED_AT + timedelta(minutes=22),
            TrainingTimeInSeconds=1200,
            BillableTimeInSeconds=400,
            **facts,
        )


@pytest.fixture
def poll() -> Iterator[Poll]:
    with run_world() as world:
        world.put(f"runs/{RUN_ID}/plan.json", a_plan().model_dump_json())
        sagemaker = FakeSageMaker()
        TrainingJobs(cast("Any", sagemaker)).start(training_request(SPOT))
        yield Poll(world, sagemaker)


def test_a_job_that_runs_is_looked_at_again(poll: Poll) -> None:
    poll.sagemaker.move(JOB, "InProgress", "Training", TrainingStartTime=CREATED_AT)

    response = poll(seconds=1800)

    assert response == PollTrainingResponse(
        done=False, wait_seconds=81, status="InProgress", phase="Training"
    )
    assert poll.world.attempt()["secondary_status"] == "Training"
    assert poll.world.attempt()["ending"] is None


def test_a_completed_job_is_done_and_its_facts_are_kept(poll: Poll) -> None:
    poll.sagemaker.move(JOB, "InProgress", "Interrupted")
    poll.end("Completed", "Completed")

    response = poll()

    assert (response.done, response.wait_seconds) == (True, 0)
    facts = poll.world.attempt()
    # Its own volumes: no storage is billed.
    assert [(row["what"], row["seconds"]) for row in facts.pop("charges")] == [("instances", 400)]
    assert facts == {
        "job_name": JOB,
        "rung": 1,
        "rung_name": "1 x ml.g5.xlarge, Spot",
        "waited_seconds": 120,
        "image": SPOT.image_uri,
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "max_runtime_seconds": 7200,
        "max_wait_seconds": 14_400,
        "status": "Completed",
        "secondary_status": "Completed",
        "ending": "completed",
        "reason": "The training completed.",
        "model_uri": f"s3://artifacts/training/{RUN_ID}/{JOB}/output/model.tar.gz",
        # 400 seconds at 1.408 USD an hour, and 30 GiB at 0.14 USD a month.
        "billed_usd": "0.156444444",
        "undiscounted_usd": "0.469333333",
        "failure_reason": None,
        "created_at": "2026-11-21T12:00:00+00:00",
        "started_at": "2026-11-21T12:02:00+00:00",
        "ended_at": "2026-11-21T12:22:00+00:00",
        "training_seconds": 1200,
        "billable_seconds": 400,
        "interruptions": 1,
    }


def test_a_program_that_gave_no_reason_is_said_to_have_given_none(poll: Poll) -> None:
    poll.end("Failed", "Failed", FailureReason="AlgorithmError: , exit code: 1")

    with pytest.raises(TrainingFailedError, match="failed: it gave no reason, exit code: 1"):
        poll()


@pytest.mark.parametrize(
    ("status", "secondary", "reason", "error", "ending"),
    [
        (
            "Failed",
            "Failed",
            "AlgorithmError: label 'x' is unknown, exit code: 1",
            TrainingFailedError,
            "user_error",
        ),
        ("Failed", "Failed", "CapacityError: none left", CapacityError, "capacity"),
        ("Failed", "Failed", "InternalServerError: oh", TrainingInternalError, "internal_error"),
        ("Stopped", "Stopped", "", TrainingStoppedError, "stopped"),
        ("Stopped", "MaxWaitTimeExceeded", "", OutOfWaitTimeError, "out_of_wait_time"),
        (
            "Stopped",
            "MaxRuntimeExceeded",
            "",
            OutOfRunTimeError,
            "out_of_run_time_without_checkpoint",
        ),
    ],
)
def test_a_bad_ending_raises_its_error_after_it_was_kept(
    poll: Poll,
    status: str,
    secondary: str,
    reason: str,
    error: type[ThriftlineError],
    ending: str,
) -> None:
    poll.end(status, secondary, FailureReason=reason)

    with pytest.raises(error, match=JOB):
        poll()

    facts = poll.world.attempt()
    assert facts["ending"] == ending
    assert facts["failure_reason"] == (reason or None)
    assert facts["billable_seconds"] == 400


def test_the_programs_own_failure_text_is_in_the_error(poll: Poll) -> None:
    poll.end("Failed", "Failed", FailureReason="AlgorithmError: label 'x' is unknown")

    with pytest.raises(TrainingFailedError, match="failed: label 'x' is unknown"):
        poll()


@pytest.mark.parametrize(
    ("key", "ending"),
    [
        ("step-000000040/state.json", "out_of_run_time_with_checkpoint"),
        (".partial-step-000000040/state.json", "out_of_run_time_without_checkpoint"),
    ],
)
def test_a_usable_checkpoint_is_told_from_a_broken_one(poll: Poll, key: str, ending: str) -> None:
    poll.world.put(f"checkpoints/{RUN_ID}/{key}")
    poll.end("Stopped", "MaxRuntimeExceeded")

    with pytest.raises(OutOfRunTimeError):
        poll()

    assert poll.world.attempt()["ending"] == ending


TWO_RUNGS = (
    a_rung().model_copy(update={"wait_seconds": 600, "most_interruptions": 2}),
    a_rung(spot=False, max_wait_seconds=None),
)


def test_a_job_that_waits_for_longer_than_its_rung_is_stopped_and_costs_nothing(
    poll: Poll,
) -> None:
    poll.plan(rungs=TWO_RUNGS)

    assert poll(seconds=590).wait_seconds == 26
    assert poll.sagemaker.stopped == []
    assert poll(seconds=600).wait_seconds == 15
    assert poll.sagemaker.stopped == [JOB]
    # It stops once, however often it is looked at.
    assert not poll(seconds=610).done
    poll.sagemaker.move(JOB, "Stopped", "Stopped")
    with pytest.raises(OutOfWaitTimeError, match="had not started 600 seconds after"):
        poll(seconds=640)

    facts = poll.world.attempt()
    assert (facts["ending"], facts["billed_usd"]) == ("out_of_rung_wait", "0.000000000")


def test_a_stop_that_is_lost_is_asked_for_again(poll: Poll) -> None:
    poll.plan(rungs=TWO_RUNGS)
    original = poll.sagemaker.stop_training_job
    poll.sagemaker.stop_training_job = throttled  # type: ignore[method-assign]
    with pytest.raises(ThrottledError):
        poll(seconds=600)
    poll.sagemaker.stop_training_job = original  # type: ignore[method-assign]

    poll(seconds=603)

    assert poll.sagemaker.stopped == [JOB]


def test_a_job_that_completes_before_the_stop_reaches_it_has_completed(poll: Poll) -> None:
    poll.plan(rungs=TWO_RUNGS)
    poll(seconds=600)
    poll.end("Completed", "Completed")

    assert poll(seconds=640).done
    assert poll.world.attempt()["ending"] == "completed"


def test_a_job_that_is_interrupted_too_often_is_left_for_the_next_rung(poll: Poll) -> None:
    poll.plan(rungs=TWO_RUNGS)
    for _ in range(3):
        assert poll.sagemaker.stopped == []
        poll.sagemaker.move(JOB, "InProgress", "Interrupted", TrainingStartTime=CREATED_AT)
        poll(seconds=900)
    poll.end("Stopped", "Stopped")

    with pytest.raises(CapacityError, match="interrupted 3 times"):
        poll(seconds=960)

    assert poll.sagemaker.stopped == [JOB]
    assert poll.world.attempt()["ending"] == "interrupted"


def test_on_the_last_rung_interruptions_are_borne(poll: Poll) -> None:
    poll.plan(rungs=TWO_RUNGS[:1])
    for _ in range(9):
        poll.sagemaker.move(JOB, "InProgress", "Interrupted", TrainingStartTime=CREATED_AT)

    assert not poll(seconds=900).done
    assert poll.sagemaker.stopped == []


def test_a_job_that_sagemaker_does_not_show_is_looked_for_again(poll: Poll) -> None:
    with pytest.raises(ServiceUnavailableError, match="nobody"):
        poll(name="nobody")
