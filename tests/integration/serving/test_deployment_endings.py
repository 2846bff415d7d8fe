"""Deployments that leave the usual way: scaled variants, mixed fleets, what somebody deletes."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.serving.world import ServingWorld, Traffic

QUICK = "rollout: {type: all-at-once, bake_seconds: 180, min_requests: 0}\n"
ALARMS = "alarms: {error_share: null, model_errors: null, latency_ratio: null}\n"
SCALED = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "scaling: {min: 2, max: 4, requests_per_second: 5}\n" + QUICK + ALARMS
)
ROLLING = (
    "instance: {type: ml.m5.large, count: 4}\n"
    "rollout: {type: rolling, percent: 25, wait_seconds: 400, min_requests: 0}\n" + ALARMS
)
CANARY = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: canary, percent: 50, wait_seconds: 1800, bake_seconds: 200, "
    "min_requests: 0}\n" + ALARMS
)


def test_a_scaled_endpoint_changes_its_instance_type_and_scales_afterwards(
    world: ServingWorld, project: str
) -> None:
    _deploy(world, project, SCALED)
    world.aws.client("application-autoscaling").put_scheduled_action(
        **_target(project),
        ScheduledActionName="monday",
        Schedule="cron(0 7 ? * MON *)",
        ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 4},
    )
    before = _scaling(world, project)
    assert before["bounds"] == (2, 4)

    moved = _deploy(world, project, SCALED.replace("ml.m5.large", "ml.m5.xlarge"))
    assert moved.told["held_scaling"] == []
    assert _instance_type(world, project) == "ml.m5.xlarge"
    assert _scaling(world, project) == before

    back = world.rollback(project)
    assert back.ending == "deployed", back.told
    assert _instance_type(world, project) == "ml.m5.large"
    assert _scaling(world, project) == before


def test_scaling_is_back_after_sagemaker_has_refused_another_type(
    world: ServingWorld, project: str
) -> None:
    _deploy(world, project, SCALED)
    before = _scaling(world, project)
    world.register(project)
    world.serve_yaml(project, SCALED.replace("ml.m5.large", "ml.m5.xlarge"))
    world.fail("sagemaker", "UpdateEndpoint", "ResourceLimitExceeded", 400, 1)

    ended = world.deploy(project)

    assert ended.ending == "refused", ended.told
    assert _instance_type(world, project) == "ml.m5.large"
    assert _scaling(world, project) == before


def test_a_rolling_update_whose_rollback_fails_is_failed_and_another_version_ends_the_mix(
    world: ServingWorld, project: str
) -> None:
    _deploy(world, project, ROLLING, label="former")
    former = world.sagemaker.describe_endpoint_config(EndpointConfigName=world.serves(project))
    world.register(project, label="new")
    arn = world.start(project)
    _wait_for_stage(world, project, "Baking")
    world.sagemaker.delete_model(ModelName=former["ProductionVariants"][0]["ModelName"])
    # Of the second batch: an instance of the former version is gone by then.
    _wait_for_stage(world, project, "Creating")
    world.abort(project)

    ended = world.wait(arn)

    assert (ended.status, ended.ending) == ("FAILED", "failed"), ended.told
    assert world.endpoint(project)["EndpointStatus"] == "UpdateRollbackFailed"
    assert "the model" in ended.told["reason"]
    assert "no longer exists" in ended.told["reason"]
    assert world.ask(project) in ("former", "new"), "a mix serves"
    refused = world.rollback(project)
    assert refused.ending == "refused", refused.told

    mended = _deploy(
        world,
        project,
        ROLLING.replace("rolling, percent: 25", "all-at-once").replace(
            "wait_seconds: 400", "bake_seconds: 180"
        ),
        label="mended",
    )
    assert world.endpoint(project)["EndpointStatus"] == "InService"
    assert world.ask(project) == "mended"
    assert mended.told["in_use"] == 2


def test_a_config_that_somebody_deletes_before_the_update_leaves_the_former_version(
    world: ServingWorld, project: str
) -> None:
    """It is made again where it is gone before the step, and else the step says what is missing."""
    _deploy(world, project, f"instance: {{type: ml.m5.large, count: 2}}\n{QUICK}{ALARMS}")
    former = world.serves(project)
    world.register(project, label="new")
    # Whatever is throttled is asked again later: time for somebody to delete things.
    world.fail("sagemaker", "UpdateEndpoint", "ThrottlingException", 400, 4)
    arn = world.start(project)
    world.wait_until(arn, "Start update")
    document = world.document_of(arn)
    assert document is not None
    world.sagemaker.delete_endpoint_config(EndpointConfigName=document["made"]["config_name"])

    ended = world.wait(arn)

    if ended.ending == "deployed":
        assert world.ask(project) == "new"
    else:
        assert ended.ending == "failed", ended.told
        assert "Could not find endpoint configuration" in ended.told["reason"]
        assert (world.serves(project), world.ask(project)) == (former, "good")
    assert world.history(project)["lock_owner"] == {"NULL": True}
    assert world.nothing_in_use_was_deleted(project)


def test_an_abort_turns_the_update_around(world: ServingWorld, project: str) -> None:
    assert _takes_to_turn_around(world, project) >= timedelta(0)


# A minute of the embedded clock is seconds of this machine, which a busy one takes for cold starts.
@pytest.mark.thorough
def test_an_abort_turns_the_update_around_within_two_minutes(
    world: ServingWorld, project: str
) -> None:
    assert _takes_to_turn_around(world, project) <= timedelta(minutes=2)


def _takes_to_turn_around(world: ServingWorld, project: str) -> timedelta:
    """Aborts an update; returns the time from there to SageMaker's first step back.

    It is the embedded clock's.
    """
    _deploy(world, project, CANARY, label="former")
    world.register(project, label="new")
    steps_back = _listen_for_rollback(world, project)
    with Traffic(world, project) as traffic:
        arn = world.start(project)
        _wait_for_stage(world, project, "Baking")
        asked = world.aws.clock.now()
        world.abort(project)
        ended = world.wait(arn)

    assert ended.ending == "rolled_back", ended.told
    assert world.ask(project) == "former"
    assert traffic.failed == 0
    took: timedelta = (_turned_around_at(world, steps_back) - asked) * world.aws.clock.rate
    return took


def _deploy(world: ServingWorld, project: str, text: str, **behaviour: Any) -> Any:
    world.serve_yaml(project, text)
    world.register(project, **behaviour)
    ended = world.deploy(project)
    assert ended.ending == "deployed", ended.told
    return ended


def _target(project: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/thriftline-{project}/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _scaling(world: ServingWorld, project: str) -> dict[str, Any]:
    client, one = world.aws.client("application-autoscaling"), _target(project)
    (target,) = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[one["ResourceId"]]
    )["ScalableTargets"]
    policies = client.describe_scaling_policies(**one)["ScalingPolicies"]
    actions = client.describe_scheduled_actions(**one)["ScheduledActions"]
    return {
        "bounds": (target["MinCapacity"], target["MaxCapacity"]),
        "policies": [
            (row["PolicyName"], row["TargetTrackingScalingPolicyConfiguration"]["TargetValue"])
            for row in policies
        ],
        "actions": [(row["ScheduledActionName"], row["Schedule"]) for row in actions],
    }


def _instance_type(world: ServingWorld, project: str) -> str:
    found = world.sagemaker.describe_endpoint_config(EndpointConfigName=world.serves(project))
    return str(found["ProductionVariants"][0]["InstanceType"])


def _wait_for_stage(world: ServingWorld, project: str, stage: str) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        pending = world.endpoint(project).get("PendingDeploymentSummary", {})
        stages = [
            one["Status"]
            for variant in pending.get("ProductionVariants", ())
            for one in variant.get("VariantStatus", ())
        ]
        if stage in stages:
            return
        time.sleep(0.02)
    raise AssertionError(f"the update never reaches {stage}")


def _listen_for_rollback(world: ServingWorld, project: str) -> str:
    """Returns the URL of a queue that hears when SageMaker begins to roll the endpoint back.

    The status says so for a moment only, which who asks again and again can miss.
    """
    name, events, sqs = f"rollback-{project}", world.aws.client("events"), world.aws.client("sqs")
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        "detail": {
            "EndpointName": [f"thriftline-{project}"],
            "EndpointStatus": ["ROLLING_BACK"],
        },
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": found["Attributes"]["QueueArn"]}])
    return url


def _turned_around_at(world: ServingWorld, steps_back: str) -> datetime:
    """Returns when SageMaker began to roll back, of a deployment that has ended."""
    heard = world.aws.client("sqs").receive_message(QueueUrl=steps_back, WaitTimeSeconds=10)
    (message,) = heard.get("Messages", ())
    changed = json.loads(message["Body"])["detail"]["LastModifiedTime"]
    return datetime.fromtimestamp(changed / 1000, UTC)
