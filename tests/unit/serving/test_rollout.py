"""The arithmetic of roll-outs, and what UpdateEndpoint is asked for."""

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain.combinations import refusals
from thriftline.serving.domain.kinds import Rollout, RolloutType, ServingWish
from thriftline.serving.domain.rollout import (
    component_deployment_config,
    deployment_config,
    limit_seconds,
    step_instances,
    timings_of,
    waits_seconds,
)

TYPES = st.sampled_from(RolloutType)


@st.composite
def rollouts(draw: st.DrawFn) -> Rollout:
    sized = draw(st.sampled_from(["percent", "instances", None]))
    return Rollout(
        type=draw(TYPES),
        percent=draw(st.integers(1, 100)) if sized == "percent" else None,
        instances=draw(st.integers(1, 20)) if sized == "instances" else None,
        wait_seconds=draw(st.integers(0, 4_000)),
        bake_seconds=draw(st.integers(0, 4_000)),
        limit_seconds=draw(st.none() | st.integers(1, 40_000)),
    )


@pytest.mark.parametrize(
    ("rollout", "instances", "waits"),
    [
        (Rollout(RolloutType.ALL_AT_ONCE, bake_seconds=300), 4, 300),
        (Rollout(RolloutType.CANARY, wait_seconds=600, bake_seconds=300), 4, 900),
        (Rollout(RolloutType.LINEAR, percent=25, wait_seconds=100, bake_seconds=300), 4, 600),
        (Rollout(RolloutType.LINEAR, instances=1, wait_seconds=100, bake_seconds=0), 3, 200),
        (Rollout(RolloutType.ROLLING, instances=1, wait_seconds=180), 3, 540),
        (Rollout(RolloutType.ROLLING, percent=50, wait_seconds=180), 5, 540),
    ],
)
def test_the_waits_add_up(rollout: Rollout, instances: int, waits: int) -> None:
    assert waits_seconds(rollout, instances) == waits


def test_both_fleets_of_blue_and_green_are_billed_until_the_end() -> None:
    found = timings_of(Rollout(RolloutType.CANARY, wait_seconds=600), 4, 3, 420)
    assert (found.seconds, found.new_fleet, found.former_fleet) == (1320, 4 * 1320, 3 * 1320)


def test_a_rolling_update_pays_for_one_batch_more_at_a_time() -> None:
    rolling = Rollout(RolloutType.ROLLING, instances=2, wait_seconds=180)
    found = timings_of(rolling, 4, 4, 420)
    # 2 new beside 4, then 4 new beside the 2 that are left.
    assert (found.seconds, found.new_fleet, found.former_fleet) == (1200, 3600, 3600)


def test_a_first_deployment_has_no_former_fleet_and_waits_for_nothing() -> None:
    found = timings_of(Rollout(bake_seconds=300), 2, 0, 420)
    assert (found.seconds, found.new_fleet, found.former_fleet) == (420, 840, 0)


@given(rollouts(), st.integers(1, 40), st.integers(0, 2_000))
def test_no_fleet_is_billed_longer_than_the_roll_out_lasts(
    rollout: Rollout, instances: int, provisioning: int
) -> None:
    found = timings_of(rollout, instances, None, provisioning)
    assert found.seconds >= provisioning
    assert 0 <= found.new_fleet <= instances * found.seconds
    assert 0 <= found.former_fleet <= instances * found.seconds
    assert found.new_fleet + found.former_fleet >= instances * found.seconds


@given(rollouts(), st.integers(1, 40))
def test_what_is_not_refused_is_within_the_bounds_of_sagemaker(
    rollout: Rollout, instances: int
) -> None:
    wish = ServingWish(rollout=rollout, instances=instances)
    if refusals(wish):
        return
    waits = waits_seconds(rollout, instances)
    assert waits < limit_seconds(rollout, instances) <= 28_800
    assert max(rollout.wait_seconds, rollout.bake_seconds) <= 3_600
    share = 100 * step_instances(rollout, instances) / instances
    if rollout.type is RolloutType.CANARY:
        assert share <= 50
    if rollout.type in (RolloutType.LINEAR, RolloutType.ROLLING):
        assert share <= 50
    _is_a_request_of_sagemaker(deployment_config(rollout, instances, ["one", "two"]))


_SHAPE = (
    boto3.client("sagemaker", region_name="us-east-1")
    .meta.service_model.operation_model("UpdateEndpoint")
    .input_shape
)


def _is_a_request_of_sagemaker(config: dict[str, object]) -> None:
    request = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": config}
    report = ParamValidator().validate(request, _SHAPE)
    assert not report.has_errors(), report.generate_report()


def test_a_canary_is_one_policy_with_its_size_its_waits_and_its_alarms() -> None:
    config = deployment_config(
        Rollout(RolloutType.CANARY, percent=25, wait_seconds=600, bake_seconds=300), 4, ["a"]
    )
    assert config == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 600,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            },
            "TerminationWaitInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 2700,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]},
    }


def test_components_are_updated_in_batches_or_without_a_policy() -> None:
    rolling = Rollout(RolloutType.ROLLING, instances=1, wait_seconds=180)
    config = component_deployment_config(rolling, 2, ["a"])
    assert config is not None
    assert config["RollingUpdatePolicy"]["MaximumBatchSize"] == {"Type": "COPY_COUNT", "Value": 1}
    assert component_deployment_config(Rollout(), 2, ["a"]) is None
