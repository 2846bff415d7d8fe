"""Distillation and reinforcement go through the same states as fine-tuning."""

import json
from typing import Any

from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.world import EndedExecution, csv_of

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
QUICK = {"evaluation_records": 20, "few_shot": False}


def run(world: BedrockWorld, project: str, **bedrock: Any) -> EndedExecution:
    spec = {
        "trainer": "bedrock",
        "bedrock": {**QUICK, **bedrock},
        "budget": {"max_usd": 60, "unpriced_allowance_usd": 20},
    }
    world.upload(f"{project}/run.yaml", json.dumps(spec))
    return world.end_of(world.upload(f"{project}/reviews.csv", csv_of(400)))


def job_of(world: BedrockWorld, run_id: str) -> dict[str, Any]:
    (listed,) = world.customization_jobs_of(run_id)
    found: dict[str, Any] = world.bedrock.get_model_customization_job(
        jobIdentifier=listed["jobArn"]
    )
    return found


def test_a_teacher_answers_the_texts_and_is_paid(world: BedrockWorld, project: str) -> None:
    ended = run(world, project, customization="distillation")

    assert ended.result is not None, (ended.error, ended.cause)
    job = job_of(world, ended.result["run_id"])
    assert job["status"] == "Completed", job.get("failureMessage")
    assert job["customizationType"] == "DISTILLATION"
    told = job["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
    assert told["teacherModelIdentifier"] == "amazon.nova-pro-v1:0"
    assert "answers of the teacher amazon.nova-pro-v1:0" in json.dumps(ended.result)
    assert world.deployments() == []


def test_a_grader_rewards_the_answers(world: BedrockWorld, project: str) -> None:
    ended = run(world, project, customization="reinforcement", base_model=NOVA_2)

    assert ended.result is not None, (ended.error, ended.cause)
    job = job_of(world, ended.result["run_id"])
    assert job["status"] == "Completed", job.get("failureMessage")
    grader = job["customizationConfig"]["rftConfig"]["graderConfig"]["lambdaGrader"]["lambdaArn"]
    assert "GradeAnswers" in grader
    # What hours of it cost is not known, and nothing pretends that it was free.
    assert ended.result["cost"]["usd"] is None
    assert world.deployments() == []


def test_what_bedrock_has_not_is_refused_and_nothing_was_spent(
    world: BedrockWorld, project: str
) -> None:
    ended = run(world, project, customization="continued_pre_training")

    assert ended.result is not None
    assert ended.result["status"] == "rejected"
    assert "offers no continued_pre_training" in json.dumps(ended.result)
    assert world.customization_jobs_of(ended.result["run_id"]) == []
