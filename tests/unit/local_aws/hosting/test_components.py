"""Inference components: copies that come and go, and roll from one specification to another."""

import random
from datetime import timedelta
from typing import Any

import pytest

from local_aws.services import traffic
from local_aws.services.serving_port import Readiness, State
from tests.unit.local_aws.hosting.hosted import (
    ACTIVATION,
    DELETION,
    PROVISIONING,
    ROLE,
    Hosted,
    rolling,
    variant,
)

NEEDS = {"MinMemoryRequiredInMb": 1024}
SCALED = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}


def hosted(**more: Any) -> Hosted:
    """An endpoint for components, in service."""
    made = Hosted()
    one = variant("one", ModelName=None, InitialInstanceCount=1, **more)
    made.config("host", one, ExecutionRoleArn=ROLE)
    made("CreateEndpoint", EndpointName="e", EndpointConfigName="host")
    made.passes(PROVISIONING)
    return made


def specification(model: str = "one") -> dict[str, Any]:
    return {"ModelName": model, "ComputeResourceRequirements": NEEDS}


def create(made: Hosted, copies: int = 4) -> None:
    made(
        "CreateInferenceComponent",
        InferenceComponentName="c",
        EndpointName="e",
        VariantName="main",
        Specification=specification(),
        RuntimeConfig={"CopyCount": copies},
    )


def update(made: Hosted, deployment: dict[str, Any] | None = None) -> None:
    given = {"DeploymentConfig": deployment} if deployment else {}
    made(
        "UpdateInferenceComponent",
        InferenceComponentName="c",
        Specification=specification("two"),
        **given,
    )


def look(made: Hosted) -> dict[str, Any]:
    made.store.settle()
    return dict(made("DescribeInferenceComponent", InferenceComponentName="c"))


def state(made: Hosted) -> tuple[str, int, int, str]:
    found = look(made)
    copies = found["RuntimeConfig"]
    return (
        found["InferenceComponentStatus"],
        copies["DesiredCopyCount"],
        copies["CurrentCopyCount"],
        found["Specification"]["ModelName"],
    )


def part_of_new(made: Hosted) -> float:
    draw = random.Random(1)
    drawn = [traffic.container_of(made.store.components["c"], draw) for _ in range(1000)]
    return 1 - drawn.count("c") / 1000


def test_a_component_is_creating_until_its_copies_run() -> None:
    made = hosted()
    create(made)
    coming = state(made)
    made.passes(PROVISIONING)

    assert coming == ("Creating", 4, 0, "one")
    assert state(made) == ("InService", 4, 4, "one")
    assert not any(key.startswith("_") for key in look(made))


def test_a_component_without_deployment_config_is_updated_at_once() -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)
    update(made)
    updating = state(made)
    made.passes(PROVISIONING + ACTIVATION + DELETION)

    assert updating[0] == "Updating"
    assert updating[3] == "one"
    assert state(made) == ("InService", 4, 4, "two")
    assert traffic.container_of(made.store.components["c"], random.Random(1)) == "c#1"


def test_a_rolling_update_replaces_copies_batch_by_batch() -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)
    deployment = rolling(50, wait=300)
    update(made, deployment)
    made.passes(PROVISIONING + ACTIVATION)
    half = part_of_new(made)
    made.passes(300 + DELETION + PROVISIONING + ACTIVATION + 300 + DELETION)

    assert 0.4 < half < 0.6
    assert state(made) == ("InService", 4, 4, "two")
    assert look(made)["LastDeploymentConfig"] == deployment


def test_an_alarm_rolls_a_component_back() -> None:
    made = hosted()
    made.alarms.known.add("errors")
    create(made)
    made.passes(PROVISIONING)
    update(made, rolling(50, wait=300, alarms=["errors"]))
    made.passes(PROVISIONING + ACTIVATION + 60)
    made.alarms.fired["errors"] = made.clock.service_time()
    made.passes(3600)

    assert state(made) == ("InService", 4, 4, "one")
    assert part_of_new(made) == 0
    assert "FailureReason" not in look(made)


def test_a_container_that_fails_rolls_a_component_back_and_fails_a_new_one() -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)
    made.containers.of_model["two"] = Readiness(State.FAILED, "The ping failed.")
    update(made)
    made.passes(3600)
    rolled_back = state(made)
    made(
        "CreateInferenceComponent",
        InferenceComponentName="d",
        EndpointName="e",
        Specification=specification("two"),
    )
    failed = made("DescribeInferenceComponent", InferenceComponentName="d")

    assert rolled_back == ("InService", 4, 4, "one")
    assert failed["InferenceComponentStatus"] == "Failed"
    assert failed["FailureReason"] == "The ping failed."


