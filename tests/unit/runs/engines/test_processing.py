"""SageMaker processing jobs as an engine of data preparation: price, start, look, stop."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runs.engines.fake_emr import broken
from tests.unit.runs.engines.fake_processing import FakeProcessing
from tests.unit.runs.engines.works import GB, order, work
from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    InvalidRunSpecError,
    NoQuotaError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.core.settings import Settings
from thriftline.runs.domain.endings import Ending, error_of
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
)
from thriftline.runs.engines.sagemaker_processing.cluster import cluster_for
from thriftline.runs.engines.sagemaker_processing.engine import SagemakerProcessingEngine
from thriftline.runs.engines.sagemaker_processing.jobs import ProcessingJobs

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "STACK_NAME": "thriftline",
    "PROCESSING_ROLE_ARN": "arn:aws:iam::123456789012:role/preparation-processing",
    "SPARK_PROCESSING_IMAGE": "3.5-cpu-py39-v1.0",
}
FAILURES: list[tuple[Exception, type[ThriftlineError]]] = [
    (broken("ThrottlingException"), ThrottledError),
    (broken("InternalFailure", 500), ServiceUnavailableError),
    (broken("AccessDeniedException"), AccessDeniedError),
    (broken("ConflictException", 409), AwsRequestError),
    (ReadTimeoutError(endpoint_url="https://sagemaker"), ServiceUnavailableError),
]


def engine(
    sagemaker: Any = None, artifacts: MemoryBucket | None = None, **environment: str
) -> SagemakerProcessingEngine:
    def jobs() -> ProcessingJobs:
        assert sagemaker is not None, "SageMaker was asked"
        return ProcessingJobs(sagemaker)

    return SagemakerProcessingEngine(
        jobs, artifacts or MemoryBucket(), Settings(ENVIRONMENT | environment)
    )


@pytest.fixture
def sagemaker() -> FakeProcessing:
    return FakeProcessing()


def an_order(gigabytes: float = 10, **changes: Any) -> PreparationOrder:
    return order(engine().quote(work(gigabytes, **changes)).terms)


def started(sagemaker: FakeProcessing) -> PreparationOrder:
    placed = an_order()
    engine(sagemaker).start(placed)
    return placed


def looked(
    sagemaker: FakeProcessing, placed: PreparationOrder, artifacts: Any = None
) -> PreparationState:
    state = engine(sagemaker, artifacts).look(placed)
    assert state is not None
    return state


def cannot(quote: PreparationQuote) -> str:
    assert quote.worst_usd is None
    assert quote.cannot is not None
    return quote.cannot


def test_the_worst_case_is_all_machines_until_the_limit_and_the_minutes_to_stop() -> None:
    quote = engine().quote(work(10))

    # 3.75 hours of a vCPU within two thirds of an hour: 7 vCPUs, two machines.
    assert "2 x ml.m5.xlarge with 30 GB each" in quote.basis
    assert quote.worst_usd is not None
    assert float(quote.worst_usd) == pytest.approx(2 * 0.23 * 62 / 60, rel=0.06)
    assert quote.likely_minutes == 35
    assert quote.likely_usd is not None
    assert quote.likely_usd < quote.worst_usd


@given(st.integers(4, 4000), st.integers(5, 10_080), st.integers(0, 10**14))
def test_a_cluster_stays_within_the_limits(most: int, minutes: int, size: int) -> None:
    cluster = cluster_for(most, minutes, size)

    assert cluster is not None
    assert cluster.vcpus <= most
    assert 1 <= cluster.instance_count <= 100
    assert cluster.volume_gb >= 30


def test_many_machines_become_larger_ones() -> None:
    cluster = cluster_for(1600, 60, 1000 * GB)

    assert cluster is not None
    assert cluster.instance_type == "ml.m5.4xlarge"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_vcpus": 3}, "Raise prepare.max_vcpus to 4"),
        ({"gigabytes": 100}, "147 minutes on 4 x ml.m5.xlarge"),
        ({"gigabytes": 60, "largest_unsplittable_bytes": 40 * GB}, "One object of 40 GB"),
    ],
)
def test_what_cannot_be_done_says_why_and_the_fix(changes: dict[str, int], words: str) -> None:
    assert words.replace("147 minutes", "2.5 hours") in cannot(engine().quote(work(**changes)))


def test_a_volume_that_is_too_large_is_refused() -> None:
    said = cannot(engine().quote(work(6000, max_vcpus=4, max_minutes=100_000)))
    assert "16,384 GB of disk" in said


def test_a_place_without_image_price_or_role_is_refused_with_what_to_set() -> None:
    assert "PreparationEngines" in cannot(engine(PROCESSING_ROLE_ARN="").quote(work()))
    assert "SparkProcessingImage" in cannot(engine(AWS_REGION="ap-south-2").quote(work()))
    own = "123456789012.dkr.ecr.ap-south-2.amazonaws.com/spark:1"
    said = cannot(engine(AWS_REGION="ap-south-2", SPARK_PROCESSING_IMAGE=own).quote(work()))
    assert "no known price for processing in ap-south-2" in said


@settings(max_examples=200, deadline=None)
@given(
    gigabytes=st.floats(0.001, 2000),
    max_vcpus=st.integers(2, 4000),
    max_minutes=st.integers(5, 10_080),
    share=st.floats(0, 1),
    stopping_seconds=st.integers(0, 120),
)
def test_no_bill_passes_the_worst_case_that_was_quoted(
    gigabytes: float, max_vcpus: int, max_minutes: int, share: float, stopping_seconds: int
) -> None:
    quote = engine().quote(work(gigabytes, max_vcpus=max_vcpus, max_minutes=max_minutes))
    if quote.worst_usd is None:
        return
    json.dumps(quote.terms)
    sagemaker = FakeProcessing()
    placed = order(quote.terms)
    engine(sagemaker).start(placed)
    request = sagemaker.requests[0]
    limit = request["StoppingCondition"]["MaxRuntimeInSeconds"]
    seconds = round(share * limit) + stopping_seconds
    sagemaker.move(placed.name, "Stopped", seconds)
    machines = request["ProcessingResources"]["ClusterConfig"]
    rate = {"ml.m5.xlarge": Decimal("0.23"), "ml.m5.4xlarge": Decimal("0.922")}
    billed = (
        machines["InstanceCount"] * rate[machines["InstanceType"]] * Decimal(str(seconds)) / 3600
    )

    state = engine(sagemaker).look(placed)

    assert state is not None
    assert state.billed_usd is not None
    assert billed <= state.billed_usd <= quote.worst_usd


def test_a_job_is_asked_for_with_every_limit(sagemaker: FakeProcessing) -> None:
    artifacts, placed = MemoryBucket(), an_order()

    assert engine(sagemaker, artifacts, KMS_KEY_ID="key").start(placed).is_active

    request = sagemaker.requests[0]
    assert request["ProcessingJobName"] == placed.name
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 2,
        "InstanceType": "ml.m5.xlarge",
        "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": "key",
    }
    assert request["AppSpecification"] == {
        "ImageUri": "173754725891.dkr.ecr.us-east-1.amazonaws.com/"
        "sagemaker-spark-processing:3.5-cpu-py39-v1.0",
        "ContainerEntrypoint": ["smspark-submit", "/opt/ml/processing/input/code/prepare.py"],
        "ContainerArguments": ["--config", placed.config_uri],
    }
    (place,) = artifacts.objects
    assert request["ProcessingInputs"][1]["S3Input"]["S3Uri"] == artifacts.uri(place)
    assert json.loads(artifacts.objects[place])[0]["Classification"] == "spark-defaults"


def test_two_starts_are_one_job_and_another_runs_job_is_not_taken_over(
    sagemaker: FakeProcessing,
) -> None:
    placed = started(sagemaker)
    engine(sagemaker).start(placed)
    assert len(sagemaker.requests) == 1

    other = replace(placed, run_id="other-0123456789abcdef")
    assert engine(sagemaker).look(other) is None
    engine(sagemaker).stop(other)
    assert sagemaker.stopped == []
    with pytest.raises(AwsRequestError, match="not of this run but of reviews-0123456789abcdef"):
        engine(sagemaker).start(other)


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_a_start_whose_answer_was_lost_is_found_and_not_paid_twice(
    sagemaker: FakeProcessing, failure: Exception, error: type[ThriftlineError]
) -> None:
    sagemaker.errors, sagemaker.lost = (
        {"create_processing_job": [failure]},
        {"create_processing_job"},
    )
    placed = an_order()

    with pytest.raises(error):
        engine(sagemaker).start(placed)

    assert looked(sagemaker, placed).is_active
    assert engine(sagemaker).start(placed).id == placed.name
    engine(sagemaker).stop(placed)
    assert sagemaker.stopped == [placed.name]


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_every_call_that_fails_is_our_error(
    sagemaker: FakeProcessing, failure: Exception, error: type[ThriftlineError]
) -> None:
    placed = started(sagemaker)
    sagemaker.errors = {
        "create_processing_job": [failure],
        "describe_processing_job": [failure],
        "stop_processing_job": [failure],
    }

    with pytest.raises(error):
        engine(sagemaker).start(placed)
    with pytest.raises(error):
        engine(sagemaker).look(placed)
    with pytest.raises(error):
        engine(sagemaker).stop(placed)
    engine(sagemaker).stop(placed)
    engine(sagemaker).stop(placed)
    assert sagemaker.stopped == [placed.name]


def test_what_has_ended_or_never_was_is_stopped_without_an_error(
    sagemaker: FakeProcessing,
) -> None:
    engine(sagemaker).stop(an_order())
    assert engine(sagemaker).look(an_order()) is None
    placed = started(sagemaker)
    sagemaker.move(placed.name, "Completed", 60)

    engine(sagemaker).stop(placed)
    assert looked(sagemaker, placed).ending is Ending.COMPLETED


IN_USE = "limit is 8 Instances, with current utilization of 8 Instances"
TOO_SMALL = "'ml.m5.xlarge for processing job usage' is 1 Instances"


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("ResourceLimitExceeded", IN_USE, QuotaExceededError),
        ("ResourceLimitExceeded", "too much", QuotaExceededError),
        ("ResourceLimitExceeded", TOO_SMALL, NoQuotaError),
        ("ValidationException", "VolumeSizeInGB is invalid", InvalidRunSpecError),
    ],
)
def test_a_refusal_at_the_start_has_its_error_and_leaves_no_job(
    sagemaker: FakeProcessing, code: str, message: str, error: type[ThriftlineError]
) -> None:
    sagemaker.errors = {"create_processing_job": [broken(code, 400, message)]}

    with pytest.raises(error, match=r".*"):
        engine(sagemaker).start(an_order())
    assert sagemaker.jobs == {}


@pytest.mark.parametrize(
    ("status", "reason", "seconds", "ending"),
    [
        ("Completed", "", 600, Ending.COMPLETED),
        ("Failed", "CapacityError: Unable to provision", None, Ending.CAPACITY),
        ("Failed", "InternalServerError: We encountered", 10, Ending.INTERNAL_ERROR),
        ("Failed", "ResourceLimitExceeded: quota", None, Ending.QUOTA),
        ("Failed", "AlgorithmError: See job logs, exit code: 1", 10, Ending.USER_ERROR),
        ("Failed", "ClientError: image not found", 10, Ending.USER_ERROR),
        ("Failed", "Odd", 10, Ending.UNKNOWN_FAILURE),
        ("Failed", "", 10, Ending.UNKNOWN_FAILURE),
        ("Failed", "Exceeded MaxRuntime", 10, Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT),
        ("Stopped", "", 3605, Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT),
        ("Stopped", "", 600, Ending.STOPPED),
        ("Stopped", "", None, Ending.STOPPED),
        ("Deleted", "", 600, Ending.UNKNOWN_FAILURE),
    ],
)
def test_each_way_to_end_has_its_ending(
    sagemaker: FakeProcessing, status: str, reason: str, seconds: float | None, ending: Ending
) -> None:
    placed = started(sagemaker)
    sagemaker.move(placed.name, status, seconds, FailureReason=reason)

    found = looked(sagemaker, placed)

    assert found.ending is ending
    assert (error_of(ending, "") is None) == (ending is Ending.COMPLETED)
    if ending is Ending.UNKNOWN_FAILURE:
        assert (reason or "gave no reason") in found.reason
    # What never had a machine was billed nothing.
    assert (found.billed_usd == 0) == (seconds is None)


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_job_under_way_has_no_ending_and_no_bill(sagemaker: FakeProcessing, status: str) -> None:
    placed = started(sagemaker)
    sagemaker.move(placed.name, status, 60)

    found = looked(sagemaker, placed)
    assert (found.is_active, found.status, found.billed_usd) == (True, status, None)


def test_a_job_that_ended_without_an_end_time_has_an_unknown_bill(
    sagemaker: FakeProcessing,
) -> None:
    placed = started(sagemaker)
    sagemaker.move(placed.name, "Failed", 60, ProcessingEndTime=None)

    assert looked(sagemaker, placed).billed_usd is None


def test_what_the_program_said_is_the_reason(sagemaker: FakeProcessing) -> None:
    artifacts, placed = MemoryBucket(), started(sagemaker)
    folder = placed.output_uri.removeprefix("s3://artifacts/")
    artifacts.objects[f"{folder}error.json/part-0.txt"] = b'{"code": "empty", "message": "No row."}'
    sagemaker.move(placed.name, "Failed", 60, FailureReason="AlgorithmError: exit code: 2")

    found = looked(sagemaker, placed, artifacts)

    assert (found.ending, found.reason) == (
        Ending.USER_ERROR,
        "The preparation failed: No row.",
    )


def test_memory_that_ran_out_is_said_with_what_helps(sagemaker: FakeProcessing) -> None:
    placed = started(sagemaker)
    sagemaker.move(placed.name, "Failed", 60, FailureReason="AlgorithmError: exit code: 137")

    assert "ran out of memory" in looked(sagemaker, placed).reason
