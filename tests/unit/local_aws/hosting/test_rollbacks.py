"""A deployment that fails is taken back; the endpoint then looks as if nothing had happened."""

from datetime import timedelta
from typing import Any

import pytest

from local_aws.services.sagemaker_store import UNKNOWN_IMAGE
from local_aws.services.serving_port import Readiness, State
from tests.unit.local_aws.hosting.hosted import (
    ACTIVATION,
    DELETION,
    PROVISIONING,
    Hosted,
    at_once,
    canary,
    linear,
    rolling,
    variant,
)

NAMES = ["errors"]
PING = "The primary container for production variant main did not pass the ping health check."
DOWNLOAD = 'Failed to download model data for container "container_1" from URL: "s3://b/gone".'


def guarded(count: int = 4) -> Hosted:
    hosted = Hosted()
    hosted.alarms.known.add("errors")
    hosted.endpoint(count=count)
    return hosted


def fire(hosted: Hosted, seconds_from_now: float = 0) -> None:
    moment = hosted.clock.service_time() + timedelta(seconds=seconds_from_now)
    hosted.alarms.fired["errors"] = moment


def configs(hosted: Hosted) -> dict[str, int]:
    return {fleet.config: fleet.instances["main"] for fleet in hosted.it.fleets}


@pytest.mark.parametrize(
    "deployment",
    [canary(alarms=NAMES), linear(alarms=NAMES), at_once(300, alarms=NAMES)],
)
def test_an_alarm_in_the_bake_rolls_back(deployment: dict[str, Any]) -> None:
    hosted = guarded()
    hosted.update(deployment)
    hosted.passes(PROVISIONING + ACTIVATION + 60)
    baking = (hosted.stage, hosted.share > 0)
    fire(hosted)

    rolling_back = (hosted.status, hosted.share, hosted.look()["EndpointConfigName"])
    hosted.passes(DELETION)
    after = hosted.look()

    assert baking == ("Baking", True)
    assert rolling_back == ("RollingBack", 0, "v1")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "v1")
    # It looks like success, and that is SageMaker's way.
    assert "FailureReason" not in after
    assert "PendingDeploymentSummary" not in after
    assert configs(hosted) == {"v1": 4}


def test_an_alarm_that_alarms_already_rolls_back_at_once() -> None:
    hosted = guarded()
    fire(hosted)
    hosted.update(canary(alarms=NAMES))

    assert hosted.status == "RollingBack"


def test_an_alarm_after_the_last_bake_is_late() -> None:
    hosted = guarded()
    hosted.update(canary(wait=300, bake=120, alarms=NAMES))
    fire(hosted, PROVISIONING + ACTIVATION + 300 + ACTIVATION + 120 + DELETION + 1)
    hosted.passes(3600)

    assert hosted.look()["EndpointConfigName"] == "v2"


def test_an_alarm_that_a_leap_of_the_clock_passes_rolls_back() -> None:
    hosted = guarded()
    hosted.update(canary(wait=300, bake=120, alarms=NAMES))
    fire(hosted, PROVISIONING + ACTIVATION + 200)
    hosted.passes(24 * 3600)

    assert (hosted.status, hosted.look()["EndpointConfigName"]) == ("InService", "v1")


def test_an_alarm_of_nobody_is_not_listened_to() -> None:
    hosted = guarded()
    fire(hosted)
    hosted.update(canary())
    hosted.passes(3600)

    assert hosted.look()["EndpointConfigName"] == "v2"


def test_a_rolling_deployment_is_rolled_back_batch_by_batch() -> None:
    hosted = guarded()
    hosted.update(rolling(50, wait=300, alarms=NAMES))
    hosted.passes(PROVISIONING + ACTIVATION + 300 + DELETION + PROVISIONING + ACTIVATION)
    before = (configs(hosted), hosted.share)
    fire(hosted)
    hosted.store.settle()
    creating = (hosted.status, hosted.stage, configs(hosted))
    hosted.passes(PROVISIONING)
    deleting = (hosted.stage, hosted.share)
    hosted.passes(2 * (PROVISIONING + DELETION))

    assert before == ({"v1": 2, "v2": 4}, 1)
    assert creating == ("RollingBack", "Creating", {"v1": 4, "v2": 4})
    assert deleting == ("Deleting", 0.5)
    assert configs(hosted) == {"v1": 4}
    assert hosted.look()["EndpointConfigName"] == "v1"
    assert "FailureReason" not in hosted.look()


@pytest.mark.parametrize(
    ("operation", "name", "what"),
    [
        ("DeleteEndpointConfig", {"EndpointConfigName": "v1"}, "configuration v1"),
        ("DeleteModel", {"ModelName": "one"}, "model one"),
    ],
)
def test_a_rolling_rollback_that_cannot_be_done_leaves_a_mix(
    operation: str, name: dict[str, str], what: str
) -> None:
    hosted = guarded()
    hosted.update(rolling(50, wait=300, alarms=NAMES))
    hosted.passes(PROVISIONING + ACTIVATION + 300 + DELETION + 1)
    hosted(operation, **name)
    fire(hosted)
    found = hosted.look()

    assert found["EndpointStatus"] == "UpdateRollbackFailed"
    assert f"{what} no longer exists" in found["FailureReason"]
    assert configs(hosted) == {"v1": 2, "v2": 4}
    assert 0 < hosted.share < 1


