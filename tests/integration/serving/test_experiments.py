"""Comparisons on live traffic on the embedded AWS, one project for each story."""

import time
from datetime import timedelta
from typing import Any

from tests.integration.permissions import calls_without_permission
from tests.integration.serving.comparison import SPEC, Comparison
from tests.integration.serving.world import PATIENCE_SECONDS, ServingWorld

AB = SPEC + (
    "compare: {kind: ab, weight_percent: 10, measure: errors, deadline_hours: 24, then: promote}\n"
)
SHADOW = SPEC + (
    "compare: {kind: shadow, weight_percent: 100, deadline_hours: 24, then: promote}\n"
)


def test_a_challenger_that_fails_more_ends_worse_and_the_champion_serves_alone(
    world: ServingWorld, project: str
) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    weights = {
        one["VariantName"]: one["CurrentWeight"]
        for one in world.endpoint(project)["ProductionVariants"]
    }
    assert abs(weights["challenger"] / sum(weights.values()) - 0.1) < 1e-4
    # Nobody deploys meanwhile.
    refused = world.deploy(project)
    assert refused.output["error"] == "DeploymentInProgressError", refused
    begun = world.aws.clock.now().replace(second=0, microsecond=0)
    for number in range(1, 40):
        at = begun + timedelta(minutes=number)
        comparison.minute(at, "main", 90, number % 2)
        comparison.minute(at, "challenger", 10, 4)
    world.aws.clock.advance(timedelta(minutes=45))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "worse"), ended
    assert ended.output["promotion"] is None
    assert comparison.is_free()
    result = comparison.result()
    assert result["cause"] == "evidence"
    assert result["split"]["evidence_worse"] >= 40
    assert world.nothing_in_use_was_deleted(project)
    assert calls_without_permission(world.aws) == set()


def test_a_shadow_that_labels_call_better_is_deployed(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, SHADOW)
    comparison.wait_for("running")
    hour = world.aws.clock.now().replace(minute=0, second=0, microsecond=0)
    names = [f"r{number}" for number in range(60)]
    comparison.capture(
        hour, "main", {name: "bad" if at < 15 else "good" for at, name in enumerate(names)}
    )
    comparison.capture(hour, "shadow", dict.fromkeys(names, "good"))
    comparison.label(hour, dict.fromkeys(names[:15], "good"))
    world.aws.clock.advance(timedelta(minutes=80))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "better"), ended
    promoted = ended.output["promotion"]["name"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        found = [
            one
            for one in world.documents(f"serving/{comparison.endpoint}/deployments/")
            if one["deployment_id"] == promoted
        ]
        time.sleep(0.2)
    document = world.wait(found[0]["execution_arn"]).told
    assert document["ending"] == "deployed", document
    assert document["version"]["model_package_arn"] == comparison.challenger
    assert document["requested_by"].startswith("experiment x-")
    assert comparison.result()["shadow"]["challenger_right"] == 15


def test_what_a_dead_execution_left_is_closed(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    world.states.stop_execution(executionArn=comparison.arn)
    comparison.wait_for("ended")

    assert comparison.is_free()
    assert comparison.result()["cause"] == "failed"


def test_a_person_stops_it(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    stopped = world.wait(comparison.ask("stop"))
    assert stopped.output["decision"] == "stopped", stopped
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["cause"]) == ("SUCCEEDED", "stopped"), ended
    assert comparison.is_free()
