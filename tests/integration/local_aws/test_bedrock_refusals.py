"""What the embedded Bedrock refuses at once, and the models that it offers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.services.bedrock_quotas import JOBS
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    LLAMA,
    MICRO,
    QUICK,
    TRUST,
    Bedrock,
    add_role,
    refused,
    running,
)

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """No step takes any time."""
    with running(BedrockOptions(seconds=QUICK), quotas={JOBS: 1000}) as started:
        yield started


def create_refused(bedrock: Bedrock, **changes: Any) -> tuple[str, int, str]:
    request = bedrock.request(**changes)
    answer = refused(bedrock.control.create_model_customization_job, **request)
    # Nothing was started.
    found = bedrock.control.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert request["jobName"] not in {each["jobName"] for each in found}
    return answer


@pytest.mark.parametrize(
    ("member", "value", "at"),
    [
        ("jobName", "with_underscore", "jobName"),
        ("jobName", f"a{'-' * 40}_", "jobName"),
        ("jobName", "a" * 64, "jobName"),
        ("customModelName", "with.dot", "customModelName"),
        ("customModelName", "two--hyphens", "customModelName"),
        ("clientRequestToken", "-starts-with-a-hyphen", "clientRequestToken"),
        ("clientRequestToken", "under_score", "clientRequestToken"),
        ("roleArn", "no-arn", "roleArn"),
        ("customizationType", "TUNING", "customizationType"),
        ("jobTags", [{"key": "a", "value": "no,comma"}], "jobTags.1.member.value"),
        ("trainingDataConfig", {"s3Uri": "s3://bucket/year=2026/a.jsonl"}, "trainingDataConfig"),
        ("trainingDataConfig", {"s3Uri": "s3://bucket/with space.jsonl"}, "trainingDataConfig"),
        ("trainingDataConfig", {"s3Uri": "s3://bucket//a.jsonl"}, "trainingDataConfig"),
        ("outputDataConfig", {"s3Uri": "s3://bucket/at@home"}, "outputDataConfig.s3Uri"),
        (
            "validationDataConfig",
            {"validators": [{"s3Uri": "s3://bucket/a+b"}]},
            "validators.1.member.s3Uri",
        ),
        ("vpcConfig", {"subnetIds": ["subnet-1"], "securityGroupIds": []}, "securityGroupIds"),
    ],
)
def test_what_breaks_a_pattern_is_refused(
    bedrock: Bedrock, member: str, value: Any, at: str
) -> None:
    code, status, message = create_refused(bedrock, **{member: value})

    assert (code, status) == ("ValidationException", 400)
    assert at in message
    assert "failed to satisfy constraint" in message


@pytest.mark.parametrize("uri", ["s3://{bucket}", "s3://{bucket}/folder/"])
def test_training_data_is_a_file(bedrock: Bedrock, uri: str) -> None:
    uri = uri.format(bucket=bedrock.bucket)

    code, _, message = create_refused(bedrock, trainingDataConfig={"s3Uri": uri})

    assert code == "ValidationException"
    assert "Uri should be a file, not a directory" in message


@pytest.mark.parametrize(
    "base",
    [
        "amazon.never-there-v1:0:128k",
        # The one that is asked is not the one that is customized elsewhere: Llama is in us-west-2.
        LLAMA,
        "amazon.titan-text-express-v1",
        # Its life has ended.
        "meta.llama3-2-1b-instruct-v1:0:128k",
        "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-micro-v1:0:128k",
    ],
)
def test_a_base_model_that_is_not_on_offer_here_is_refused(bedrock: Bedrock, base: str) -> None:
    code, status, message = create_refused(bedrock, baseModelIdentifier=base)

    assert (code, status, message) == (
        "ValidationException",
        400,
        "The provided model identifier is invalid.",
    )


def test_a_model_that_is_asked_is_not_customized_and_one_of_legacy_is_refused(
    bedrock: Bedrock,
) -> None:
    code, _, message = create_refused(bedrock, baseModelIdentifier="amazon.nova-micro-v1:0")
    assert code == "ValidationException"
    assert "customization type FINE_TUNING is not supported" in message
    models, now = bedrock.embedded.services.bedrock_world.models, bedrock.embedded.clock.now()
    models.retire("amazon.nova-lite-v1:0:300k", legacy=now - timedelta(days=1))

    code, status, message = create_refused(
        bedrock, baseModelIdentifier="amazon.nova-lite-v1:0:300k"
    )

    models.retire("amazon.nova-lite-v1:0:300k")
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert "marked by provider as Legacy" in message


@pytest.mark.parametrize(
    ("base", "hyperparameters", "named"),
    [
        (MICRO, {"epochCount": "9"}, "epochCount must be an integer between 1 and 5"),
        (MICRO, {"epochCount": "2.5"}, "epochCount must be an integer"),
        (MICRO, {"epochCount": "two"}, "epochCount"),
        (MICRO, {"learningRate": "0.1"}, "learningRate must be a number between 1e-6 and 1e-4"),
        (MICRO, {"learningRate": "NaN"}, "learningRate"),
        (MICRO, {"batchSize": "1"}, "batchSize is not supported"),
        (MICRO, {"learningRateWarmupSteps": "101"}, "learningRateWarmupSteps"),
    ],
)
def test_hyperparameters_are_those_of_the_family(
    bedrock: Bedrock, base: str, hyperparameters: dict[str, str], named: str
) -> None:
    code, _, message = create_refused(
        bedrock, baseModelIdentifier=base, hyperParameters=hyperparameters
    )

    assert code == "ValidationException"
    assert named in message


@pytest.mark.parametrize(
    "trust",
    [
        {**TRUST, "Principal": {"Service": "sagemaker.amazonaws.com"}},
        {**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
        {
            **TRUST,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:bedrock:*:{ACCOUNT}:evaluation-job/*"}
            },
        },
    ],
)
def test_a_role_that_bedrock_may_not_assume_is_refused(
    bedrock: Bedrock, trust: dict[str, Any]
) -> None:
    role = add_role(bedrock.embedded, None, trust)

    code, _, message = create_refused(bedrock, roleArn=role)

    assert code == "ValidationException"
    assert f"Could not assume provided IAM role {role}" in message


def test_a_role_that_is_not_there_is_refused(bedrock: Bedrock) -> None:
    _, _, message = create_refused(bedrock, roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody")

    assert "Could not assume provided IAM role" in message


def test_what_is_not_built_is_refused_by_name(bedrock: Bedrock) -> None:
    control = bedrock.control
    logs = {
        "invocationLogsConfig": {
            "usePromptResponse": True,
            "invocationLogSource": {"s3Uri": f"s3://{bedrock.bucket}/logs"},
        }
    }
    refusals = [
        create_refused(bedrock, trainingDataConfig=logs),
        refused(
            control.create_custom_model,
            modelName="imported",
            modelSourceConfig={"s3DataSource": {"s3Uri": f"s3://{bedrock.bucket}/model"}},
        ),
        refused(
            control.create_model_invocation_job,
            jobName="batch",
            roleArn=bedrock.role,
            modelId=MICRO,
            inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{bedrock.bucket}/in"}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{bedrock.bucket}/out"}},
        ),
    ]

    assert {(code, status) for code, status, _ in refusals} == {("NotImplementedByLocalAws", 501)}
    assert all("mbedded AWS" in message for _, _, message in refusals)
    code, _, message = create_refused(bedrock, customizationType="CONTINUED_PRE_TRAINING")
    assert code == "ValidationException"
    assert "CONTINUED_PRE_TRAINING is not supported" in message


def test_foundation_models_are_those_of_the_region_and_the_day(bedrock: Bedrock) -> None:
    control = bedrock.control

    tunable = control.list_foundation_models(byCustomizationType="FINE_TUNING")["modelSummaries"]
    micro = control.get_foundation_model(modelIdentifier=MICRO)["modelDetails"]
    by_arn = control.get_foundation_model(modelIdentifier=micro["modelArn"])["modelDetails"]
    available = control.get_foundation_model_availability(modelId=MICRO)
    elsewhere = control.get_foundation_model_availability(modelId=LLAMA)

    # The small model is one more where make setup-bedrock has installed it.
    own = {"local.smollm2-135m-instruct"}
    assert {each["modelId"] for each in tunable} - own == {
        MICRO,
        "amazon.nova-lite-v1:0:300k",
        "amazon.nova-pro-v1:0:300k",
        NOVA_2,
    }
    assert micro["modelLifecycle"] == {"status": "ACTIVE"}
    assert by_arn == micro
    assert available["regionAvailability"] == "AVAILABLE"
    assert elsewhere["regionAvailability"] == "NOT_AVAILABLE"
    assert refused(control.get_foundation_model, modelIdentifier=LLAMA)[:2] == (
        "ResourceNotFoundException",
        404,
    )
    asked = control.list_foundation_models(byInferenceType="ON_DEMAND", byProvider="amazon")
    assert "amazon.nova-micro-v1:0" in {each["modelId"] for each in asked["modelSummaries"]}


def test_a_model_past_its_end_is_gone_from_the_list(bedrock: Bedrock) -> None:
    models, now = bedrock.embedded.services.bedrock_world.models, bedrock.embedded.clock.now()
    pro = "amazon.nova-pro-v1:0:300k"
    models.retire(pro, end_of_life=now + timedelta(days=1), legacy=now - timedelta(days=1))
    legacy = bedrock.control.get_foundation_model(modelIdentifier=pro)["modelDetails"]
    models.retire(pro, end_of_life=now)

    assert legacy["modelLifecycle"]["status"] == "LEGACY"
    assert legacy["modelLifecycle"]["endOfLifeTime"] > now
    assert refused(bedrock.control.get_foundation_model, modelIdentifier=pro)[1] == 404
    models.retire(pro)


def test_tags_are_set_read_and_removed_and_no_more_than_two_hundred(bedrock: Bedrock) -> None:
    control = bedrock.control
    job = bedrock.create(jobTags=[{"key": "run", "value": "r1"}])
    control.tag_resource(resourceARN=job, tags=[{"key": "a", "value": "1"}])
    control.untag_resource(resourceARN=job, tagKeys=["run"])

    tags = {
        each["key"]: each["value"]
        for each in control.list_tags_for_resource(resourceARN=job)["tags"]
    }
    many = [{"key": f"k{number}", "value": "v"} for number in range(200)]
    code, status, _ = refused(control.tag_resource, resourceARN=job, tags=many)
    missing = refused(control.list_tags_for_resource, resourceARN=f"{job[:-12]}000000000000")

    assert tags == {"a": "1", "local-aws:engine": "local.stand-in"}
    assert (code, status) == ("TooManyTagsException", 400)
    assert missing[0] == "ResourceNotFoundException"
