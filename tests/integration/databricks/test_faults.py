"""Every call to Databricks made to fail, to hang, to be refused: nothing starts twice."""

from dataclasses import replace

import pytest

from tests.integration.databricks.story import Story, Work
from tests.integration.databricks.workspace import Run
from tests.integration.databricks.world import SETTINGS, WORK, World
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    InvalidStackParameterError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import PreparationState

# What each method of the engine calls.
CALLS = (
    ("start", "token"),
    ("start", "submit"),
    ("look", "get"),
    ("look_without_id", "list"),
    ("look_at_end", "events"),
    ("stop", "cancel"),
)
# What may fail without an error: the ending is known then.
HELPFUL = (("look_at_failure", "get-output"),)


def act(world: World, method: str) -> object:
    """Does what ends in the call."""
    order = world.order()
    if method == "start":
        return world.engine.start(order)
    if method == "look_at_failure":
        world.story = Story(code="RUN_EXECUTION_ERROR", error="it broke")
    started = replace(order, started_id=world.make().start(order).id)
    if method == "look_without_id":
        return world.engine.look(order)
    if method == "stop":
        world.engine.stop(started)
        return None
    if method.startswith("look_at"):
        world.clock.advance(3_000)
    return world.engine.look(started)


@pytest.mark.parametrize(("method", "call"), CALLS + HELPFUL)
@pytest.mark.parametrize("kind", ["dropped", "lost"])
def test_a_call_without_an_answer_is_made_again(
    world: World, method: str, call: str, kind: str
) -> None:
    world.loopback.fault(call, kind)
    act(world, method)

    assert world.workspace.calls.count(call) >= 1
    assert len(world.workspace.runs) == 1


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_a_pause_that_is_asked_for_is_kept(world: World, method: str, call: str) -> None:
    world.loopback.fault(call, status=429, headers={"Retry-After": "1"})
    act(world, method)
    assert len(world.workspace.runs) == 1


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_a_long_pause_is_for_the_machine_to_wait(world: World, method: str, call: str) -> None:
    if call == "token":
        world.loopback.fault(call, status=503, headers={"Retry-After": "600"})
        with pytest.raises(ServiceUnavailableError, match="503"):
            act(world, method)
        return
    world.loopback.fault(
        call,
        status=429,
        headers={"Retry-After": "600"},
        body={"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slowly"},
    )
    with pytest.raises(ThrottledError, match="REQUEST_LIMIT_EXCEEDED: slowly"):
        act(world, method)


@pytest.mark.parametrize(("method", "call"), [one for one in CALLS if one[1] != "submit"])
def test_only_a_start_is_refused_for_a_quota(world: World, method: str, call: str) -> None:
    world.loopback.fault(
        call,
        status=429,
        headers={"Retry-After": "600"},
        body={"error_code": "RESOURCE_EXHAUSTED", "message": "slowly"},
    )
    with pytest.raises(ThrottledError, match="RESOURCE_EXHAUSTED: slowly"):
        act(world, method)


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_a_service_that_is_down_is_worth_a_retry_of_the_machine(
    world: World, method: str, call: str
) -> None:
    world.loopback.fault(call, status=500, body={"message": "an internal error"})
    with pytest.raises(ServiceUnavailableError, match="500"):
        act(world, method)


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_an_answer_that_is_not_databricks_own_is_worth_a_retry(
    world: World, method: str, call: str
) -> None:
    world.loopback.fault(call, "garbage")
    with pytest.raises(ServiceUnavailableError, match="without JSON"):
        act(world, method)


@pytest.mark.parametrize(("method", "call"), [one for one in CALLS[1:] if one[1] != "events"])
def test_a_call_that_may_not_be_made_says_whose_fault_it_is(
    world: World, method: str, call: str
) -> None:
    world.loopback.fault(
        call,
        status=403,
        body={"error_code": "PERMISSION_DENIED", "message": "not yours"},
        times=2,
    )
    with pytest.raises(AccessDeniedError, match=r"not yours.*May the service principal"):
        act(world, method)


@pytest.mark.parametrize("kind", ["answer", "garbage", "dropped"])
def test_a_failure_gets_its_ending_though_nobody_can_say_more_of_it(
    world: World, kind: str
) -> None:
    world.loopback.fault("get-output", kind, times=10)
    state = act(world, "look_at_failure")
    assert isinstance(state, PreparationState)
    assert state.ending is Ending.USER_ERROR
    assert state.billed_usd


