"""How an experiment starts, and what refuses it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.serving.experiment_world import AB, ENDPOINT, NOW, SHADOW, World, made_world
from thriftline.core.errors import ExperimentRefusedError
from thriftline.serving.domain.checks import Artifact


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


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
