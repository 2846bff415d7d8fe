"""Comparisons on live traffic on the embedded AWS, one project for each story."""

import json
from datetime import timedelta
from typing import Any

from tests.integration.serving.comparison import SPEC, Comparison
from tests.integration.serving.world import ServingWorld
from tests.integration.serving_runtime.films import eventually

AB = SPEC + (
    "compare: {kind: ab, weight_percent: 10, measure: errors, deadline_hours: 24, then: promote}\n"
)
SHADOW = SPEC + (
    "compare: {kind: shadow, weight_percent: 100, deadline_hours: 24, then: promote}\n"
)
ACCURACY = SPEC + (
    "compare: {kind: ab, weight_percent: 50, measure: accuracy, deadline_hours: 24, "
    "least_difference: 0.01}\n"
)
TEXT = json.dumps({"text": "the film is warm"}).encode()


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


# ---- requests, captures and labels as callers make them


def _ask(comparison: Comparison, count: int) -> dict[str, tuple[str, str]]:
    """Sends requests; returns variant and label by inference id."""
    runtime = comparison.world.aws.client("sagemaker-runtime")
    found = {}
    for number in range(count):
        answer = runtime.invoke_endpoint(
            EndpointName=comparison.endpoint,
            Body=TEXT,
            ContentType="application/json",
            InferenceId=f"order-{number}",
        )
        label = json.loads(answer["Body"].read())["label"]
        found[f"order-{number}"] = (answer["InvokedProductionVariant"], label)
    return found


def _captured(comparison: Comparison, variant: str) -> int:
    """How many requests of a variant were captured by now."""
    s3, lines = comparison.world.s3, 0
    prefix = f"capture/{comparison.endpoint}/{variant}/"
    for one in s3.list_objects_v2(Bucket=comparison.world.artifacts, Prefix=prefix).get(
        "Contents", ()
    ):
        body = s3.get_object(Bucket=comparison.world.artifacts, Key=one["Key"])["Body"].read()
        lines += len(body.splitlines())
    return lines


def _wait_for_captures(comparison: Comparison, variant: str, count: int) -> None:
    eventually(lambda: _captured(comparison, variant) == count)


def _to_the_next_hour(world: ServingWorld) -> Any:
    """Accuracy counts from a whole hour on; returns it."""
    now = world.aws.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    world.aws.clock.advance(hour + timedelta(seconds=1) - now)
    return hour


def test_an_a_b_test_with_a_worse_challenger_ends_worse(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, ACCURACY, ("good", "bad"))
    comparison.wait_for("running")
    hour = _to_the_next_hour(world)
    said = _ask(comparison, 60)
    variants = [variant for variant, _ in said.values()]
    assert set(variants) == {"main", "challenger"}
    comparison.label(hour, dict.fromkeys(said, "good"))
    for variant in ("main", "challenger"):
        _wait_for_captures(comparison, variant, variants.count(variant))
    world.aws.clock.advance(timedelta(minutes=80))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "worse"), ended
    assert comparison.is_free()
    counts = comparison.result()["split"]
    assert counts["champion"] == {"requests": variants.count("main"), "mistakes": 0}
    assert counts["challenger"]["mistakes"] == variants.count("challenger")


def test_a_shadow_with_labels_ends_with_a_promotion(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, SHADOW, ("bad", "good"))
    comparison.wait_for("running")
    hour = _to_the_next_hour(world)
    said = _ask(comparison, 20)
    # Callers hear the champion alone.
    assert {variant for variant, _ in said.values()} == {"main"}
    assert {label for _, label in said.values()} == {"bad"}
    comparison.label(hour, dict.fromkeys(said, "good"))
    for variant in ("main", "shadow"):
        _wait_for_captures(comparison, variant, 20)
    world.aws.clock.advance(timedelta(minutes=80))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "better"), ended
    result = comparison.result()
    assert result["shadow"]["challenger_right"] == 20
    promoted = ended.output["promotion"]["name"]
    prefix = f"serving/{comparison.endpoint}/deployments/"
    document = eventually(
        lambda: [one for one in world.documents(prefix) if one["deployment_id"] == promoted]
    )[0]
    assert world.wait(document["execution_arn"]).ending == "deployed"
    assert _ask(comparison, 1)["order-0"] == ("main", "good")
