"""Start training: one job for each attempt, within what the run may take."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker, refusal
from tests.unit.runs.run_world import RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import (
    AllowanceSpentError,
    InvalidRunSpecError,
    LadderExhaustedError,
)
from thriftline.runs.domain.layout import split_prefix
from thriftline.runs.domain.turns import Ticket
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.schemas.steps.training import StartTrainingResponse
from thriftline.runs.steps.start_training import start_training

POOL = "1 x ml.g5.xlarge, Spot"
FIRST = f"{RUN_ID}-01"
SECOND = f"{RUN_ID}-02"


def refused(limit: int, in_use: int) -> ClientError:
    """How SageMaker refuses a job that would pass a quota."""
    return refusal(
        "CreateTrainingJob",
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.g5.xlarge for spot training job usage' is "
        f"{limit} Instances, with current utilization of {in_use} Instances and a request delta "
        "of 1 Instances. Please use AWS Service Quotas to request an increase for this quota.",
    )


@dataclass
class Start:
    """Start training with its adapters."""

    world: RunWorld
    sagemaker: FakeSageMaker

    def __call__(
        self, attempt: int = 1, minutes: int = 0, allowed: tuple[str, ...] = ("sagemaker",)
    ) -> StartTrainingResponse:
        return start_training(
            RUN_ID,
            attempt,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            runs=self.world.runs,
            queue=self.world.queue,
            now=CREATED_AT + timedelta(minutes=minutes),
            allowed=allowed,
        )

    def fails(self, reason: str, seconds: int = 60, name: str = FIRST) -> None:
        """Lets a job fail after so many billed seconds."""
        self.sagemaker.move(
            name, "Failed", "Failed", FailureReason=reason, BillableTimeInSeconds=seconds
        )

    def plan(self, **values: Any) -> None:
        self.world.put(f"runs/{RUN_ID}/plan.json", a_plan(**values).model_dump_json())


@pytest.fixture
def start() -> Iterator[Start]:
    with run_world() as world:
        world.write_run(
            base_model="org/model",
            columns={"text": "premise", "text_pair": "hypothesis"},
            hyperparameters={"epochs": 2, "learning_rate": 3e-5},
            seed=7,
        )
        made = Start(world, FakeSageMaker())
        made.plan()
        yield made


def test_the_job_is_named_after_run_and_attempt_and_recorded(start: Start) -> None:
    response = start()

    assert response == StartTrainingResponse(job_name=FIRST, attempt=1)
    facts = start.world.attempt(1)
    assert facts["job_name"] == FIRST
    assert facts["status"] == "InProgress"
    assert facts["instance_type"] == "ml.g5.xlarge"
    assert facts["image"].endswith("thriftline:1")
    assert facts["ending"] is None
    assert facts["billable_seconds"] is None


def test_the_commit_of_the_base_model_reaches_the_training_program(start: Start) -> None:
    start.world.write_run(base_model="org/model", base_model_revision="a" * 40)
    start()

    assert start.sagemaker.jobs[FIRST]["HyperParameters"]["base_model_revision"] == "a" * 40


def test_the_run_spec_reaches_the_training_program(start: Start) -> None:
    start()

    assert start.sagemaker.jobs[FIRST]["HyperParameters"] == {
        "base_model": "org/model",
        "method": "finetune",
        "epochs": "10",
        "export": "none",
        "learning_rate": "5e-05",
        "batch_tokens": "4096",
        "batch_rows": "8",
        "max_length": "256",
        "warmup_fraction": "0.1",
        "lr_schedule": "linear",
        "layer_decay": "1.0",
        "weight_decay": "0.01",
        "label_smoothing": "0.0",
        "class_weights": "none",
        "eval_metric": "accuracy",
        "patience": "10",
        "seed": "7",
        "text_pair": "true",
        "multi_label": "false",
        "sweep": "none",
        "run_id": RUN_ID,
    }


@pytest.mark.parametrize(("parts", "how"), [(1, "FullyReplicated"), (3, "ShardedByS3Key")])
def test_several_instances_get_training_files_of_their_own_where_there_are_enough(
    start: Start, parts: int, how: str
) -> None:
    start.plan(rungs=(a_rung(worst="9.00", instance_count=3),), allowance_usd=Decimal("9.00"))
    for number in range(parts):
        start.world.put(f"{split_prefix(RUN_ID, 'train')}part-{number}.jsonl", "{}")

    start()

    job = start.sagemaker.jobs[FIRST]
    assert job["ResourceConfig"]["InstanceCount"] == 3
    channels = {
        one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3DataDistributionType"]
        for one in job["InputDataConfig"]
    }
    assert channels["train"] == how
    assert channels["validation"] == channels["test"] == "FullyReplicated"


def test_a_search_reaches_the_training_program(start: Start) -> None:
    searched = {"batch_tokens": [512, 1024], "epochs": [2, 9], "rungs": 1}
    start.world.write_run(base_model="org/model", search=searched)

    start()

    assert json.loads(start.sagemaker.jobs[FIRST]["HyperParameters"]["sweep"]) == searched


def test_a_second_call_for_the_same_attempt_returns_the_same_job(start: Start) -> None:
    assert start() == start()
    assert start.sagemaker.created == [FIRST]


def test_a_retry_after_a_lost_reply_adopts_the_job(start: Start) -> None:
    start.sagemaker.lost_reply = True
    start.sagemaker.next_error = refusal("CreateTrainingJob", "InternalFailure", "gone", 500)
    with pytest.raises(Exception, match="gone"):
        start()

    assert start().job_name == FIRST
    assert start.sagemaker.created == [FIRST]
    assert start.world.attempt(1)["job_name"] == FIRST


def test_the_next_attempt_may_spend_what_the_first_has_left(start: Start) -> None:
    start()
    start.fails("CapacityError: gone", seconds=1200)

    start(attempt=2, minutes=60)

    assert start.sagemaker.jobs[SECOND]["StoppingCondition"] == {
        # 2.83 USD less 1,200 billed seconds of 1.408 USD an hour and storage leave 2.3588 USD.
        "MaxRuntimeInSeconds": 6006,
        # 14,400 less the hour that has gone by since the first attempt was asked for.
        "MaxWaitTimeInSeconds": 10_800,
    }
    first, second = (start.sagemaker.jobs[name] for name in (FIRST, SECOND))
    assert first["CheckpointConfig"] == second["CheckpointConfig"]


def test_no_attempt_is_started_when_the_earlier_ones_have_spent_the_allowance(
    start: Start,
) -> None:
    start()
    start.fails("CapacityError: none", seconds=7190)

    with pytest.raises(AllowanceSpentError, match=r"1 x ml\.g5\.xlarge, Spot: too few") as told:
        start(attempt=2)

    assert start.sagemaker.created == [FIRST]
    assert "1. 1 x ml.g5.xlarge, Spot: attempt 1 capacity after" in str(told.value)


LADDER = (
    a_rung(),
    a_rung(spot=False, max_wait_seconds=None),
    a_rung("1.624", "3.25", instance_type="ml.g6e.xlarge", spot=False, max_wait_seconds=None),
)


@pytest.fixture
def climb(start: Start) -> Start:
    start.plan(rungs=LADDER, allowance_usd=Decimal("3.25"), max_attempts=6)
    return start


def test_the_next_attempt_takes_the_next_rung_with_the_same_checkpoints(climb: Start) -> None:
    climb()
    climb.fails("CapacityError: none left")
    climb(attempt=2)

    first, second = (climb.sagemaker.jobs[name] for name in (FIRST, SECOND))
    assert first["EnableManagedSpotTraining"] is True
    assert second["EnableManagedSpotTraining"] is False
    assert first["CheckpointConfig"] == second["CheckpointConfig"]
    facts = climb.world.attempt(2)
    assert (facts["rung"], facts["rung_name"]) == (2, "1 x ml.g5.xlarge, on demand")


def test_a_fault_of_sagemaker_repeats_the_rung_once(climb: Start) -> None:
    climb()
    climb.fails("InternalServerError: oh")
    climb(attempt=2)
    climb.fails("InternalServerError: oh", name=SECOND)
    climb(attempt=3)

    assert [climb.world.attempt(number)["rung"] for number in (1, 2, 3)] == [1, 1, 2]


def test_a_rung_without_a_quota_is_passed_over_before_anything_starts(climb: Start) -> None:
    climb.sagemaker.next_error = refused(0, 0)

    response = climb()

    assert response.job_name == FIRST
    assert climb.world.attempt(1)["rung"] == 2
    item = climb.world.runs.get(RUN_ID) or {}
    assert "Ask for 1 or more in Service Quotas" in item["passed_01"]


def test_a_repeated_call_stays_on_the_rung_that_it_had_taken(climb: Start) -> None:
    climb.sagemaker.next_error = refused(0, 0)
    climb()

    climb()

    assert climb.sagemaker.created == [FIRST]
    assert climb.world.attempt(1)["rung"] == 2


def test_a_rung_that_costs_more_than_is_left_gets_less_time_or_is_passed_over(
    climb: Start,
) -> None:
    climb.plan(rungs=LADDER, allowance_usd=Decimal("2.83"), max_attempts=6)
    climb()
    climb.fails("CapacityError: gone", seconds=1200)
    climb(attempt=2)
    limit = climb.sagemaker.jobs[SECOND]["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert limit == 6006
    climb.fails("CapacityError: gone", seconds=5990, name=SECOND)

    with pytest.raises(AllowanceSpentError) as told:
        climb(attempt=3)

    lines = str(told.value).splitlines()
    assert lines[0].startswith("Too little is left of the dollars that the run may cost after 2")
    assert "attempt 1 capacity" in lines[1]
    assert "attempt 2 capacity" in lines[2]
    assert "passed over: Of the dollars" in lines[3]


def test_an_allowance_that_one_attempt_has_used_up_says_what_was_tried(climb: Start) -> None:
    climb()
    climb.fails("CapacityError: gone", seconds=9000)
    with pytest.raises(AllowanceSpentError) as told:
        climb(attempt=2)
    lines = str(told.value).splitlines()
    assert lines[0].startswith("Too little is left of the dollars that the run may cost after 1")
    assert "attempt 1 capacity" in lines[1]


def test_a_ladder_that_is_exhausted_says_what_was_tried_waited_and_paid(climb: Start) -> None:
    climb()
    climb.fails("CapacityError: none left", seconds=0)
    climb.sagemaker.next_error = refused(0, 0)
    climb.sagemaker.later_errors = [refused(0, 0), refused(0, 0)]

    with pytest.raises(LadderExhaustedError) as told:
        climb(attempt=2)

    said = str(told.value)
    assert "they cost 0.0000 USD" in said
    assert "1. 1 x ml.g5.xlarge, Spot: attempt 1 capacity" in said
    assert "2. 1 x ml.g5.xlarge, on demand: passed over" in said
    assert "3. 1 x ml.g6e.xlarge, on demand: passed over" in said


def test_a_quota_in_use_makes_the_run_wait_in_line(start: Start) -> None:
    start.sagemaker.next_error = refused(4, 4)

    response = start()

    assert (response.job_name, response.wait_seconds) == (None, 15)
    assert "spot training job usage" in response.reason
    assert start.sagemaker.created == []
    assert list(start.world.queue.line(POOL)) == [FIRST]
    assert start(minutes=1).job_name == FIRST
    assert start.world.queue.line(POOL) == {}


def test_a_run_waits_behind_those_that_came_before(start: Start) -> None:
    before = Ticket(CREATED_AT - timedelta(minutes=1), CREATED_AT + timedelta(minutes=10))
    start.world.queue.stand(POOL, "earlier-01", before)

    response = start()

    assert (response.job_name, response.wait_seconds) == (None, 15)
    assert "1 run waited" in response.reason
    # Who does not come back loses the place.
    assert start(minutes=10).job_name == FIRST


def test_a_turn_that_does_not_come_in_time_is_the_end_of_the_rung(climb: Start) -> None:
    rungs = (LADDER[0].model_copy(update={"turn_seconds": 600}), *LADDER[1:])
    climb.plan(rungs=rungs, allowance_usd=Decimal("3.25"), max_attempts=6)
    for minutes in (0, 5):
        climb.sagemaker.next_error = refused(4, 4)
        assert climb(minutes=minutes).job_name is None
    climb.sagemaker.next_error = refused(4, 4)

    assert climb(minutes=10).job_name == FIRST

    assert climb.world.attempt(1)["rung"] == 2
    assert climb.world.queue.line(POOL) == {}


def test_on_demand_has_no_wait_limit(start: Start) -> None:
    start.plan(rungs=(a_rung(spot=False, max_wait_seconds=None),))

    start()

    job = start.sagemaker.jobs[FIRST]
    assert job["EnableManagedSpotTraining"] is False
    assert "MaxWaitTimeInSeconds" not in job["StoppingCondition"]


def test_splits_base_weights_and_champion_are_the_channels(start: Start) -> None:
    start.world.write_run(base_model="s3://artifacts/base_models/minilm/")
    start.plan(
        champion=PlannedChampion(
            model_package_arn="arn", model_data_url="s3://artifacts/training/r/j/model.tar.gz"
        ),
    )

    start()

    job = start.sagemaker.jobs[FIRST]
    names = [channel["ChannelName"] for channel in job["InputDataConfig"]]
    assert names == ["train", "validation", "test", "model", "champion"]
    assert job["EnableNetworkIsolation"] is True


def test_a_trainer_that_the_stack_no_longer_allows_is_not_started_and_one_that_runs_is_found(
    start: Start,
) -> None:
    with pytest.raises(InvalidRunSpecError, match=r"does not train with sagemaker .* Trainers"):
        start(allowed=("bedrock",))
    assert start.sagemaker.jobs == {}
    first = start()
    assert start(allowed=("bedrock",)) == first
