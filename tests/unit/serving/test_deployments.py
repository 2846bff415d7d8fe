"""A deployment from its request to its recorded ending, for each ending and each fault."""

import pytest

from tests.unit.serving.deployment_world import ARTIFACTS, ENDPOINT, DeploymentWorld, Run
from tests.unit.serving.fake_hosting import refusal
from thriftline.serving.domain.versions import EndpointVersion

TWO = "instance: {type: ml.m5.large, count: 2}\n"
CANARY = TWO + "rollout: {type: canary, percent: 50, wait_seconds: 300, min_requests: 20}\n"


def first(world: DeploymentWorld, text: str = CANARY) -> Run:
    """Deploys version 1 on a new endpoint."""
    world.serve_yaml(text)
    world.register(1)
    return world.deploy()


def ending(run: Run) -> str | None:
    assert run.recorded is not None, run
    return run.recorded.ending


def serves(world: DeploymentWorld) -> str:
    config: str = world.hosting.endpoints[ENDPOINT]["EndpointConfigName"]
    return config


def test_a_first_version_makes_its_endpoint(world: DeploymentWorld) -> None:
    run = first(world)
    assert ending(run) == "deployed", run
    record = world.document(run)
    assert record.made is not None
    assert serves(world) == record.made.config_name
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert (state.in_use, state.lock_owner, state.kind) == (1, None, "real-time")
    version = world.table.version(ENDPOINT, 1)
    assert version is not None
    assert version.config == serves(world)
    assert version.image.endswith(f"@sha256:{'a' * 64}"), "served by digest"
    assert [kind for kind, _ in world.bus_client.events] == ["DeploymentStarted", "DeploymentEnded"]
    assert "is in service" in world.topic.messages[-1][1]


