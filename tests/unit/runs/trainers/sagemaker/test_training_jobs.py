"""The adapter of SageMaker's training jobs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker, refusal
from tests.unit.runs.trainers.sagemaker.test_training_request import ORDER, SPOT
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    NoQuotaError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs
from thriftline.runs.trainers.sagemaker.training_request import TrainingOrder, training_request


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    return FakeSageMaker()


@pytest.fixture
def jobs(sagemaker: FakeSageMaker) -> TrainingJobs:
    return TrainingJobs(cast("Any", sagemaker))


def attempt(number: int) -> TrainingOrder:
    return replace(SPOT, job_name=f"{SPOT.run_id}-{number:02d}")


def test_a_started_job_is_described_with_all_that_it_was_asked_for(jobs: TrainingJobs) -> None:
    job = jobs.start(training_request(SPOT))

    assert job.name == SPOT.job_name
    assert job.is_active
    assert (job.spot, job.instance_type, job.instance_count) == (True, "ml.g5.xlarge", 1)
    assert (job.max_runtime_seconds, job.max_wait_seconds) == (7200, 14_400)
    assert job.run_id == SPOT.run_id
    assert job.image == SPOT.image_uri
    # What SageMaker has not reported is unknown and not 0.
    assert job.training_seconds is None
    assert job.billable_seconds is None


def test_a_second_start_finds_the_same_job_and_creates_none(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    first = jobs.start(training_request(SPOT))
    second = jobs.start(training_request(SPOT))

    assert first == second
    assert sagemaker.created == [SPOT.job_name]


def test_a_name_that_another_runs_job_has_is_not_taken_over(jobs: TrainingJobs) -> None:
    jobs.start(training_request(replace(ORDER, run_id="other-0000000000000000")))

    with pytest.raises(AwsRequestError, match="other-0000000000000000"):
        jobs.start(training_request(ORDER))


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ResourceLimitExceeded", 400, QuotaExceededError),
        ("ThrottlingException", 400, ThrottledError),
        ("InternalFailure", 500, ServiceUnavailableError),
        ("AccessDeniedException", 400, AccessDeniedError),
        ("ValidationException", 400, AwsRequestError),
    ],
)
def test_a_refusal_has_a_name_of_ours(
    jobs: TrainingJobs,
    sagemaker: FakeSageMaker,
    code: str,
    status: int,
    error: type[ThriftlineError],
) -> None:
    sagemaker.next_error = refusal(
        "CreateTrainingJob", code, "The limit 'ml.g5.xlarge for spot' is 2 Instances", status
    )

    with pytest.raises(error, match="is 2 Instances"):
        jobs.start(training_request(SPOT))


def test_a_quota_of_none_is_not_worth_waiting_for(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    sagemaker.next_error = refusal(
        "CreateTrainingJob",
        "ResourceLimitExceeded",
        "The limit 'ml.g5.xlarge for spot' is 0 Instances",
    )

    with pytest.raises(NoQuotaError, match="Service Quotas"):
        jobs.start(training_request(SPOT))


def test_a_quota_below_what_one_job_needs_is_not_worth_waiting_for(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    sagemaker.next_error = refusal(
        "CreateTrainingJob",
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.g5.xlarge for spot training job usage' is 2 "
        "Instances, with current utilization of 0 Instances and a request delta of 4 Instances.",
    )

    with pytest.raises(NoQuotaError, match=r"is 2, and a job needs 4 instances"):
        jobs.start(training_request(replace(SPOT, instance_count=4)))


def test_a_reply_that_is_lost_after_the_job_was_created_leads_to_no_second_job(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    sagemaker.lost_reply = True
    sagemaker.next_error = refusal("CreateTrainingJob", "ServiceUnavailable", "gone", 503)
    with pytest.raises(ServiceUnavailableError):
        jobs.start(training_request(SPOT))

    assert jobs.start(training_request(SPOT)).name == SPOT.job_name
    assert sagemaker.created == [SPOT.job_name]


def test_a_job_that_does_not_exist_is_none(jobs: TrainingJobs) -> None:
    assert jobs.describe("nobody") is None


def test_another_refusal_of_describe_is_not_taken_for_absence(
    monkeypatch: pytest.MonkeyPatch, jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    def invalid(**_: Any) -> dict[str, Any]:
        raise refusal("DescribeTrainingJob", "ValidationException", "1 validation error detected")

    monkeypatch.setattr(sagemaker, "describe_training_job", invalid)
    with pytest.raises(AwsRequestError):
        jobs.describe("nobody")


def test_a_broken_connection_is_worth_a_retry(
    monkeypatch: pytest.MonkeyPatch, jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    def unreachable(**_: Any) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://api.sagemaker")

    monkeypatch.setattr(sagemaker, "describe_training_job", unreachable)
    with pytest.raises(ServiceUnavailableError):
        jobs.describe("any")


def test_the_end_of_a_job_is_read_with_its_times_and_interruptions(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    jobs.start(training_request(SPOT))
    for _ in range(2):
        sagemaker.move(SPOT.job_name, "InProgress", "Interrupted")
    end = CREATED_AT + timedelta(hours=1)
    sagemaker.move(
        SPOT.job_name,
        "Completed",
        "Completed",
        TrainingStartTime=CREATED_AT,
        TrainingEndTime=end,
        TrainingTimeInSeconds=3600,
        BillableTimeInSeconds=1080,
    )

    job = jobs.describe(SPOT.job_name)

    assert job is not None
    assert (job.training_seconds, job.billable_seconds) == (3600, 1080)
    assert (job.started_at, job.ended_at) == (CREATED_AT, end)
    assert job.interruptions == 2
    assert not job.is_active


def test_stopping_what_has_ended_or_never_was_is_no_error(
    jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    jobs.start(training_request(SPOT))
    sagemaker.move(SPOT.job_name, "Completed", "Completed")

    assert jobs.stop(SPOT.job_name) is False
    assert jobs.stop("nobody") is False


def test_a_job_that_may_not_be_stopped_is_an_error(
    monkeypatch: pytest.MonkeyPatch, jobs: TrainingJobs, sagemaker: FakeSageMaker
) -> None:
    def denied(**_: Any) -> dict[str, Any]:
        raise refusal("StopTrainingJob", "AccessDeniedException", "not authorized", 403)

    jobs.start(training_request(SPOT))
    monkeypatch.setattr(sagemaker, "stop_training_job", denied)
    with pytest.raises(AccessDeniedError):
        jobs.stop(SPOT.job_name)


def test_the_apis_own_list_of_types_tells_existing_from_invented_ones() -> None:
    known = training_instance_types()

    assert {"ml.g5.xlarge", "ml.p5.4xlarge", "ml.g7e.2xlarge", "ml.trn1.2xlarge"} <= known
    assert not {"ml.p5.24xlarge", "ml.p5.2xlarge", "ml.inf2.xlarge", "g5.xlarge"} & known


def test_the_fake_refuses_what_botocore_refuses(sagemaker: FakeSageMaker) -> None:
    with pytest.raises(AssertionError, match="Missing required parameter"):
        sagemaker.create_training_job(TrainingJobName="x")
    with pytest.raises(ClientError):
        sagemaker.describe_training_job(TrainingJobName="x")
