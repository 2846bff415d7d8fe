"""Every call of Bedrock fails in each way: the right ending, and nothing is left that costs."""

from dataclasses import dataclass

import pytest

from tests.unit.runs.trainers.bedrock.attempt_world import JOB, AttemptWorld
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.runs.domain.endings import Ending

PASSING = {
    "ThrottlingException",
    "InternalServerException",
    "ServiceUnavailableException",
    "EndpointConnectionError",
    "ModelNotReadyException",
    "ModelTimeoutException",
}
CONTROL = [
    "ThrottlingException",
    "InternalServerException",
    "AccessDeniedException",
    "ResourceNotFoundException",
    "ConflictException",
    "ServiceQuotaExceededException",
    "ValidationException",
    "EndpointConnectionError",
]
RUNTIME = [
    *CONTROL,
    "ModelNotReadyException",
    "ModelTimeoutException",
    "ModelErrorException",
    "ServiceUnavailableException",
]
AFTER_START = [
    "GetModelCustomizationJob",
    "CreateCustomModelDeployment",
    "GetCustomModelDeployment",
    "DeleteCustomModelDeployment",
]
ALWAYS = 100_000
SHOWN = {"EndpointConnectionError": "Could not connect"}


@dataclass
class Ended:
    """How an attempt ended; ``error`` is what the machine's poll failed with instead."""

    ending: Ending | None
    reason: str
    error: ThriftlineError | None


def play(world: AttemptWorld) -> Ended:
    """Plays the machine: polls with its retries, and Clean up when they fail."""
    try:
        state = world.poll_to_end()
    except ThriftlineError as error:
        return Ended(None, "", error)
    return Ended(state.ending, state.reason, None)


@pytest.mark.parametrize("code", CONTROL)
@pytest.mark.parametrize("operation", AFTER_START)
def test_a_call_that_fails_once_ends_the_attempt_only_where_trying_again_is_vain(
    operation: str, code: str
) -> None:
    world = AttemptWorld()
    world.train()
    world.bedrock.fail(operation, code)
    ended = play(world)

    if ended.error is None and ended.ending is Ending.COMPLETED:
        world.clean_up(registered=True)
        assert len(world.bedrock.models) == 1
        assert world.bedrock.deployments == {}
        return
    assert code in {"AccessDeniedException", "ValidationException"} | _OWN_ENDING.get(
        operation, set()
    )
    world.clean_up()
    assert world.what_costs() == []


# A job's or a deployment's own absence cannot be told from an error that says so.
_OWN_ENDING = {
    "GetModelCustomizationJob": {"ConflictException", "ServiceQuotaExceededException"},
}


@pytest.mark.parametrize("code", CONTROL)
@pytest.mark.parametrize("operation", AFTER_START)
def test_a_call_that_always_fails_ends_the_attempt_with_a_reason(operation: str, code: str) -> None:
    world = AttemptWorld()
    world.train()
    world.bedrock.fail(operation, code, ALWAYS)
    ended = play_patiently(world)

    assert ended.error is not None or ended.ending is not None
    text = str(ended.error or ended.reason)
    if operation != "DeleteCustomModelDeployment" and code != "ResourceNotFoundException":
        assert SHOWN.get(code, code) in text
    if operation == "DeleteCustomModelDeployment" and code not in {"ResourceNotFoundException"}:
        # The training is not lost; a person is told what is left.
        assert ended.ending is Ending.COMPLETED
        assert "delete-custom-model-deployment" in text
    # What was forbidden or broken is mended, and Clean up is tried again.
    world.bedrock.failures.clear()
    world.clean_up()
    assert world.what_costs() == []


def play_patiently(world: AttemptWorld) -> Ended:
    """Plays the machine where a poll may fail for hours and is tried again."""
    for _ in range(60):
        ended = play_once(world)
        if ended is not None:
            return ended
    raise AssertionError("the attempt does not end")


def play_once(world: AttemptWorld) -> Ended | None:
    try:
        state = world.poll(600)
    except (ThrottledError, ServiceUnavailableError) as error:
        # Poll training is tried five times, then the run fails.
        return Ended(None, "", error)
    except ThriftlineError as error:
        return Ended(None, "", error)
    return None if state.is_active else Ended(state.ending, state.reason, None)


