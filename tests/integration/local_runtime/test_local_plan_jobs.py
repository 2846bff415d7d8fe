"""Jobs on a training plan: what refuses them, what they use, and what its end does to them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.local_runtime.sagemaker_fixtures import PAUSED, refused, sagemaker, start
from tests.integration.local_runtime.training_client import SageMaker, request

__all__ = ["sagemaker", "start"]

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"
TYPE = "ml.p4d.24xlarge"


def on_plan(arn: str = ARN, name: str = TYPE, count: int = 1) -> dict[str, Any]:
    asked: dict[str, Any] = request("a")["ResourceConfig"]
    return asked | {"InstanceType": name, "InstanceCount": count, "TrainingPlanArn": arn}


def add_plan(sagemaker: SageMaker, ends_at: datetime, **changes: Any) -> None:
    capacity = {"InstanceType": TYPE, "TotalInstanceCount": 1, "Status": "Active"}
    described = {
        "TrainingPlanArn": ARN,
        "TrainingPlanName": "november",
        "Status": "Active",
        "EndTime": ends_at,
        "AvailableInstanceCount": 1,
        "TargetResources": ["training-job"],
        "ReservedCapacitySummaries": [capacity],
    }
    sagemaker.jobs._plans.add(described | changes)


def tomorrow(sagemaker: SageMaker) -> datetime:
    return sagemaker.clock() + timedelta(days=1)


def test_a_plan_has_room_for_its_instances_and_gets_them_back(sagemaker: SageMaker) -> None:
    add_plan(sagemaker, tomorrow(sagemaker))
    sagemaker.create(hyperparameters=PAUSED, ResourceConfig=on_plan())
    sagemaker.wait_for_step(3)

    code, said = refused(sagemaker, name="job-02", ResourceConfig=on_plan())
    assert code == "ResourceLimitExceeded"
    assert "has 0 available instances" in said
    listed = sagemaker.api.list_training_jobs(TrainingPlanArnEquals=ARN)["TrainingJobSummaries"]
    assert [(one["TrainingJobName"], one["TrainingPlanArn"]) for one in listed] == [("job-01", ARN)]

    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    sagemaker.wait_for_end()
    sagemaker.create("job-03", hyperparameters={"steps": "1"}, ResourceConfig=on_plan())
    assert sagemaker.wait_for_end("job-03")["TrainingJobStatus"] == "Completed"


def test_a_job_is_stopped_when_its_plan_ends(sagemaker: SageMaker) -> None:
    add_plan(sagemaker, sagemaker.clock() + timedelta(seconds=900))
    sagemaker.create(hyperparameters=PAUSED, ResourceConfig=on_plan())
    sagemaker.wait_for_step(3)

    sagemaker.clock.advance(901)

    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Stopped"
    assert "plan" in job["SecondaryStatusTransitions"][-1]["StatusMessage"]
    code, said = refused(sagemaker, name="job-02", ResourceConfig=on_plan())
    assert (code, "is Expired, not Active" in said) == ("ValidationException", True)


@pytest.mark.parametrize(
    ("plan", "resources", "code", "text"),
    [
        ({}, on_plan(ARN.replace("november", "june")), "ResourceNotFound", "does not exist"),
        ({}, on_plan(ARN.replace("us-east-1", "eu-west-1")), "ResourceNotFound", "does not exist"),
        ({"Status": "Scheduled"}, on_plan(), "ValidationException", "is Scheduled, not Active"),
        ({}, on_plan(name="ml.p5.48xlarge"), "ValidationException", "no active capacity of ml.p5"),
        (
            {"TargetResources": ["hyperpod-cluster"]},
            on_plan(),
            "ValidationException",
            "is for hyperpod-cluster",
        ),
        ({"AvailableInstanceCount": 0}, on_plan(), "ResourceLimitExceeded", "0 available"),
    ],
)
def test_a_job_that_its_plan_cannot_take_is_refused(
    sagemaker: SageMaker, plan: dict[str, Any], resources: dict[str, Any], code: str, text: str
) -> None:
    add_plan(sagemaker, tomorrow(sagemaker), **plan)

    found, said = refused(sagemaker, ResourceConfig=resources)

    assert (found, text in said) == (code, True), said


def test_a_job_on_a_plan_is_never_on_spot(sagemaker: SageMaker) -> None:
    add_plan(sagemaker, tomorrow(sagemaker))
    code, said = refused(
        sagemaker, spot=True, max_runtime=60, max_wait=60, ResourceConfig=on_plan()
    )
    assert (code, "not supported with managed spot" in said) == ("ValidationException", True)
