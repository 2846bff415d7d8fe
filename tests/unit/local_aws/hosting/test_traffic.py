"""Who answers: by weights, by the share of a deployment, by name; and who gets a copy."""

import random
from collections import Counter
from typing import Any

import pytest

from local_aws.http.own_calls import AwsError
from local_aws.services.traffic import Route, route
from tests.unit.local_aws.hosting.hosted import (
    ACTIVATION,
    DELETION,
    PROVISIONING,
    Hosted,
    canary,
    rolling,
    variant,
)


def drawn(hosted: Hosted, target: str | None = None, count: int = 4000) -> Counter[Any]:
    draw = random.Random(7)
    routes = [route(hosted.it, target, draw) for _ in range(count)]
    return Counter((each.fleet.config, each.variant["VariantName"]) for each in routes)


def one(hosted: Hosted, target: str | None = None) -> Route:
    return route(hosted.it, target, random.Random(7))


def two_variants(hosted: Hosted, first: float = 3.0, second: float = 1.0) -> None:
    for name in ("w1", "w2"):
        hosted.config(
            name,
            variant("one", VariantName="a", InitialVariantWeight=first, InitialInstanceCount=2),
            variant("two", VariantName="b", InitialVariantWeight=second, InitialInstanceCount=2),
        )
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="w1")
    hosted.passes(PROVISIONING)


def weigh(hosted: Hosted, **weights: float) -> None:
    wanted = [{"VariantName": name, "DesiredWeight": value} for name, value in weights.items()]
    hosted(
        "UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=wanted
    )
    hosted.passes(ACTIVATION)


def test_variants_share_requests_by_their_weights() -> None:
    hosted = Hosted()
    two_variants(hosted)

    found = drawn(hosted)
    assert set(found) == {("w1", "a"), ("w1", "b")}
    assert found["w1", "a"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_a_target_overrides_the_weights() -> None:
    hosted = Hosted()
    two_variants(hosted, 1.0, 0.0)

    assert set(drawn(hosted)) == {("w1", "a")}
    assert set(drawn(hosted, "b")) == {("w1", "b")}


def test_weights_change_without_new_instances() -> None:
    hosted = Hosted()
    two_variants(hosted)
    weigh(hosted, a=0.0, b=1.0)

    assert set(drawn(hosted)) == {("w1", "b")}
    found = hosted.look()["ProductionVariants"]
    assert [each["CurrentWeight"] for each in found] == [0.0, 1.0]
    assert [each["CurrentInstanceCount"] for each in found] == [2, 2]


def test_a_canary_gets_its_share_of_every_variant() -> None:
    hosted = Hosted()
    two_variants(hosted)
    hosted.update(canary(50, wait=300), EndpointConfigName="w2")
    hosted.passes(PROVISIONING + ACTIVATION)

    found = drawn(hosted)
    assert found["w2", "a"] / 4000 == pytest.approx(0.375, abs=0.03)
    assert found["w2", "b"] / 4000 == pytest.approx(0.125, abs=0.03)


def test_nobody_is_sent_to_instances_that_do_not_run_yet_or_no_longer() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(rolling(50, wait=60))
    before = set(drawn(hosted))
    hosted.passes(2 * (PROVISIONING + ACTIVATION + 60 + DELETION))

    assert before == {("v1", "main")}
    assert set(drawn(hosted)) == {("v2", "main")}


def test_other_variants_take_over_at_once_and_always_somebody_answers() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.config("ab", variant("one"), variant("two", VariantName="challenger"))
    hosted.update(EndpointConfigName="ab")
    seen = []
    for seconds in (0, PROVISIONING, ACTIVATION, DELETION):
        hosted.passes(seconds)
        seen.append(sorted(drawn(hosted)))

    assert seen[0] == [("v1", "main")]
    assert seen[1] == seen[2] == seen[3] == [("ab", "challenger"), ("ab", "main")]


def test_a_shadow_gets_a_copy_of_its_part() -> None:
    hosted = Hosted()
    hosted.config(
        "shadowed",
        variant("one", InitialVariantWeight=1.0),
        ShadowProductionVariants=[variant("two", VariantName="shadow", InitialVariantWeight=0.25)],
    )
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="shadowed")
    hosted.passes(PROVISIONING)
    draw = random.Random(7)
    routes = [route(hosted.it, None, draw) for _ in range(4000)]

    assert {each.variant["VariantName"] for each in routes} == {"main"}
    copies = [each.shadow["VariantName"] for each in routes if each.shadow]
    assert set(copies) == {"shadow"}
    assert len(copies) / 4000 == pytest.approx(0.25, abs=0.03)


def test_what_does_not_serve_answers_nobody() -> None:
    hosted = Hosted()
    hosted.config("v1", variant("one"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    with pytest.raises(AwsError, match="nothing that serves"):
        one(hosted)
    hosted.passes(PROVISIONING)
    with pytest.raises(AwsError, match="Variant b not found"):
        one(hosted, "b")
    hosted("DeleteEndpoint", EndpointName="e")
    with pytest.raises(AwsError, match="nothing that serves"):
        one(hosted)


def test_a_fleet_serves_what_it_began_with() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted("DeleteEndpointConfig", EndpointConfigName="v1")
    hosted("DeleteModel", ModelName="one")

    found = one(hosted)
    assert found.variant["ModelName"] == "one"
    assert found.fleet.models["one"]["PrimaryContainer"]["Image"].endswith("serve:1")
