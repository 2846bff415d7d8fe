"""An upload goes to a registered model with a real small model, really fine-tuned and asked."""

import json

import pytest

from laptop import sample_data
from local_aws.generative import smollm2_weights
from tests.integration.bedrock.world import BedrockWorld

pytestmark = pytest.mark.skipif(
    not smollm2_weights.is_installed(),
    reason="LEFT OUT: SmolLM2-135M is not installed here; make setup-bedrock installs it",
)
SPEC = {
    "trainer": "bedrock",
    "bedrock": {"base_model": smollm2_weights.NAME, "epochs": 2, "few_shot": False},
    "budget": {"max_usd": 2, "unpriced_allowance_usd": 1},
}


# A minute of a quiet machine.
PATIENCE_SECONDS = 900


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_run_trains_and_asks_the_model_that_it_names(world: BedrockWorld, project: str) -> None:
    rows = sample_data.train_rows(200)
    world.upload(f"{project}/run.yaml", json.dumps(SPEC))
    version_id = world.upload(f"{project}/reviews.csv", sample_data.as_csv(rows).decode())
    ended = world.end_of(version_id, PATIENCE_SECONDS)

    assert ended.result is not None, (ended.error, ended.cause)
    run_id = ended.result["run_id"]
    assert ended.result["status"] in {"succeeded", "not_promoted"}, ended.result["reason"]
    assert ended.result["reports"]["model"] in world.models_of(run_id)
    (job,) = world.customization_jobs_of(run_id)
    tags = world.bedrock.list_tags_for_resource(resourceARN=job["jobArn"])["tags"]
    assert {"key": "local-aws:engine", "value": smollm2_weights.NAME} in tags
    evaluation = world.document(run_id, "evaluation.json")
    assert evaluation is not None
    asked = evaluation["answers"]["asked"]
    (zero_shot,) = [one for one in evaluation["baselines"] if one["kind"] == "zero_shot"]
    # Untuned, it begins to talk; tuned, it names labels, and more of them rightly than by chance.
    assert zero_shot["unparsed"] > asked * 0.9
    assert evaluation["answers"]["unparsed"] == 0
    assert evaluation["candidate"]["accuracy"] > 0.5
    assert world.deployments() == []
