"""What the embedded Bedrock refuses: at once by patterns and names, later by a job's data."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.services.bedrock_quotas import JOBS
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    LLAMA,
    MICRO,
    QUICK,
    TRUST,
    Bedrock,
    add_role,
    data_policy,
    jsonl,
    record,
    records,
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


def failure(bedrock: Bedrock, job: str) -> str:
    """Wait for a job that fails, and return its message."""

    def look() -> Any:
        found = bedrock.get(job)
        return found if found["status"] != "InProgress" else None

    ended = eventually(look)
    assert ended["status"] == "Failed", ended
    assert "outputModelArn" not in ended
    return str(ended["failureMessage"])


def failure_of(bedrock: Bedrock, body: bytes, **changes: Any) -> str:
    """Return why a training file makes a job fail."""
    uri = bedrock.put(f"data/{uuid4().hex}.jsonl", body)
    return failure(bedrock, bedrock.create(trainingDataConfig={"s3Uri": uri}, **changes))


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


@pytest.mark.parametrize("actions", [("s3:PutObject", "s3:GetObject"), ("s3:ListBucket",), ()])
def test_data_that_the_role_may_not_read_fails_the_job(
    bedrock: Bedrock, actions: tuple[str, ...]
) -> None:
    policy = data_policy(bedrock.bucket, *actions) if actions else None

    message = failure(bedrock, bedrock.create(roleArn=add_role(bedrock.embedded, policy)))

    assert message == (
        "Could not validate GetObject permissions to access Amazon S3 bucket: "
        f"{bedrock.bucket} at key train.jsonl"
    )


def test_data_that_is_not_there_or_not_in_this_region_fails_the_job(bedrock: Bedrock) -> None:
    missing = f"s3://{bedrock.bucket}/gone.jsonl"
    message = failure(bedrock, bedrock.create(trainingDataConfig={"s3Uri": missing}))
    assert message.endswith(f"{bedrock.bucket} at key gone.jsonl")
    bucket = f"elsewhere-{uuid4().hex[:12]}"
    s3 = bedrock.embedded.client("s3")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket=bucket, Key="train.jsonl", Body=jsonl(records()))
    policy = data_policy("*", "s3:*")

    message = failure(
        bedrock,
        bedrock.create(
            roleArn=add_role(bedrock.embedded, policy),
            trainingDataConfig={"s3Uri": f"s3://{bucket}/train.jsonl"},
        ),
    )

    assert message.startswith("Could not validate GetObject permissions")


def test_an_output_in_another_region_fails_the_job(bedrock: Bedrock) -> None:
    bucket = f"elsewhere-{uuid4().hex[:12]}"
    bedrock.embedded.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    job = bedrock.create(
        roleArn=add_role(bedrock.embedded, data_policy("*", "s3:*")),
        outputDataConfig={"s3Uri": f"s3://{bucket}/out"},
    )

    message = failure(bedrock, job)

    assert message.startswith("Amazon S3 perms missing (PutObject): ")


def test_an_output_that_the_role_may_not_write_fails_the_job(bedrock: Bedrock) -> None:
    role = add_role(bedrock.embedded, data_policy(bedrock.bucket, "s3:GetObject", "s3:ListBucket"))

    message = failure(bedrock, bedrock.create(roleArn=role))

    assert message.startswith("Amazon S3 perms missing (PutObject): ")
    assert message.endswith(f"{bedrock.bucket} at key out/.write_access_check_file.tmp")


def test_the_probe_of_the_output_leaves_nothing(bedrock: Bedrock) -> None:
    job = bedrock.create(outputDataConfig={"s3Uri": f"s3://{bedrock.bucket}/probed/"})
    eventually(lambda: bedrock.get(job)["status"] == "Completed")

    found = bedrock.embedded.client("s3").list_objects_v2(Bucket=bedrock.bucket, Prefix="probed")
    assert [each["Key"] for each in found["Contents"]] == [
        f"probed/model-customization-job-{job[-12:]}/training_artifacts/"
        "step_wise_training_metrics.csv"
    ]


GOOD = jsonl(records(9))


@pytest.mark.parametrize(
    "body",
    [
        GOOD + b"\n" + GOOD,
        GOOD + b"\n",
        b"no json\n" + GOOD,
        b"[]\n" + GOOD,
        "\ufeff".encode("utf-16") + GOOD,
        b"",
    ],
    ids=["blank line", "blank last line", "no json", "no object", "no utf-8", "empty"],
)
def test_a_file_that_is_not_json_lines_fails_the_job(bedrock: Bedrock, body: bytes) -> None:
    message = failure_of(bedrock, body)

    if body:
        assert message.startswith("Unable to parse Amazon S3 file: ")
        assert message.endswith(". Data files must conform to JSONL format.")
    else:
        assert message == "Number of training records 0 is below the minimum of 8."


USER = {"role": "user", "content": [{"text": "t"}]}
ASSISTANT = {"role": "assistant", "content": [{"text": "positive"}]}


@pytest.mark.parametrize(
    "line",
    [
        {"prompt": "a", "completion": "b"},
        {"messages": [ASSISTANT, USER]},
        {"messages": [USER, USER]},
        {"messages": [USER]},
        {"messages": []},
        {"messages": [{"role": "user", "content": "text"}, ASSISTANT]},
        {"messages": [{"role": "system", "content": [{"text": "t"}]}, ASSISTANT]},
        {"messages": [USER, ASSISTANT], "label": 1},
        {"messages": [{"role": "user", "content": [{"image": {}}]}, ASSISTANT]},
    ],
)
def test_a_line_of_another_form_fails_the_job(bedrock: Bedrock, line: Any) -> None:
    message = failure_of(bedrock, GOOD + jsonl([line]))

    assert message.startswith("Input data at data/")
    assert "must follow '{" in message
    assert message.endswith("format (line 10)")


def test_too_few_records_fail_the_job(bedrock: Bedrock) -> None:
    assert "7 is below the minimum of 8" in failure_of(bedrock, jsonl(records(7)))


def test_nova_2_lite_takes_no_validation_and_needs_two_hundred_records(bedrock: Bedrock) -> None:
    few = failure(bedrock, bedrock.create(baseModelIdentifier=NOVA_2))
    uri = bedrock.put("two-hundred.jsonl", jsonl(records(200)))
    validated = failure(
        bedrock,
        bedrock.create(
            baseModelIdentifier=NOVA_2,
            trainingDataConfig={"s3Uri": uri},
            validationDataConfig={"validators": [{"s3Uri": uri}]},
        ),
    )

    assert "40 is below the minimum of 200" in few
    assert validated == "Validation dataset is not supported for this model."


@pytest.mark.parametrize("word", ["User:", "BOT:", "assistant:", "sYsTem:", "<image>", "[eos]"])
@pytest.mark.parametrize("place", ["text", "system"])
def test_a_reserved_word_in_any_case_fails_the_job(bedrock: Bedrock, word: str, place: str) -> None:
    said = f"she wrote {word} and left"
    line = record(said, "positive") if place == "text" else record("t", "positive", said)

    message = failure_of(bedrock, GOOD + jsonl([line]))

    assert "contains the reserved keyword" in message
    assert message.endswith("(line 10)")


def test_a_text_longer_than_the_context_fails_the_job(bedrock: Bedrock) -> None:
    long = failure_of(bedrock, GOOD + jsonl([record("word " * 26_000, "positive")]))
    answer = failure_of(bedrock, GOOD + jsonl([record("t", "word " * 26_000)]))
    huge = failure_of(bedrock, GOOD + jsonl([record("word " * 110_000, "positive")]))

    assert long.startswith("Maximum input token count 325")
    assert long.endswith("exceeds limit of 32000")
    assert answer.startswith("Maximum output token count")
    assert huge.startswith("Input size exceeded in file")
    assert "for record starting with 'word word" in huge


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

    assert {each["modelId"] for each in tunable} == {
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
