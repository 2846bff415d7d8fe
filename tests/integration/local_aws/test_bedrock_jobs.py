"""The life of a customization job on the embedded AWS: phases, endings, names, artefacts."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local_aws.bedrock.options import LICENCE_MESSAGE, BedrockOptions, Step, StepFault
from local_aws.http.faults import AwsFault
from local_aws.services.bedrock_quotas import JOBS
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    MICRO,
    SLOW,
    Bedrock,
    jsonl,
    records,
    refused,
    running,
)

PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """Every step takes an hour of a clock that the tests move on."""
    with running(BedrockOptions(seconds=SLOW), quotas={JOBS: 1000}) as started:
        yield started


def statuses(job: dict[str, Any]) -> list[str]:
    return [job["statusDetails"][phase]["status"] for phase in PHASES]


def test_phases_advance_with_the_clock_and_are_visible(bedrock: Bedrock) -> None:
    job = bedrock.create()

    seen = [statuses(bedrock.reached(job, PHASES[0]))]
    for phase in PHASES[1:]:
        bedrock.pass_time()
        seen.append(statuses(bedrock.reached(job, phase)))
    assert "outputModelArn" not in bedrock.get(job)
    bedrock.pass_time()
    done = eventually(
        lambda: found if (found := bedrock.get(job))["status"] == "Completed" else None
    )

    assert seen == [
        ["InProgress", "NotStarted", "NotStarted"],
        ["Completed", "InProgress", "NotStarted"],
        ["Completed", "Completed", "InProgress"],
    ]
    assert statuses(done) == ["Completed"] * 3
    assert done["endTime"] - done["creationTime"] >= timedelta(hours=3)
    assert "failureMessage" not in done
    assert done["validationDataConfig"] == {"validators": []}
    assert done["hyperParameters"] == {
        "epochCount": "2",
        "learningRate": "1e-5",
        "learningRateWarmupSteps": "10",
    }


def test_a_job_is_found_by_name_arn_and_identifier(bedrock: Bedrock) -> None:
    request = bedrock.request()
    arn = bedrock.control.create_model_customization_job(**request)["jobArn"]

    assert f":{ACCOUNT}:model-customization-job/{MICRO}/" in arn
    found = {bedrock.get(each)["jobArn"] for each in (arn, request["jobName"], arn[-12:])}
    assert found == {arn}
    code, status, _ = refused(
        bedrock.control.get_model_customization_job, jobIdentifier="never-there"
    )
    assert (code, status) == ("ResourceNotFoundException", 404)


def test_the_custom_model_is_there_only_after_the_end(bedrock: Bedrock) -> None:
    request = bedrock.request(customModelTags=[{"key": "run", "value": "r1"}])
    control, name = bedrock.control, request["customModelName"]
    job = control.create_model_customization_job(**request)["jobArn"]
    before = refused(control.get_custom_model, modelIdentifier=name)[0]

    arn = bedrock.ended(job)["outputModelArn"]

    assert before == "ResourceNotFoundException"
    for wanted in (arn, name, arn[-12:]):
        model = control.get_custom_model(modelIdentifier=wanted)
        assert (model["modelArn"], model["jobArn"]) == (arn, job)
        assert model["modelStatus"] == "Active"
        assert model["trainingMetrics"]["trainingLoss"] > 0
    listed = control.list_custom_models(nameContains=name)["modelSummaries"]
    assert [each["modelArn"] for each in listed] == [arn]
    tags = control.list_tags_for_resource(resourceARN=arn)["tags"]
    assert {"key": "run", "value": "r1"} in tags
    assert {"key": "local-aws:engine", "value": "local.stand-in"} in tags


def test_artefacts_lie_below_the_job_and_validation_one_folder_deeper(bedrock: Bedrock) -> None:
    validation = bedrock.put("validation.jsonl", jsonl(records(10)))
    job = bedrock.create(validationDataConfig={"validators": [{"s3Uri": validation}]})
    done = bedrock.ended(job)

    s3 = bedrock.embedded.client("s3")
    prefix = f"out/model-customization-job-{job[-12:]}"
    keys = [
        each["Key"] for each in s3.list_objects_v2(Bucket=bedrock.bucket, Prefix=prefix)["Contents"]
    ]
    tables = {
        key: list(
            csv.DictReader(
                io.StringIO(s3.get_object(Bucket=bedrock.bucket, Key=key)["Body"].read().decode())
            )
        )
        for key in keys
    }
    training, validating = (tables[key] for key in sorted(keys))

    assert sorted(keys) == [
        f"{prefix}/training_artifacts/step_wise_training_metrics.csv",
        f"{prefix}/validation_artifacts/post_fine_tuning_validation/validation/"
        "validation_metrics.csv",
    ]
    assert set(training[0]) == {"step_number", "epoch_number", "training_loss", "perplexity"}
    assert [int(row["step_number"]) for row in training] == list(range(len(training)))
    assert {row["epoch_number"] for row in training} == {"0", "1"}
    assert float(training[-1]["training_loss"]) < float(training[0]["training_loss"])
    losses = [float(row["validation_loss"]) for row in validating]
    assert losses == pytest.approx([each["validationLoss"] for each in done["validationMetrics"]])


def test_the_same_token_is_the_same_job(bedrock: Bedrock) -> None:
    request = bedrock.request(clientRequestToken=uuid4().hex)
    control = bedrock.control

    arns = {control.create_model_customization_job(**request)["jobArn"] for _ in range(2)}

    assert len(arns) == 1
    named = control.list_model_customization_jobs(nameContains=request["jobName"])
    assert len(named["modelCustomizationJobSummaries"]) == 1


def test_a_name_is_given_once_and_a_stopped_job_keeps_its_own(bedrock: Bedrock) -> None:
    request = bedrock.request()
    control = bedrock.control
    job = control.create_model_customization_job(**request)["jobArn"]

    twice = refused(control.create_model_customization_job, **request)
    same_model = bedrock.request(customModelName=request["customModelName"])
    model_twice = refused(control.create_model_customization_job, **same_model)
    control.stop_model_customization_job(jobIdentifier=job)
    bedrock.ended(job)
    after = refused(control.create_model_customization_job, **request)

    assert twice[:2] == model_twice[:2] == after[:2] == ("ConflictException", 400)
    assert "job name" in twice[2]
    assert "model name" in model_twice[2]


@pytest.mark.parametrize("phase", PHASES)
def test_stop_leaves_no_model(bedrock: Bedrock, phase: str) -> None:
    request = bedrock.request()
    control = bedrock.control
    job = control.create_model_customization_job(**request)["jobArn"]
    for before in PHASES[: PHASES.index(phase)]:
        bedrock.reached(job, before)
        bedrock.pass_time()
    bedrock.reached(job, phase)

    control.stop_model_customization_job(jobIdentifier=request["jobName"])
    stopping = bedrock.get(job)
    again = refused(control.stop_model_customization_job, jobIdentifier=job)
    stopped = bedrock.ended(job)

    assert (stopping["status"], stopping["statusDetails"][phase]["status"]) == (
        "Stopping",
        "Stopping",
    )
    assert stopped["status"] == stopped["statusDetails"][phase]["status"] == "Stopped"
    assert "outputModelArn" not in stopped
    assert "failureMessage" not in stopped
    assert again[:2] == ("ConflictException", 400)
    gone = refused(control.get_custom_model, modelIdentifier=request["customModelName"])
    assert gone[0] == "ResourceNotFoundException"
    assert refused(control.stop_model_customization_job, jobIdentifier=job)[0] == (
        "ConflictException"
    )


def test_a_stopped_job_pays_for_what_it_trained(bedrock: Bedrock) -> None:
    def trained() -> float:
        now = bedrock.embedded.clock.now().date()
        answer = bedrock.embedded.client("ce").get_cost_and_usage(
            TimePeriod={"Start": "2020-01-01", "End": str(now + timedelta(days=1))},
            Granularity="MONTHLY",
            Metrics=["UsageQuantity"],
            Filter={
                "Dimensions": {
                    "Key": "USAGE_TYPE",
                    "Values": ["USE1-NovaMicro-Customization-Training"],
                }
            },
        )
        totals = [each["Total"]["UsageQuantity"]["Amount"] for each in answer["ResultsByTime"]]
        return sum(map(float, totals))

    at_first = trained()
    job = bedrock.create()
    bedrock.ended(job)
    whole = trained() - at_first
    half = bedrock.create()
    for phase in PHASES[:2]:
        bedrock.reached(half, phase)
        bedrock.pass_time()
    bedrock.reached(half, PHASES[2])
    bedrock.pass_time(1800)
    bedrock.control.stop_model_customization_job(jobIdentifier=half)
    bedrock.pass_time(3600)
    eventually(lambda: bedrock.get(half)["status"] == "Stopped")
    part = trained() - at_first - whole

    # Two epochs of forty records, in thousands of tokens.
    assert whole > 1
    assert 0 < part <= whole


def test_events_say_every_change_of_status(bedrock: Bedrock) -> None:
    sqs, events = bedrock.embedded.client("sqs"), bedrock.embedded.client("events")
    queue = sqs.create_queue(QueueName=f"events-{uuid4().hex[:8]}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {
        "source": ["aws.bedrock"],
        "detail-type": ["Model Customization Job State Change"],
        "detail": {"jobStatus": ["InProgress", "Completed", "Failed"]},
    }
    events.put_rule(Name="customization", EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule="customization",
        Targets=[{"Id": "1", "Arn": attributes["Attributes"]["QueueArn"]}],
    )
    job = bedrock.create()
    done = bedrock.ended(job)
    found: list[dict[str, Any]] = []

    def look() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        found.extend(json.loads(each["Body"]) for each in answer.get("Messages", []))
        return len(found) >= 2

    eventually(look)
    events.remove_targets(Rule="customization", Ids=["1"])
    by_status = {each["detail"]["jobStatus"]: each for each in found}

    assert set(by_status) == {"InProgress", "Completed"}
    last = by_status["Completed"]
    assert last["resources"] == [job]
    assert last["detail"]["outputModelArn"] == done["outputModelArn"]
    assert last["detail"]["jobArn"] == job
    assert "status" not in last["detail"]
    assert (last["source"], last["region"]) == ("aws.bedrock", "us-east-1")
    assert last["detail"]["endTime"].endswith("Z")


@pytest.mark.parametrize("step", [Step.VALIDATION, Step.PROCESSING, Step.TRAINING])
def test_a_job_fails_with_the_message_that_was_put_in_its_way(bedrock: Bedrock, step: Step) -> None:
    request = bedrock.request()
    bedrock.embedded.services.bedrock_world.faults.add(
        StepFault(step, LICENCE_MESSAGE, name=request["jobName"])
    )
    job = bedrock.control.create_model_customization_job(**request)["jobArn"]

    failed = bedrock.ended(job)

    assert failed["status"] == failed["statusDetails"][step.value]["status"] == "Failed"
    assert failed["failureMessage"] == LICENCE_MESSAGE
    gone = refused(bedrock.control.get_custom_model, modelIdentifier=request["customModelName"])
    assert gone[0] == "ResourceNotFoundException"


def test_a_job_hangs_in_validation_until_it_is_stopped(bedrock: Bedrock) -> None:
    request = bedrock.request()
    bedrock.embedded.services.bedrock_world.faults.add(
        StepFault(Step.VALIDATION, name=request["jobName"])
    )
    job = bedrock.control.create_model_customization_job(**request)["jobArn"]
    bedrock.reached(job, PHASES[0])
    bedrock.pass_time(74 * 3600)
    other = bedrock.create()
    bedrock.ended(other)

    assert statuses(bedrock.get(job)) == ["InProgress", "NotStarted", "NotStarted"]
    bedrock.control.stop_model_customization_job(jobIdentifier=job)
    assert bedrock.ended(job)["status"] == "Stopped"


def test_jobs_are_listed_by_status_name_and_time_in_pages(bedrock: Bedrock) -> None:
    control, mark = bedrock.control, uuid4().hex[:8]
    before = bedrock.embedded.clock.now()
    jobs = []
    for number in range(3):
        bedrock.pass_time(1)
        jobs.append(bedrock.create(jobName=f"{mark}-{number}"))
    control.stop_model_customization_job(jobIdentifier=jobs[0])
    bedrock.ended(jobs[0])

    def listed(**more: Any) -> list[str]:
        pages = control.get_paginator("list_model_customization_jobs").paginate(
            nameContains=mark, PaginationConfig={"PageSize": 2}, **more
        )
        return [each["jobArn"] for page in pages for each in page["modelCustomizationJobSummaries"]]

    assert listed() == jobs[::-1]
    assert listed(sortOrder="Ascending", sortBy="CreationTime") == jobs
    assert listed(statusEquals="Stopped") == jobs[:1]
    assert listed(creationTimeBefore=before) == []
    assert len(listed(creationTimeAfter=before)) == 3


def test_more_jobs_than_the_quota_are_refused(bedrock: Bedrock) -> None:
    quotas = bedrock.embedded.services.quotas.at(ACCOUNT, "us-east-1")
    quotas.set(JOBS, 0)
    try:
        code, status, message = refused(bedrock.create)
    finally:
        quotas.set(JOBS, 1000)

    assert (code, status) == ("ServiceQuotaExceededException", 400)
    assert JOBS in message


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("CreateModelCustomizationJob", "ThrottlingException", 429),
        ("GetModelCustomizationJob", "InternalServerException", 500),
        ("StopModelCustomizationJob", "AccessDeniedException", 403),
        ("ListModelCustomizationJobs", "ThrottlingException", 429),
    ],
)
def test_each_call_can_be_made_to_fail(
    bedrock: Bedrock, operation: str, code: str, status: int
) -> None:
    bedrock.embedded.faults.add(AwsFault("bedrock", operation, code, status=status))
    calls = {
        "CreateModelCustomizationJob": bedrock.create,
        "GetModelCustomizationJob": lambda: bedrock.get("any"),
        "StopModelCustomizationJob": lambda: bedrock.control.stop_model_customization_job(
            jobIdentifier="any"
        ),
        "ListModelCustomizationJobs": bedrock.control.list_model_customization_jobs,
    }

    with pytest.raises(ClientError) as caught:
        calls[operation]()

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
