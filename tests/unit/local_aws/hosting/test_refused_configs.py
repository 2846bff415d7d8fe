"""What SageMaker refuses of an endpoint configuration."""

from typing import Any

import pytest

from tests.unit.local_aws.hosting.hosted import ROLE, Hosted, serverless, variant

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 10,
    "DestinationS3Uri": "s3://b/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/out"}}
VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
SCALED = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}


def refusal(*variants: dict[str, Any], **more: Any) -> str:
    return Hosted().refusal(
        "CreateEndpointConfig",
        EndpointConfigName="c",
        ProductionVariants=list(variants),
        **more,
    )


def test_serverless_beside_instances() -> None:
    assert "either an InstanceType or a ServerlessConfig" in refusal(
        variant("one", ServerlessConfig={"MemorySizeInMB": 1024, "MaxConcurrency": 1})
    )
    assert "InitialInstanceCount cannot be set beside" in refusal(
        serverless("one", InitialInstanceCount=1)
    )


def test_several_serverless_variants() -> None:
    assert "exactly one production variant" in refusal(
        serverless("one"), serverless("two", VariantName="b")
    )
    assert "exactly one production variant" in refusal(
        serverless("one"), ShadowProductionVariants=[variant("two", VariantName="b")]
    )


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"DataCaptureConfig": CAPTURE}, "Data capture"),
        ({"AsyncInferenceConfig": ASYNC}, "Asynchronous inference"),
        ({"VpcConfig": VPC}, "VPC configuration"),
        ({"EnableNetworkIsolation": True}, "Network isolation"),
    ],
)
def test_what_a_serverless_endpoint_cannot_have(more: dict[str, Any], what: str) -> None:
    assert f"{what} is not supported for serverless endpoints" in refusal(serverless("one"), **more)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"VpcConfig": VPC}, "VPC configuration"),
        ({"EnableNetworkIsolation": True}, "Network isolation"),
        ({"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}}, "A multi-model container"),
        (
            {"PrimaryContainer": {"Image": "i", "ModelDataSource": {"S3DataSource": {}}}},
            "ModelDataSource",
        ),
    ],
)
def test_the_models_that_a_serverless_endpoint_cannot_have(more: dict[str, Any], what: str) -> None:
    hosted = Hosted()
    hosted.model("such", **more)

    assert f"{what} is not supported for serverless endpoints" in hosted.refusal(
        "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[serverless("such")]
    )


def test_memory_comes_in_steps() -> None:
    assert "multiple of 1024" in refusal(
        serverless("one", ServerlessConfig={"MemorySizeInMB": 1536})
    )


def test_more_provisioned_than_allowed_concurrency() -> None:
    assert "cannot be greater than MaxConcurrency" in refusal(
        serverless("one", ServerlessConfig={"ProvisionedConcurrency": 6})
    )


def test_managed_scaling_of_a_variant_with_a_model() -> None:
    assert "only supported for inference component endpoints" in refusal(
        variant("one", ManagedInstanceScaling=SCALED)
    )


def test_components_need_a_role() -> None:
    without = variant("one", ModelName=None)

    assert "needs an ExecutionRoleArn" in refusal(without)
    Hosted().config("c", without, ExecutionRoleArn=ROLE)


def test_exactly_one_production_and_one_shadow_variant() -> None:
    shadows = [variant("two", VariantName=name) for name in ("s", "t")]

    assert "exactly one" in refusal(variant("one"), ShadowProductionVariants=shadows)
    assert "exactly one" in refusal(
        variant("one"), variant("two", VariantName="b"), ShadowProductionVariants=shadows[:1]
    )
    assert "asynchronous" in refusal(
        variant("one"), ShadowProductionVariants=shadows[:1], AsyncInferenceConfig=ASYNC
    )
    Hosted().config("c", variant("one"), ShadowProductionVariants=shadows[:1])


def test_a_name_twice() -> None:
    assert "Duplicate variant names" in refusal(variant("one"), variant("two"))


def test_a_model_that_is_not_there() -> None:
    assert refusal(variant("gone")) == (
        "ValidationException: Could not find model "
        '"arn:aws:sagemaker:us-east-1:123456789012:model/gone".'
    )


def test_an_interval_of_metrics_that_is_none() -> None:
    assert "must be one of" in refusal(
        variant("one"), MetricsConfig={"MetricPublishFrequencyInSeconds": 45}
    )


@pytest.mark.parametrize(
    ("of_variant", "of_config"),
    [
        ({"InstancePools": [{"InstanceType": "ml.m5.xlarge", "Priority": 1}]}, {}),
        ({"CapacityReservationConfig": {"MlReservationArn": "arn"}}, {}),
        ({}, {"ExplainerConfig": {"ClarifyExplainerConfig": {}}}),
        ({}, {"CrossRegionTrafficConfig": {"MaxInvocationsPerSecondPerInstance": 1}}),
    ],
)
def test_what_is_not_done_here_is_not_pretended(
    of_variant: dict[str, Any], of_config: dict[str, Any]
) -> None:
    assert refusal(variant("one", **of_variant), **of_config).startswith("NotImplementedByLocalAws")
