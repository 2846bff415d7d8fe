"""A scaled variant whose instance type changes, and an endpoint that sleeps."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.serving.deployment_world import ENDPOINT, DeploymentWorld, Run
from tests.unit.serving.fake_hosting import refusal
from thriftline.serving.domain.schedules import Phase
from thriftline.serving.steps.schedule_items import write_phase

ONE_TYPE = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: canary, percent: 50, wait_seconds: 300, min_requests: 20}\n"
)
ANOTHER_TYPE = ONE_TYPE.replace("ml.m5.large", "ml.m5.xlarge")
RESOURCE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/main",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}


def targets(world: DeploymentWorld) -> list[tuple[int, int]]:
    found = world.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    return [(one["MinCapacity"], one["MaxCapacity"]) for one in found["ScalableTargets"]]


def policies(world: DeploymentWorld) -> list[str]:
    found = world.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")
    return [one["PolicyName"] for one in found["ScalingPolicies"]]


@pytest.fixture
def scaled(world: DeploymentWorld) -> DeploymentWorld:
    """A first version whose variant somebody scales, and SageMaker's refusal to move it so."""
    world.serve_yaml(ONE_TYPE)
    world.register(1)
    world.deploy()
    world.autoscaling.register_scalable_target(**RESOURCE, MinCapacity=2, MaxCapacity=6)
    world.autoscaling.put_scaling_policy(
        **RESOURCE,
        PolicyName="by-load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    world.hosting.on_look = lambda: world.see_requests(10)
    refuse_while_scaled(world)
    return world


def refuse_while_scaled(world: DeploymentWorld) -> None:
    update = world.hosting.update_endpoint

    def checked(**request: Any) -> None:
        if targets(world):
            raise refusal("ValidationException", "The variant is registered as a scalable target.")
        update(**request)

    world.hosting.update_endpoint = checked  # type: ignore[method-assign, assignment]


def move(world: DeploymentWorld) -> Run:
    world.serve_yaml(ANOTHER_TYPE)
    world.register(2)
    return world.deploy()


def as_before(world: DeploymentWorld) -> bool:
    return targets(world) == [(2, 6)] and policies(world) == ["by-load"]


def test_scaling_is_set_aside_for_another_instance_type_and_is_back_after_it(
    scaled: DeploymentWorld,
) -> None:
    run = move(scaled)

    record = scaled.document(run)
    assert record.ending == "deployed", record
    assert scaled.hosting.configs[record.made.config_name]["ProductionVariants"][0][  # type: ignore[union-attr]
        "InstanceType"
    ] == ("ml.m5.xlarge")
    assert any("set aside" in note for note in record.notes)
    assert record.held_scaling == ()
    assert as_before(scaled)


def test_the_same_instance_type_leaves_scaling_alone(world: DeploymentWorld) -> None:
    world.serve_yaml(ONE_TYPE)
    world.register(1)
    world.deploy()
    world.autoscaling.register_scalable_target(**RESOURCE, MinCapacity=2, MaxCapacity=6)
    world.hosting.on_look = lambda: (
        world.see_requests(10),  # type: ignore[func-returns-value]
        seen.append(len(targets(world))),  # type: ignore[func-returns-value]
    )[1]
    seen: list[int] = []
    world.register(2)

    assert world.document(world.deploy()).ending == "deployed"
    assert set(seen) == {1}


def test_scaling_is_back_after_a_rollback_by_sagemaker(scaled: DeploymentWorld) -> None:
    scaled.hosting.ends = "rolled_back"

    assert scaled.document(move(scaled)).ending == "rolled_back"
    assert as_before(scaled)


def test_scaling_is_back_after_a_rollback_by_command(scaled: DeploymentWorld) -> None:
    move(scaled)

    back = scaled.document(scaled.rollback())

    assert back.ending == "deployed", back
    assert back.moves_scaled_variant
    assert as_before(scaled)


@pytest.mark.parametrize(
    "fault",
    [
        lambda world: world.hosting.faults.update(
            update_endpoint=[refusal("ResourceLimitExceeded", "The quota is 2.")]
        ),
        lambda world: world.hosting.faults.update(
            update_endpoint=[refusal("ValidationException", "No.")]
        ),
    ],
)
def test_scaling_is_back_where_sagemaker_took_nothing(
    scaled: DeploymentWorld, fault: Callable[[DeploymentWorld], None]
) -> None:
    fault(scaled)

    assert scaled.document(move(scaled)).ending in ("refused", "failed")
    assert as_before(scaled)


def test_scaling_is_back_when_whoever_watched_has_failed(scaled: DeploymentWorld) -> None:
    """The machine for abandoned deployments records when the endpoint has settled."""
    scaled.serve_yaml(ANOTHER_TYPE)
    scaled.register(2)
    scaled.hosting.script = [("Updating", "Creating")] * 40
    run = Run("arn:aws:states:us-east-1:123456789012:execution:machine:abandoned")
    request = {
        "action": "deploy",
        "project": "reviews",
        "requested_by": "ada",
        "why": "",
        "token": "abandoned",
    }
    run.opened = scaled.open(run.arn, request)
    scaled.check_prepare_and_start(run)
    assert targets(scaled) == []

    scaled.hosting.endpoints[ENDPOINT]["_script"] = []
    scaled.shift(timedelta(hours=1))
    scaled.record(run, request, last=True)

    assert scaled.document(run).ending == "inconclusive", "nobody counted its requests"
    assert as_before(scaled)


def test_an_endpoint_that_sleeps_says_so_and_nothing_is_made(world: DeploymentWorld) -> None:
    world.serve_yaml(ONE_TYPE)
    world.register(1)
    world.deploy()
    write_phase(world.table, ENDPOINT, Phase.ASLEEP, "a-copy")
    configs = set(world.hosting.configs)
    world.register(2)

    for run in (world.deploy(), world.rollback(to_version=1)):
        assert run.recorded is not None
        assert run.recorded.ending == "refused"
        assert "sleeps by its schedule" in run.recorded.reason
    assert set(world.hosting.configs) == configs

    write_phase(world.table, ENDPOINT, Phase.AWAKE)
    world.hosting.on_look = lambda: world.see_requests(10)
    assert world.document(world.deploy()).ending == "deployed"
