"""An experiment on labels: shadow answers, and the accuracy of an A/B test."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.unit.serving.experiment_traffic import HOUR, MINUTE
from tests.unit.serving.experiment_world import ACCURACY, ENDPOINT, NOW, SHADOW, World, made_world


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


def _shadow_hour(world: World, hour: datetime, count: int, wrong: int, text: str = "fine") -> None:
    """Both answer; in ``wrong`` requests the champion says something else than the shadow."""
    names = [f"{hour:%H}-{number}" for number in range(count)]
    champion = {name: "bad" if at < wrong else "good" for at, name in enumerate(names)}
    world.capture("main", hour, {**champion, "only-main": "good"}, text)
    world.capture("shadow", hour, dict.fromkeys(names, "good"), text)


def test_a_shadow_that_labels_call_better_is_promoted(world: World) -> None:
    own = world.begin(SHADOW)
    _shadow_hour(world, NOW, 100, wrong=12)
    world.poll(own, NOW + MINUTE)
    before = world.poll(own, NOW + timedelta(minutes=80))
    assert before.step == "wait"
    assert "Of 100 texts both models answered 12 differently" in before.reason
    listed = world.artifacts.read(f"serving/{ENDPOINT}/experiments/{own}/disagreements.jsonl")
    assert listed is not None
    names = [json.loads(line)["request"] for line in listed.splitlines()]
    assert len(names) == 12
    world.label(NOW + 2 * HOUR, dict.fromkeys(names, "good"))
    look = world.poll(own, NOW + timedelta(minutes=140))
    ended = world.end_whole(own, NOW + timedelta(minutes=141))

    assert look.ending == "better"
    assert world.hosting.config == "one"
    promotion = ended.promotion
    assert promotion is not None
    assert promotion.input["model_package_arn"] == world.package(2)
    assert promotion.input["action"] == "deploy"
    # Asked again, the same deployment.
    assert world.end(own, NOW + 5 * HOUR).promotion == promotion
    assert len(world.messages.sent) == 1


def test_a_better_one_is_reported_where_the_spec_does_not_promote(world: World) -> None:
    own = world.begin(SHADOW.replace("promote", "report"))
    _shadow_hour(world, NOW, 100, wrong=12)
    world.label(NOW + HOUR, {f"12-{number}": "good" for number in range(12)})
    world.poll(own, NOW + MINUTE)
    assert world.poll(own, NOW + timedelta(minutes=80)).ending == "better"
    ended = world.end_whole(own, NOW + 2 * HOUR)

    assert ended.promotion is None
    assert "Deploy version 2 to use it" in world.messages.sent[0][1]


def test_a_shadow_that_hardly_differs_needs_no_label(world: World) -> None:
    own = world.begin(SHADOW.replace("kind: shadow", "kind: shadow, least_difference: 0.05"))
    _shadow_hour(world, NOW, 600, wrong=1)
    world.poll(own, NOW + MINUTE)

    assert world.poll(own, NOW + timedelta(minutes=80)).ending == "no_difference"


def test_texts_that_look_personal_are_hidden_in_the_list(world: World) -> None:
    own = world.begin(SHADOW)
    _shadow_hour(world, NOW, 5, wrong=5, text="write to ada@example.org")
    world.poll(own, NOW + MINUTE)
    world.poll(own, NOW + timedelta(minutes=80))
    listed = world.artifacts.read(f"serving/{ENDPOINT}/experiments/{own}/disagreements.jsonl")

    assert listed is not None
    assert b"ada@example.org" not in listed
    assert b"hidden: looks like personal data" in listed


def test_an_hour_is_counted_once_and_only_when_it_is_over(world: World) -> None:
    own = world.begin(SHADOW)
    _shadow_hour(world, NOW, 10, wrong=2)
    world.poll(own, NOW + MINUTE)
    assert "Of 0 texts" in world.poll(own, NOW + timedelta(minutes=70)).reason
    for _ in range(2):
        found = world.poll(own, NOW + timedelta(minutes=76)).reason
        assert "Of 10 texts both models answered 2 differently" in found


def test_labels_that_come_later_decide_an_a_b_test(world: World) -> None:
    own = world.begin(ACCURACY)
    world.poll(own, NOW)
    random = Random(4)
    champion, challenger, truth = {}, {}, {}
    for number in range(600):
        name = f"r{number}"
        truth[name] = "good"
        if random.random() < 0.5:
            champion[name] = "good" if random.random() < 0.95 else "bad"
        else:
            challenger[name] = "good" if random.random() < 0.7 else "bad"
    pinned = {f"pinned-{number}": "bad" for number in range(200)}
    world.capture("main", NOW, champion, "fine")
    world.capture("challenger", NOW, {**challenger, **pinned}, "fine")
    # A label may come before the hour of its request is over.
    some = dict(list(truth.items())[:20])
    world.label(NOW, {**some, **dict.fromkeys(pinned, "good")})
    assert world.poll(own, NOW + timedelta(minutes=30)).step == "wait"
    world.poll(own, NOW + timedelta(minutes=76))
    world.label(NOW + HOUR, truth, name="b")
    look = world.poll(own, NOW + timedelta(minutes=80))
    state = world.documents.state(world.documents.required(ENDPOINT, own))
    assert state.split is not None

    assert look.ending == "worse"
    # Each label once, and none of those whose variant the caller chose.
    assert state.split.worse.champion.requests == len(champion)
    assert state.split.worse.challenger.requests == len(challenger)
    assert not [one for one in state.judged if one.startswith("pinned-")]


def test_labels_that_come_in_one_file_decide_too(world: World) -> None:
    own = world.begin(ACCURACY)
    world.poll(own, NOW)
    names = [f"r{number}" for number in range(80)]
    world.capture("main", NOW, dict.fromkeys(names[::2], "good"), "fine")
    world.capture("challenger", NOW, dict.fromkeys(names[1::2], "bad"), "fine")
    world.label(NOW, dict.fromkeys(names, "good"))

    assert world.poll(own, NOW + timedelta(minutes=80)).ending == "worse"
