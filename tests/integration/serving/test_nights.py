"""Endpoints that are off for some time, as the template has it: by a schedule, and by the load."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.integration.serving.world import PATIENCE_SECONDS, ServingWorld
from thriftline.serving.domain.names import component_name

NIGHTS = (
    "instance: {type: ml.m5.large, count: 1}\n"
    "rollout: {type: all-at-once, bake_seconds: 180, min_requests: 0}\n"
    'schedule: {timezone: UTC, "on": "cron(0 7 * * ? *)", "off": "cron(0 19 * * ? *)"}\n'
)
TO_ZERO = (
    "kind: component\ninstance: {type: ml.m5.large, count: 1}\n"
    "component: {memory_mb: 1024, cpus: 1}\nrollout: {min_requests: 0}\n"
    "scaling: {to_zero: true, min: 0, max: 2, requests_per_second: 5}\n"
)


def test_an_endpoint_sleeps_for_a_night_and_serves_in_the_morning(
    world: ServingWorld, project: str
) -> None:
    """EventBridge Scheduler starts the machine, whose functions save, delete and make it again."""
    world.serve_yaml(project, NIGHTS)
    world.register(project, label="rested")
    first = world.deploy(project)
    assert first.ending == "deployed", first.told["reason"]
    config = world.serves(project)

    _let_it_be(world, hour=19)
    _wait(lambda: not _exists(world, project), "it never sleeps")
    _wait(lambda: world.history(project).get("asleep") == {"BOOL": True}, "nobody notes it")
    assert world.ask(project) is None
    # What is asked of it at night is answered at once.
    world.register(project, label="late")
    refused = world.deploy(project)
    assert refused.ending == "refused", refused.told
    assert "sleeps by its schedule" in refused.told["reason"]

    _let_it_be(world, hour=7)
    _wait(lambda: _serves(world, project), "it never wakes")
    _wait(lambda: world.history(project).get("asleep") == {"BOOL": False}, "nobody notes it")
    assert world.ask(project) == "rested"
    assert world.serves(project) == config
    assert world.history(project)["in_use"] == {"N": "1"}


def test_a_component_at_zero_wakes_at_its_first_request(world: ServingWorld, project: str) -> None:
    world.serve_yaml(project, TO_ZERO)
    world.register(project, label="woken")
    deployed = world.deploy(project)
    assert deployed.ending == "deployed", json.dumps(deployed.told)
    name = component_name(f"thriftline-{project}")
    assert world.ask(project, InferenceComponentName=name) == "woken"
    world.sagemaker.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 0}
    )
    _wait(lambda: _copies(world, name) == 0, "it never goes to zero")

    assert world.ask(project, InferenceComponentName=name) is None, "the first request is lost"

    _wait(lambda: _copies(world, name) == 1, "the first request wakes nobody")
    _wait(lambda: world.ask(project, InferenceComponentName=name) == "woken", "it never answers")


def _let_it_be(world: ServingWorld, hour: int) -> None:
    """Moves the clock to the next time that it is so late."""
    now: datetime = world.aws.clock.now()
    then = now.replace(hour=hour, minute=0, second=1, microsecond=0)
    world.aws.clock.advance((then if then > now else then + timedelta(days=1)) - now)


def _wait(look: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, problem
        time.sleep(0.1)


def _exists(world: ServingWorld, project: str) -> bool:
    name = f"thriftline-{project}"
    listed = world.sagemaker.list_endpoints(NameContains=name)["Endpoints"]
    return name in [one["EndpointName"] for one in listed]


def _serves(world: ServingWorld, project: str) -> bool:
    return _exists(world, project) and world.endpoint(project)["EndpointStatus"] == "InService"


def _copies(world: ServingWorld, name: str) -> int:
    found = world.sagemaker.describe_inference_component(InferenceComponentName=name)
    if found["InferenceComponentStatus"] != "InService":
        return -1
    return int(found["RuntimeConfig"]["CurrentCopyCount"])