def test_a_canary_with_requests_takes_over(world: DeploymentWorld) -> None:
    first(world)
    old = serves(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    run = world.deploy()
    assert ending(run) == "deployed", run.recorded
    assert serves(world) != old
    assert old in world.hosting.configs, "the former config is the rollback"
    asked = world.hosting.requests[-1]["DeploymentConfig"]
    assert asked["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"
    record = world.document(run)
    names = [one["AlarmName"] for one in asked["AutoRollbackConfiguration"]["Alarms"]]
    assert set(names) == set(record.watched_by)
    assert world.alarms() == [], "the alarms of an ended deployment go"
    assert record.in_use == 2


def test_an_update_that_ends_with_the_old_config_is_rolled_back(world: DeploymentWorld) -> None:
    """SageMaker says InService, and gives no reason."""
    first(world)
    old = serves(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    world.hosting.ends = "rolled_back"
    run = world.deploy()
    assert ending(run) == "rolled_back"
    assert "No alarm was seen in ALARM" in world.document(run).reason
    assert serves(world) == old
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.in_use == 1
    assert [one.number for one in world.table.versions(ENDPOINT)] == [1]


def test_a_record_of_a_rollback_names_the_alarm_and_why_it_fired(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)

    def fire() -> None:
        world.see_requests(10)
        # Not before the update: what is in ALARM then refuses it.
        if "update_endpoint" not in world.hosting.calls:
            return
        for name in world.alarms():
            if name.endswith("-server-errors"):
                world.cloudwatch.set_alarm_state(
                    AlarmName=name, StateValue="ALARM", StateReason="[0.4] is too much"
                )

    world.hosting.on_look = fire
    world.hosting.ends = "rolled_back"
    reason = world.document(world.deploy()).reason
    assert "-server-errors ([0.4] is too much)" in reason


def test_a_canary_that_nobody_asks_gets_probes(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)
    world.hosting.script = [("Updating", "Creating"), *[("Updating", "Baking")] * 3]
    run = world.deploy()
    record = world.document(run)
    assert ending(run) == "deployed", record.reason
    assert record.watch.probes >= 20
    assert world.runtime.bodies


def test_probes_that_do_not_fit_the_model_stop_at_the_first(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)
    world.runtime.refuses = True
    run = world.deploy()
    assert ending(run) == "inconclusive"
    assert len(world.runtime.bodies) == len([p for p in run.polls if "Baking" in p.stages])
    assert world.document(run).in_use == 2, "what serves is what the history says"


def test_without_traffic_the_former_version_comes_back_where_the_spec_says_so(
    world: DeploymentWorld,
) -> None:
    first(world, CANARY.replace("min_requests", "without_traffic: roll_back, min_requests"))
    old = serves(world)
    world.register(2)
    run = world.deploy()
    assert ending(run) == "inconclusive", run.recorded
    assert serves(world) == old
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.in_use == 1


def test_an_alarm_in_alarm_refuses_before_anything_is_changed(world: DeploymentWorld) -> None:
    world.cloudwatch.put_metric_alarm(
        AlarmName="mine",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    first(world)
    old = serves(world)
    world.serve_yaml(f"{CANARY}alarms: {{names: [mine]}}\n")
    world.register(2)
    world.cloudwatch.set_alarm_state(AlarmName="mine", StateValue="ALARM", StateReason="x")
    run = world.deploy()
    assert ending(run) == "refused"
    assert "mine" in world.document(run).reason
    assert serves(world) == old
    assert "update_endpoint" not in world.hosting.calls
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.lock_owner is None


def test_a_missing_artifact_is_refused(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)
    world.s3.delete_object(Bucket=ARTIFACTS, Key="training/run-2/job/output/model.tar.gz")
    run = world.deploy()
    assert ending(run) == "refused"
    assert "does not exist" in world.document(run).reason


def test_an_image_that_is_not_there_is_refused(world: DeploymentWorld) -> None:
    world.images.there = False
    assert ending(first(world)) == "refused"
    assert world.hosting.endpoints == {}


def test_a_quota_that_is_too_small_is_refused(world: DeploymentWorld) -> None:
    first(world)
    world.quotas.limits["ml.m5.large for endpoint usage"] = 3
    world.register(2)
    run = world.deploy()
    assert ending(run) == "refused"
    assert "quota" in world.document(run).reason


def test_a_quota_that_sagemaker_names_changes_nothing(world: DeploymentWorld) -> None:
    first(world)
    old = serves(world)
    world.register(2)
    limit = refusal("ResourceLimitExceeded", "The account-level service limit is 2 Instances")
    world.hosting.faults["update_endpoint"] = [limit]
    run = world.deploy()
    assert ending(run) == "refused", run.recorded
    assert serves(world) == old
    assert world.alarms() == []


def test_a_config_that_somebody_deleted_before_the_update_is_made_again(
    world: DeploymentWorld,
) -> None:
    first(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)

    run = Run("arn:aws:states:us-east-1:123456789012:execution:machine:x")
    request = {"project": "reviews", "requested_by": "ada", "token": "t"}
    run.opened = world.open(run.arn, request)
    from thriftline.serving.steps.check_deployment import check_deployment
    from thriftline.serving.steps.prepare_deployment import prepare_deployment

    check_deployment(run.arn, world.checking)
    prepare_deployment(run.arn, world.preparing, now=world.now)
    made = world.document(run).made
    assert made is not None
    del world.hosting.configs[made.config_name]
    world.go_on(run)
    world.record(run)
    assert ending(run) == "deployed"


@pytest.mark.parametrize(("ends", "status"), [("failed", "Failed"), ("rollback_failed", "update")])
def test_an_endpoint_that_broke_is_failed(world: DeploymentWorld, ends: str, status: str) -> None:
    first(world)
    world.register(2)
    world.hosting.ends, world.hosting.failure_reason = ends, "CapacityError"
    run = world.deploy()
    assert ending(run) == "failed"
    assert status in world.document(run).reason
    assert "CapacityError" in world.document(run).reason


def test_a_mixed_endpoint_is_what_a_rollback_is_for(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    world.deploy()
    world.hosting.ends = "rollback_failed"
    world.register(3)
    world.deploy()
    world.hosting.ends = "deployed"
    run = world.rollback(to_version=2)
    assert ending(run) == "deployed", run.recorded


def test_a_rollback_brings_the_former_version_back_in_one_command(world: DeploymentWorld) -> None:
    first(world)
    old = serves(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    world.deploy()
    assert serves(world) != old
    run = world.rollback()
    assert ending(run) == "deployed", run.recorded
    assert serves(world) == old
    asked = world.hosting.requests[-1]
    assert asked["RetainAllVariantProperties"] is True
    policy = asked["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.in_use == 1


@pytest.mark.parametrize("gone", ["config", "model", "artifact"])
def test_a_rollback_is_refused_when_a_part_is_gone(world: DeploymentWorld, gone: str) -> None:
    first(world)
    version = world.table.version(ENDPOINT, 1)
    assert version is not None
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    world.deploy()
    new = serves(world)
    if gone == "config":
        del world.hosting.configs[version.config]
    if gone == "model":
        del world.hosting.models[version.model_name]
    if gone == "artifact":
        key = version.artifact_uri.partition(f"{ARTIFACTS}/")[2]
        world.s3.delete_object(Bucket=ARTIFACTS, Key=key)
    run = world.rollback()
    assert ending(run) == "refused"
    assert run.recorded is not None
    assert run.recorded.error == "NothingToRollBackToError"
    assert serves(world) == new


def test_a_first_version_has_nothing_before_it(world: DeploymentWorld) -> None:
    first(world)
    run = world.rollback()
    assert run.recorded is not None
    assert run.recorded.error == "NothingToRollBackToError"
    assert "first" in run.recorded.reason


def test_an_interrupted_rollback_can_be_asked_again(world: DeploymentWorld) -> None:
    first(world)
    old = serves(world)
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(10)
    world.deploy()
    dead = Run("arn:aws:states:us-east-1:123456789012:execution:machine:dead")
    request = {
        "action": "rollback",
        "project": "reviews",
        "requested_by": "ada",
        "token": "dead",
    }
    dead.opened = world.open(dead.arn, request)
    world.executions.ended.add(dead.arn)
    run = world.rollback()
    assert ending(run) == "deployed", run.recorded
    assert serves(world) == old


def test_one_endpoint_has_one_deployment_at_a_time(world: DeploymentWorld) -> None:
    first(world)
    world.register(2)
    under_way = Run("arn:aws:states:us-east-1:123456789012:execution:machine:other")
    request = {"project": "reviews", "requested_by": "ada", "token": "other"}
    under_way.opened = world.open(under_way.arn, request)
    run = world.deploy()
    assert run.recorded is not None
    assert run.recorded.error == "DeploymentInProgressError"
    again = world.open("arn:aws:states:us-east-1:123456789012:execution:machine:twin", request)
    assert again.decision == "duplicate", "the same token is the same deployment"
    assert again.deployment_id == under_way.opened.deployment_id


def test_a_rollback_stops_the_deployment_that_is_under_way(world: DeploymentWorld) -> None:
    first(world)
    old = serves(world)
    world.register(2)
    under_way = Run("arn:aws:states:us-east-1:123456789012:execution:machine:other")
    request = {"project": "reviews", "requested_by": "ada", "token": "other"}
    under_way.opened = world.open(under_way.arn, request)
    world.hosting.ends = "rolled_back"
    back = {"action": "rollback", "project": "reviews", "requested_by": "ada", "token": "back"}
    # A rollback needs a former version in the history: the one in use is the first.
    world.table.update(ENDPOINT, "endpoint", in_use=1)
    world.table.add_version(ENDPOINT, _second(world))
    world.table.update(ENDPOINT, "endpoint", in_use=2)
    waiting = world.open("arn:aws:states:us-east-1:123456789012:execution:machine:b", back)
    assert waiting.decision == "wait"
    world.go_on(under_way)
    world.record(under_way)
    assert ending(under_way) == "rolled_back"
    assert world.document(under_way).watch.aborted
    ended = world.open(
        "arn:aws:states:us-east-1:123456789012:execution:machine:b", back, waiting.waited_for
    )
    assert ended.decision == "ended"
    assert serves(world) == old


def _second(world: DeploymentWorld) -> EndpointVersion:
    from dataclasses import replace

    version = world.table.version(ENDPOINT, 1)
    assert version is not None
    return replace(version, number=2, former=1)


def test_a_version_of_bedrock_is_promoted_by_bedrocks_own_way(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    told = {"trainer": "bedrock", "run_id": "r"}
    world.register(1, CustomerMetadataProperties=told, InferenceSpecification={})
    run = world.deploy()
    assert run.recorded is not None
    assert run.recorded.error == "DeploymentRefusedError"
    assert "Bedrock's own way" in run.recorded.reason
    assert "was not deployed" in world.topic.messages[-1][0]


@pytest.mark.parametrize("text", [None, "kind: real-time\n", "on_approval: true\n"])
def test_an_approval_deploys_only_where_the_project_says_so(
    world: DeploymentWorld, text: str | None
) -> None:
    if text is not None:
        world.serve_yaml(text)
    arn = world.register(1)
    run = world.run({"action": "deploy", "source": "approval", "model_package_arn": arn})
    assert run.opened is not None
    wanted = "open" if text and "on_approval" in text else "ignored"
    assert run.opened.decision == wanted
    assert bool(world.hosting.endpoints) == (wanted == "open")


def test_a_broken_serve_yaml_is_refused_with_its_line(world: DeploymentWorld) -> None:
    world.serve_yaml("kind: real-time\nrollout: {type: canary, percent: 80}\n")
    world.register(1)
    run = world.deploy()
    assert run.recorded is not None
    assert run.recorded.error == "InvalidServeSpecError"
    assert "line 2" in run.recorded.reason


def test_a_version_that_is_not_approved_is_refused(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    arn = world.register(1, approval="PendingManualApproval")
    run = world.deploy(model_package_arn=arn)
    assert run.recorded is not None
    assert "PendingManualApproval" in run.recorded.reason


def test_an_endpoint_with_a_schedule_has_the_price_of_its_hours(world: DeploymentWorld) -> None:
    """Unknown hours would be an unknown price, which refuses."""
    run = first(world, TWO + 'schedule: {"on": "cron(0 7 * * ? *)", "off": "cron(0 19 * * ? *)"}\n')
    record = world.document(run)
    assert record.ending == "deployed", record.reason
    assert record.price is not None
    assert record.price.rate_usd_per_hour is not None
    assert record.price.month_usd == record.price.rate_usd_per_hour * 2 * 365
    state = world.table.state(record.endpoint)
    assert state is not None
    assert (state.instances, state.usd_per_hour) == (2, record.price.rate_usd_per_hour)
