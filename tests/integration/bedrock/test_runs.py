"""A run with the trainer Bedrock goes through the whole workflow and leaves nothing that costs."""

from decimal import Decimal
from typing import Any

from local_aws.bedrock.options import UNEXPECTED_MESSAGE, Step, StepFault
from local_aws.options import ACCOUNT
from local_aws.services.bedrock_quotas import requests_per_minute
from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.world import EndedExecution, csv_of


def result_of(ended: EndedExecution) -> dict[str, Any]:
    assert ended.result is not None, (ended.error, ended.cause)
    return ended.result


def test_a_job_that_bedrock_refuses_ends_the_run_and_costs_nothing(
    world: BedrockWorld, project: str
) -> None:
    message = "Unable to parse Amazon S3 file: train.jsonl. Data files must conform to JSONL."
    world.let_fail(StepFault(Step.VALIDATION, message, name=f"{project}-*"))
    ended = world.run(project, csv_of(400))

    assert (ended.status, ended.error) == ("FAILED", "TrainingFailedError")
    result = result_of(ended)
    assert message in result["error"]["message"]
    assert [one["ending"] for one in result["attempts"]] == ["user_error"]
    assert Decimal(result["cost"]["usd"]) == 0
    world.assert_nothing_is_left(result["run_id"])


def test_an_unexpected_error_of_bedrock_is_tried_once_more(
    world: BedrockWorld, project: str
) -> None:
    world.let_fail(StepFault(Step.VALIDATION, UNEXPECTED_MESSAGE, name=f"{project}-*"))
    ended = world.run(project, csv_of(400), evaluation_records=20, few_shot=False)

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    endings = [one["ending"] for one in result_of(ended)["attempts"]]
    assert endings == ["internal_error", "completed"]


def test_an_execution_that_is_stopped_leaves_nothing_on_bedrock(
    world: BedrockWorld, project: str
) -> None:
    # The deployment is never active, so that the stop cannot come too late.
    world.let_fail(StepFault(Step.DEPLOYMENT, name=f"{project}-*"))
    arn = world.execution_of(world.start(project, csv_of(400)))
    world.wait_for_phase(arn, "deploying")
    world.states.stop_execution(executionArn=arn)
    result = world.result_after_stop(arn)

    assert [one["ending"] for one in result["attempts"]] == ["stopped"]
    # The training had been paid for.
    assert Decimal(result["cost"]["usd"]) > 0
    world.assert_nothing_is_left(result["run_id"])


def test_four_requests_a_minute_are_enough_and_what_is_throttled_is_asked_again(
    world: BedrockWorld, project: str
) -> None:
    world.fail("bedrock-runtime", "Converse", "ThrottlingException", 429, 3)
    quota = requests_per_minute("Amazon Nova Micro")
    quotas = world.aws.services.quotas.at(ACCOUNT, world.aws.region)
    quotas.set(quota, 4)
    try:
        ended = world.run(project, csv_of(400), evaluation_records=10, few_shot=False)
    finally:
        quotas.set(quota, 400)

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = result_of(ended)
    evaluation = world.document(result["run_id"], "evaluation.json")
    assert evaluation is not None
    assert (evaluation["answers"]["asked"], evaluation["answers"]["of"]) == (10, 40)
    assert world.deployments() == []


def test_a_run_is_customized_evaluated_and_registered_and_a_later_model_takes_its_place(
    world: BedrockWorld, project: str
) -> None:
    spec = {"keep_deployment": True, "evaluation_records": 30}
    ended = world.run(project, csv_of(400), **spec)

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    first = result_of(ended)
    assert first["status"] == "succeeded"
    assert first["metrics"]["accuracy"] > 0.8
    assert first["plan"]["trainer"] == "bedrock"
    assert Decimal(first["cost"]["usd"]) > 0
    assert ":custom-model/" in first["reports"]["model"]
    assert world.models_of(first["run_id"]) == [first["reports"]["model"]]
    assert len(world.customization_jobs_of(first["run_id"])) == 1
    # The workflow asked SageMaker for no training, and the texts are gone.
    assert world.jobs_of(first["run_id"]) == []
    assert world.keys(f"scratch/{first['run_id']}/") == []
    # The evaluation's deployment is gone; the project's own answers with the model.
    (deployment,) = world.deployments()
    assert deployment["modelArn"] == first["reports"]["model"]

    second = result_of(world.run(project, csv_of(400, start=1000), **spec))
    (after,) = world.deployments()
    assert after["customModelDeploymentArn"] == deployment["customModelDeploymentArn"]
    evaluation = world.document(second["run_id"], "evaluation.json")
    assert evaluation is not None
    assert evaluation["answers"]["asked"] == evaluation["test_records"] == 30
    # The champion answered the same records on its standing deployment.
    assert evaluation["comparison"]["champion_model_package_arn"] == first["model_package_arn"]
    promoted = evaluation["gate"]["promotion"] == "approved"
    newest = second if promoted else first
    assert after["modelArn"] == newest["reports"]["model"]
