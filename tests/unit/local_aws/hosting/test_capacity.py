"""Counts and weights: what an update keeps, what a resize changes, and what both cost."""

from decimal import Decimal
from typing import Any

from local_aws.services.cost_explorer import DailyCharge
from tests.unit.local_aws.hosting.hosted import (
    ACCOUNT,
    ACTIVATION,
    CPU,
    DELETION,
    PROVISIONING,
    Hosted,
    canary,
    serverless,
    variant,
)

ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/out"}}


def resize(hosted: Hosted, **wanted: Any) -> None:
    hosted(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "main", **wanted}],
    )


def shown(hosted: Hosted) -> dict[str, Any]:
    return dict(hosted.look()["ProductionVariants"][0])


def update(hosted: Hosted, **more: Any) -> dict[str, Any]:
    hosted.update(**more)
    hosted.passes(3600)
    assert hosted.look()["EndpointConfigName"] == "v2"
    return shown(hosted)


def test_more_instances_take_their_time_and_fewer_do_not() -> None:
    hosted = Hosted()
    hosted.endpoint(count=2)
    resize(hosted, DesiredInstanceCount=5)
    growing = (hosted.status, shown(hosted))
    hosted.passes(PROVISIONING)
    grown = shown(hosted)
    resize(hosted, DesiredInstanceCount=1)
    hosted.passes(ACTIVATION)

    assert growing[0] == "Updating"
    assert (growing[1]["DesiredInstanceCount"], growing[1]["CurrentInstanceCount"]) == (5, 2)
    assert (grown["DesiredInstanceCount"], grown["CurrentInstanceCount"]) == (5, 5)
    assert shown(hosted)["CurrentInstanceCount"] == 1
    assert hosted.it.fleets[0].instances == {"main": 1}


def test_an_update_falls_back_to_the_configured_count_unless_told_to_retain() -> None:
    for retain, expected in ((False, 4), (True, 6)):
        hosted = Hosted()
        hosted.endpoint(count=4)
        resize(hosted, DesiredInstanceCount=6)
        hosted.passes(PROVISIONING)

        found = update(hosted, RetainAllVariantProperties=retain)
        assert found["CurrentInstanceCount"] == expected


def test_some_properties_are_excluded_from_what_is_retained() -> None:
    hosted = Hosted()
    hosted.endpoint(count=4)
    resize(hosted, DesiredInstanceCount=6, DesiredWeight=0.5)
    hosted.passes(PROVISIONING)
    excluded = [{"VariantPropertyType": "DesiredInstanceCount"}]

    found = update(
        hosted, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded
    )
    assert (found["CurrentInstanceCount"], found["CurrentWeight"]) == (4, 0.5)


def test_a_deployment_config_is_remembered_and_used_again_only_when_asked() -> None:
    for retain, expected in ((True, "Creating"), (False, "Deleting")):
        hosted = Hosted()
        hosted.config("v1", variant("one", InitialInstanceCount=4))
        hosted.config("v2", variant("two", InitialInstanceCount=4))
        remembered = canary(wait=300, bake=0)
        hosted(
            "CreateEndpoint",
            EndpointName="e",
            EndpointConfigName="v1",
            DeploymentConfig=remembered,
        )
        hosted.passes(PROVISIONING)
        assert hosted.look()["LastDeploymentConfig"] == remembered
        hosted.update(RetainDeploymentConfig=retain)
        hosted.passes(PROVISIONING + ACTIVATION)

        assert hosted.stage == ("Baking" if retain else "Deleting"), expected


def test_an_asynchronous_endpoint_goes_to_zero_and_costs_nothing_there() -> None:
    hosted = Hosted()
    hosted.endpoint(count=1, AsyncInferenceConfig=ASYNC)
    resize(hosted, DesiredInstanceCount=0)
    hosted.passes(ACTIVATION)
    before = hosted.bill.seconds("e", hosted.clock.service_time())
    hosted.passes(24 * 3600)

    assert shown(hosted)["CurrentInstanceCount"] == 0
    assert hosted.bill.seconds("e", hosted.clock.service_time()) == before


def test_a_serverless_endpoint_has_no_instances_and_changes_its_concurrency() -> None:
    hosted = Hosted()
    hosted.config("less", serverless("one"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="less")
    hosted.passes(PROVISIONING)
    resize(hosted, ServerlessUpdateConfig={"MaxConcurrency": 9})
    hosted.passes(ACTIVATION)

    found = shown(hosted)
    assert "CurrentInstanceCount" not in found
    assert found["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 9}
    assert hosted.bill.seconds("e", hosted.clock.service_time()) == 0


def test_inf1_falls_back_to_all_at_once_without_a_bake() -> None:
    hosted = Hosted()
    for number, model in ((1, "one"), (2, "two")):
        one = variant(model, InstanceType="ml.inf1.xlarge", InitialInstanceCount=4)
        hosted.config(f"v{number}", one)
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    hosted.passes(PROVISIONING)
    hosted.update(canary())
    hosted.passes(PROVISIONING + ACTIVATION)

    assert hosted.stage == "Deleting"


def charges(hosted: Hosted) -> list[DailyCharge]:
    now = hosted.clock.service_time()
    return list(hosted.bill.charges(ACCOUNT, now, hosted.clock.now().date()))


def test_the_bill_is_by_day_and_usage_type_with_hours() -> None:
    hosted = Hosted()
    hosted.endpoint(count=2)
    hosted.passes(24 * 3600)
    rows = charges(hosted)

    assert [(each.usage_type, each.day.day) for each in rows] == [
        (f"USE1-Host:{CPU}", 30),
        (f"USE1-Host:{CPU}", 30),
        (f"USE1-Host:{CPU}", 1),
    ]
    hours = sum((each.quantity or Decimal(0) for each in rows), Decimal(0))
    assert abs(hours - Decimal(2 * (24 * 3600 + PROVISIONING)) / 3600) < Decimal("0.0001")
    usd = hosted.bill.usd("e", hosted.clock.service_time())
    assert usd is not None
    assert abs(usd - sum(each.usd for each in rows)) < Decimal("0.0001")


def test_a_type_without_a_rate_is_not_on_the_bill_and_its_cost_is_unknown() -> None:
    hosted = Hosted()
    hosted.config("v1", variant("one", InstanceType="ml.r8g.medium"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    hosted.passes(3600)

    assert charges(hosted) == []
    assert hosted.bill.usd("e", hosted.clock.service_time()) is None


def test_a_deleted_endpoint_costs_nothing_more() -> None:
    hosted = Hosted()
    hosted.endpoint(count=1)
    hosted("DeleteEndpoint", EndpointName="e")
    before = hosted.bill.seconds("e", hosted.clock.service_time())
    hosted.passes(DELETION + 3600)

    assert hosted.bill.seconds("e", hosted.clock.service_time()) == before
