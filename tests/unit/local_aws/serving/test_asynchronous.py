"""InvokeEndpointAsync with containers that are functions."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_store import Endpoint
from local_aws.serving.process import Reply
from tests.unit.local_aws.serving.fakes import JSON_REPLY, Runtime, variant

BOTH = {"EndpointName": "films", "VariantName": "main"}
ENDPOINT = {"EndpointName": "films"}
OUTPUT = {
    "S3OutputPath": "s3://artifacts/async/output",
    "S3FailurePath": "s3://artifacts/async/failure/",
    "NotificationConfig": {"SuccessTopic": "arn:success", "ErrorTopic": "arn:error"},
}


def serve(runtime: Runtime, most: int = 2, **output: Any) -> Endpoint:
    config = {
        "OutputConfig": {**OUTPUT, **output},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": most},
    }
    return runtime.serve([variant(InitialInstanceCount=1)], AsyncInferenceConfig=config)


def ask(runtime: Runtime, body: bytes = b"{}", **more: Any) -> Any:
    return runtime.invoke(body, "InvokeEndpointAsync", **more)


def written(runtime: Runtime, uri: str) -> bytes | None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return runtime.s3.objects.get((bucket, key))


@pytest.mark.parametrize("inline", [True, False])
def test_an_answer_becomes_an_object_and_a_message(runtime: Runtime, inline: bool) -> None:
    serve(runtime)
    runtime.s3.objects["inputs", "1.json"] = b'{"text": "a"}'
    given = {} if inline else {"InputLocation": "s3://inputs/1.json"}
    answer = ask(runtime, b'{"text": "a"}' if inline else b"", InferenceId="order-1", **given)
    assert answer["InferenceId"] == "order-1"
    assert answer["OutputLocation"].startswith("s3://artifacts/async/output/")
    assert answer["FailureLocation"].startswith("s3://artifacts/async/failure/")
    runtime.until(lambda: runtime.sns.messages)
    assert written(runtime, answer["OutputLocation"]) == b'{"label":"positive"}'
    assert runtime.starter.started[0].asked[-1][2] == b'{"text": "a"}'
    topic, text = runtime.sns.messages[0]
    said = json.loads(text)
    assert topic == "arn:success"
    assert (said["invocationStatus"], said["inferenceId"]) == ("Completed", "order-1")
    assert said["responseParameters"]["outputLocation"] == answer["OutputLocation"]
    assert runtime.metric("TotalProcessingTime", **BOTH).count == 1
    assert runtime.metric("InvocationFailures", **BOTH).total == 0
    # What real-time endpoints have and asynchronous ones have not.
    names = {key.name for key in runtime.metrics.series}
    assert not names & {"Invocations", "OverheadLatency", "InvocationsPerInstance"}


def test_names_of_the_output_can_be_given(runtime: Runtime) -> None:
    serve(runtime)
    answer = ask(runtime, S3OutputPathExtension="day/1", Filename="film")
    assert answer["OutputLocation"] == "s3://artifacts/async/output/day/1/film.out"


def test_a_failure_becomes_an_object_and_a_message(runtime: Runtime) -> None:
    serve(runtime)
    runtime.starter.answer = lambda *_: Reply(500, b"broken", JSON_REPLY)
    answer = ask(runtime)
    runtime.until(lambda: runtime.sns.messages)
    assert b"Received server error (500)" in (written(runtime, answer["FailureLocation"]) or b"")
    assert written(runtime, answer["OutputLocation"]) is None
    topic, text = runtime.sns.messages[0]
    assert topic == "arn:error"
    assert json.loads(text)["invocationStatus"] == "Failed"
    assert runtime.metric("InvocationFailures", **BOTH).total == 1


def test_an_input_that_cannot_be_read_is_a_failure(runtime: Runtime) -> None:
    serve(runtime)
    answer = ask(runtime, b"", InputLocation="s3://inputs/nothing.json")
    runtime.until(lambda: written(runtime, answer["FailureLocation"]))
    assert runtime.starter.started[0].asked == []


@pytest.mark.parametrize("gone", ["bucket", "fleet"])
def test_what_goes_wrong_here_is_a_failure_too(runtime: Runtime, gone: str) -> None:
    endpoint = serve(runtime)
    runtime.s3.closed = {"output"} if gone == "bucket" else set()
    if gone == "fleet":
        endpoint.fleets[0].shares = {"main": 0.0}
    answer = ask(runtime)
    runtime.until(lambda: written(runtime, answer["FailureLocation"]))
    runtime.until(lambda: runtime.sns.messages)
    assert json.loads(runtime.sns.messages[0][1])["invocationStatus"] == "Failed"


def test_requests_wait_without_instances_and_expire_by_the_clock(runtime: Runtime) -> None:
    endpoint = serve(runtime)
    endpoint.fleets[0].instances["main"] = 0
    late = ask(runtime, RequestTTLSeconds=60)
    kept = ask(runtime, RequestTTLSeconds=21600)

    def look() -> bool:
        runtime.pass_time(timedelta(seconds=11))
        return bool(written(runtime, late["FailureLocation"]))

    runtime.until(look)
    assert runtime.metric("ExpiredRequests", **BOTH).total == 1
    assert runtime.metric("HasBacklogWithoutCapacity", **ENDPOINT).high == 1
    assert runtime.metric("ApproximateBacklogSize", **ENDPOINT).high == 2
    assert runtime.metric("ApproximateAgeOfOldestRequest", **ENDPOINT).high > 0
    assert written(runtime, kept["OutputLocation"]) is None
    endpoint.fleets[0].instances["main"] = 1
    runtime.until(lambda: written(runtime, kept["OutputLocation"]))


def test_an_instance_answers_so_many_at_once_and_the_others_wait(runtime: Runtime) -> None:
    serve(runtime, most=2)
    inside, free = threading.Semaphore(0), threading.Event()

    def wait(*_: Any) -> Reply:
        inside.release()
        assert free.wait(20)
        return Reply(200, b"done")

    runtime.starter.answer = wait
    asked = [ask(runtime) for _ in range(5)]
    for _ in range(2):
        assert inside.acquire(timeout=20)

    def backlog() -> bool:
        runtime.pass_time(timedelta(seconds=11))
        return runtime.metric("ApproximateBacklogSizePerInstance", **ENDPOINT).high == 5

    runtime.until(backlog)
    assert not inside.acquire(blocking=False)
    free.set()
    runtime.until(lambda: all(written(runtime, each["OutputLocation"]) for each in asked))


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"", {}, 400),
        (b"{}", {"InputLocation": "s3://a/b"}, 400),
        (b"x" * 128_001, {}, 400),
        (b"", {"InputLocation": "https://a/b"}, 501),
    ],
)
def test_requests_that_no_one_could_answer_are_refused(
    runtime: Runtime, body: bytes, more: dict[str, Any], status: int
) -> None:
    serve(runtime)
    with pytest.raises(AwsError) as caught:
        ask(runtime, body, **more)
    assert caught.value.status == status


def test_each_kind_of_endpoint_has_its_own_call(runtime: Runtime) -> None:
    serve(runtime)
    with pytest.raises(AwsError, match="is an asynchronous inference endpoint"):
        runtime.invoke()
    runtime.serve([variant()])
    with pytest.raises(AwsError, match="is not an asynchronous inference endpoint"):
        ask(runtime)
