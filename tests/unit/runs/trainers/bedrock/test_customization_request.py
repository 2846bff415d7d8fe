"""A request passes botocore's validator and the service's patterns, or it is never sent."""

import hashlib
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.layout import Upload, job_name_of, run_id_of
from thriftline.runs.trainers.bedrock.customization_request import Network, customization_request
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, DEFAULT
from thriftline.runs.trainers.bedrock.hyperparameters import as_request
from thriftline.runs.trainers.bedrock.patterns import check
from thriftline.runs.trainers.bedrock.training_choice import hyperparameters_for

NOVA = BASE_MODELS[DEFAULT]
ROLE = "arn:aws:iam::123456789012:role/thriftline-bedrock"


@cache
def input_shape(operation: str) -> Any:
    model = botocore.session.get_session().get_service_model("bedrock")
    return model.operation_model(operation).input_shape


def is_valid(operation: str, request: dict[str, Any]) -> bool:
    return not ParamValidator().validate(request, input_shape(operation)).has_errors()


def request(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "job_name": "reviews-0123456789abcdef-01",
        "model_name": "reviews-0123456789abcdef-01",
        "token": hashlib.sha256(b"reviews-0123456789abcdef 01").hexdigest(),
        "role_arn": ROLE,
        "base": NOVA,
        "training_uri": "s3://artifacts/scratch/reviews/bedrock/01/train.jsonl",
        "output_uri": "s3://artifacts/training/reviews/01/bedrock/",
        "hyperparameters": {"epochCount": "2"},
        "tags": {"thriftline:run-id": "reviews-0123456789abcdef"},
    }
    return customization_request(**told | changes)


def test_a_request_has_what_the_job_needs_and_nothing_else() -> None:
    assert request() == {
        "jobName": "reviews-0123456789abcdef-01",
        "customModelName": "reviews-0123456789abcdef-01",
        "clientRequestToken": hashlib.sha256(b"reviews-0123456789abcdef 01").hexdigest(),
        "roleArn": ROLE,
        "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": {"s3Uri": "s3://artifacts/scratch/reviews/bedrock/01/train.jsonl"},
        "outputDataConfig": {"s3Uri": "s3://artifacts/training/reviews/01/bedrock/"},
        "jobTags": [{"key": "thriftline:run-id", "value": "reviews-0123456789abcdef"}],
        "customModelTags": [{"key": "thriftline:run-id", "value": "reviews-0123456789abcdef"}],
        "hyperParameters": {"epochCount": "2"},
    }


def test_key_network_and_validation_are_named_where_there_are_some() -> None:
    full = request(
        validation_uri="s3://artifacts/scratch/reviews/bedrock/01/validation.jsonl",
        kms_key_id="alias/thriftline",
        network=Network(("subnet-1",), ("sg-1",)),
    )
    assert full["customModelKmsKeyId"] == "alias/thriftline"
    assert full["vpcConfig"] == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    assert full["validationDataConfig"]["validators"][0]["s3Uri"].endswith("validation.jsonl")
    assert is_valid("CreateModelCustomizationJob", full)


PROJECTS = st.from_regex(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,20}", fullmatch=True)


@given(
    project=PROJECTS,
    key=st.text(min_size=1, max_size=20),
    attempt=st.integers(1, 99),
    model=st.sampled_from(sorted(BASE_MODELS)),
    records=st.integers(8, 20_000),
)
def test_every_request_of_a_run_passes_the_validator_and_the_patterns(
    project: str, key: str, attempt: int, model: str, records: int
) -> None:
    base = BASE_MODELS[model]
    run_id = run_id_of(Upload("data", key, "1"), project)
    name = job_name_of(run_id, attempt)
    built = request(
        job_name=name,
        model_name=name,
        base=base,
        training_uri=f"s3://artifacts/scratch/{run_id}/bedrock/{name}/train.jsonl",
        output_uri=f"s3://artifacts/training/{run_id}/{name}/bedrock/",
        hyperparameters=as_request(hyperparameters_for(base, {}, records)),
        tags={"thriftline:run-id": run_id, "thriftline:project": project},
    )
    assert is_valid("CreateModelCustomizationJob", built)
    check("CreateModelCustomizationJob", built)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"job_name": "reviews_01"}, "jobName is 'reviews_01'.*no underscore"),
        ({"output_uri": "s3://artifacts/year=2026/"}, "outputDataConfig.s3Uri is .*no = "),
        ({"hyperparameters": {"learningRate": 1e-5}}, "learningRate is 1e-05, not a text"),
        ({"training_uri": "s3://artifacts/training/"}, "not a file but a folder"),
        ({"token": "run_01"}, "clientRequestToken"),
        ({"role_arn": "bedrock"}, "roleArn is 'bedrock'"),
        (
            {
                "base": BASE_MODELS["amazon.nova-2-lite-v1:0:256k"],
                "validation_uri": "s3://artifacts/a/validation.jsonl",
            },
            "a job of amazon.nova-2-lite-v1:0:256k fails when it is given a validation file",
        ),
    ],
)
def test_what_bedrock_would_refuse_is_refused_before_an_upload(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence) as raised:
        request(**changes)
    assert "nothing was spent" in str(raised.value)
