"""A service that hangs: who waits is answered in time, with a problem, and may ask again."""

from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.unit.api.api_world import ANN, NOW, ApiWorld, forget
from tests.unit.api.failing_aws import failing_aws
from tests.unit.api.test_callers import POOL, SUBJECT
from thriftline.core.aws import clients
from thriftline.core.aws.deadline import Deadline
from thriftline.core.errors import ServiceUnavailableError
from thriftline.wiring import api as wiring

A_TRY = 7.0


@dataclass
class Clock:
    """Time that goes on when a test says so."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self) -> None:
        """A try that is given up as late as the interactive clients give one up."""
        self.seconds += A_TRY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clients, "deadline", Deadline(made))
    return made


def test_many_slow_calls_are_one_problem_in_time(world: ApiWorld, clock: Clock) -> None:
    """Each call of DynamoDB takes as long as it may, and Step Functions answers no try."""
    world.run_that_goes_on("reviews-1")
    began = clock.seconds
    with failing_aws(clock.wait) as (address, tries):
        world.set(AWS_ENDPOINT_URL_SFN=address)
        slow = clients.interactive_client("dynamodb").meta.events
        slow.register_last("before-send", lambda **_: clock.wait())
        answered = world.call("POST", "/runs/reviews-1/stop", {"why": "slow"}, key="one")

    assert tries
    assert clock.seconds - began <= clients.ANSWER_WITHIN_SECONDS
    assert answered.status == 503, answered.body
    assert answered.headers["Content-Type"] == "application/problem+json"
    assert int(answered.headers["Retry-After"]) > 0

    # The key was given back: the same request is worked on, and not refused for a minute.
    world.monkeypatch.delenv("AWS_ENDPOINT_URL_SFN")
    forget()
    again = world.call("POST", "/runs/reviews-1/stop", {"why": "slow"}, key="one")
    assert again.status == 202, again.body


def test_what_a_view_says_late_stays_what_it_is(world: ApiWorld, clock: Clock) -> None:
    """Two slow calls leave no time for a third by the client of the first two."""
    world.add_run("reviews-1", status="succeeded")

    def wait(**_: object) -> None:
        """A try that is given up, and the pause after it."""
        clock.wait()
        clock.seconds += 3

    clients.interactive_client("dynamodb").meta.events.register_last("before-send", wait)
    answered = world.call("POST", "/runs/reviews-1/stop", {"why": "slow"}, key="one")
    assert answered.status == 409, answered.body
    assert "has ended" in answered.detail

    forget()
    again = world.call("POST", "/runs/reviews-1/stop", {"why": "slow"}, key="one")
    assert "has ended" in again.detail


def test_time_that_is_over_is_said_with_what_a_call_may_take() -> None:
    clock = Clock()
    deadline = Deadline(clock)
    with deadline.within(10):
        deadline.require(10)
        clock.seconds += 4
        with pytest.raises(ServiceUnavailableError, match=r"6\.0 s are left .* may take 7 s"):
            deadline.require(7)
    deadline.require(1_000)


def test_a_pool_that_fails_is_given_up_after_three_tries(world: ApiWorld) -> None:
    with failing_aws() as (address, tries):
        world.set(AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=address, PAGE_USER_POOL=POOL)
        with pytest.raises(ServiceUnavailableError):
            wiring.page_users().address_of(SUBJECT, NOW)
    assert len(tries) == 3


def test_a_function_that_fails_is_not_called_again_by_itself(world: ApiWorld) -> None:
    with failing_aws() as (address, tries):
        world.set(AWS_ENDPOINT_URL_LAMBDA=address)
        client = clients.interactive_client_without_retries("lambda")
        with pytest.raises(ClientError):
            client.invoke(FunctionName="restore", Payload=b"{}")
    assert len(tries) == 1


def test_a_look_at_the_clock_ends_with_the_request(world: ApiWorld, clock: Clock) -> None:
    assert world.call("GET", "/runs", caller=ANN).status == 200
    clock.seconds += 1_000
    assert wiring.run_lists() is not None
    assert world.call("GET", "/runs", caller=ANN).status == 200
