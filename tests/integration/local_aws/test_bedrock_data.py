"""What makes a job of the embedded Bedrock fail: its role, its places, its files."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.services.bedrock_quotas import JOBS
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.bedrock import (
    QUICK,
    Bedrock,
    add_role,
    data_policy,
    jsonl,
    record,
    records,
    running,
)

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """No step takes any time."""
    with running(BedrockOptions(seconds=QUICK), quotas={JOBS: 1000}) as started:
        yield started


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
