import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from local_aws.http.supported import SUPPORTED
from tests.integration.local_aws.aws import Aws


def refused(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


@pytest.mark.parametrize(
    ("service", "call", "name"),
    [
        # One for each way in which AWS services speak.
        ("sagemaker", lambda c: c.list_pipelines(), "sagemaker:ListPipelines"),
        ("bedrock", lambda c: c.list_guardrails(), "bedrock:"),
        ("bedrock", lambda c: c.list_model_import_jobs(), "bedrock:ListModelImportJobs"),
        (
            "bedrock-runtime",
            lambda c: c.converse_stream(modelId="amazon.nova-micro-v1:0", messages=[]),
            "bedrock-runtime:ConverseStream",
        ),
        (
            "sagemaker-runtime",
            lambda c: c.invoke_endpoint(EndpointName="e", Body=b"{}"),
            "sagemaker-runtime:InvokeEndpoint",
        ),
        (
            "sagemaker-runtime",
            lambda c: c.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"{}"),
            "sagemaker-runtime:InvokeEndpointWithResponseStream",
        ),
        ("s3", lambda c: c.get_bucket_cors(Bucket="b"), "s3:GetBucketCors"),
        # Calls of a directory bucket begin with a session.
        ("s3", lambda c: c.list_objects_v2(Bucket="a--use1-az4--x-s3"), "s3express:CreateSession"),
        ("iam", lambda c: c.list_saml_providers(), "iam:ListSAMLProviders"),
        ("lambda", lambda c: c.list_layers(), "lambda:ListLayers"),
        ("cloudwatch", lambda c: c.describe_anomaly_detectors(), "cloudwatch:DescribeAnomaly"),
        ("sqs", lambda c: c.list_message_move_tasks(SourceArn="x"), "sqs:ListMessageMoveTasks"),
        ("ce", lambda c: c.list_cost_category_definitions(), "ce:ListCostCategoryDefinitions"),
        ("budgets", lambda c: c.describe_budgets(AccountId="1"), "budgets:DescribeBudgets"),
    ],
)
def test_a_call_that_is_not_done_is_refused_by_name(
    aws: Aws, service: str, call: Callable[[Any], Any], name: str
) -> None:
    answer = refused(lambda: call(aws.client(service)))

    assert answer["Error"]["Code"] == "NotImplementedByLocalAws"
    assert name in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_no_training_job_is_pretended_where_none_can_run(aws: Aws) -> None:
    answer = refused(
        lambda: aws.client("sagemaker").create_training_job(
            TrainingJobName="a", RoleArn="r", OutputDataConfig={"S3OutputPath": "s3://b/"}
        )
    )

    assert answer["Error"]["Code"] == "NotImplementedByLocalAws"


def test_the_back_door_of_moto_is_closed(aws: Aws) -> None:
    request = urllib.request.Request(f"{aws.embedded.endpoint}/moto-api/reset", method="POST")

    with pytest.raises(HTTPError, match="501"):
        urllib.request.urlopen(request)


def test_a_missing_thing_is_the_error_of_aws(aws: Aws) -> None:
    answer = refused(
        lambda: aws.client("s3").head_object(Bucket=aws.outputs["UploadsName"], Key="gone")
    )

    assert answer["Error"]["Code"] == "404"


def test_every_supported_call_is_one_that_aws_has(aws: Aws) -> None:
    for service, operations in SUPPORTED.items():
        if service == "execute-api":
            # A stage of one's own API: no client of botocore has it.
            assert operations == {"Invoke"}
            continue
        # S3's form upload is no call of botocore's model.
        known = {*aws.client(service).meta.service_model.operation_names, "PostObject"}
        assert operations <= known, service


def test_every_call_that_is_answered_here_is_supported(aws: Aws) -> None:
    own = set(aws.embedded.services.calls().names())

    assert {(service, name) for service, name in own if name not in SUPPORTED[service]} == set()


def test_nothing_of_motos_bedrock_can_be_reached(aws: Aws) -> None:
    own = set(aws.embedded.services.calls().names())

    for service in ("bedrock", "bedrock-runtime"):
        assert {name for of, name in own if of == service} == SUPPORTED[service]


def test_a_presigned_url_is_served(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["UploadsName"]
    s3.put_object(Bucket=bucket, Key="shared.json", Body=b'{"a": 1}')

    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "shared.json"})

    with urllib.request.urlopen(url) as answer:
        assert json.load(answer) == {"a": 1}
