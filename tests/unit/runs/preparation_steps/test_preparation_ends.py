"""Wherever a preparation stops, nothing goes on and nothing is held."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.unit.runs.engine_fixture import BILLED_USD
from tests.unit.runs.preparation_world import PreparationWorld
from tests.unit.runs.run_world import RUN_ID
from thriftline.core.errors import (
    AwsRequestError,
    CapacityError,
    ServiceUnavailableError,
    ThriftlineError,
)
from thriftline.runs.domain.endings import Ending


def _stop_after_plan(world: PreparationWorld) -> None:
    world.plan()


def _stop_after_start(world: PreparationWorld) -> None:
    world.plan()
    world.start()


def _stop_after_lost_start(world: PreparationWorld) -> None:
    world.plan()
    world.engine.fails = {"start's answer": ServiceUnavailableError("lost")}
    with pytest.raises(ServiceUnavailableError):
        world.start()
    world.engine.fails = {}


def _stop_after_poll(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.pass_time(minutes=4)
    world.poll()


def _stop_after_good_end(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()


def _stop_in_second_attempt(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.endings = {1: Ending.INTERRUPTED}
    with pytest.raises(CapacityError):
        world.poll()
    world.start(2)


@pytest.mark.parametrize(
    ("until", "billed"),
    [
        (_stop_after_plan, Decimal(0)),
        (_stop_after_start, BILLED_USD),
        (_stop_after_lost_start, BILLED_USD),
        (_stop_after_poll, BILLED_USD),
        (_stop_after_good_end, BILLED_USD),
        (_stop_in_second_attempt, 2 * BILLED_USD),
    ],
)
def test_a_run_that_stops_anywhere_leaves_nothing_running_and_holds_nothing(
    world: PreparationWorld, until: Callable[[PreparationWorld], None], billed: Decimal
) -> None:
    until(world)
    assert world.end().settled_usd == billed
    assert world.engine.active == []
    assert (world.held_usd, world.settled_usd) == (Decimal(0), billed)
    assert not list(world.run.artifacts.list(f"scratch/{RUN_ID}/"))


@pytest.mark.parametrize("call", ["quote", "start", "look", "stop"])
@pytest.mark.parametrize("error", [ServiceUnavailableError, AwsRequestError])
def test_a_call_that_fails_spends_nothing_twice_and_is_ended_later(
    world: PreparationWorld, call: str, error: type[ThriftlineError]
) -> None:
    world.engine.fails = {call: error("no")}
    if call == "quote":
        with pytest.raises(error):
            world.plan()
    elif call == "start":
        world.plan()
        with pytest.raises(error):
            world.start()
    else:
        world.engine.fails = {}
        _stop_after_start(world)
        world.engine.fails = {call: error("no")}
        with pytest.raises(error):
            world.clean_up()
        assert world.held_usd == Decimal("10.00"), "what may run is still paid for"
    world.engine.fails = {}
    world.end()
    assert world.engine.active == []
    assert world.held_usd == 0


def test_an_engine_that_hides_a_started_attempt_keeps_the_hold(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.shows = False
    with pytest.raises(ServiceUnavailableError, match="shows no preparation"):
        world.poll()
    settled = world.end()
    assert settled.status == "kept"
    assert "is on record and its engine does not show it" in settled.reason
    assert world.held_usd == Decimal("10.00")


def test_a_bill_that_is_not_known_keeps_the_hold_until_it_is(world: PreparationWorld) -> None:
    _stop_after_start(world)
    world.engine.billed_usd = None
    settled = world.end()
    assert settled.status == "kept"
    assert "does not say what it was billed" in settled.reason


def test_an_engine_that_is_away_when_only_a_bill_is_open_does_not_keep_a_run_from_its_end(
    world: PreparationWorld,
) -> None:
    world.engine.billed_usd = None
    world.engine.endings = {1: Ending.COMPLETED}
    _stop_after_start(world)
    world.poll()
    world.engine.fails = {"look": ServiceUnavailableError("away")}
    assert world.clean_up().stopped_jobs == ()
    with pytest.raises(ServiceUnavailableError):
        world.settle()
    assert world.held_usd == Decimal("10.00")