def test_events_that_may_not_be_read_leave_the_bill_open(world: World) -> None:
    refusal = {"error_code": "PERMISSION_DENIED", "message": "not yours"}
    world.loopback.fault("events", status=403, body=refusal, times=2)
    state = act(world, "look_at_end")
    assert isinstance(state, PreparationState)
    assert state.ending is Ending.COMPLETED
    assert state.billed_usd is None


def test_a_workspace_that_hangs_is_given_up_and_nothing_runs_twice(world: World) -> None:
    world.loopback.fault("submit", "hang", times=10)
    engine = world.make(timeout_seconds=0.1)
    order = world.order()
    with pytest.raises(ServiceUnavailableError, match="does not answer"):
        engine.start(order)
    assert world.workspace.runs == {}


def test_a_submission_whose_answer_was_lost_each_time_is_found_and_cancelled(world: World) -> None:
    world.loopback.fault("submit", "lost", times=10)
    order = world.order()
    with pytest.raises(ServiceUnavailableError):
        world.engine.start(order)

    assert len(world.workspace.runs) == 1
    world.engine.stop(order)
    world.clock.advance(60)
    state = world.engine.look(order)
    assert state is not None
    assert state.ending is Ending.STOPPED
    assert world.workspace.active() == []


def test_a_token_is_renewed_before_it_ends(world: World) -> None:
    order = world.started()
    for _ in range(8):
        world.clock.advance(600)
        world.engine.look(order)

    # 4,800 seconds with tokens of 3,600, none of which is used in its last two minutes.
    assert world.workspace.calls.count("token") == 2
    assert world.secret.reads == 1


def test_a_token_that_was_taken_back_is_asked_for_again(world: World) -> None:
    order = world.started()
    world.workspace.tokens.clear()

    assert world.engine.look(order) is not None
    assert world.workspace.calls.count("token") == 2


def test_a_secret_that_was_changed_is_read_again(world: World) -> None:
    order = world.started()
    world.workspace.tokens.clear()
    world.workspace.client_secret = "another"
    world.secret.text = world.loopback.secret

    assert world.engine.look(order) is not None
    assert world.secret.reads == 2


def test_a_wrong_secret_is_named_and_shown_to_nobody(world: World) -> None:
    world.workspace.client_secret = "another"
    with pytest.raises(AccessDeniedError, match="DatabricksSecretArn") as caught:
        world.engine.start(world.order())
    assert "dose-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "{}",
        '{"host": "h", "client_id": "top", "client_secret": ""}',
        '{"host": "http://dbc.example.com", "client_id": "top", "client_secret": "hidden"}',
        '{"host": "https://user@dbc.example.com", "client_id": "top", "client_secret": "hidden"}',
        '{"host": "https://dbc.example.com/path", "client_id": "top", "client_secret": "hidden"}',
        '{"host": "a host", "client_id": "top", "client_secret": "hidden"}',
        '{"host": "https://dbc.example.com:x", "client_id": "top", "client_secret": "hidden"}',
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_being_shown(
    world: World, text: str
) -> None:
    world.secret.text = text
    with pytest.raises(InvalidStackParameterError, match="DatabricksSecretArn") as caught:
        world.engine.start(world.order())
    assert "hidden" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_what_the_stack_says_wrongly_of_rates_is_refused_by_name(world: World) -> None:
    for name, value in (
        ("DATABRICKS_USD_PER_DBU", "cheap"),
        ("DATABRICKS_NODE_RATES", "[]"),
        ("DATABRICKS_NODE_RATES", '{"m5.xlarge": {"dbu": 1}}'),
        ("DATABRICKS_NODE_RATES", '{"m5.xlarge": {"dbu_per_hour": 0}}'),
    ):
        engine = world.make({**SETTINGS, name: value})
        with pytest.raises(InvalidStackParameterError, match="Databricks"):
            engine.quote(WORK)


def test_too_many_runs_to_find_a_lost_start_is_said_and_starts_nothing(world: World) -> None:
    order = world.order()
    for number in range(24 * 40 + 1):
        _add_run(world, f"other-{number}")
    with pytest.raises(AwsRequestError, match="cannot be said"):
        world.engine.look(order)


def _add_run(world: World, name: str) -> None:
    number = 10_000 + len(world.workspace.runs)
    body = {"run_name": name, "tasks": [{"new_cluster": {}}]}
    story = Story(pending_seconds=10**9)
    world.workspace.runs[number] = Run(number, body, world.clock(), Work(story))


def test_every_error_is_one_that_the_machine_knows(world: World) -> None:
    world.loopback.fault("get", status=418, body={"error_code": "TEAPOT"})
    order = world.started()
    with pytest.raises(ThriftlineError) as caught:
        world.engine.look(order)
    assert type(caught.value) is AwsRequestError
