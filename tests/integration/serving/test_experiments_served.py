"""Comparisons of models that really serve: requests, captures and labels as callers make them."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local_aws.options import LAMBDA_PYTHON, ROOT, Options
from local_aws.server import EmbeddedAws
from local_aws.serving.options import ServingOptions
from tests.integration.serving.comparison import SPEC, Comparison
from tests.integration.serving.conftest import HOSTING
from tests.integration.serving.world import ServingWorld
from tests.integration.serving_runtime.films import eventually
from tests.integration.serving_runtime.tiny_model import make_archive

SERVE = (sys.executable, str(ROOT / "training_image" / "serve"))
TEXT = json.dumps({"text": "the film is warm"}).encode()
AB = SPEC + (
    "compare: {kind: ab, weight_percent: 50, measure: accuracy, deadline_hours: 24, "
    "least_difference: 0.01}\n"
)
SHADOW = SPEC + (
    "compare: {kind: shadow, weight_percent: 100, deadline_hours: 24, then: promote}\n"
)


@pytest.fixture(scope="module")
def world() -> Iterator[ServingWorld]:
    options = Options(
        time_scale=40,
        python=LAMBDA_PYTHON,
        hosting=HOSTING,
        serving=ServingOptions(command=SERVE, capture_seconds=20),
    )
    with EmbeddedAws(options) as aws:
        yield ServingWorld(aws)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Two models with the same weights and other labels: where one is right the other is not."""
    folder = tmp_path_factory.mktemp("models")
    return (
        make_archive(folder / "1", ("negative", "positive")),
        make_archive(folder / "2", ("bad", "good")),
    )


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


def test_an_a_b_test_with_a_worse_challenger_ends_worse(
    world: ServingWorld, models: tuple[bytes, bytes], project: str
) -> None:
    comparison = Comparison(world, project, AB, models)
    comparison.wait_for("running")
    hour = _to_the_next_hour(world)
    said = _ask(comparison, 60)
    variants = [variant for variant, _ in said.values()]
    assert set(variants) == {"main", "challenger"}
    right = {label for variant, label in said.values() if variant == "main"}
    assert len(right) == 1
    comparison.label(hour, dict.fromkeys(said, right.pop()))
    for variant in ("main", "challenger"):
        _wait_for_captures(comparison, variant, variants.count(variant))
    world.aws.clock.advance(timedelta(minutes=80))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "worse"), ended
    assert comparison.is_free()
    counts = comparison.result()["split"]
    assert counts["champion"] == {"requests": variants.count("main"), "mistakes": 0}
    assert counts["challenger"]["mistakes"] == variants.count("challenger")


def test_a_shadow_with_labels_ends_with_a_promotion(
    world: ServingWorld, models: tuple[bytes, bytes], project: str
) -> None:
    comparison = Comparison(world, project, SHADOW, models)
    comparison.wait_for("running")
    hour = _to_the_next_hour(world)
    said = _ask(comparison, 20)
    # Callers hear the champion alone.
    assert {variant for variant, _ in said.values()} == {"main"}
    (champion,) = {label for _, label in said.values()}
    truth = {"negative": "bad", "positive": "good"}[champion]
    comparison.label(hour, dict.fromkeys(said, truth))
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
    assert _ask(comparison, 1)["order-0"] == ("main", truth)
