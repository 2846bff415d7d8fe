"""Open experiment: what is refused, and that nothing runs twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.serving.experiment_world import (
    AB,
    ENDPOINT,
    EXECUTION,
    NOW,
    SHADOW,
    World,
    made_world,
)
from thriftline.core.errors import ExperimentRefusedError, InvalidServeSpecError
from thriftline.serving.domain.versions import EndpointState


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


def test_an_experiment_has_the_endpoint_until_after_its_deadline(world: World) -> None:
    world.say(AB)
    opened = world.open()
    state = world.table.state(ENDPOINT)

    assert opened.decision == "start"
    assert opened.experiment_id is not None
    assert state is not None
    assert state.lock_owner == opened.experiment_id
    assert state.lock_until is not None
    assert state.lock_until > NOW + timedelta(hours=168)
    found = world.documents.running(ENDPOINT)
    assert found is not None
    assert (found["kind"], found["variant"]) == ("ab", "challenger")


def test_the_same_request_is_the_same_experiment(world: World) -> None:
    world.say(AB)
    first, again = world.open(), world.open()
    other = world.open(execution=f"{EXECUTION}-2")

    assert again.decision == "start"
    assert (again.experiment_id, other.experiment_id) == (first.experiment_id,) * 2
    assert other.decision == "duplicate"


@pytest.mark.parametrize(
    ("serve_yaml", "request_", "expected"),
    [
        ("version: 1\n", {}, "says nothing of a comparison"),
        (AB.replace("10", "100"), {}, "at most 99"),
        ("compare: {kind: shadow}\n", {}, "capture.percent is 0"),
        ("compare: {kind: ab, measure: accuracy}\n", {}, "capture.percent is 0"),
        (AB, {"project": None}, "Name the project"),
        (AB, {"model_package_arn": World.package(1)}, "serves on stack-reviews already"),
        (AB, {"model_package_arn": World.package(3)}, "PendingManualApproval"),
        (SHADOW, {"model_package_arn": World.package(3)}, "PendingManualApproval"),
        (AB, {"endpoint": "other"}, "serves nothing yet"),
        (AB, {"surprise": 1}, "surprise"),
        (AB, {"action": "stop"}, "nothing to stop"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_fix(
    world: World, serve_yaml: str, request_: dict[str, Any], expected: str
) -> None:
    world.say(serve_yaml)
    with pytest.raises(ExperimentRefusedError, match=expected):
        world.open(**request_)
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.lock_owner is None


def test_a_broken_serve_yaml_is_refused_with_its_line(world: World) -> None:
    world.say("compare:\n  weight_percent: many\n")
    with pytest.raises(InvalidServeSpecError, match="line 2"):
        world.open()


def test_a_shadow_that_only_reports_needs_no_approval(world: World) -> None:
    world.say(SHADOW.replace("promote", "report"))

    assert world.open(model_package_arn=world.package(3)).decision == "start"


def test_without_a_version_the_newest_approved_one_is_compared(world: World) -> None:
    world.say(AB)
    own = world.open(model_package_arn=None).experiment_id
    assert own is not None

    assert world.documents.required(ENDPOINT, own).challenger.number == 2


def test_a_command_says_otherwise_than_the_file(world: World) -> None:
    world.say(AB)
    own = world.open(overrides={"deadline_hours": 1, "weight_percent": 20}).experiment_id
    assert own is not None
    found = world.documents.required(ENDPOINT, own)

    assert found.deadline == NOW + timedelta(hours=1)
    assert found.weight == 0.2


def test_a_deployment_under_way_keeps_an_experiment_out(world: World) -> None:
    world.say(AB)
    held = EndpointState(
        ENDPOINT, "reviews", "real-time", lock_owner="d-1", lock_until=NOW + timedelta(hours=1)
    )
    assert world.table.lock(held, NOW)
    with pytest.raises(ExperimentRefusedError, match="d-1, a deployment"):
        world.open()


def test_another_experiment_keeps_one_out(world: World) -> None:
    world.begin(AB)
    with pytest.raises(ExperimentRefusedError, match="an experiment, has the endpoint"):
        world.open(execution=f"{EXECUTION}-2", token="t2")


def test_a_deployment_is_kept_out_while_an_experiment_runs(world: World) -> None:
    world.begin(AB)
    state = world.table.state(ENDPOINT)
    assert state is not None

    assert not world.table.lock(replace(state, lock_owner="d-1"), NOW)


def test_a_stop_takes_the_requests_away_at_once_and_the_next_look_ends_it(world: World) -> None:
    own = world.begin(AB)
    stopped = world.open(execution=f"{EXECUTION}-2", action="stop", why="too slow", token="t2")

    assert stopped.decision == "stopped"
    assert world.hosting.weights["challenger"] == 0
    look = world.poll(own, NOW + timedelta(minutes=5))
    assert (look.step, look.ending) == ("end", "undecided")
    assert "ada stopped it: too slow" in look.reason


def test_a_stop_ends_by_itself_what_a_dead_execution_left(world: World) -> None:
    own = world.begin(AB)
    world.executions.running.clear()
    stopped = world.open(execution=f"{EXECUTION}-2", action="stop", token="t2")

    assert (stopped.decision, stopped.experiment_id) == ("end", own)


def test_what_a_dead_execution_left_is_closed_and_an_ended_one_is_not(world: World) -> None:
    own = world.begin(AB)
    asked = {"action": "close", "project": None, "token": "e", "execution_arn": EXECUTION}
    assert world.open(execution=f"{EXECUTION}-2", **asked).experiment_id == own
    world.end_whole(own, NOW)

    assert world.open(execution=f"{EXECUTION}-3", **asked).decision == "ignored"
    asked["execution_arn"] = "unknown"
    assert world.open(execution=f"{EXECUTION}-3", **asked).decision == "ignored"
