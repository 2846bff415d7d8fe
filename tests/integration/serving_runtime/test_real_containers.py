"""Endpoints whose containers are the image's own program, over HTTP as any client calls them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.serving_runtime.crowd import prepare, there_and_back
from tests.integration.serving_runtime.films import TEXT, Films, eventually


@pytest.fixture(scope="module")
def endpoint(films: Films) -> Iterator[str]:
    """A real-time endpoint that captures everything."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{films.bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    films.model("films-v1", "v1")
    films.create("films", films.config("films-v1", "films-v1", DataCaptureConfig=capture))
    yield "films"
    films.delete("films")


def test_the_model_of_the_artifact_answers(films: Films, endpoint: str) -> None:
    found = films.invoke(endpoint, Accept="application/json", InferenceId="order-1")
    assert found["answer"]["label"] in ("negative", "positive")
    assert found["InvokedProductionVariant"] == "main"
    assert found["ContentType"] == "application/json"


def test_a_refusal_of_the_program_is_a_model_error(films: Films, endpoint: str) -> None:
    with pytest.raises(ClientError) as caught:
        films.invoke(endpoint, b'{"text": ""}')
    error: Any = caught.value.response
    assert error["Error"]["Code"] == "ModelError"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error["OriginalStatusCode"] == 400
    assert "error" in json.loads(error["OriginalMessage"])
    assert ":log-group:/aws/sagemaker/Endpoints/films:" in error["LogStreamArn"]


@pytest.mark.parametrize(
    ("name", "body"), [("nobody", TEXT), ("films", b" " * (6 * 1024 * 1024 + 1))]
)
def test_what_no_container_gets_is_a_validation_error(
    films: Films, endpoint: str, name: str, body: bytes
) -> None:
    with pytest.raises(ClientError) as caught:
        films.invoke(name, body)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_metrics_capture_and_logs_follow_each_request(films: Films, endpoint: str) -> None:
    films.invoke(endpoint, InferenceId="order-2")

    def latency() -> Any:
        now = films.aws.clock.now()
        return films.aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="ModelLatency",
            Dimensions=[
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "VariantName", "Value": "main"},
                {"Name": "EndpointConfigName", "Value": "films-v1"},
            ],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Average", "SampleCount"],
        )["Datapoints"]

    assert 0 < eventually(latency)[0]["Average"] < 60_000_000
    keys = eventually(lambda: films.keys(f"capture/{endpoint}/main/"))
    lines = [json.loads(line) for key in keys for line in films.read(key).splitlines()]
    sides = lines[0]["captureData"]
    assert json.loads(sides["endpointInput"]["data"]) == json.loads(TEXT)
    assert "label" in json.loads(sides["endpointOutput"]["data"])
    logs = films.aws.client("logs")
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    assert eventually(
        lambda: any(
            '"ready"' in each["message"]
            for each in logs.filter_log_events(logGroupName=group)["events"]
        )
    )


def test_an_asynchronous_endpoint_writes_its_answers(films: Films) -> None:
    topic = films.aws.client("sns").create_topic(Name="answers")["TopicArn"]
    queue = films.aws.outputs["NoticesUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:serving-notices"
    films.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    config = {
        "OutputConfig": {
            "S3OutputPath": f"s3://{films.bucket}/async/output",
            "S3FailurePath": f"s3://{films.bucket}/async/failure",
            "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
        }
    }
    films.model("later", "v1")
    films.create("later", films.config("later", "later", 1, AsyncInferenceConfig=config))
    runtime = films.aws.client("sagemaker-runtime")
    location = films.put("inputs/1.json", TEXT)
    for given in ({"InputLocation": location}, {"Body": TEXT}):
        answer = runtime.invoke_endpoint_async(
            EndpointName="later", ContentType="application/json", **given
        )
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
        key = answer["OutputLocation"].removeprefix(f"s3://{films.bucket}/")
        eventually(partial(films.has, key))
        assert json.loads(films.read(key))["label"] in ("negative", "positive")
    message = eventually(
        lambda: films.aws.client("sqs").receive_message(QueueUrl=queue).get("Messages")
    )
    assert json.loads(json.loads(message[0]["Body"])["Message"])["invocationStatus"] == "Completed"
    films.delete("later")


def test_an_artifact_that_is_no_model_fails_the_creation(films: Films) -> None:
    films.put("models/broken/model.tar.gz", b"no archive")
    films.model("broken", "broken")
    films.create("broken", films.config("broken", "broken"))
    found = films.settled("broken")
    assert found["EndpointStatus"] == "Failed"
    assert "valid tar.gz archive" in found["FailureReason"]
    films.delete("broken")


def test_a_multi_model_endpoint_loads_what_is_asked_for(films: Films) -> None:
    for name, version in (("first", "v1"), ("second", "v2")):
        films.put(f"many/{name}.tar.gz", films.read(f"models/{version}/model.tar.gz"))
    films.model("many", "", Mode="MultiModel", ModelDataUrl=f"s3://{films.bucket}/many/")
    films.create("many", films.config("many", "many", 1))
    for name, labels in (("first", ("negative", "positive")), ("second", ("bad", "good"))):
        found = films.invoke("many", TargetModel=f"{name}.tar.gz")
        assert found["answer"]["label"] in labels
    # A new model is a new object: no update of the endpoint.
    films.put("many/third.tar.gz", films.read("models/v1/model.tar.gz"))
    assert films.invoke("many", TargetModel="third.tar.gz")["answer"]["label"]
    films.delete("many")


def test_no_request_of_a_crowd_fails_while_its_endpoint_changes(films: Films) -> None:
    there_and_back(films, prepare(films), clients=8)
    films.delete("crowd")
