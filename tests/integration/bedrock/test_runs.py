"""A run with the trainer Bedrock goes through the whole workflow and leaves nothing that costs."""

from decimal import Decimal
from typing import Any

from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.world import EndedExecution, csv_of


def result_of(ended: EndedExecution) -> dict[str, Any]:
    assert ended.result is not None, (ended.error, ended.cause)
    return ended.result


def test_a_run_is_customized_evaluated_and_registered(world: BedrockWorld, project: str) -> None:
    ended = world.run(project, csv_of(400))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    assert result["status"] == "succeeded"
    assert result["metrics"]["accuracy"] > 0.8
    assert result["plan"]["trainer"] == "bedrock"
    assert Decimal(result["cost"]["usd"]) > 0
    assert ":custom-model/" in result["reports"]["model"]
    assert world.models_of(result["run_id"]) == [result["reports"]["model"]]
    assert len(world.customization_jobs_of(result["run_id"])) == 1
    assert world.deployments() == []
    # The workflow asked SageMaker for no training, and the texts are gone.
    assert world.jobs_of(result["run_id"]) == []
    assert world.keys(f"scratch/{result['run_id']}/") == []
    evaluation = world.document(result["run_id"], "evaluation.json")
    assert evaluation is not None
    assert evaluation["answers"]["asked"] == evaluation["test_records"]
