"""Faults at each stage of a deployment: the right verdict, and the former model still answers."""

import pytest

from tests.integration.serving.world import SCARCE_TYPE, Ended, ServingWorld, Traffic

CANARY = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: canary, percent: 50, wait_seconds: 600, bake_seconds: 200, "
    "min_requests: 20}\n"
    # How long an answer takes here is the machine's affair.
    "alarms: {latency_ratio: null}\n"
)


QUICK = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: all-at-once, bake_seconds: 180, min_requests: 0}\n"
    "alarms: {latency_ratio: null}\n"
)


def _first(world: ServingWorld, project: str, text: str = CANARY) -> str:
    """Deploys a version that answers "former" and returns its config."""
    world.serve_yaml(project, text)
    world.register(project, label="former")
    first = world.deploy(project)
    assert first.ending == "deployed", first.told
    assert world.ask(project) == "former"
    return world.serves(project)


def _is_as_before(world: ServingWorld, project: str, config: str) -> None:
    found = world.endpoint(project)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", config)
    assert world.ask(project) == "former"
    assert world.history(project)["in_use"] == {"N": "1"}
    assert world.history(project)["lock_owner"] == {"NULL": True}
    assert world.nothing_in_use_was_deleted(project)


def test_a_bad_version_is_rolled_back_by_its_alarm(world: ServingWorld, project: str) -> None:
    """SageMaker ends such an update InService, with the old config and no reason."""
    config = _first(world, project)
    world.register(project, label="bad", fails=True)
    with Traffic(world, project) as traffic:
        ended = world.deploy(project)
    assert (ended.status, ended.ending) == ("SUCCEEDED", "rolled_back"), ended.told
    assert world.endpoint(project).get("FailureReason", "") == ""
    _is_as_before(world, project, config)
    assert world.alarms_of(ended.told) == []
    assert traffic.answered > traffic.failed, "half of the requests went to the canary at the most"


def test_a_person_stops_a_deployment(world: ServingWorld, project: str) -> None:
    config = _first(world, project)
    world.register(project, label="new")
    with Traffic(world, project) as traffic:
        arn = world.start(project)
        world.wait_until(arn, "Poll deployment")
        world.abort(project)
        ended = world.wait(arn)
    assert ended.ending == "rolled_back", ended.told
    assert ended.told["watch"]["aborted"]
    _is_as_before(world, project, config)
    assert traffic.failed == 0


def test_an_alarm_in_alarm_refuses(world: ServingWorld, project: str) -> None:
    config = _first(world, project)
    world.cloudwatch.put_metric_alarm(
        AlarmName=f"{project}-mine",
        Namespace="Test",
        MetricName=project,
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    world.wait_for_alarm(f"{project}-mine", "ALARM")
    named = f"alarms: {{latency_ratio: null, names: [{project}-mine]}}"
    world.serve_yaml(project, CANARY.replace("alarms: {latency_ratio: null}", named))
    world.register(project, label="new")
    ended = world.deploy(project)
    assert (ended.status, ended.ending) == ("SUCCEEDED", "refused"), ended.told
    assert "in ALARM already" in ended.told["reason"]
    _is_as_before(world, project, config)


def test_a_missing_artifact_refuses(world: ServingWorld, project: str) -> None:
    config = _first(world, project)
    arn = world.register(project, label="new")
    world.delete_artifact(arn)
    _refused(world, project, config, world.deploy(project), "does not exist")


def test_a_quota_refuses(world: ServingWorld, project: str) -> None:
    text = CANARY.replace("ml.m5.large", SCARCE_TYPE)
    config = _first(world, project, text)
    world.register(project, label="new")
    _refused(world, project, config, world.deploy(project), "quota")


def _refused(world: ServingWorld, project: str, config: str, ended: Ended, said: str) -> None:
    assert (ended.status, ended.ending) == ("SUCCEEDED", "refused"), ended.told
    assert said in ended.told["reason"]
    _is_as_before(world, project, config)


def test_a_rollback_to_a_config_that_somebody_deleted_is_refused(
    world: ServingWorld, project: str
) -> None:
    former = _first(world, project, QUICK)
    world.register(project, label="new")
    assert world.deploy(project).ending == "deployed"
    world.sagemaker.delete_endpoint_config(EndpointConfigName=former)
    ended = world.rollback(project)
    assert ended.ending == "refused", ended.told
    assert "was deleted" in ended.told["reason"]
    assert world.ask(project) == "new"


def test_a_call_that_sagemaker_refuses_leaves_all_as_it_was(
    world: ServingWorld, project: str
) -> None:
    config = _first(world, project)
    world.register(project, label="new")
    world.fail("sagemaker", "UpdateEndpoint", "ResourceLimitExceeded", 400, 1)
    ended = world.deploy(project)
    assert ended.ending == "refused", ended.told
    _is_as_before(world, project, config)


@pytest.mark.parametrize(
    "operation", ["DescribeEndpoint", "UpdateEndpoint", "CreateEndpointConfig"]
)
def test_a_call_that_is_throttled_is_made_again(
    world: ServingWorld, project: str, operation: str
) -> None:
    _first(world, project, QUICK)
    world.register(project, label="new")
    world.fail("sagemaker", operation, "ThrottlingException", 400, 6)
    with Traffic(world, project) as traffic:
        ended = world.deploy(project)
    assert ended.ending == "deployed", ended.told
    assert world.ask(project) == "new"
    assert traffic.failed == 0


def test_the_events_tell_how_it_ended(world: ServingWorld, project: str) -> None:
    _first(world, project)
    messages = world.take_messages()
    assert any("is in service" in one and f"thriftline-{project}" in one for one in messages)
