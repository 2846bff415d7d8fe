"""An experiment on requests that fail, from its first look to its end."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.unit.serving.experiment_traffic import HOUR, MINUTE, PATIENT, traffic, until_the_end
from tests.unit.serving.experiment_world import AB, ENDPOINT, NOW, World, made_world, refusal
from thriftline.core.errors import ServiceUnavailableError


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


def test_a_challenger_that_fails_more_ends_worse_and_gets_no_request_any_more(
    world: World,
) -> None:
    own = world.begin(AB)
    traffic(world, 120, wrong=0.3)
    now, look = until_the_end(world, own, MINUTE, 120)

    assert look.ending == "worse"
    assert now < NOW + timedelta(minutes=30)
    first = world.end(own, now)
    assert (first.step, world.hosting.weights["challenger"]) == ("wait", 0)
    ended = world.end_whole(own, now)
    assert world.hosting.config == "one"
    assert "thriftline:experiment" not in world.hosting.tags
    assert ended.promotion is None
    result = world.documents.result(ENDPOINT, own)
    assert result is not None
    assert (result.ending, result.cause) == ("worse", "evidence")
    assert result.split is not None
    assert result.split.evidence_worse >= 40
    assert result.interval is not None
    assert result.interval.high > 0
    (subject, body), *more = world.messages.sent
    assert more == []
    assert subject.endswith("the challenger is worse")
    assert "version 2 against version 1" in body
    (event,) = world.messages.events
    assert event[:2] == ("thriftline.serving", "ExperimentEnded")
    assert event[2]["ending"] == "worse"
    assert world.documents.running(ENDPOINT) is None


def test_equal_models_end_without_a_difference(world: World) -> None:
    own = world.begin(AB.replace("0.05", "0.2"))
    for number in range(600):
        world.minute(number, (90, 1), (10, number % 9 == 0))
    _, look = until_the_end(world, own, timedelta(minutes=10), 60)

    assert look.ending == "no_difference"
    assert "differ by less than 20.00 points" in look.reason


def test_a_window_counts_once_however_often_it_is_looked_at(world: World) -> None:
    own = world.begin(PATIENT)
    traffic(world, 20, wrong=0.0)
    world.poll(own, NOW)
    for _ in range(3):
        world.poll(own, NOW + timedelta(minutes=10))
    world.hosting.fails["DescribeEndpoint"] = refusal("DescribeEndpoint")
    with pytest.raises(ServiceUnavailableError):
        world.poll(own, NOW + timedelta(minutes=15))
    world.poll(own, NOW + timedelta(minutes=23))
    state = world.documents.state(world.documents.required(ENDPOINT, own))
    assert state.split is not None

    assert state.split.worse.champion.requests == 20 * 90
    assert state.split.worse.challenger.requests == 20 * 10


def test_minutes_before_the_second_variant_served_do_not_count(world: World) -> None:
    own = world.begin(AB)
    traffic(world, 30, wrong=0.05)
    world.hosting.status = "Updating"
    assert world.poll(own, NOW + timedelta(minutes=4)).step == "wait"
    world.hosting.status = "InService"
    world.poll(own, NOW + timedelta(minutes=10))
    world.poll(own, NOW + timedelta(minutes=40))
    state = world.documents.state(world.documents.required(ENDPOINT, own))
    assert state.split is not None

    assert state.split.worse.champion.requests == 20 * 90


def test_requests_of_another_weight_count_with_that_weight(world: World) -> None:
    own = world.begin(PATIENT)
    for number in range(20):
        world.minute(number, (90, 2), (10, 0))
    for number in range(20, 60):
        world.minute(number, (50, 1), (50, 1))
    world.poll(own, NOW)
    world.poll(own, NOW + timedelta(minutes=20))
    world.hosting.weights["challenger"] = 1.0
    world.poll(own, NOW + timedelta(minutes=21))
    look = world.poll(own, NOW + timedelta(minutes=50))
    state = world.documents.state(world.documents.required(ENDPOINT, own))

    # With the old weight this split would be called off.
    assert look.step == "wait"
    assert state.share == pytest.approx(0.5)
    assert len(state.notes) == 1


def test_a_split_that_callers_changed_proves_nothing(world: World) -> None:
    own = world.begin(AB)
    for number in range(20):
        world.minute(number, (50, 1), (50, 1))
    world.poll(own, NOW)
    look = world.poll(own, NOW + timedelta(minutes=25))

    assert look.ending == "undecided"
    assert "TargetVariant" in look.reason


def test_the_deadline_ends_it_with_what_could_have_been_seen(world: World) -> None:
    own = world.begin(AB, overrides={"deadline_hours": 1})
    for number in range(60):
        world.minute(number, (9, 0), (1, 0))
    world.poll(own, NOW)
    now, look = until_the_end(world, own, timedelta(minutes=10), 10)

    assert now >= NOW + HOUR
    assert look.ending == "undecided"
    result = world.end_whole(own, now) and world.documents.result(ENDPOINT, own)
    assert result
    assert result.cause == "deadline"
    assert result.least_detectable_difference is not None
    assert 0 < result.least_detectable_difference < 1


def test_looks_are_so_far_apart_that_an_execution_can_hold_them(world: World) -> None:
    own = world.begin(AB, overrides={"deadline_hours": 2160})
    world.poll(own, NOW)
    look = world.poll(own, NOW + timedelta(minutes=10))

    assert 9 * 2160 * 3600 / look.wait_seconds < 25_000 * 0.75
    short = world.poll(own, NOW + timedelta(hours=2160, seconds=-30))
    assert short.wait_seconds <= 31
