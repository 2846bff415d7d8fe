"""Every way a training job can end has one name, one sentence, and one error."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import (
    CapacityError,
    OutOfRunTimeError,
    OutOfWaitTimeError,
    QuotaExceededError,
    ThriftlineError,
    TrainingFailedError,
    TrainingInternalError,
    TrainingStoppedError,
)
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.sagemaker.endings import Outcome, outcome_of
from thriftline.runs.trainers.sagemaker.job import TrainingJob, is_checkpoint

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACTIVE = {"InProgress", "Stopping"}
CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
INTERNAL = "InternalServerError: We encountered an internal error.  Please try again."


def job(status: str, secondary: str = "", reason: str = "", **facts: object) -> TrainingJob:
    given_facts: dict[str, object] = {
        "name": "reviews-0123456789abcdef-01",
        "created_at": NOON,
        "max_runtime_seconds": 7200,
        "instance_type": "ml.g5.xlarge",
        "billable_seconds": 840,
        **facts,
    }
    return TrainingJob(
        status=status,
        secondary_status=secondary or status,
        failure_reason=reason,
        **given_facts,  # type: ignore[arg-type]
    )


def _said(answer: bool) -> Callable[[], bool]:
    return lambda: answer


def end(one: TrainingJob, has_checkpoint: bool = False) -> Outcome:
    outcome = outcome_of(one, has_checkpoint=_said(has_checkpoint))
    assert outcome is not None
    return outcome


@pytest.mark.parametrize(
    ("one", "checkpoint", "ending", "error"),
    [
        (job("Completed"), False, Ending.COMPLETED, None),
        (job("Completed", "Uploading"), False, Ending.COMPLETED, None),
        (
            job("Failed", reason="AlgorithmError: no test labels, exit code: 1"),
            False,
            Ending.USER_ERROR,
            TrainingFailedError,
        ),
        (
            job("Failed", reason="ClientError: Data download failed: no objects"),
            False,
            Ending.USER_ERROR,
            TrainingFailedError,
        ),
        (job("Failed", reason=CAPACITY), False, Ending.CAPACITY, CapacityError),
        (job("Failed", reason=INTERNAL), False, Ending.INTERNAL_ERROR, TrainingInternalError),
        (
            job("Failed", reason="ResourceLimitExceeded: limit is 1 Instances"),
            False,
            Ending.QUOTA,
            QuotaExceededError,
        ),
        (job("Failed", "Interrupted"), False, Ending.INTERRUPTED, CapacityError),
        (job("Stopped", "Interrupted"), False, Ending.INTERRUPTED, CapacityError),
        (job("Stopped"), False, Ending.STOPPED, TrainingStoppedError),
        (job("Deleting", "Completed"), False, Ending.STOPPED, TrainingStoppedError),
        (
            job("Stopped", "MaxWaitTimeExceeded"),
            True,
            Ending.OUT_OF_WAIT_TIME,
            OutOfWaitTimeError,
        ),
        (
            job("Stopped", "MaxRuntimeExceeded"),
            True,
            Ending.OUT_OF_RUN_TIME_WITH_CHECKPOINT,
            OutOfRunTimeError,
        ),
        (
            job("Stopped", "MaxRuntimeExceeded"),
            False,
            Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT,
            OutOfRunTimeError,
        ),
        (
            job("Failed", reason="The moon was full"),
            False,
            Ending.UNKNOWN_FAILURE,
            TrainingFailedError,
        ),
        (job("Failed"), False, Ending.UNKNOWN_FAILURE, TrainingFailedError),
    ],
)
def test_each_end_has_its_name_and_its_error(
    one: TrainingJob, checkpoint: bool, ending: Ending, error: type[ThriftlineError] | None
) -> None:
    outcome = end(one, checkpoint)

    assert outcome.ending is ending
    raised = outcome.error(one)
    assert type(raised) is error if error else raised is None


def test_the_programs_own_words_reach_the_error_without_sagemakers_class() -> None:
    failed = job("Failed", reason="AlgorithmError: Split test holds one label only, exit code: 1")

    text = str(end(failed).error(failed))

    assert "The training program failed: Split test holds one label only" in text
    assert "reviews-0123456789abcdef-01" in text
    assert "seconds billed: 840" in text


def test_unknown_billed_seconds_are_said_to_be_unknown() -> None:
    failed = job("Failed", reason=CAPACITY, billable_seconds=None)

    assert "seconds billed: unknown" in str(end(failed).error(failed))


def test_only_what_is_not_the_programs_fault_may_be_tried_again() -> None:
    retried = {
        ending
        for ending in Ending
        if isinstance(
            Outcome(ending, "").error(job("Failed")), CapacityError | TrainingInternalError
        )
    }

    assert retried == {Ending.CAPACITY, Ending.INTERRUPTED, Ending.INTERNAL_ERROR}


def test_a_job_that_runs_or_stops_has_not_ended() -> None:
    for status in ACTIVE:
        assert outcome_of(job(status, "Training"), has_checkpoint=_said(True)) is None


def enums() -> tuple[list[str], list[str]]:
    shapes = boto3.client("sagemaker").meta.service_model
    return (
        list(shapes.shape_for("TrainingJobStatus").enum),
        list(shapes.shape_for("SecondaryStatus").enum),
    )


def combinations() -> Iterator[tuple[TrainingJob, bool]]:
    statuses, secondary_statuses = enums()
    reasons = ["", "AlgorithmError: x", "ClientError: x", CAPACITY, INTERNAL, "Whatever: x", ":"]
    for status, secondary, reason, checkpoint in itertools.product(
        statuses, secondary_statuses, reasons, (True, False)
    ):
        yield job(status, secondary, reason), checkpoint


def test_every_combination_of_the_apis_own_statuses_has_exactly_one_ending() -> None:
    seen = 0
    for one, checkpoint in combinations():
        outcome = outcome_of(one, has_checkpoint=_said(checkpoint))
        seen += 1
        if one.status in ACTIVE:
            assert outcome is None
            continue
        assert outcome is not None
        assert outcome.reason[0].isupper()
        assert (outcome.error(one) is None) == (outcome.ending is Ending.COMPLETED)
        if one.status != "Completed":
            assert outcome.ending is not Ending.COMPLETED
    assert seen == 6 * 17 * 7 * 2


@pytest.mark.parametrize("secondary", ["Failed", "Stopped", "Interrupted", "MaxRuntimeExceeded"])
def test_a_job_that_says_two_things_at_once_has_not_succeeded(secondary: str) -> None:
    assert end(job("Completed", secondary)).ending is not Ending.COMPLETED


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=200), st.booleans())
def test_statuses_and_texts_that_nobody_has_seen_never_count_as_success(
    status: str, secondary: str, reason: str, checkpoint: bool
) -> None:
    one = job(status or "?", secondary, reason)

    outcome = outcome_of(one, has_checkpoint=_said(checkpoint))

    if status in ACTIVE:
        assert outcome is None
    else:
        assert outcome is not None
        assert (outcome.ending is Ending.COMPLETED) <= (status == "Completed")


@given(st.text(max_size=200))
def test_a_reason_of_no_known_class_is_never_tried_again(text: str) -> None:
    known = ("capacityerror", "internalservererror")
    outcome = end(job("Failed", reason=f"_{text}"))

    assert not any(outcome.ending.value.startswith(word) for word in known)
    assert outcome.ending is Ending.UNKNOWN_FAILURE


@pytest.mark.parametrize(
    ("key", "usable"),
    [
        ("checkpoints/r/step-000000040/state.json", True),
        ("checkpoints/r/.partial-step-000000040/state.json", False),
        ("checkpoints/r/step-000000040/weights.safetensors", False),
        ("checkpoints/r/state.json", False),
    ],
)
def test_a_checkpoint_counts_when_it_has_its_name_and_its_state(key: str, usable: bool) -> None:
    assert is_checkpoint(key) is usable
