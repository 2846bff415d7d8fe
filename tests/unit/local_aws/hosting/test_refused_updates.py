"""What SageMaker refuses of a change of an endpoint; a refused one changes nothing."""

from typing import Any

import pytest

from tests.unit.local_aws.hosting.hosted import (
    ACCOUNT,
    CPU,
    OTHER_CPU,
    PROVISIONING,
    REGION,
    Hosted,
    at_once,
    canary,
    linear,
    rolling,
    serverless,
    variant,
)


def size(count: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": count}


def refusal(hosted: Hosted, deployment: dict[str, Any] | None = None, **more: Any) -> str:
    given = {"DeploymentConfig": deployment} if deployment else {}
    told = hosted.refusal(
        "UpdateEndpoint", **{"EndpointName": "e", "EndpointConfigName": "v2", **given, **more}
    )
    assert hosted.status == "InService"
    assert hosted.look()["EndpointConfigName"] == "v1"
    assert "LastDeploymentConfig" not in hosted.look()
    return told


@pytest.mark.parametrize(
    ("deployment", "rule"),
    [
        (canary(51), "CanarySize must be at most 50%"),
        (canary(90), "not 90%"),
        (linear(9), "LinearStepSize must be between 10% and 50%"),
        (linear(51), "LinearStepSize must be between 10% and 50%"),
        (rolling(4), "MaximumBatchSize must be between 5% and 50%"),
        (rolling(51), "MaximumBatchSize must be between 5% and 50%"),
        (rolling(RollbackMaximumBatchSize={"Type": "CAPACITY_PERCENT", "Value": 4}), "Rollback"),
    ],
)
def test_sizes_in_percent(deployment: dict[str, Any], rule: str) -> None:
    hosted = Hosted()
    hosted.endpoint(count=10)

    assert rule in refusal(hosted, deployment)


@pytest.mark.parametrize(("count", "refused"), [(5, False), (6, True)])
def test_sizes_in_instances(count: int, refused: bool) -> None:
    hosted = Hosted()
    hosted.endpoint(count=10)
    deployment = canary()
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    routing["CanarySize"] = size(count)

    if refused:
        assert "main has 10, and 6 of them are 60%" in refusal(hosted, deployment)
    else:
        hosted.update(deployment)


@pytest.mark.parametrize("deployment", [canary(10), linear(10), rolling(10)])
def test_one_instance_cannot_be_shared_out(deployment: dict[str, Any]) -> None:
    hosted = Hosted()
    hosted.endpoint(count=1)

    assert "main has 1, and 1 of them are 100%" in refusal(hosted, deployment)


def test_both_policies() -> None:
    hosted = Hosted()
    hosted.endpoint()

    assert "Only one of" in refusal(hosted, canary() | rolling())


def test_a_size_that_is_missing_or_of_another_type() -> None:
    hosted = Hosted()
    hosted.endpoint()
    without = canary()
    del without["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["CanarySize"]

    assert "CanarySize is required" in refusal(hosted, without)
    assert "LinearStepSize is not supported" in refusal(hosted, canary(LinearStepSize=size(1)))


@pytest.mark.parametrize(
    ("deployment", "fits"),
    [
        (canary(wait=600, bake=600, limit=1200), False),
        (canary(wait=600, bake=600, limit=1201), True),
        (linear(25, wait=300, bake=300, limit=1200), False),
        (linear(25, wait=300, bake=300, limit=1201), True),
        (rolling(25, wait=300, MaximumExecutionTimeoutInSeconds=1200), False),
        (rolling(25, wait=300, MaximumExecutionTimeoutInSeconds=1201), True),
        (linear(10, wait=3600), False),
    ],
)
def test_the_time_out_must_exceed_all_waits(deployment: dict[str, Any], fits: bool) -> None:
    hosted = Hosted()
    hosted.endpoint(count=4 if "limit" in str(deployment) or fits else 10)

    if fits:
        hosted.update(deployment)
    else:
        assert "wait" in refusal(hosted, deployment)


def test_an_alarm_that_does_not_exist() -> None:
    hosted = Hosted()
    hosted.endpoint()

    assert "Could not find the CloudWatch alarm errors" in refusal(
        hosted, canary(alarms=["errors"])
    )


def test_other_variant_names_under_a_guard() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.config("other", variant("two", VariantName="b", InitialInstanceCount=4))

    told = refusal(hosted, canary(), EndpointConfigName="other")
    hosted.update(EndpointConfigName="other")

    assert "must have the same variant names as the endpoint: main, not b" in told
    assert hosted.status == "Updating"


def test_several_variants_do_not_roll() -> None:
    hosted = Hosted()
    for name, model in (("w1", "one"), ("w2", "two")):
        hosted.config(name, variant(model, InitialInstanceCount=4), variant(model, VariantName="b"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="w1")
    hosted.passes(PROVISIONING)

    assert "several production variants" in hosted.refusal(
        "UpdateEndpoint", EndpointName="e", EndpointConfigName="w2", DeploymentConfig=rolling()
    )


def test_instances_do_not_become_serverless_and_serverless_becomes_instances() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.config("less", serverless("one"))
    hosted("CreateEndpoint", EndpointName="less", EndpointConfigName="less")
    hosted.passes(PROVISIONING)

    assert "instance-based to a serverless" in refusal(hosted, EndpointConfigName="less")
    hosted.update(EndpointName="less")


@pytest.mark.parametrize("deployment", [canary(), linear(), rolling(), at_once()])
def test_guardrails_on_serverless(deployment: dict[str, Any]) -> None:
    hosted = Hosted()
    hosted.config("less", serverless("one"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="less")
    hosted.passes(PROVISIONING)

    assert "not supported for serverless" in hosted.refusal(
        "UpdateEndpoint", EndpointName="e", EndpointConfigName="less", DeploymentConfig=deployment
    )


def test_an_endpoint_that_is_under_way() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.update(canary())
    hosted.passes(PROVISIONING)

    for operation, more in (
        ("UpdateEndpoint", {"EndpointConfigName": "v1"}),
        ("DeleteEndpoint", {}),
        (
            "UpdateEndpointWeightsAndCapacities",
            {"DesiredWeightsAndCapacities": [{"VariantName": "main", "DesiredWeight": 1}]},
        ),
    ):
        told = hosted.refusal(operation, EndpointName="e", **more)
        assert "Cannot update in-progress endpoint" in told
    assert hosted.stage == "ActivatingTraffic"


def test_what_does_not_exist() -> None:
    hosted = Hosted()
    hosted.endpoint()

    assert "Could not find endpoint configuration" in refusal(hosted, EndpointConfigName="v9")
    hosted("DeleteModel", ModelName="two")
    assert "Could not find model" in refusal(hosted)
    assert "Could not find endpoint " in hosted.refusal(
        "UpdateEndpoint", EndpointName="x", EndpointConfigName="v2"
    )


def test_a_quota_is_refused_at_once_and_counts_both_fleets() -> None:
    hosted = Hosted()
    hosted.quotas.at(ACCOUNT, REGION).set(f"{CPU} for endpoint usage", 7)
    hosted.endpoint(count=4)

    told = refusal(hosted, canary())
    hosted.update(rolling(50))

    assert told == (
        f"ResourceLimitExceeded: The account-level service limit '{CPU} for endpoint usage' is 7 "
        "Instances, with current utilization of 4 Instances and a request delta of 4 Instances. "
        "Please use AWS Service Quotas to request an increase for this quota."
    )
    assert hosted.refusal("CreateEndpoint", EndpointName="f", EndpointConfigName="v1").startswith(
        "ResourceLimitExceeded"
    )


def test_the_instance_type_of_a_scaled_variant_stays() -> None:
    hosted = Hosted()
    hosted.endpoint()
    hosted.config("bigger", variant("two", InstanceType=OTHER_CPU, InitialInstanceCount=4))
    hosted.config("other", variant("two", VariantName="b", InitialInstanceCount=4))
    target = ("sagemaker", "endpoint/e/variant/main", "sagemaker:variant:DesiredInstanceCount")
    store = hosted.scaling.at(ACCOUNT, REGION)
    store.register(target, hosted.clock.now(), {"MinCapacity": 1, "MaxCapacity": 4})

    assert "gets another instance type" in refusal(hosted, EndpointConfigName="bigger")
    assert "is removed" in refusal(hosted, EndpointConfigName="other")
    hosted.update()


def test_capture_cannot_be_excluded_from_what_is_retained() -> None:
    hosted = Hosted()
    hosted.endpoint()
    excluded = [{"VariantPropertyType": "DataCaptureConfig"}]

    assert "DataCaptureConfig is not supported" in refusal(
        hosted, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded
    )


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ([{"VariantName": "c", "DesiredWeight": 1}], "no variant c"),
        (
            [
                {"VariantName": "a", "DesiredInstanceCount": 2},
                {"VariantName": "b", "DesiredInstanceCount": 2},
            ],
            "the capacity of one variant at a time",
        ),
        ([{"VariantName": "a", "DesiredInstanceCount": 0}], "at least 1 instance"),
        (
            [{"VariantName": "a", "ServerlessUpdateConfig": {"MaxConcurrency": 3}}],
            "a is not serverless",
        ),
        ([{"VariantName": "a", "DesiredInstanceCount": 2000}], "ResourceLimitExceeded"),
    ],
)
def test_weights_and_capacities(wanted: list[dict[str, Any]], rule: str) -> None:
    hosted = Hosted()
    hosted.config("two", *(variant("one", VariantName=name) for name in "ab"))
    hosted("CreateEndpoint", EndpointName="e", EndpointConfigName="two")
    hosted.passes(PROVISIONING)

    assert rule in hosted.refusal(
        "UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=wanted
    )
    assert hosted.status == "InService"
