"""Answers of the embedded Bedrock: forms, refusals, throttling, metrics and bill."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.generative.engines import Engines
from local_aws.generative.stand_in import StandIn
from local_aws.http.faults import AwsFault
from local_aws.services import bedrock_quotas as quotas
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    MICRO,
    MICRO_ID,
    MICRO_NAME,
    SLOW,
    SYSTEM,
    Bedrock,
    label,
    refused,
    running,
)

GONE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:custom-model-deployment/aaaaaaaaaaaa"


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """Every step takes an hour of a clock that the tests move on; answers have no wrong labels."""
    options = BedrockOptions(
        seconds=SLOW, engines=lambda: Engines(stand_in=StandIn(error_rate=0.0))
    )
    granted = {
        quotas.JOBS: 1000,
        quotas.DEPLOYMENTS: 1000,
    }
    with running(options, quotas=granted) as started:
        yield started


@pytest.fixture(scope="module")
def model(bedrock: Bedrock) -> str:
    return bedrock.model()


@pytest.fixture(scope="module")
def deployment(bedrock: Bedrock, model: str) -> str:
    """An active deployment that no test changes."""
    arn = bedrock.deploy(model)
    bedrock.pass_time()
    return arn


def test_an_answer_has_usage_stop_reason_latency_and_says_who_answered(
    bedrock: Bedrock, deployment: str
) -> None:
    answer = bedrock.say(deployment, "a fine and warm film")
    cut = bedrock.say(deployment, "a fine and warm film", maxTokens=1)
    stopped = bedrock.say(deployment, "a fine and warm film", stopSequences=["tive"])

    assert label(answer) == "positive"
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["inputTokens"] > 10
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 1
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-local-aws-engine"] == "local.stand-in"
    assert (cut["stopReason"], cut["usage"]["outputTokens"]) == ("max_tokens", 1)
    assert (label(stopped), stopped["stopReason"]) == ("posi", "stop_sequence")


def test_a_base_model_is_asked_by_its_own_id_and_profile_alone(bedrock: Bedrock) -> None:
    answers = [
        bedrock.say(each, "a film")
        for each in (
            MICRO_ID,
            f"arn:aws:bedrock:us-east-1::foundation-model/{MICRO_ID}",
            "us.amazon.nova-micro-v1:0",
            "us.amazon.nova-2-lite-v1:0",
        )
    ]
    suffixed = refused(bedrock.say, model=MICRO, text="a film")
    profile_only = refused(bedrock.say, model="amazon.nova-2-lite-v1:0", text="a film")
    unknown = refused(bedrock.say, model="amazon.never-there-v1:0", text="a film")

    assert all(each["usage"]["outputTokens"] for each in answers)
    for code, status, message in (suffixed, profile_only):
        assert (code, status) == ("ValidationException", 400)
        assert "with on-demand throughput isn't supported" in message
    assert unknown == (
        "ValidationException",
        400,
        "The provided model identifier is invalid.",
    )


def test_what_is_not_deployed_is_not_asked(bedrock: Bedrock, model: str) -> None:
    assert refused(bedrock.say, model=GONE, text="t")[:2] == ("ResourceNotFoundException", 404)
    # A custom model is no model id of the runtime: its deployment is.
    assert refused(bedrock.say, model=model, text="t")[0] == "ValidationException"


def test_invoke_model_speaks_as_its_family_does(bedrock: Bedrock, deployment: str) -> None:
    body = {
        "system": [{"text": SYSTEM}],
        "messages": [{"role": "user", "content": [{"text": "a dull and cold film"}]}],
        "inferenceConfig": {"maxTokens": 8, "temperature": 0},
    }
    answer = bedrock.runtime.invoke_model(modelId=deployment, body=json.dumps(body))

    parsed = json.loads(answer["body"].read())
    assert answer["contentType"] == "application/json"
    assert parsed["output"]["message"]["content"] == [{"text": "negative"}]
    assert parsed["stopReason"] == "end_turn"
    assert parsed["usage"]["totalTokens"] > 0
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-local-aws-engine"] == "local.stand-in"
    code, _, message = refused(bedrock.runtime.invoke_model, modelId=deployment, body=b"no json")
    assert code == "ValidationException"
    assert "Malformed input request" in message


USER = {"role": "user", "content": [{"text": "t"}]}
ASSISTANT = {"role": "assistant", "content": [{"text": "positive"}]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"messages": []}, "ValidationException"),
        ({"messages": [ASSISTANT, USER]}, "ValidationException"),
        ({"messages": [USER, USER]}, "ValidationException"),
        ({"inferenceConfig": {"maxTokens": 10_001}}, "ValidationException"),
        ({"inferenceConfig": {"maxTokens": 0}}, "ValidationException"),
        ({"inferenceConfig": {"temperature": 1.5}}, "ValidationException"),
        (
            {
                "outputConfig": {
                    "textFormat": {
                        "type": "json_schema",
                        "structure": {"jsonSchema": {"schema": "{}"}},
                    }
                }
            },
            "ValidationException",
        ),
        ({"messages": [USER, ASSISTANT]}, "NotImplementedByLocalAws"),
        (
            {"messages": [{"role": "user", "content": [{"cachePoint": {"type": "default"}}]}]},
            "NotImplementedByLocalAws",
        ),
        (
            {"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"}},
            "NotImplementedByLocalAws",
        ),
        (
            {
                "toolConfig": {
                    "tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {"a": 1}}}}]
                }
            },
            "NotImplementedByLocalAws",
        ),
    ],
)
def test_converse_refuses(
    bedrock: Bedrock, deployment: str, changes: dict[str, Any], code: str
) -> None:
    request = {"modelId": deployment, "messages": [USER]} | changes

    found, status, message = refused(bedrock.runtime.converse, **request)

    assert (found, status) == (code, 501 if code == "NotImplementedByLocalAws" else 400)
    assert message


def test_tokens_are_not_counted_for_other_models_than_claude(bedrock: Bedrock) -> None:
    asked = {"converse": {"messages": [USER]}}
    nova = refused(bedrock.runtime.count_tokens, modelId=MICRO_ID, input=asked)
    claude = refused(
        bedrock.runtime.count_tokens, modelId="anthropic.claude-haiku-4-5", input=asked
    )

    assert nova == (
        "ValidationException",
        400,
        "The provided model doesn't support counting tokens.",
    )
    assert claude[:2] == ("NotImplementedByLocalAws", 501)
    streamed = refused(bedrock.runtime.converse_stream, modelId=MICRO_ID, messages=[USER])
    assert streamed[:2] == ("NotImplementedByLocalAws", 501)


def test_requests_over_the_quota_are_throttled_until_the_minute_is_over(
    bedrock: Bedrock, deployment: str
) -> None:
    granted = bedrock.embedded.services.quotas.at(ACCOUNT, "us-east-1")
    name = quotas.requests_per_minute(MICRO_NAME)
    bedrock.pass_time(61)
    granted.set(name, 4)
    try:
        for _ in range(4):
            bedrock.say(deployment, "t")
        throttled = refused(bedrock.say, model=deployment, text="t")
        # The base model has a quota of its own.
        bedrock.say(MICRO_ID, "t")
        bedrock.pass_time(61)
        bedrock.say(deployment, "t")
    finally:
        granted.set(name, 400)

    assert throttled == (
        "ThrottlingException",
        429,
        "Too many requests, please wait before trying again.",
    )


def test_max_tokens_are_reserved_and_all_of_them_where_none_are_named(
    bedrock: Bedrock, deployment: str
) -> None:
    granted = bedrock.embedded.services.quotas.at(ACCOUNT, "us-east-1")
    name = quotas.tokens_per_minute(MICRO_NAME)
    bedrock.pass_time(61)
    granted.set(name, 5000)
    try:
        unset = refused(bedrock.runtime.converse, modelId=deployment, messages=[USER])
        too_many = refused(bedrock.say, model=deployment, text="t", maxTokens=4990)
        for _ in range(20):
            bedrock.say(deployment, "t", maxTokens=3000)
    finally:
        granted.set(name, 1_000_000)

    for code, status, message in (unset, too_many):
        assert (code, status) == ("ThrottlingException", 429)
        assert message == "Too many tokens, please wait before trying again."


def test_cloudwatch_counts_by_the_arn_of_the_deployment(bedrock: Bedrock, model: str) -> None:
    arn = bedrock.deploy(model)
    bedrock.pass_time()
    answers = [bedrock.say(arn, "a film") for _ in range(3)]
    now = bedrock.embedded.clock.now()

    def total(name: str) -> float:
        points = bedrock.embedded.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Bedrock",
            MetricName=name,
            Dimensions=[{"Name": "ModelId", "Value": arn}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(each["Sum"] for each in points))

    assert total("Invocations") == 3
    assert total("InputTokenCount") == sum(each["usage"]["inputTokens"] for each in answers)


def test_the_bill_has_training_storage_and_tokens_by_usage_type(bedrock: Bedrock) -> None:
    def bill() -> dict[str, tuple[float, float]]:
        answer = bedrock.embedded.client("ce").get_cost_and_usage(
            TimePeriod={
                "Start": "2020-01-01",
                "End": str(bedrock.embedded.clock.now().date() + timedelta(days=1)),
            },
            Granularity="MONTHLY",
            Metrics=["UnblendedCost", "UsageQuantity"],
            GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
        )
        found: dict[str, tuple[float, float]] = {}
        for month in answer["ResultsByTime"]:
            for group in month["Groups"]:
                (key,) = group["Keys"]
                usd, quantity = found.get(key, (0.0, 0.0))
                metrics = group["Metrics"]
                found[key] = (
                    usd + float(metrics["UnblendedCost"]["Amount"]),
                    quantity + float(metrics["UsageQuantity"]["Amount"]),
                )
        return found

    def rise(what: str) -> tuple[float, float]:
        key = f"USE1-NovaMicro-{what}"
        old, new = before.get(key, (0.0, 0.0)), after[key]
        return new[0] - old[0], new[1] - old[1]

    before = bill()
    arn = bedrock.deploy(bedrock.model())
    bedrock.pass_time()
    answer = bedrock.say(arn, "a film")
    after = bill()

    training_usd, thousands = rise("Customization-Training")
    assert training_usd == pytest.approx(thousands * 0.001)
    assert thousands > 1
    tokens_usd, input_thousands = rise("input-tokens-custom-model")
    assert input_thousands == pytest.approx(answer["usage"]["inputTokens"] / 1000)
    assert tokens_usd == pytest.approx(input_thousands * 0.000035, abs=1e-9)
    stored_usd, months = rise("Customization-Storage")
    assert stored_usd == pytest.approx(months * 1.95, abs=1e-6)
    assert months > 0


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("ModelTimeoutException", 408),
        ("ModelErrorException", 424),
        ("ServiceUnavailableException", 503),
        ("InternalServerException", 500),
        ("AccessDeniedException", 403),
    ],
)
def test_converse_can_be_made_to_fail(
    bedrock: Bedrock, deployment: str, code: str, status: int
) -> None:
    bedrock.embedded.faults.add(AwsFault("bedrock-runtime", "Converse", code, status=status))

    assert refused(bedrock.say, model=deployment, text="t")[:2] == (code, status)
    assert bedrock.say(deployment, "t")["stopReason"] == "end_turn"


def test_another_region_has_none_of_it(bedrock: Bedrock, deployment: str) -> None:
    elsewhere = boto3.Session(
        region_name="us-west-2", aws_access_key_id="local", aws_secret_access_key="local"
    )
    url = bedrock.embedded.endpoint
    control = elsewhere.client("bedrock", endpoint_url=url)

    assert control.list_custom_model_deployments()["modelDeploymentSummaries"] == []
    assert control.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []
    found = refused(
        elsewhere.client("bedrock-runtime", endpoint_url=url).converse,
        modelId=deployment,
        messages=[USER],
    )
    assert found[0] == "ResourceNotFoundException"
