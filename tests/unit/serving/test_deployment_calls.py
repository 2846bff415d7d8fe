"""Every call to SageMaker made to fail in each way, while a second version is deployed."""

import pytest
from botocore.exceptions import ClientError

from tests.unit.serving.deployment_world import ARTIFACTS, ENDPOINT, DeploymentWorld, Run
from tests.unit.serving.fake_hosting import refusal

SERVE_YAML = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: canary, percent: 50, wait_seconds: 300, min_requests: 0}\n"
)
CALLS = (
    "describe_model_package",
    "describe_endpoint",
    "describe_endpoint_config",
    "create_model",
    "create_endpoint_config",
    "update_endpoint",
)
CHANGES = ("create_model", "create_endpoint_config", "update_endpoint")


def throttled() -> ClientError:
    return refusal("ThrottlingException", "Rate exceeded")


def away() -> ClientError:
    return refusal("InternalFailure", "Try again", status=500)


def denied() -> ClientError:
    return refusal("AccessDeniedException", "not authorized", status=403)


def second(world: DeploymentWorld) -> str:
    """Deploys version 1, registers version 2, and returns the config in use."""
    world.serve_yaml(SERVE_YAML)
    world.register(1)
    world.deploy()
    world.register(2)
    config: str = world.hosting.endpoints[ENDPOINT]["EndpointConfigName"]
    return config


def is_whole(world: DeploymentWorld) -> None:
    """Nothing of any version in the history is gone, and the endpoint is nobody's."""
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.lock_owner is None
    for version in world.table.versions(ENDPOINT):
        assert version.config in world.hosting.configs
        assert version.model_name in world.hosting.models
        key = version.artifact_uri.partition(f"{ARTIFACTS}/")[2]
        world.s3.head_object(Bucket=ARTIFACTS, Key=key)


def ending(run: Run) -> str | None:
    assert run.recorded is not None
    return run.recorded.ending


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_for_a_moment_is_made_again(world: DeploymentWorld, call: str) -> None:
    second(world)
    world.hosting.faults[call] = [throttled(), away()]
    run = world.deploy()
    assert ending(run) == "deployed", run.recorded
    assert world.hosting.faults[call] == []
    is_whole(world)


@pytest.mark.parametrize("call", CHANGES)
def test_a_change_whose_answer_was_lost_is_not_made_twice(
    world: DeploymentWorld, call: str
) -> None:
    old = second(world)
    world.hosting.lost[call] = [away()]
    run = world.deploy()
    assert ending(run) == "deployed", run.recorded
    assert world.hosting.endpoints[ENDPOINT]["EndpointConfigName"] != old
    assert [one.number for one in world.table.versions(ENDPOINT)] == [1, 2]
    is_whole(world)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_denied_leaves_the_former_version(world: DeploymentWorld, call: str) -> None:
    old = second(world)
    world.hosting.faults[call] = [denied()]
    run = world.deploy()
    assert ending(run) == "failed", run.recorded
    assert world.hosting.endpoints[ENDPOINT]["EndpointConfigName"] == old
    assert world.alarms() == []
    is_whole(world)


def test_a_look_that_fails_half_way_does_not_decide_how_it_ended(world: DeploymentWorld) -> None:
    """The execution fails; the machine for abandoned deployments looks to the end."""
    second(world)
    seen = iter(range(100))

    def deny_the_third_look() -> None:
        endpoint = world.hosting.endpoints[ENDPOINT]
        if endpoint["EndpointStatus"] == "Updating" and next(seen) == 1:
            raise denied()

    world.hosting.on_look = deny_the_third_look
    run = world.deploy()
    assert ending(run) is None, "the endpoint still moves"
    assert world.alarms() != [], "SageMaker still looks at them"
    for _ in range(5):
        world.record(run)
    assert ending(run) == "deployed", run.recorded
    assert "Nobody watched it" in world.document(run).reason
    is_whole(world)


def test_what_nobody_looks_at_any_more_is_failed(world: DeploymentWorld) -> None:
    second(world)
    world.hosting.script = [("Updating", "Creating")] * 200
    calls = iter(range(100))

    def deny() -> None:
        if world.hosting.endpoints[ENDPOINT]["EndpointStatus"] == "Updating" and next(calls) == 1:
            raise denied()

    world.hosting.on_look = deny
    run = world.deploy()
    world.record(run, last=True)
    assert ending(run) == "failed"