def test_copies_go_to_zero_and_the_instances_with_them_and_nobody_pays() -> None:
    made = hosted(ManagedInstanceScaling=SCALED)
    create(made, copies=1)
    made.passes(PROVISIONING)
    made(
        "UpdateInferenceComponentRuntimeConfig",
        InferenceComponentName="c",
        DesiredRuntimeConfig={"CopyCount": 0},
    )
    asleep = state(made)
    instances = made.look()["ProductionVariants"][0]["CurrentInstanceCount"]
    before = made.bill.seconds("e", made.clock.service_time())
    made.passes(3600)
    after = made.bill.seconds("e", made.clock.service_time())
    made(
        "UpdateInferenceComponentRuntimeConfig",
        InferenceComponentName="c",
        DesiredRuntimeConfig={"CopyCount": 1},
    )
    waking = state(made)
    made.passes(PROVISIONING)

    assert asleep == ("InService", 0, 0, "one")
    assert instances == 0
    assert before == after
    assert waking[:3] == ("Updating", 1, 0)
    assert state(made) == ("InService", 1, 1, "one")
    assert made.look()["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_a_deleted_component_is_gone_after_a_while() -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)
    made("DeleteInferenceComponent", InferenceComponentName="c")
    going = state(made)[0]
    made.passes(DELETION)

    assert going == "Deleting"
    assert not made.store.components


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"RuntimeConfig": {"CopyCount": 0}}, "CopyCount must be at least 1"),
        ({"Specification": {"ComputeResourceRequirements": NEEDS}}, "either a ModelName or"),
        ({"Specification": {**specification("gone")}}, "Could not find model"),
        ({"VariantName": "b"}, "no variant b"),
        ({"EndpointName": "f"}, "Could not find endpoint"),
        ({"Specification": {"BaseInferenceComponentName": "b"}}, "NotImplementedByLocalAws"),
        ({"Specifications": [specification()]}, "NotImplementedByLocalAws"),
    ],
)
def test_what_is_refused_of_a_component(more: dict[str, Any], rule: str) -> None:
    asked = {
        "InferenceComponentName": "c",
        "EndpointName": "e",
        "VariantName": "main",
        "Specification": specification(),
        **more,
    }
    assert rule in hosted().refusal("CreateInferenceComponent", **asked)


def test_a_variant_with_a_model_takes_no_component() -> None:
    made = Hosted()
    made.endpoint()

    assert "has a model of its own" in made.refusal(
        "CreateInferenceComponent",
        InferenceComponentName="c",
        EndpointName="e",
        Specification=specification(),
    )


def test_an_endpoint_that_is_under_way_takes_no_component() -> None:
    made = Hosted()
    made.config("host", variant("one", ModelName=None), ExecutionRoleArn=ROLE)
    made("CreateEndpoint", EndpointName="e", EndpointConfigName="host")

    assert "it is Creating, not InService" in made.refusal(
        "CreateInferenceComponent",
        InferenceComponentName="c",
        EndpointName="e",
        Specification=specification(),
    )


@pytest.mark.parametrize(
    ("deployment", "rule"),
    [
        (rolling(51), "between 5% and 50%"),
        (rolling(4), "between 5% and 50%"),
        (rolling(50, alarms=["nobody"]), "Could not find the CloudWatch alarm nobody"),
        (rolling(50, wait=400, MaximumExecutionTimeoutInSeconds=800), "all waits"),
    ],
)
def test_what_is_refused_of_an_update(deployment: dict[str, Any], rule: str) -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)

    assert rule in made.refusal(
        "UpdateInferenceComponent",
        InferenceComponentName="c",
        Specification=specification("two"),
        DeploymentConfig=deployment,
    )
    assert state(made) == ("InService", 4, 4, "one")


def test_a_component_that_is_under_way_is_not_changed() -> None:
    made = hosted()
    create(made)

    assert "in-progress" in made.refusal(
        "UpdateInferenceComponentRuntimeConfig",
        InferenceComponentName="c",
        DesiredRuntimeConfig={"CopyCount": 2},
    )


def test_a_time_that_is_set_far_forward_passes_every_batch() -> None:
    made = hosted()
    create(made)
    made.passes(PROVISIONING)
    update(made, rolling(5, wait=3600))
    made.clock.advance(timedelta(days=2))

    assert state(made) == ("InService", 4, 4, "two")
