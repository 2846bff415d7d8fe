"""Deployments and provisioned throughput of the embedded Bedrock."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local_aws.bedrock.options import BedrockOptions, Step, StepFault
from local_aws.generative.engines import Engines
from local_aws.generative.stand_in import StandIn
from local_aws.http.faults import AwsFault
from local_aws.services import bedrock_quotas as quotas
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    MICRO_ID,
    MICRO_NAME,
    SLOW,
    Bedrock,
    jsonl,
    label,
    records,
    refused,
    running,
)

LITE = "amazon.nova-lite-v1:0:300k"


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """Every step takes an hour of a clock that the tests move on; answers have no wrong labels."""
    options = BedrockOptions(
        seconds=SLOW, engines=lambda: Engines(stand_in=StandIn(error_rate=0.0))
    )
    granted = {
        quotas.JOBS: 1000,
        quotas.DEPLOYMENTS: 1000,
        quotas.model_units(MICRO_NAME): 1,
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


def test_a_deployment_is_being_made_then_active_and_only_then_asked(
    bedrock: Bedrock, model: str
) -> None:
    control, name = bedrock.control, f"d-{uuid4().hex[:8]}"
    arn = control.create_custom_model_deployment(
        modelDeploymentName=name,
        modelArn=model,
        description="a test",
        tags=[{"key": "run", "value": "r1"}],
    )["customModelDeploymentArn"]

    def get(wanted: str) -> dict[str, Any]:
        return dict(control.get_custom_model_deployment(customModelDeploymentIdentifier=wanted))

    creating = get(arn)
    early = refused(bedrock.say, model=arn, text="a warm film")
    bedrock.pass_time()
    active = get(name)
    answer = bedrock.say(arn, "a warm film")

    assert (creating["status"], active["status"]) == ("Creating", "Active")
    assert early[:2] == ("ModelNotReadyException", 429)
    assert active["modelDeploymentName"] == name
    assert active["description"] == "a test"
    assert (get(arn[-12:])["customModelDeploymentArn"], active["modelArn"]) == (arn, model)
    tags = control.list_tags_for_resource(resourceARN=arn)["tags"]
    assert tags == [{"key": "run", "value": "r1"}]
    assert label(answer) == "positive"
    listed = control.list_custom_model_deployments(nameContains=name)["modelDeploymentSummaries"]
    assert [each["customModelDeploymentArn"] for each in listed] == [arn]


def test_a_deployed_model_is_not_deleted_and_a_deleted_one_is_gone(bedrock: Bedrock) -> None:
    control, model = bedrock.control, bedrock.model()
    arn = bedrock.deploy(model)
    while_creating = refused(control.delete_custom_model, modelIdentifier=model)
    bedrock.pass_time()
    while_active = refused(control.delete_custom_model, modelIdentifier=model)

    control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    after = refused(bedrock.say, model=arn, text="t")
    again = refused(control.delete_custom_model_deployment, customModelDeploymentIdentifier=arn)
    control.get_custom_model(modelIdentifier=model)
    control.delete_custom_model(modelIdentifier=model)

    assert while_creating[:2] == while_active[:2] == ("ConflictException", 400)
    assert after[:2] == again[:2] == ("ResourceNotFoundException", 404)
    assert refused(control.get_custom_model, modelIdentifier=model)[1] == 404
    assert refused(control.delete_custom_model, modelIdentifier=model)[1] == 404
    redeployed = refused(
        control.create_custom_model_deployment, modelDeploymentName="again", modelArn=model
    )
    assert redeployed[:2] == ("ResourceNotFoundException", 404)


def swapped_model(bedrock: Bedrock) -> str:
    """Train a model whose labels are the other way round."""
    lines = records()
    names = {"negative": "positive", "positive": "negative"}
    for line in lines:
        block = line["messages"][1]["content"][0]
        block["text"] = names[block["text"]]
    uri = bedrock.put(f"{uuid4().hex}.jsonl", jsonl(lines))
    return bedrock.model(trainingDataConfig={"s3Uri": uri})


def test_an_update_puts_another_model_behind_the_same_arn(bedrock: Bedrock, model: str) -> None:
    control, other = bedrock.control, swapped_model(bedrock)
    arn = bedrock.deploy(model)
    early = refused(
        control.update_custom_model_deployment,
        customModelDeploymentIdentifier=arn,
        modelArn=other,
    )
    bedrock.pass_time()

    def get() -> dict[str, Any]:
        return dict(control.get_custom_model_deployment(customModelDeploymentIdentifier=arn))

    answer = control.update_custom_model_deployment(
        customModelDeploymentIdentifier=arn, modelArn=other
    )
    updating, still = get(), label(bedrock.say(arn, "a warm film"))
    conflict = refused(control.delete_custom_model_deployment, customModelDeploymentIdentifier=arn)
    held = refused(control.delete_custom_model, modelIdentifier=other)
    bedrock.pass_time()
    updated, now = get(), label(bedrock.say(arn, "a warm film"))

    assert early[0] == "ValidationException"
    assert answer["customModelDeploymentArn"] == arn
    assert (updating["modelArn"], updating["status"]) == (model, "Active")
    assert updating["updateDetails"] == {"modelArn": other, "updateStatus": "Updating"}
    assert conflict[:2] == held[:2] == ("ConflictException", 400)
    assert updated["modelArn"] == other
    assert updated["updateDetails"]["updateStatus"] == "UpdateCompleted"
    assert updated["lastUpdatedAt"] > updated["createdAt"]
    assert (still, now) == ("positive", "negative")
    # The one before stays, to go back to.
    assert control.get_custom_model(modelIdentifier=model)["modelStatus"] == "Active"


def test_an_update_to_a_model_of_another_base_is_refused(bedrock: Bedrock, deployment: str) -> None:
    lite = bedrock.model(baseModelIdentifier=LITE)

    code, _, message = refused(
        bedrock.control.update_custom_model_deployment,
        customModelDeploymentIdentifier=deployment,
        modelArn=lite,
    )

    assert code == "ValidationException"
    assert "serves models of" in message


def test_what_fails_in_the_making_says_so(bedrock: Bedrock, model: str) -> None:
    control, faults = bedrock.control, bedrock.embedded.services.bedrock_world.faults
    faults.add(StepFault(Step.DEPLOYMENT, "no capacity", name="d-*"))
    failed = bedrock.deploy(model)
    faults.add(StepFault(Step.DEPLOYMENT, name="d-*"))
    hanging = bedrock.deploy(model)
    bedrock.pass_time(100 * 3600)

    def get(arn: str) -> dict[str, Any]:
        return dict(control.get_custom_model_deployment(customModelDeploymentIdentifier=arn))

    assert (get(failed)["status"], get(failed)["failureMessage"]) == ("Failed", "no capacity")
    assert get(hanging)["status"] == "Creating"
    assert refused(bedrock.say, model=failed, text="t")[0] == "ResourceNotFoundException"
    for arn in (failed, hanging):
        control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)


def test_an_update_that_fails_leaves_the_old_model(bedrock: Bedrock, model: str) -> None:
    control, other = bedrock.control, swapped_model(bedrock)
    arn = bedrock.deploy(model)
    bedrock.pass_time()
    bedrock.embedded.services.bedrock_world.faults.add(StepFault(Step.UPDATE, "no", name="d-*"))
    control.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=other)
    bedrock.pass_time()

    found = control.get_custom_model_deployment(customModelDeploymentIdentifier=arn)

    assert found["updateDetails"]["updateStatus"] == "UpdateFailed"
    assert (found["modelArn"], label(bedrock.say(arn, "a warm film"))) == (model, "positive")


@pytest.mark.parametrize(
    ("name", "model_arn", "at"),
    [
        ("with.dot", None, "modelDeploymentName"),
        ("two__separators", None, "modelDeploymentName"),
        ("good", "arn:aws:bedrock:us-east-1:1:custom-model/x", "modelArn"),
    ],
)
def test_deployment_patterns(
    bedrock: Bedrock, model: str, name: str, model_arn: str | None, at: str
) -> None:
    code, _, message = refused(
        bedrock.control.create_custom_model_deployment,
        modelDeploymentName=name,
        modelArn=model_arn or model,
    )

    assert code == "ValidationException"
    assert f"at '{at}' failed to satisfy constraint" in message


def test_a_deployment_name_and_a_token_are_given_once(bedrock: Bedrock, model: str) -> None:
    request = {
        "modelDeploymentName": f"d-{uuid4().hex[:8]}",
        "modelArn": model,
        "clientRequestToken": uuid4().hex,
    }
    create = bedrock.control.create_custom_model_deployment

    assert (
        create(**request)["customModelDeploymentArn"]
        == (create(**request)["customModelDeploymentArn"])
    )
    code, _, message = refused(create, **request | {"clientRequestToken": uuid4().hex})
    assert code == "ValidationException"
    assert "already in use" in message


def test_more_deployments_than_the_quota_are_refused(bedrock: Bedrock, model: str) -> None:
    granted = bedrock.embedded.services.quotas.at(ACCOUNT, "us-east-1")
    granted.set(quotas.DEPLOYMENTS, 0)
    try:
        code, status, message = refused(bedrock.deploy, model=model)
    finally:
        granted.set(quotas.DEPLOYMENTS, 1000)

    assert (code, status) == ("ServiceQuotaExceededException", 400)
    assert quotas.DEPLOYMENTS in message


def test_quotas_are_found_by_their_names(bedrock: Bedrock) -> None:
    client = bedrock.embedded.client("service-quotas")
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="bedrock")

    values = {each["QuotaName"]: each["Value"] for page in pages for each in page["Quotas"]}

    assert values[quotas.DEPLOYMENTS] == 1000
    assert values[quotas.requests_per_minute("Meta Llama 3.3 70B Instruct")] == 4
    assert values[quotas.tokens_per_minute("Meta Llama 3.3 70B Instruct")] == 300_000
    assert {quotas.requests_per_minute(MICRO_NAME), quotas.JOBS} <= set(values)


def test_provisioned_throughput_is_made_asked_changed_and_deleted(
    bedrock: Bedrock, model: str
) -> None:
    control, name = bedrock.control, f"p-{uuid4().hex[:8]}"
    request = {
        "provisionedModelName": name,
        "modelId": model,
        "modelUnits": 1,
        "clientRequestToken": uuid4().hex,
        "tags": [{"key": "run", "value": "r1"}],
    }
    arn = control.create_provisioned_model_throughput(**request)["provisionedModelArn"]
    same = control.create_provisioned_model_throughput(**request)["provisionedModelArn"]
    more = refused(
        control.create_provisioned_model_throughput,
        provisionedModelName="another",
        modelId=model,
        modelUnits=1,
    )

    def get(wanted: str) -> dict[str, Any]:
        return dict(control.get_provisioned_model_throughput(provisionedModelId=wanted))

    creating = get(arn)
    early = refused(bedrock.say, model=arn, text="t")
    bedrock.pass_time()
    in_service, answer = get(name), bedrock.say(arn, "a warm film")
    other = swapped_model(bedrock)
    control.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=other)
    updating = get(arn)
    bedrock.pass_time()
    changed = get(arn)
    held = refused(control.delete_custom_model, modelIdentifier=other)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)

    assert same == arn
    assert more[:2] == ("ServiceQuotaExceededException", 400)
    assert (creating["status"], in_service["status"]) == ("Creating", "InService")
    assert early[0] == "ResourceNotFoundException"
    assert label(answer) == "positive"
    assert (updating["status"], updating["desiredModelArn"]) == ("Updating", other)
    assert (changed["status"], changed["modelArn"]) == ("InService", other)
    assert held[0] == "ConflictException"
    assert refused(control.get_provisioned_model_throughput, provisionedModelId=arn)[1] == 404


def test_commitments_and_models_without_throughput_are_refused(
    bedrock: Bedrock, model: str
) -> None:
    create = bedrock.control.create_provisioned_model_throughput
    committed = refused(
        create,
        provisionedModelName="c",
        modelId=model,
        modelUnits=1,
        commitmentDuration="OneMonth",
    )
    on_demand_only = refused(create, provisionedModelName="c", modelId=MICRO_ID, modelUnits=1)
    named = refused(create, provisionedModelName="two--hyphens", modelId=model, modelUnits=1)

    assert committed[:2] == ("NotImplementedByLocalAws", 501)
    assert on_demand_only[0] == named[0] == "ValidationException"


def test_deployment_calls_can_be_made_to_fail(bedrock: Bedrock, model: str) -> None:
    fault = AwsFault("bedrock", "CreateCustomModelDeployment", "ThrottlingException", status=429)
    bedrock.embedded.faults.add(fault)

    with pytest.raises(ClientError, match="ThrottlingException"):
        bedrock.deploy(model)
