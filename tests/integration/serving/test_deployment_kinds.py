"""Each kind of endpoint: a first version, another one, and back by one command."""

from typing import Any

import pytest

from tests.integration.serving.world import ServingWorld
from thriftline.serving.domain.names import component_name

SERVE_YAML = {
    "serverless": "kind: serverless\nserverless: {memory_mb: 2048}\n",
    "asynchronous": "kind: asynchronous\ninstance: {type: ml.m5.large, count: 1}\n"
    "rollout: {bake_seconds: 200, min_requests: 0}\n",
    "component": "kind: component\ninstance: {type: ml.m5.large, count: 1}\n"
    "component: {memory_mb: 1024, cpus: 1}\nrollout: {min_requests: 0}\n"
    "scaling: {min: 1, max: 2, requests_per_second: 5}\n",
    "multi-model": "kind: multi-model\ninstance: {type: ml.m5.large, count: 1}\n",
}


@pytest.mark.parametrize("kind", SERVE_YAML)
def test_a_kind_is_deployed_and_rolled_back(world: ServingWorld, project: str, kind: str) -> None:
    world.serve_yaml(project, SERVE_YAML[kind])
    told = []
    for number in (1, 2):
        world.register(project, label=f"v{number}")
        ended = world.deploy(project)
        assert ended.ending == "deployed", (ended.cause, _brief(ended.told))
        assert ended.told["in_use"] == number
        serves = ended.told["made"]["serves"]
        if kind != "asynchronous":
            assert world.ask(project, **_target(kind, project, serves)) == f"v{number}"
        told.append(serves)
    assert told[0] != told[1]
    back = world.rollback(project)
    assert back.ending == "deployed", (back.cause, _brief(back.told))
    assert back.told["made"]["serves"] == told[0]
    if kind != "asynchronous":
        assert world.ask(project, **_target(kind, project, told[0])) == "v1"
    assert world.history(project)["in_use"] == {"N": "1"}
    assert world.nothing_in_use_was_deleted(project)


def _target(kind: str, project: str, serves: str) -> dict[str, str]:
    """Returns what a caller says beside the endpoint's name."""
    if kind == "component":
        return {"InferenceComponentName": component_name(f"thriftline-{project}")}
    return {"TargetModel": serves} if kind == "multi-model" else {}


def _brief(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ("ending", "reason", "checks", "failure", "asked")}
