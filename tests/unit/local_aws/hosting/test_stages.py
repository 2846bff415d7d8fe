"""A deployment goes through SageMaker's stages on the clock; each has its part of the requests."""

from datetime import timedelta
from decimal import Decimal

from tests.unit.local_aws.hosting.hosted import (
    ACTIVATION,
    DELETION,
    PROVISIONING,
    Hosted,
    at_once,
    canary,
    linear,
    rolling,
)


def test_an_endpoint_is_creating_until_its_instances_run() -> None:
    hosted = Hosted()
    hosted.config("v1", {"VariantName": "a", "ModelName": "one", "InstanceType": "ml.m5.large"})
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")

    coming = hosted.look()
    hosted.passes(PROVISIONING - 1)
    still = hosted.status
    hosted.passes(1)

    assert coming["EndpointStatus"] == still == "Creating"
    pending = coming["PendingDeploymentSummary"]["ProductionVariants"][0]
    assert pending["VariantStatus"][0]["Status"] == "Creating"
    assert hosted.status == "InService"
    assert "PendingDeploymentSummary" not in hosted.look()


def test_a_canary_bakes_on_a_part_and_then_on_everything() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(canary(25, wait=300, bake=120))

    seen = [(hosted.stage, hosted.share)]
    for seconds in (PROVISIONING, ACTIVATION, 300, ACTIVATION, 120):
        hosted.passes(seconds)
        seen.append((hosted.stage, hosted.share))
    before = hosted.look()
    hosted.passes(DELETION)
    after = hosted.look()

    assert seen == [
        ("Creating", 0),
        ("ActivatingTraffic", 0.25),
        ("Baking", 0.25),
        ("ActivatingTraffic", 1),
        ("Baking", 1),
        ("Deleting", 1),
    ]
    assert (before["EndpointStatus"], before["EndpointConfigName"]) == ("Updating", "v1")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "v2")
    assert after["LastDeploymentConfig"] == canary(25, wait=300, bake=120)


def test_the_bake_says_how_long_and_on_how_many_instances() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(canary(25, wait=300, bake=120))
    hosted.passes(PROVISIONING + ACTIVATION)

    assert hosted.message == (
        "Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of "
        "1 instance(s)."
    )


def test_a_linear_deployment_goes_step_by_step() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(linear(25, wait=300, bake=120))
    hosted.passes(PROVISIONING)

    shares = []
    for _ in range(4):
        shares.append(hosted.share)
        hosted.passes(ACTIVATION + 300)
    hosted.passes(DELETION)

    assert shares == [0.25, 0.5, 0.75, 1]
    assert hosted.look()["EndpointConfigName"] == "v2"


def test_all_at_once_bakes_when_asked_and_not_otherwise() -> None:
    for deployment, seconds in ((at_once(120), 120), (None, 0)):
        hosted = Hosted()
        hosted.endpoint(count=1)
        hosted.update(deployment)
        hosted.passes(PROVISIONING + ACTIVATION + seconds)

        assert hosted.stage == "Deleting"


def test_a_rolling_deployment_replaces_instances_batch_by_batch() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(rolling(50, wait=300))

    def up() -> dict[str, int]:
        return {fleet.config: fleet.instances["main"] for fleet in hosted.it.fleets}

    first = up()
    hosted.passes(PROVISIONING + ACTIVATION + 300)
    deleting = (up(), hosted.share)
    hosted.passes(DELETION)
    second = up()
    hosted.passes(PROVISIONING + ACTIVATION + 300 + DELETION)

    assert first == {"v1": 4, "v2": 2}
    assert deleting == ({"v1": 2, "v2": 2}, 0.5)
    assert second == {"v1": 2, "v2": 4}
    assert hosted.look()["EndpointConfigName"] == "v2"
    assert up() == {"v2": 4}


def test_a_clock_set_far_forward_passes_every_stage_in_turn() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(canary())
    hosted.passes(24 * 3600)

    stages = [
        detail["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        for kind, detail in hosted.events
        if kind == "SageMaker Endpoint Deployment State Change"
    ]
    assert hosted.status == "InService"
    assert stages[1:] == [
        *("Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Baking", "Deleting"),
    ]


def test_the_time_scale_shortens_every_stage() -> None:
    hosted = Hosted(rate=60)
    hosted.endpoint()
    hosted.update(canary(wait=300, bake=0))

    hosted.real += timedelta(seconds=(PROVISIONING + ACTIVATION + 1) / 60)
    baking = hosted.stage
    hosted.real += timedelta(seconds=300 / 60)

    assert baking == "Baking"
    assert hosted.stage == "ActivatingTraffic"


def test_both_fleets_are_billed_for_the_whole_update() -> None:
    hosted = Hosted()
    hosted.endpoint(count=4)
    before = hosted.bill.seconds("e", hosted.clock.service_time())
    hosted.update(canary(25, wait=300, bake=120))
    hosted.passes(PROVISIONING + ACTIVATION + 300 + ACTIVATION + 120 + DELETION)

    seconds = hosted.bill.seconds("e", hosted.clock.service_time()) - before
    waits = PROVISIONING + 2 * ACTIVATION + 420
    assert seconds == Decimal(2 * 4 * waits + 4 * DELETION)
