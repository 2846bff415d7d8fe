"""Starting, looking at and stopping job runs of EMR Serverless, with every call that fails."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.unit.runs.engines.emr_world import emr_engine
from tests.unit.runs.engines.fake_emr import FakeEmr, broken, settings_of
from tests.unit.runs.engines.works import order, work
from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    InvalidRunSpecError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.runs.domain.endings import Ending, error_of
from thriftline.runs.domain.preparation import PreparationOrder, PreparationState

HANGS = ReadTimeoutError(endpoint_url="https://emr-serverless")
FAILURES: list[tuple[Exception, type[ThriftlineError]]] = [
    (broken("ThrottlingException"), ThrottledError),
    (broken("InternalServerException", 500), ServiceUnavailableError),
    (broken("AccessDeniedException"), AccessDeniedError),
    (broken("ConflictException", 409), AwsRequestError),
    (HANGS, ServiceUnavailableError),
    (ConnectTimeoutError(endpoint_url="https://emr-serverless"), ServiceUnavailableError),
]


@pytest.fixture
def emr() -> FakeEmr:
    return FakeEmr()


def an_order(gigabytes: float = 10, **changes: Any) -> PreparationOrder:
    return order(emr_engine().quote(work(gigabytes, **changes)).terms)


def started(emr: FakeEmr, **changes: Any) -> PreparationOrder:
    placed = an_order(**changes)
    return replace(placed, started_id=emr_engine(emr).start(placed).id)


def looked(emr: FakeEmr, placed: PreparationOrder, artifacts: Any = None) -> PreparationState:
    state = emr_engine(emr, artifacts).look(placed)
    assert state is not None
    return state


def test_a_run_is_asked_for_with_every_limit(emr: FakeEmr) -> None:
    state = emr_engine(emr).start(an_order())

    assert state.is_active
    request = emr.requests[0]
    assert request["clientToken"] == request["name"] == "reviews-0123456789abcdef-prep-01"
    assert request["executionTimeoutMinutes"] == 60
    assert "flexExecution" not in request
    assert "retryPolicy" not in request
    assert request["tags"] == {
        "thriftline:stack": "thriftline",
        "thriftline:project": "reviews",
        "thriftline:run-id": "reviews-0123456789abcdef",
    }
    conf = settings_of(request)
    assert conf["spark.dynamicAllocation.maxExecutors"] == "3"
    assert conf["spark.executor.memory"] == "12g"
    assert conf["spark.executor.memoryOverhead"] == "4g"
    assert conf["spark.archives"] == "s3://artifacts/preparation/environment.tar.gz#environment"
    assert conf["spark.executorEnv.PYSPARK_PYTHON"] == "./environment/bin/python"


def test_spare_capacity_and_no_archive(emr: FakeEmr) -> None:
    emr_engine(emr, PREPARATION_ARCHIVE="").start(an_order(spare_capacity=True))

    assert emr.requests[0]["flexExecution"] == {"enabled": True}
    assert not [name for name in settings_of(emr.requests[0]) if "PYSPARK" in name]


def test_two_starts_are_one_run(emr: FakeEmr) -> None:
    engine, placed = emr_engine(emr), an_order()

    assert engine.start(placed).id == engine.start(placed).id
    assert len(emr.runs) == 1


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_a_start_whose_answer_was_lost_is_found_and_not_paid_twice(
    emr: FakeEmr, failure: Exception, error: type[ThriftlineError]
) -> None:
    emr.errors["start_job_run"], emr.lost = [failure], {"start_job_run"}
    engine, placed = emr_engine(emr), an_order()

    with pytest.raises(error):
        engine.start(placed)

    found = engine.look(placed)
    assert found is not None
    assert found.id == engine.start(placed).id
    engine.stop(placed)
    assert [one["state"] for one in emr.runs.values()] == ["CANCELLING"]


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_every_call_that_fails_is_our_error(
    emr: FakeEmr, failure: Exception, error: type[ThriftlineError]
) -> None:
    engine, placed = emr_engine(emr), started(emr)
    emr.errors = {"start_job_run": [failure], "get_job_run": [failure], "list_job_runs": [failure]}

    with pytest.raises(error):
        engine.start(placed)
    with pytest.raises(error):
        engine.look(placed)
    with pytest.raises(error):
        engine.look(replace(placed, started_id=None))


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_a_stop_that_fails_is_reported_while_the_run_goes_on_and_only_then(
    emr: FakeEmr, failure: Exception, error: type[ThriftlineError]
) -> None:
    placed = started(emr)
    emr.errors["cancel_job_run"] = [failure]
    with pytest.raises(error):
        emr_engine(emr).stop(placed)

    emr_engine(emr).stop(placed)
    emr_engine(emr).stop(placed)
    assert emr.runs[placed.started_id or ""]["state"] == "CANCELLING"


@pytest.mark.parametrize("state", ["SUCCESS", "FAILED", "CANCELLED"])
def test_what_has_ended_is_stopped_without_an_error(emr: FakeEmr, state: str) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", state)

    emr_engine(emr).stop(placed)

    assert emr.runs[placed.started_id or ""]["state"] == state


def test_what_never_was_is_none_and_costs_nothing(emr: FakeEmr) -> None:
    engine, placed = emr_engine(emr), an_order()

    assert engine.look(placed) is None
    assert engine.look(replace(placed, started_id="00gone")) is None
    engine.stop(placed)
    engine.stop(replace(placed, started_id="00gone"))
    assert emr.runs == {}
    assert "start_job_run" not in emr.calls


def test_an_ended_run_among_many_is_found_by_its_name(emr: FakeEmr) -> None:
    engine, placed = emr_engine(emr), an_order()
    for number in range(7):
        engine.start(replace(placed, name=f"other-{number}"))
    mine = engine.start(placed)
    for run in emr.runs:
        emr.move(run, "SUCCESS")

    assert looked(emr, placed).id == mine.id


def test_a_quota_at_the_start_is_a_quota_and_a_refused_request_a_rejection(emr: FakeEmr) -> None:
    refused = "Job run exceeds the service quota"
    emr.errors["start_job_run"] = [
        broken("ServiceQuotaExceededException"),
        broken("ValidationException", message=refused),
        broken("ValidationException", message="executor disk out of range"),
    ]
    engine, placed = emr_engine(emr), an_order()

    for error in (QuotaExceededError, QuotaExceededError, InvalidRunSpecError):
        with pytest.raises(error):
            engine.start(placed)
    assert emr.runs == {}


@pytest.mark.parametrize("state", ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "QUEUED"])
def test_a_run_under_way_has_no_ending_and_no_bill(emr: FakeEmr, state: str) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", state, billedResourceUtilization={"vCPUHour": 1.0})

    found = looked(emr, placed)
    assert (found.is_active, found.status, found.billed_usd) == (True, state, None)


@pytest.mark.parametrize(
    ("state", "details", "ending", "error"),
    [
        ("SUCCESS", "", Ending.COMPLETED, None),
        (
            "FAILED",
            "Job failed: ServiceQuotaExceededException: Max concurrent vCPUs per account",
            Ending.QUOTA,
            "QuotaExceededError",
        ),
        (
            "FAILED",
            "ApplicationMaxCapacityExceededException: Worker could not be allocated as the "
            "application has exceeded maximumCapacity settings",
            Ending.CAPACITY,
            "CapacityError",
        ),
        (
            "FAILED",
            "Insufficient capacity in the availability zone",
            Ending.CAPACITY,
            "CapacityError",
        ),
        ("FAILED", "Driver host was terminated", Ending.INTERRUPTED, "CapacityError"),
        (
            "FAILED",
            "Internal server error. Try again",
            Ending.INTERNAL_ERROR,
            "TrainingInternalError",
        ),
        (
            "CANCELLED",
            "Job run timed out",
            Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT,
            "OutOfRunTimeError",
        ),
        (
            "FAILED",
            "Job execution timeout",
            Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT,
            "OutOfRunTimeError",
        ),
        (
            "CANCELLED",
            "Cancelled as it passed the queueTimeoutMinutes",
            Ending.OUT_OF_WAIT_TIME,
            "OutOfWaitTimeError",
        ),
        ("CANCELLED", "Cancelled by user", Ending.STOPPED, "TrainingStoppedError"),
        (
            "FAILED",
            "Job failed, please check complete logs. The last few exceptions are: (exit code: 1)",
            Ending.USER_ERROR,
            "TrainingFailedError",
        ),
        ("FAILED", "Driver exit status 137", Ending.USER_ERROR, "TrainingFailedError"),
        (
            "FAILED",
            "ExitCode: 1. Last few exceptions: java.net.SocketTimeoutException: timed out",
            Ending.USER_ERROR,
            "TrainingFailedError",
        ),
        (
            "FAILED",
            "The host of the driver was terminated. ExitCode: 137.",
            Ending.INTERRUPTED,
            "CapacityError",
        ),
        ("FAILED", "", Ending.UNKNOWN_FAILURE, "TrainingFailedError"),
        ("FAILED", "Something new", Ending.UNKNOWN_FAILURE, "TrainingFailedError"),
        ("SUSPENDED", "New state", Ending.UNKNOWN_FAILURE, "TrainingFailedError"),
    ],
)
def test_each_way_to_end_has_its_ending(
    emr: FakeEmr, state: str, details: str, ending: Ending, error: str | None
) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", state, details)

    found = looked(emr, placed)

    assert found.ending is ending
    named = error_of(ending, found.reason)
    assert (type(named).__name__ if named else None) == error
    if ending is Ending.UNKNOWN_FAILURE:
        assert (details or "gave no reason") in found.reason


def test_memory_that_ran_out_is_said_with_what_helps(emr: FakeEmr) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", "FAILED", "Driver exit status 137")

    assert "ran out of memory" in looked(emr, placed).reason


def test_a_run_that_used_all_of_its_time_is_out_of_time_whatever_the_text_says(
    emr: FakeEmr,
) -> None:
    placed = started(emr)
    emr.move(
        placed.started_id or "", "CANCELLED", "Job cancelled", totalExecutionDurationSeconds=3601
    )

    found = looked(emr, placed)
    assert found.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert "prepare.max_minutes" in found.reason


@pytest.mark.parametrize("place", ["error.json", "error.json/part-00000-abc.txt"])
def test_what_the_program_said_is_the_reason(emr: FakeEmr, place: str) -> None:
    artifacts, placed = MemoryBucket(), started(emr)
    folder = placed.output_uri.removeprefix("s3://artifacts/")
    said = b'{"code": "unmapped_label", "message": "labels: 3 rows have the label foo."}'
    artifacts.objects = {f"{folder}{place}": said, f"{folder}error.json/_SUCCESS": b""}
    emr.move(placed.started_id or "", "FAILED", "timed out with exit code 2")

    found = looked(emr, placed, artifacts)

    assert found.ending is Ending.USER_ERROR
    assert "labels: 3 rows have the label foo." in found.reason


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code": "x"}', b"\xff"])
def test_a_damaged_word_of_the_program_hides_no_ending(emr: FakeEmr, body: bytes) -> None:
    artifacts, placed = MemoryBucket(), started(emr)
    folder = placed.output_uri.removeprefix("s3://artifacts/")
    artifacts.objects = {f"{folder}error.json": body}
    emr.move(placed.started_id or "", "FAILED", "exit code 1")

    assert looked(emr, placed, artifacts).ending is Ending.USER_ERROR


class SilentBucket(MemoryBucket):
    """A bucket that does not answer."""

    def list(self, prefix: str, after: str | None = None) -> Any:
        raise ServiceUnavailableError(f"listing {prefix}")


def test_a_bucket_that_does_not_answer_hides_no_ending(emr: FakeEmr) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", "FAILED", "exit code 1")

    assert looked(emr, placed, SilentBucket()).ending is Ending.USER_ERROR


def test_the_bill_is_what_aws_says_it_billed_at_the_rates_of_the_quote(emr: FakeEmr) -> None:
    placed = started(emr)
    ended_at = datetime(2026, 11, 30, 13, tzinfo=UTC)
    emr.move(
        placed.started_id or "",
        "SUCCESS",
        billedResourceUtilization={"vCPUHour": 2.5, "memoryGBHour": 10.0, "storageGBHour": 4.0},
        startedAt=ended_at,
        endedAt=ended_at,
        totalExecutionDurationSeconds=600,
    )

    found = looked(emr, placed)

    assert found.billed_usd == Decimal("2.5") * Decimal("0.052624") + 10 * Decimal(
        "0.0057785"
    ) + 4 * Decimal("0.000111")
    assert found.facts["vcpu_hours"] == 2.5
    assert (found.started_at, found.ended_at) == (ended_at, ended_at)


@pytest.mark.parametrize("billed", [None, {}, {"vCPUHour": 1.0}])
def test_a_bill_that_is_not_there_yet_is_unknown_and_not_nothing(emr: FakeEmr, billed: Any) -> None:
    placed = started(emr)
    emr.move(placed.started_id or "", "SUCCESS", billedResourceUtilization=billed)

    assert looked(emr, placed).billed_usd is None
