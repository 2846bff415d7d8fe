"""Which runs teach the estimates of later ones: those that one attempt trained undisturbed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.runs.finished_run import RUN_ID, World, plan, world
from tests.unit.runs.sample_results import succeeded
from thriftline.runs.schemas.result import Attempt, Result
from thriftline.runs.steps.finished_run import keep_finished

WORKLOAD = {"workload": {"train_rows": 160}, "encoder": {"layers": 6}}


@pytest.fixture
def made() -> Iterator[World]:
    with world() as one:
        document = plan().model_copy(update={"workload": WORKLOAD})
        one.put("plan.json", document.model_dump_json().encode())
        yield one


def attempt(**changes: Any) -> Attempt:
    facts = {
        "attempt": 1,
        "job_name": f"{RUN_ID}-01",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "status": "Completed",
        "secondary_status": "Completed",
        "ending": "completed",
        "failure_reason": None,
        "started_at": None,
        "ended_at": None,
        "training_seconds": 1000,
        "billable_seconds": 300,
        "interruptions": 0,
    }
    return Attempt.model_validate(facts | changes)


def result(*attempts: Attempt, **changes: Any) -> Result:
    values = {"run_id": RUN_ID, "project": "reviews", "attempts": attempts}
    return succeeded().model_copy(update=values | changes)


def test_a_run_that_trained_undisturbed_is_kept_with_its_seconds_on_the_machine(
    made: World,
) -> None:
    for _ in range(2):
        keep_finished(result(attempt()), made.artifacts, made.finished)

    (kept,) = made.finished.of("reviews")
    # Not the 300 that Spot bills.
    assert kept.seconds == 1000
    assert kept.workload == WORKLOAD
    assert (kept.place["instance_type"], kept.place["instance_count"]) == ("ml.g5.xlarge", 1)
    assert (kept.place["spot"], kept.place["billed_seconds"]) == (True, 300)
    assert (kept.run_id, kept.trainer, kept.undisturbed) == (RUN_ID, "sagemaker", True)


def test_an_attempt_that_never_got_a_machine_does_not_count(made: World) -> None:
    refused = attempt(ending="capacity", training_seconds=0, billable_seconds=0)

    keep_finished(result(refused, attempt(attempt=2)), made.artifacts, made.finished)

    assert len(made.finished.of("reviews")) == 1


@pytest.mark.parametrize(
    "attempts",
    [
        (),
        (attempt(ending="user_error"),),
        (attempt(training_seconds=None),),
        (attempt(training_seconds=None), attempt(attempt=2)),
    ],
)
def test_a_run_of_which_no_seconds_are_known_is_not_kept(
    made: World, attempts: tuple[Attempt, ...]
) -> None:
    keep_finished(result(*attempts), made.artifacts, made.finished)

    assert made.finished.of("reviews") == ()


@pytest.mark.parametrize(
    "attempts",
    [(attempt(ending="interrupted"), attempt(attempt=2)), (attempt(interruptions=1),)],
)
def test_a_run_that_was_disturbed_is_kept_as_such(
    made: World, attempts: tuple[Attempt, ...]
) -> None:
    keep_finished(result(*attempts), made.artifacts, made.finished)

    (kept,) = made.finished.of("reviews")
    assert not kept.undisturbed
    # One that was lost, or one in the middle of the only attempt.
    assert kept.place["interruptions"] == 1


def test_a_run_of_which_too_little_is_known_teaches_nothing(made: World) -> None:
    keep_finished(result(attempt(), project=None), made.artifacts, made.finished)
    keep_finished(result(attempt(), run_id="another"), made.artifacts, made.finished)
    made.put("plan.json", plan().model_dump_json().encode())
    keep_finished(result(attempt()), made.artifacts, made.finished)

    assert made.finished.of("reviews") == ()
