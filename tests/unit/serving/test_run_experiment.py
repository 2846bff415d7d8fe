"""From the start of an experiment to its last word."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.unit.serving.experiment_world import (
    AB,
    ACCURACY,
    ENDPOINT,
    NOW,
    SHADOW,
    World,
    made_world,
    refusal,
)
from thriftline.core.errors import ExperimentRefusedError, ServiceUnavailableError, ThriftlineError
from thriftline.serving.domain.checks import Artifact

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# So small a difference is not decided in an hour.
PATIENT = AB.replace("0.05", "0.001")


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


# ---- the start


def test_the_challenger_gets_its_share_beside_the_champion_as_it_is(world: World) -> None:
    own = world.begin(AB)
    made = world.documents.required(ENDPOINT, own).made
    assert made is not None
    champion, challenger = world.hosting.configs[made.config]["ProductionVariants"]

    assert (champion["InitialVariantWeight"], champion["InitialInstanceCount"]) == (1.0, 2)
    share = challenger["InitialVariantWeight"] / (1 + challenger["InitialVariantWeight"])
    assert share == pytest.approx(0.1)
    assert challenger["VariantName"] == "challenger"
    assert challenger["InitialInstanceCount"] == 1
    assert world.hosting.tags["thriftline:experiment"] == "2026-12-07T12:00:00+00:00"
    # (2 + 1) instances for 168 h, and two updates of half an hour, old and new together.
    assert made.cost_usd_at_most == Decimal("0.115") * (3 * 168 + 5)


def test_a_shadow_is_no_production_variant(world: World) -> None:
    own = world.begin(SHADOW)
    made = world.documents.required(ENDPOINT, own).made
    assert made is not None
    config = world.hosting.configs[made.config]

    assert [one["VariantName"] for one in config["ProductionVariants"]] == ["main"]
    (shadow,) = config["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("shadow", 1.0)
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == 100


def _refuse(world: World, serve_yaml: str = AB) -> str:
    world.say(serve_yaml)
    own = world.open().experiment_id
    assert own is not None
    with pytest.raises(ExperimentRefusedError) as refused:
        world.start(own)
    assert "UpdateEndpoint" not in world.hosting.calls
    # What was opened is given back.
    ended = world.end(
        own, NOW, {"state": "Start experiment", "error": "ExperimentRefusedError", "message": "x"}
    )
    assert (ended.step, ended.cause) == ("done", "failed")
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.lock_owner is None
    return str(refused.value)


def test_more_than_the_cap_is_refused(world: World) -> None:
    assert "the cap is 5.00 USD" in _refuse(world, AB + "budget: {max_rollout_usd: 5}\n")


def test_a_price_that_nobody_knows_is_refused(world: World) -> None:
    world.prices.rate = None
    assert "is not known" in _refuse(world)


def test_a_price_that_nobody_knows_is_taken_where_a_person_says_so(world: World) -> None:
    world.prices.rate = None
    own = world.begin(AB + "budget: {unpriced: true}\n")
    made = world.documents.required(ENDPOINT, own).made
    assert made is not None

    assert made.cost_usd_at_most is None


def test_an_archived_artifact_is_refused(world: World) -> None:
    world.places.artifact = Artifact("s3://b/2/model.tar.gz", True, "GLACIER")
    assert "archived in GLACIER" in _refuse(world)


def test_a_missing_artifact_and_one_that_cannot_be_read_are_refused(world: World) -> None:
    world.places.artifact = Artifact("s3://b/2/model.tar.gz", None)
    assert "cannot be read" in _refuse(world)


def test_a_missing_image_is_refused(world: World) -> None:
    world.places.image_found = False
    assert "does not exist any more" in _refuse(world)


def test_an_endpoint_that_moves_is_refused(world: World) -> None:
    world.hosting.status = "Updating"
    assert "is Updating" in _refuse(world)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ProductionVariants": [{"VariantName": "main", "ServerlessConfig": {}}]}, "serverless"),
        ({"AsyncInferenceConfig": {}}, "asynchronous"),
        ({"ShadowProductionVariants": [{}]}, "more than one variant"),
    ],
)
def test_an_endpoint_that_cannot_split_is_refused(
    world: World, change: dict[str, Any], expected: str
) -> None:
    kept = dict(world.hosting.configs["one"])
    variants = kept["ProductionVariants"]
    world.hosting.configs["one"] = {**kept, **change}
    for one in world.hosting.configs["one"]["ProductionVariants"]:
        one.setdefault("InitialInstanceCount", 1)
    world.hosting.configs["one"]["ShadowProductionVariants"] = [
        {"VariantName": "shadow", "InitialInstanceCount": 1}
        for _ in change.get("ShadowProductionVariants", ())
    ]
    world.hosting.weights = {"main": 1.0, "shadow": 1.0}
    assert variants
    assert expected in _refuse(world)


# ---- requests that fail


def _traffic(world: World, minutes: int, wrong: float, seed: int = 1) -> None:
    random = Random(seed)
    for number in range(minutes):
        failed = sum(random.random() < wrong for _ in range(10))
        world.minute(number, (90, int(random.random() < 0.5)), (10, failed))


def _until_the_end(world: World, own: str, step: timedelta, most: int) -> tuple[datetime, Any]:
    now = NOW + MINUTE
    for _ in range(most):
        look = world.poll(own, now)
        if look.step == "end":
            return now, look
        now += step
    raise AssertionError(f"no end: {look.reason}")


def test_a_challenger_that_fails_more_ends_worse_and_gets_no_request_any_more(
    world: World,
) -> None:
    own = world.begin(AB)
    _traffic(world, 120, wrong=0.3)
    now, look = _until_the_end(world, own, MINUTE, 120)

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
    _, look = _until_the_end(world, own, timedelta(minutes=10), 60)

    assert look.ending == "no_difference"
    assert "differ by less than 20.00 points" in look.reason


def test_a_window_counts_once_however_often_it_is_looked_at(world: World) -> None:
    own = world.begin(PATIENT)
    _traffic(world, 20, wrong=0.0)
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
    _traffic(world, 30, wrong=0.05)
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
    now, look = _until_the_end(world, own, timedelta(minutes=10), 10)

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


# ---- what others do meanwhile


def test_what_somebody_put_on_the_endpoint_is_left_there(world: World) -> None:
    own = world.begin(AB)
    world.poll(own, NOW)
    world.hosting.configs["theirs"] = world.hosting.configs["one"]
    world.hosting.serve("theirs")
    look = world.poll(own, NOW + timedelta(minutes=5))
    world.hosting.calls.clear()
    ended = world.end_whole(own, NOW + timedelta(minutes=5))

    assert look.ending == "undecided"
    assert ended.cause == "changed"
    assert world.hosting.config == "theirs"
    assert not {"UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"} & set(world.hosting.calls)


def test_an_update_that_sagemaker_took_back_is_no_experiment(world: World) -> None:
    own = world.begin(AB)
    world.hosting.serve("one")
    look = world.poll(own, NOW + timedelta(minutes=5))

    assert look.ending == "undecided"
    assert "took the second variant back" in look.reason
    assert world.end_whole(own, NOW).cause == "failed"


def test_an_endpoint_that_never_settles_is_given_up_after_hours(world: World) -> None:
    own = world.begin(AB)
    world.hosting.status = "Updating"
    assert world.end(own, NOW).step == "wait"
    assert world.end(own, NOW + HOUR).step == "wait"
    ended = world.end(own, NOW + 4 * HOUR)

    assert ended.step == "done"
    result = world.documents.result(ENDPOINT, own)
    assert result is not None
    assert "look at it" in result.after


def test_a_failure_before_anything_was_opened_has_a_last_word_too(world: World) -> None:
    ended = world.end(
        None,
        NOW,
        {"state": "Open experiment", "error": "E", "message": '{"errorMessage": "no"}'},
    )
    assert (ended.step, ended.reason) == ("done", "no")


# ---- shadow


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


# ---- accuracy of an A/B test


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


# ---- AWS is away


STARTING = ("DescribeEndpoint", "DescribeEndpointConfig", "CreateModel", "CreateEndpointConfig")
CHANGING = ("AddTags", "UpdateEndpoint")


@pytest.mark.parametrize("operation", [*STARTING, *CHANGING])
def test_a_start_goes_on_where_a_call_failed(world: World, operation: str) -> None:
    world.say(AB)
    own = world.open().experiment_id
    assert own is not None
    world.hosting.fails[operation] = refusal(operation)
    with pytest.raises(ThriftlineError):
        world.start(own)
    world.start(own)

    assert set(world.hosting.weights) == {"main", "challenger"}
    made = world.documents.required(ENDPOINT, own).made
    assert made is not None
    assert made.former_config == "one"


@pytest.mark.parametrize(
    "operation",
    ["DescribeEndpoint", "UpdateEndpointWeightsAndCapacities", "UpdateEndpoint", "DeleteTags"],
)
def test_an_end_goes_on_where_a_call_failed(world: World, operation: str) -> None:
    own = world.begin(AB)
    world.hosting.fails[operation] = refusal(operation)
    failed = 0
    for number in range(8):
        try:
            found = world.end(own, NOW + timedelta(seconds=20 * number))
        except ThriftlineError:
            failed += 1
            continue
        if found.step == "done":
            break

    assert failed == 1
    assert world.hosting.config == "one"
    assert world.hosting.tags == {}
    assert len(world.messages.sent) == 1


@pytest.mark.parametrize("operation", ["Publish", "PutEvents"])
def test_the_last_word_is_written_after_it_was_said(world: World, operation: str) -> None:
    own = world.begin(AB)
    world.messages.fails[operation] = ServiceUnavailableError("away")
    with pytest.raises(ServiceUnavailableError):
        world.end_whole(own, NOW)
    ended = world.end_whole(own, NOW)

    assert ended.step == "done"
    assert len(world.messages.events) == 1
    assert world.documents.result(ENDPOINT, own) is not None


def test_a_look_without_metrics_is_made_again(world: World) -> None:
    own = world.begin(AB)
    _traffic(world, 10, wrong=0.0)
    world.poll(own, NOW)
    world.metrics.fails["GetMetricData"] = refusal("GetMetricData")
    with pytest.raises(ServiceUnavailableError):
        world.poll(own, NOW + timedelta(minutes=13))
    world.poll(own, NOW + timedelta(minutes=13))
    state = world.documents.state(world.documents.required(ENDPOINT, own))
    assert state.split is not None

    assert state.split.worse.champion.requests == 900


def test_labels_that_come_in_one_file_decide_too(world: World) -> None:
    own = world.begin(ACCURACY)
    world.poll(own, NOW)
    names = [f"r{number}" for number in range(80)]
    world.capture("main", NOW, dict.fromkeys(names[::2], "good"), "fine")
    world.capture("challenger", NOW, dict.fromkeys(names[1::2], "bad"), "fine")
    world.label(NOW, dict.fromkeys(names, "good"))

    assert world.poll(own, NOW + timedelta(minutes=80)).ending == "worse"