def test_what_is_left_in_a_mix_is_put_right_by_another_update() -> None:
    hosted = guarded()
    hosted.update(rolling(50, wait=300, alarms=NAMES))
    hosted.passes(PROVISIONING + ACTIVATION + 300 + DELETION + 1)
    hosted("DeleteModel", ModelName="one")
    fire(hosted)
    assert hosted.status == "UpdateRollbackFailed"

    hosted.config("v3", variant("two", InitialInstanceCount=4))
    hosted.update(EndpointConfigName="v3")
    hosted.passes(3600)

    assert hosted.status == "InService"
    assert "FailureReason" not in hosted.look()
    assert configs(hosted) == {"v3": 4}


def test_a_configuration_in_use_is_deleted_and_its_endpoint_serves_on() -> None:
    hosted = guarded()
    hosted("DeleteEndpointConfig", EndpointConfigName="v1")
    hosted.update(canary(alarms=NAMES))
    hosted.passes(PROVISIONING + ACTIVATION)
    fire(hosted)
    hosted.passes(DELETION)

    # A blue/green rollback needs no new instance of the former configuration.
    assert (hosted.status, hosted.look()["EndpointConfigName"]) == ("InService", "v1")


@pytest.mark.parametrize(("deployment"), [None, canary(), rolling()])
def test_containers_that_fail_roll_an_update_back(deployment: dict[str, Any] | None) -> None:
    hosted = guarded()
    hosted.containers.of_model["two"] = Readiness(State.FAILED, PING)
    hosted.update(deployment)
    status = hosted.status
    hosted.passes(3600)

    assert status == "RollingBack"
    assert (hosted.status, hosted.look()["EndpointConfigName"]) == ("InService", "v1")
    assert "FailureReason" not in hosted.look()


def test_a_missing_artifact_is_looked_for_for_an_hour() -> None:
    hosted = Hosted()
    hosted.containers.of_model["one"] = Readiness(State.FAILED, DOWNLOAD)
    hosted.config("v1", variant("one"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    hosted.passes(3599)

    assert hosted.status == "Creating"
    assert "in-progress" in hosted.refusal("DeleteEndpoint", EndpointName="e")
    hosted.passes(1)
    assert hosted.look()["EndpointStatus"] == "Failed"
    assert hosted.look()["FailureReason"] == DOWNLOAD
    assert hosted.refusal("UpdateEndpoint", EndpointName="e", EndpointConfigName="v1").endswith(
        "it can only be deleted."
    )
    hosted("DeleteEndpoint", EndpointName="e")
    hosted.passes(DELETION)
    assert "e" not in hosted.store.endpoints


def test_slow_containers_hold_a_creation_up_and_nobody_pays_for_them() -> None:
    hosted = Hosted()
    hosted.containers.of_model["one"] = Readiness(State.STARTING)
    hosted.config("v1", variant("one"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    hosted.passes(PROVISIONING + 600)
    waiting = hosted.status
    hosted.containers.of_model["one"] = Readiness(State.READY)
    hosted.store.settle()

    assert waiting == "Creating"
    assert hosted.status == "InService"
    assert hosted.bill.seconds("e", hosted.clock.service_time()) == PROVISIONING


def test_a_deployment_that_takes_too_long_is_rolled_back() -> None:
    hosted = guarded()
    hosted.update(canary(wait=300, bake=299, limit=600))
    hosted.passes(599)
    before = hosted.status
    hosted.passes(1 + DELETION)

    assert before == "Updating"
    assert (hosted.status, hosted.look()["EndpointConfigName"]) == ("InService", "v1")


def test_slow_containers_are_no_time_of_a_deployment() -> None:
    """An hour of the service time is a minute of this machine's at a scale of 60."""
    hosted = guarded()
    hosted.containers.of_model["two"] = Readiness(State.STARTING)
    hosted.update(canary(wait=300, bake=120, limit=700))
    hosted.passes(3600)
    before = hosted.status
    hosted.containers.of_model["two"] = Readiness(State.READY)
    hosted.store.settle()
    hosted.passes(600)

    assert before == "Updating"
    assert (hosted.status, hosted.look()["EndpointConfigName"]) == ("InService", "v2")


def test_after_a_rollback_the_endpoint_can_be_updated_again() -> None:
    hosted = guarded()
    hosted.update(canary(alarms=NAMES))
    fire(hosted)
    hosted.passes(DELETION + 1)
    hosted.passes(DELETION)
    hosted.alarms.fired.clear()
    hosted.update(canary(alarms=NAMES))
    hosted.passes(3600)

    assert hosted.look()["EndpointConfigName"] == "v2"


def test_what_came_out_of_an_account_file_is_there_although_nothing_can_be_started() -> None:
    hosted = Hosted()
    hosted.model("loaded", PrimaryContainer={"Image": f"registry/{UNKNOWN_IMAGE}"})
    hosted.containers.of_model["loaded"] = Readiness(State.FAILED, "The container names no data.")
    hosted.config("v1", variant("loaded"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    hosted.passes(PROVISIONING)

    assert hosted.status == "InService"