@pytest.mark.parametrize("code", RUNTIME)
def test_a_question_that_fails_once_is_asked_again_or_ends_the_attempt(code: str) -> None:
    world = AttemptWorld({"requests_per_minute": 10})
    world.train()
    world.poll()
    world.bedrock.fail("Converse", code)
    ended = play(world)

    if code in {"AccessDeniedException", "ConflictException"}:
        assert ended.ending is Ending.UNKNOWN_FAILURE
        assert code in ended.reason
    else:
        assert ended.ending is Ending.COMPLETED
        # 20 records, two models; none is lost and none is asked twice.
        assert len(world.bedrock.asked) == 40
    world.clean_up()
    assert world.what_costs() == []


@pytest.mark.parametrize("code", RUNTIME)
def test_questions_that_always_fail_end_the_attempt(code: str) -> None:
    world = AttemptWorld()
    world.train()
    world.bedrock.fail("Converse", code, ALWAYS)
    ended = play_patiently(world)

    assert ended.ending in {Ending.UNKNOWN_FAILURE, Ending.QUOTA}
    assert (ended.ending is Ending.QUOTA) is (
        code in PASSING | {"ServiceQuotaExceededException", "ResourceNotFoundException"}
    )
    assert world.bedrock.deployments == {}
    world.clean_up()
    assert world.what_costs() == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", ThrottledError),
        ("InternalServerException", ServiceUnavailableError),
        ("EndpointConnectionError", ServiceUnavailableError),
        ("ServiceQuotaExceededException", QuotaExceededError),
        ("AccessDeniedException", AccessDeniedError),
        ("ValidationException", AwsRequestError),
        ("ResourceNotFoundException", AwsRequestError),
        # A name that is taken by nobody: it was there a moment ago.
        ("ConflictException", AwsRequestError),
    ],
)
def test_a_start_that_fails_has_started_nothing(code: str, error: type[Exception]) -> None:
    world = AttemptWorld()
    world.bedrock.fail("CreateModelCustomizationJob", code)

    with pytest.raises(error):
        world.start()

    world.clean_up()
    assert world.what_costs() == []
    # The next call of the same attempt starts it once.
    assert world.start().is_active
    assert list(world.bedrock.jobs) == [JOB]


@pytest.mark.parametrize("operation", ["GetModelCustomizationJob", "ListTagsForResource"])
@pytest.mark.parametrize("code", CONTROL)
def test_a_start_that_loses_sight_of_its_job_creates_no_second_one(
    operation: str, code: str
) -> None:
    world = AttemptWorld()
    world.bedrock.fail(operation, code)

    with pytest.raises(ThriftlineError):
        world.start()

    assert world.start().is_active
    assert list(world.bedrock.jobs) == [JOB]


@pytest.mark.parametrize("code", CONTROL)
def test_a_stop_that_fails_once_is_tried_again_until_nothing_runs(code: str) -> None:
    world = AttemptWorld()
    world.start()
    world.bedrock.move(JOB, "training")
    world.poll()
    world.bedrock.fail("StopModelCustomizationJob", code)
    for _ in range(2):
        try:
            world.clean_up()
        except ThriftlineError:
            continue

    assert world.bedrock.jobs[JOB]["status"] == "Stopped"
    assert world.what_costs() == []


@pytest.mark.parametrize("code", CONTROL)
def test_a_model_that_cannot_be_deleted_now_is_deleted_by_the_next_call(code: str) -> None:
    world = AttemptWorld()
    world.train()
    world.poll_to_end()
    world.bedrock.fail("DeleteCustomModel", code)
    for _ in range(2):
        try:
            world.clean_up()
        except ThriftlineError:
            continue

    # What the service says is not there need not be deleted.
    if code != "ResourceNotFoundException":
        assert world.what_costs() == []


@pytest.mark.parametrize("lost", ["CreateCustomModelDeployment", "DeleteCustomModelDeployment"])
def test_a_reply_that_is_lost_makes_nothing_twice(lost: str) -> None:
    world = AttemptWorld()
    world.train()
    world.bedrock.fail(lost, "EndpointConnectionError", lost_reply=True)
    ended = play(world)

    assert ended.ending is Ending.COMPLETED
    assert world.bedrock.calls.count("CreateCustomModelDeployment") == 1
    assert world.bedrock.deployments == {}
