"""Start training: one job for each attempt, within what the run may take."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker, refusal
from tests.unit.runs.run_world import RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import AllowanceSpentError, QuotaExceededError
from thriftline.runs.domain.layout import split_prefix
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.schemas.steps import StartTrainingResponse
from thriftline.runs.steps.start_training import start_training

FIRST = f"{RUN_ID}-01"
SECOND = f"{RUN_ID}-02"


@dataclass
class Start:
    """Start training with its adapters."""

    world: RunWorld
    sagemaker: FakeSageMaker

    def __call__(self, attempt: int = 1, minutes: int = 0) -> StartTrainingResponse:
        return start_training(
            RUN_ID,
            attempt,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            runs=self.world.runs,
            now=CREATED_AT + timedelta(minutes=minutes),
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


def test_the_run_spec_reaches_the_training_program(start: Start) -> None:
    start()

    assert start.sagemaker.jobs[FIRST]["HyperParameters"] == {
        "base_model": "org/model",
        "method": "finetune",
        "epochs": "10",
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
    start.sagemaker.move(
        FIRST, "Failed", "Failed", TrainingTimeInSeconds=4000, BillableTimeInSeconds=1200
    )

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
    start.sagemaker.move(FIRST, "Failed", "Failed", BillableTimeInSeconds=7190)

    with pytest.raises(AllowanceSpentError, match=r"1 x ml\.g5\.xlarge, Spot: too few"):
        start(attempt=2)

    assert start.sagemaker.created == [FIRST]


def test_a_used_up_quota_has_its_own_name(start: Start) -> None:
    start.sagemaker.next_error = refusal(
        "CreateTrainingJob",
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.g5.xlarge for spot training job usage' is 4 Instances",
    )

    with pytest.raises(QuotaExceededError, match="spot training job usage"):
        start()


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
