"""Raw data is prepared on Spark's stand-in and a model of Bedrock is trained on it, in one run."""

import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.bedrock.options import BedrockOptions, Step
from local_aws.preparation.options import STAND_IN, PreparationOptions
from local_aws.server import EmbeddedAws, Options
from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.conftest import CONFIG


@pytest.fixture(scope="module")
def world() -> Iterator[BedrockWorld]:
    quick = BedrockOptions(seconds={**dict.fromkeys(Step, 0.0)})
    options = with_own_stack(Options(time_scale=60, bedrock=quick))
    options = dataclasses.replace(options, preparation=PreparationOptions(program=STAND_IN))
    with EmbeddedAws(options) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield BedrockWorld(aws)


def test_preparation_and_bedrock_share_one_run_one_cap_and_one_report(
    world: BedrockWorld, project: str
) -> None:
    lines = [f"the {number}th sentence,{('Good', 'Bad')[number % 2]}" for number in range(400)]
    world.upload(f"{project}/raw.csv", "\n".join(["body,kind", *lines, ""]))
    spec = {
        "trainer": "bedrock",
        "bedrock": {"evaluation_records": 20, "few_shot": False},
        "prepare": {
            "engine": "emr_serverless",
            "columns": {"text": "body", "label": "kind"},
            "labels": {"Good": "positive", "Bad": "negative"},
            "max_vcpus": 4,
            "max_minutes": 300,
        },
        "budget": {"max_usd": 20},
    }
    ended = world.end_of(world.upload(f"{project}/run.yaml", json.dumps(spec)), 400.0)
    result = ended.result
    assert result is not None, (ended.error, ended.cause)
    assert result["status"] in ("succeeded", "not_promoted"), result["reason"]
    assert (result["plan"]["trainer"], result["preparation"]["engine"]) == (
        "bedrock",
        "emr_serverless",
    )
    assert result["preparation"]["rows_written"] == result["dataset"]["rows"] == 400
    prepared, trained = Decimal(result["preparation"]["usd"]), Decimal(result["cost"]["usd"])
    assert prepared > 0 < trained
    settlement = result["settlement"]
    assert Decimal(settlement["settled_usd"]) == pytest.approx(
        prepared + trained, abs=Decimal("0.00001")
    )
    assert Decimal(settlement["settled_usd"]) <= Decimal(settlement["held_usd"]) <= 20
    assert world.holding() == []
    # A model that the registry names stays; what answered for its evaluation does not.
    registered = [] if result["model_package_arn"] is None else [result["model_package_arn"]]
    assert len(world.models_of(result["run_id"])) == len(registered)
    assert world.deployments() == []
