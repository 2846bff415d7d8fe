"""Scaling is put back piece by piece, with new ARNs where AWS gives new ones."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_account import acting_account, plain_endpoint
from tests.integration.audit.acting_world import ActingWorld, acting_options
from thriftline.core.aws.endpoints.scaling import deregister, put_back_targets, read_targets
from thriftline.core.aws.executor import Executor
from thriftline.core.saved_endpoint import SavedTarget

STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
}
# Who takes scaling away, and who puts it back.
TAKING = ("ActOnPlanFunction", "ActOnScheduleFunction")
PUTTING = (*TAKING, "RestoreEndpointFunction")
NAMES = ("stepped", "half", "scheduled", "changed")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    document = acting_account(*(plain_endpoint(name) for name in NAMES))
    with EmbeddedAws(acting_options(document)) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> ActingWorld:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    return ActingWorld(account)


def _resource(name: str) -> str:
    return f"endpoint/{name}/variant/blue"


def _identity(name: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": _resource(name),
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _read(world: ActingWorld, name: str) -> SavedTarget:
    (target,) = read_targets(world.signing(*TAKING), [_resource(name)])
    return target


def _add_step_policy(world: ActingWorld, name: str) -> str:
    """Adds a step policy that an alarm sets off; returns the alarm's name."""
    arn = world.aws.client("application-autoscaling").put_scaling_policy(
        **_identity(name),
        PolicyName="out",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=STEPS,
    )["PolicyARN"]
    alarm = f"{name}-no-capacity"
    world.aws.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        MetricName="NoCapacityInvocationFailures",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[arn, "arn:aws:sns:eu-west-1:111122223333:people"],
    )
    return alarm


def _alarm(world: ActingWorld, name: str) -> dict[str, Any]:
    found = world.aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found[0])


def _executor(world: ActingWorld, *functions: str) -> Executor:
    return Executor(world.signing(*functions or TAKING), world.artifacts)


def test_an_alarm_sets_off_the_policy_that_took_the_place_of_the_old_one(
    world: ActingWorld,
) -> None:
    alarm = _add_step_policy(world, "stepped")
    saved = _read(world, "stepped")
    assert [one["AlarmName"] for one in saved.alarms] == [alarm]
    arn = next(one["PolicyARN"] for one in saved.policies if one["PolicyName"] == "out")
    # As on AWS: a policy that is made again has another ARN than the one that was saved.
    former = SavedTarget.model_validate_json(saved.model_dump_json().replace(arn, f"{arn}-former"))
    _take_away_action(world, alarm, arn)
    deregister(_executor(world), saved)
    assert read_targets(world.signing(*TAKING), [_resource("stepped")]) == ()

    put_back_targets(_executor(world, *PUTTING), world.signing(*PUTTING), [former], world.now)

    people = "arn:aws:sns:eu-west-1:111122223333:people"
    assert sorted(_alarm(world, alarm)["AlarmActions"]) == sorted([people, arn])
    back = _read(world, "stepped")
    assert [one["PolicyName"] for one in back.policies] == [
        one["PolicyName"] for one in saved.policies
    ]
    again = _executor(world, *PUTTING)
    put_back_targets(again, world.signing(*PUTTING), [former], world.now)
    assert again.calls == []


def _take_away_action(world: ActingWorld, name: str, arn: str) -> None:
    """AWS takes the action out of an alarm when the policy goes."""
    found = _alarm(world, name)
    members = ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold")
    kept = {key: found[key] for key in (*members, "ComparisonOperator")}
    actions = [one for one in found["AlarmActions"] if one != arn]
    world.aws.client("cloudwatch").put_metric_alarm(AlarmName=name, AlarmActions=actions, **kept)


def test_what_was_put_back_half_way_is_completed(world: ActingWorld) -> None:
    saved = _read(world, "half")
    deregister(_executor(world), saved)
    deregister(_executor(world), saved)
    world.aws.client("application-autoscaling").register_scalable_target(
        **_identity("half"), MinCapacity=1, MaxCapacity=4
    )

    executor = _executor(world, *PUTTING)
    put_back_targets(executor, world.signing(*PUTTING), [saved], world.now)

    assert [one.operation for one in executor.calls] == ["PutScalingPolicy"]
    assert len(_read(world, "half").policies) == 1


def test_what_is_there_by_now_is_left_as_it_is(world: ActingWorld) -> None:
    saved = _read(world, "changed")
    world.aws.client("application-autoscaling").register_scalable_target(
        **_identity("changed"), MinCapacity=2, MaxCapacity=9
    )

    put_back_targets(_executor(world, *PUTTING), world.signing(*PUTTING), [saved], world.now)

    assert _read(world, "changed").description["MaxCapacity"] == 9


def test_schedules_come_back_but_for_those_that_are_over(world: ActingWorld) -> None:
    scaling = world.aws.client("application-autoscaling")
    soon, later = world.now + timedelta(hours=1), world.now + timedelta(days=9)
    for name, schedule in (
        ("nightly", "cron(0 20 * * ? *)"),
        ("soon", f"at({soon:%Y-%m-%dT%H:%M:%S})"),
        ("later", f"at({later:%Y-%m-%dT%H:%M:%S})"),
    ):
        scaling.put_scheduled_action(
            **_identity("scheduled"),
            ScheduledActionName=name,
            Schedule=schedule,
            Timezone="Europe/Berlin" if name == "later" else "UTC",
            ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2},
        )
    saved = SavedTarget.model_validate_json(json.dumps(_read(world, "scheduled").model_dump()))
    deregister(_executor(world), saved)
    world.aws.clock.advance(timedelta(hours=2))

    put_back_targets(_executor(world, *PUTTING), world.signing(*PUTTING), [saved], world.now)

    back = _read(world, "scheduled").scheduled_actions
    assert {one["ScheduledActionName"] for one in back} == {"nightly", "later"}
    assert {one["Timezone"] for one in back} == {"UTC", "Europe/Berlin"}
