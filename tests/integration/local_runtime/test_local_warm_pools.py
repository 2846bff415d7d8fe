"""Instances that are kept warm after a job: who gets them, for how long, and what is said."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_runtime.sagemaker_fixtures import (
    PAUSED,
    Start,
    refused,
    sagemaker,
    start,
)
from tests.integration.local_runtime.training_client import SageMaker, request

__all__ = ["sagemaker", "start"]

TYPE = "ml.g5.xlarge"
POOL_QUOTA = f"{TYPE} for training warm pool usage"


def resources(keep_alive: int = 600, **changes: Any) -> dict[str, Any]:
    asked = request("a")["ResourceConfig"] | {"KeepAlivePeriodInSeconds": keep_alive} | changes
    return {name: value for name, value in asked.items() if value is not None}


def train(sagemaker: SageMaker, name: str, keep_alive: int = 600, **changes: Any) -> dict[str, Any]:
    sagemaker.create(
        name,
        hyperparameters={"steps": "1"},
        **{"ResourceConfig": resources(keep_alive), **changes},
    )
    return sagemaker.wait_for_end(name)


def pool(sagemaker: SageMaker, name: str) -> dict[str, Any]:
    status: dict[str, Any] = sagemaker.describe(name).get("WarmPoolStatus", {})
    return status


def test_a_pool_waits_until_its_time_is_over_and_is_billed_for_it(sagemaker: SageMaker) -> None:
    assert train(sagemaker, "job-01")["WarmPoolStatus"]["Status"] == "Available"

    sagemaker.clock.advance(300)
    waiting = pool(sagemaker, "job-01")
    sagemaker.clock.advance(301)

    assert waiting["Status"] == "Available"
    assert 300 <= waiting["ResourceRetainedBillableTimeInSeconds"] < 330
    assert pool(sagemaker, "job-01") == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 600,
    }
    # The next job finds nothing.
    assert train(sagemaker, "job-02", keep_alive=0).get("WarmPoolStatus") is None


def test_the_next_job_of_the_same_shape_takes_the_pool_over_without_a_wait(start: Start) -> None:
    sagemaker = start(startup_seconds=120)
    sagemaker.create(
        "job-01", hyperparameters={"steps": "1"}, ResourceConfig=resources(keep_alive=900)
    )
    sagemaker.clock.advance(121)
    sagemaker.wait_for_end("job-01")
    sagemaker.clock.advance(400)

    sagemaker.create("job-02", hyperparameters=PAUSED, ResourceConfig=resources(keep_alive=60))
    second = sagemaker.wait_for_step(3, "job-02")
    first = pool(sagemaker, "job-01")

    assert (first["Status"], first["ReusedByJob"]) == ("Reused", "job-02")
    assert 400 <= first["ResourceRetainedBillableTimeInSeconds"] < 430
    assert second["WarmPoolStatus"] == {"Status": "InUse"}
    assert second["TrainingStartTime"] - second["CreationTime"] < timedelta(seconds=60)
    assert listed(sagemaker, "Reused") == ["job-01"]
    assert listed(sagemaker, "InUse") == ["job-02"]

    sagemaker.api.stop_training_job(TrainingJobName="job-02")
    # A job that was stopped leaves its instances as well, for as long as it asks for.
    assert sagemaker.wait_for_end("job-02")["WarmPoolStatus"]["Status"] == "Available"
    sagemaker.clock.advance(61)
    assert pool(sagemaker, "job-02")["ResourceRetainedBillableTimeInSeconds"] == 60
    assert pool(sagemaker, "job-01") == first


def listed(sagemaker: SageMaker, status: str) -> list[str]:
    found = sagemaker.api.list_training_jobs(WarmPoolStatusEquals=status)["TrainingJobSummaries"]
    assert all(each["WarmPoolStatus"]["Status"] == status for each in found)
    return [each["TrainingJobName"] for each in found]


@pytest.mark.parametrize(
    "changes",
    [
        {"ResourceConfig": resources(VolumeSizeInGB=31)},
        {"ResourceConfig": resources(InstanceType="ml.g5.2xlarge")},
        {"EnableNetworkIsolation": True},
        {"EnableInterContainerTrafficEncryption": True},
        {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
    ],
)
def test_a_job_of_another_shape_leaves_the_pool_where_it_is(
    sagemaker: SageMaker, changes: Mapping[str, Any]
) -> None:
    train(sagemaker, "job-01")
    train(sagemaker, "job-02", **changes)

    assert pool(sagemaker, "job-01")["Status"] == "Available"


def test_a_job_that_keeps_nothing_takes_a_pool_over_and_lets_it_go(sagemaker: SageMaker) -> None:
    train(sagemaker, "job-01")
    second = train(sagemaker, "job-02", keep_alive=0)

    assert pool(sagemaker, "job-01")["ReusedByJob"] == "job-02"
    assert second["WarmPoolStatus"] == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 0,
    }


def test_a_pool_beyond_the_quota_is_not_kept_and_nobody_is_told(start: Start) -> None:
    sagemaker = start(quotas={POOL_QUOTA: 1})
    train(sagemaker, "job-01")
    # Of another volume, so that it does not take the first one's instances.
    second = train(sagemaker, "job-02", ResourceConfig=resources(VolumeSizeInGB=31))

    assert second["WarmPoolStatus"]["Status"] == "Terminated"
    assert second["WarmPoolStatus"]["ResourceRetainedBillableTimeInSeconds"] == 0


def test_instances_that_wait_count_for_the_quota_of_training(start: Start) -> None:
    sagemaker = start(quotas={f"{TYPE} for training job usage": 1})
    train(sagemaker, "job-01")
    code, _ = refused(sagemaker, name="job-02", ResourceConfig=resources(VolumeSizeInGB=31))
    assert code == "ResourceLimitExceeded"
    # The one that takes them over needs no other.
    assert train(sagemaker, "job-03")["TrainingJobStatus"] == "Completed"


def test_only_a_pool_that_waits_can_be_changed_and_0_ends_it(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters=PAUSED, ResourceConfig=resources())
    sagemaker.wait_for_step(3)
    with pytest.raises(ClientError, match="has no warm pool that waits"):
        keep(sagemaker, 60)
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    sagemaker.wait_for_end()

    keep(sagemaker, 1200)
    sagemaker.clock.advance(700)
    assert pool(sagemaker, "job-01")["Status"] == "Available"
    assert sagemaker.describe()["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1200
    keep(sagemaker, 0)
    ended = pool(sagemaker, "job-01")
    assert ended["Status"] == "Terminated"
    assert 700 <= ended["ResourceRetainedBillableTimeInSeconds"] < 730
    with pytest.raises(ClientError, match="has no warm pool that waits"):
        keep(sagemaker, 60)


def keep(sagemaker: SageMaker, seconds: int) -> None:
    sagemaker.api.update_training_job(
        TrainingJobName="job-01", ResourceConfig={"KeepAlivePeriodInSeconds": seconds}
    )


def test_spot_instances_and_those_of_a_plan_are_not_kept(sagemaker: SageMaker) -> None:
    code, said = refused(
        sagemaker, spot=True, max_runtime=60, max_wait=60, ResourceConfig=resources()
    )
    assert (code, "managed spot training" in said) == ("ValidationException", True)
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"
    code, said = refused(sagemaker, ResourceConfig=resources(TrainingPlanArn=arn))
    assert (code, "a training plan" in said) == ("ValidationException", True)
    code, said = refused(sagemaker, ResourceConfig=resources(keep_alive=21_601))
    assert code == "ValidationException"
