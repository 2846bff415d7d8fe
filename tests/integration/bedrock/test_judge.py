"""A judge reads the answers of a run in a job of its own, on the embedded AWS."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.world import csv_of

JUDGE = {"model": "amazon.nova-pro-v1:0", "records": 20, "max_usd": 2}


def ended_job(world: BedrockWorld, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job: dict[str, Any] = world.bedrock.get_evaluation_job(jobIdentifier=arn)
        if job["status"] != "InProgress":
            return job
        time.sleep(0.05)
    raise AssertionError("the judge does not end")


@pytest.fixture(scope="module")
def judged(world: BedrockWorld) -> dict[str, Any]:
    """The judge's job of a run."""
    ended = world.run("judged", csv_of(400), evaluation_records=20, few_shot=False, judge=JUDGE)
    assert ended.result is not None, (ended.error, ended.cause)
    (listed,) = world.bedrock.list_evaluation_jobs()["jobSummaries"]
    return ended_job(world, listed["jobArn"])


def test_a_run_has_its_answers_judged_in_a_report_of_its_own(
    world: BedrockWorld, judged: dict[str, Any]
) -> None:
    assert judged["status"] == "Completed", judged.get("failureMessages")
    prefix = judged["outputDataConfig"]["s3Uri"].partition(f"{world.artifacts}/")[2]
    (key,) = world.keys(prefix)
    body = world.s3.get_object(Bucket=world.artifacts, Key=key)["Body"].read()
    lines = [json.loads(line) for line in body.splitlines()]
    assert len(lines) == 20
    for line in lines:
        (score,) = line["automatedEvaluationResult"]["scores"]
        right = line["modelResponses"][0]["response"] == line["inputRecord"]["referenceResponse"]
        assert (score["metricName"], score["result"]) == ("Builtin.Correctness", float(right))
        # Nothing here is Nova, and the report does not say so.
        assert score["evaluatorDetails"][0]["modelIdentifier"] == "local.stand-in"


def asked(judged: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kept = ("roleArn", "evaluationConfig", "inferenceConfig", "outputDataConfig")
    again = {name: judged[name] for name in kept}
    return {**json.loads(json.dumps(again)), "jobName": "again", **changes}


def test_the_same_token_makes_no_second_job_and_a_name_is_taken_once(
    world: BedrockWorld, judged: dict[str, Any]
) -> None:
    request = asked(judged, clientRequestToken="t" * 33)
    first = world.bedrock.create_evaluation_job(**request)["jobArn"]
    assert world.bedrock.create_evaluation_job(**request)["jobArn"] == first
    with pytest.raises(ClientError, match="currently in use"):
        world.bedrock.create_evaluation_job(**asked(judged, clientRequestToken="u" * 33))
    assert ended_job(world, first)["status"] == "Completed"
    with pytest.raises(ClientError, match="cannot be stopped"):
        world.bedrock.stop_evaluation_job(jobIdentifier=first)


def test_what_the_stand_in_cannot_judge_is_refused(
    world: BedrockWorld, judged: dict[str, Any]
) -> None:
    request = asked(judged, jobName="harm")
    (config,) = request["evaluationConfig"]["automated"]["datasetMetricConfigs"]
    config["metricNames"] = ["Builtin.Harmfulness"]
    with pytest.raises(ClientError, match=r"Builtin\.Harmfulness .* not in the embedded AWS"):
        world.bedrock.create_evaluation_job(**request)


def test_a_role_that_may_not_read_the_answers_fails_the_job(
    world: BedrockWorld, judged: dict[str, Any]
) -> None:
    request = asked(judged, jobName="elsewhere")
    (config,) = request["evaluationConfig"]["automated"]["datasetMetricConfigs"]
    config["dataset"]["datasetLocation"]["s3Uri"] = f"s3://{world.artifacts}/runs/secret.jsonl"
    job = ended_job(world, world.bedrock.create_evaluation_job(**request)["jobArn"])
    assert job["status"] == "Failed"
    assert "GetObject" in job["failureMessages"][0]
