"""Application Auto Scaling acts: by alarms, by the clock, and not while an endpoint changes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws, Options
from local_aws.services.hosting_options import HostingOptions
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.conftest import FIXTURE
from tests.integration.local_aws.runtime import FakeRuntime

ROLE = "arn:aws:iam::123456789012:role/endpoints"
SAGEMAKER = "AWS/SageMaker"
INSTANCES = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Time goes on by `advance` alone."""
    options = Options(
        template=FIXTURE,
        stack_name="fixture",
        lambda_runtime=FakeRuntime.make,
        hosting=HostingOptions(60, 2, 4),
    )
    with EmbeddedAws(options) as embedded:
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"}
        embedded.client("sagemaker").create_model(
            ModelName="m1", ExecutionRoleArn=ROLE, PrimaryContainer=container
        )
        yield embedded


def _passes(aws: EmbeddedAws, seconds: float) -> None:
    aws.clock.advance(timedelta(seconds=seconds))


def _endpoint(aws: EmbeddedAws, name: str, count: int = 1, **config: Any) -> dict[str, str]:
    """Make an endpoint; return what identifies the target of its variant."""
    sagemaker = aws.client("sagemaker")
    variant: dict[str, Any] = {
        "VariantName": "main",
        "ModelName": "m1",
        "InstanceType": "ml.c5.2xlarge",
        "InitialInstanceCount": count,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-v1",
        ProductionVariants=[{**variant, **config.pop("variant", {})}],
        **config,
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-v1")
    _passes(aws, 65)
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/main",
        "ScalableDimension": INSTANCES,
    }


def _count(aws: EmbeddedAws, name: str) -> int:
    found = aws.client("sagemaker").describe_endpoint(EndpointName=name)
    return int(found["ProductionVariants"][0]["DesiredInstanceCount"])


def _activities(aws: EmbeddedAws, target: dict[str, str]) -> list[dict[str, Any]]:
    found = aws.client("application-autoscaling").describe_scaling_activities(**target)
    return list(found["ScalingActivities"])


def _track(aws: EmbeddedAws, target: dict[str, str], aim: float) -> list[str]:
    answer = aws.client("application-autoscaling").put_scaling_policy(
        **target,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": aim,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
        },
    )
    return [one["AlarmName"] for one in answer["Alarms"]]


def _load(aws: EmbeddedAws, name: str, minutes: int, each: float) -> None:
    dimensions = {"EndpointName": name, "VariantName": "main"}
    for _ in range(minutes):
        aws.put_metric(SAGEMAKER, "InvocationsPerInstance", dimensions, each)
        _passes(aws, 60)


def test_target_tracking_scales_out_by_its_alarm_within_its_bounds(aws: EmbeddedAws) -> None:
    target = _endpoint(aws, "busy")
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    high, low = _track(aws, target, 100)
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNames=[high, low])["MetricAlarms"]
    assert {one["Threshold"] for one in alarms} == {100, 90}
    _load(aws, "busy", 4, 1000)
    eventually(lambda: _count(aws, "busy") == 3)
    done = _activities(aws, target)[0]
    assert done["StatusCode"] == "Successful"
    assert "AlarmHigh" in done["Cause"]
    scaling.delete_scaling_policy(**target, PolicyName="track")
    left = aws.client("cloudwatch").describe_alarms(AlarmNames=[high, low])["MetricAlarms"]
    assert left == []


def test_a_step_policy_wakes_an_asynchronous_endpoint_at_the_first_request(
    aws: EmbeddedAws,
) -> None:
    output = {"OutputConfig": {"S3OutputPath": "s3://bucket/out"}}
    target = _endpoint(aws, "queue", AsyncInferenceConfig=output)
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    policy = scaling.put_scaling_policy(
        **target,
        PolicyName="wake",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Maximum",
            "Cooldown": 60,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="queue-wake",
        Namespace=SAGEMAKER,
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": "EndpointName", "Value": "queue"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[policy["PolicyARN"]],
    )
    now = aws.clock.now()
    night = {"MinCapacity": 0, "MaxCapacity": 0}
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="off",
        Schedule=f"at({now + timedelta(hours=1):%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction=night,
    )
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="on",
        Schedule=f"at({now + timedelta(hours=3):%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 2},
    )
    _passes(aws, 3605)
    eventually(lambda: _count(aws, "queue") == 0)
    # By night there is nobody to wake.
    for _ in range(3):
        aws.put_metric(SAGEMAKER, "HasBacklogWithoutCapacity", {"EndpointName": "queue"}, 1)
        _passes(aws, 60)
    _passes(aws, 7200)
    eventually(
        lambda: (
            scaling.describe_scalable_targets(
                ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]]
            )["ScalableTargets"][0]["MaxCapacity"]
            == 2
        )
    )
    assert _count(aws, "queue") == 0
    for _ in range(3):
        aws.put_metric(SAGEMAKER, "HasBacklogWithoutCapacity", {"EndpointName": "queue"}, 1)
        _passes(aws, 60)
    eventually(lambda: _count(aws, "queue") == 1)


def test_scaling_is_refused_while_the_endpoint_changes_and_comes_after_it(
    aws: EmbeddedAws,
) -> None:
    target = _endpoint(aws, "changing", count=2)
    scaling, sagemaker = aws.client("application-autoscaling"), aws.client("sagemaker")
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="changing",
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 3}],
    )
    soon = aws.clock.now() + timedelta(seconds=20)
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="up",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 4},
    )
    _passes(aws, 21)
    eventually(lambda: _activities(aws, target))
    failed = _activities(aws, target)[0]
    assert failed["StatusCode"] == "Failed"
    assert "in-progress" in failed["StatusMessage"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Schedule": "every day"}, "Invalid Schedule Expression"),
        ({"Timezone": "Mars/Base"}, "Mars/Base"),
        ({"ScalableTargetAction": {}}, "minimum or a maximum"),
        ({"Schedule": "at(2020-01-01T00:00:00)"}, "in the past"),
    ],
)
def test_a_scheduled_action_that_could_not_act_is_refused(
    aws: EmbeddedAws, change: dict[str, Any], said: str
) -> None:
    name = f"refusing-{abs(hash(said)) % 10**6}"
    target = _endpoint(aws, name)
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    request = {
        "ScheduledActionName": "a",
        "Schedule": "rate(1 hour)",
        "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1},
    }
    with pytest.raises(ClientError, match=said):
        scaling.put_scheduled_action(**target, **{**request, **change})


def test_what_cannot_scale_is_refused(aws: EmbeddedAws) -> None:
    target = _endpoint(aws, "small", variant={"InstanceType": "ml.t2.medium"})
    scaling = aws.client("application-autoscaling")
    with pytest.raises(ClientError, match="burstable"):
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    other = _endpoint(aws, "other")
    scaling.register_scalable_target(**other, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(ClientError, match="does not go with"):
        scaling.put_scaling_policy(
            **other,
            PolicyName="p",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 1,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"
                },
            },
        )
