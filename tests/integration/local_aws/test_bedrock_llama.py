"""Llama on the embedded Bedrock in its own region: formats, small quotas, no deployment of 3.1."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.generative.engines import Engines
from local_aws.generative.stand_in import StandIn
from local_aws.services import bedrock_quotas as quotas
from tests.integration.local_aws.bedrock import (
    LLAMA,
    QUICK,
    Bedrock,
    jsonl,
    records,
    refused,
    running,
)

LLAMA_3_1 = "meta.llama3-1-70b-instruct-v1:0:128k"
UNITS = quotas.model_units("Meta Llama 3.1 70B Instruct")


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """A stack in us-west-2, with the quotas that AWS was seen to give."""
    options = BedrockOptions(
        seconds=QUICK, engines=lambda: Engines(stand_in=StandIn(error_rate=0.0))
    )
    with running(options, region="us-west-2", quotas={UNITS: 1}) as started:
        started.put("train.jsonl", jsonl(records(100)))
        yield started


@pytest.fixture(scope="module")
def older(bedrock: Bedrock) -> str:
    """A model of Llama 3.1, whose records are pairs."""
    lines = [
        {
            "prompt": line["messages"][0]["content"][0]["text"],
            "completion": line["messages"][1]["content"][0]["text"],
        }
        for line in records(100)
    ]
    uri = bedrock.put("pairs.jsonl", jsonl(lines))
    return bedrock.model(baseModelIdentifier=LLAMA_3_1, trainingDataConfig={"s3Uri": uri})


def test_llama_answers_invoke_model_in_its_own_form_four_times_a_minute(
    bedrock: Bedrock,
) -> None:
    arn = bedrock.deploy(bedrock.model(baseModelIdentifier=LLAMA))
    body = json.dumps({"prompt": "a fine and warm film", "max_gen_len": 8, "temperature": 0})

    def ask() -> dict[str, Any]:
        answer = bedrock.runtime.invoke_model(modelId=arn, body=body)
        return dict(json.loads(answer["body"].read()))

    answers = [ask() for _ in range(4)]
    code, status, _ = refused(bedrock.runtime.invoke_model, modelId=arn, body=body)

    assert answers[0]["generation"] == "positive"
    assert answers[0]["stop_reason"] == "stop"
    assert answers[0]["prompt_token_count"] > 0
    assert (code, status) == ("ThrottlingException", 429)
    bedrock.pass_time(61)
    assert ask() == answers[0]


def test_llama_3_1_has_no_deployment_on_demand_but_provisioned_throughput(
    bedrock: Bedrock, older: str
) -> None:
    code, _, message = refused(bedrock.deploy, model=older)
    arn = bedrock.control.create_provisioned_model_throughput(
        provisionedModelName="llama", modelId=older, modelUnits=1
    )["provisionedModelArn"]
    answer = bedrock.say(arn, "a dull and cold film")
    renamed = bedrock.control.update_provisioned_model_throughput(
        provisionedModelId="llama", desiredProvisionedModelName="renamed"
    )
    bedrock.pass_time(3600)
    bedrock.control.delete_provisioned_model_throughput(provisionedModelId="renamed")
    bedrock.pass_time(24 * 3600)

    assert code == "ValidationException"
    assert "Use Provisioned Throughput" in message
    assert answer["output"]["message"]["content"] == [{"text": "negative"}]
    assert renamed["ResponseMetadata"]["HTTPStatusCode"] == 200
    now = bedrock.embedded.clock.now()
    months = bedrock.embedded.client("ce").get_cost_and_usage(
        TimePeriod={
            "Start": str(now.date() - timedelta(days=9)),
            "End": str(now.date() + timedelta(days=1)),
        },
        Granularity="MONTHLY",
        Metrics=["UnblendedCost", "UsageQuantity"],
        Filter={
            "Dimensions": {
                "Key": "USAGE_TYPE",
                "Values": ["USW2-Llama3-1-70B-ProvisionedThroughput-NoCommit-ModelUnits"],
            }
        },
    )["ResultsByTime"]

    def total(metric: str) -> float:
        return sum(float(month["Total"][metric]["Amount"]) for month in months)

    # It is an hour, and what this machine needed.
    assert total("UsageQuantity") >= 1
    assert total("UnblendedCost") == pytest.approx(24 * total("UsageQuantity"))


def test_a_pair_is_no_conversation_of_llama_3_3_and_the_other_way_round(
    bedrock: Bedrock, older: str
) -> None:
    pairs = {"s3Uri": f"s3://{bedrock.bucket}/pairs.jsonl"}
    of_pairs = bedrock.ended(bedrock.create(baseModelIdentifier=LLAMA, trainingDataConfig=pairs))
    of_conversations = bedrock.ended(bedrock.create(baseModelIdentifier=LLAMA_3_1))

    assert 'must follow \'{"schemaVersion"' in of_pairs["failureMessage"]
    assert 'must follow \'{"prompt"' in of_conversations["failureMessage"]


def test_a_model_ends_with_its_base(bedrock: Bedrock) -> None:
    model = bedrock.model(baseModelIdentifier=LLAMA)
    arn = bedrock.deploy(model)
    models, now = bedrock.embedded.services.bedrock_world.models, bedrock.embedded.clock.now()
    bedrock.pass_time(61)
    bedrock.say(arn, "a film")

    models.retire(LLAMA, end_of_life=now)
    try:
        asked = refused(bedrock.say, model=arn, text="a film")
        deployed = refused(bedrock.deploy, model=model)
    finally:
        models.retire(LLAMA)

    assert asked[:2] == deployed[:2] == ("ResourceNotFoundException", 404)
    assert "end of life" in asked[2]


def test_more_tags_than_a_thing_may_have_are_refused(bedrock: Bedrock, older: str) -> None:
    many = [{"key": f"k{number}", "value": "v"} for number in range(201)]

    for call, arguments in (
        (bedrock.control.create_custom_model_deployment, {"modelDeploymentName": "d"}),
        (
            bedrock.control.create_provisioned_model_throughput,
            {"provisionedModelName": "p", "modelUnits": 1},
        ),
    ):
        model = "modelArn" if "modelDeploymentName" in arguments else "modelId"
        code, _, message = refused(call, **{model: older, "tags": many} | arguments)
        # The list's own bound comes first.
        assert code == "ValidationException"
        assert "at 'tags' failed to satisfy constraint" in message
