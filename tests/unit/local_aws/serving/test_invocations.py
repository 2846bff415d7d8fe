"""InvokeEndpoint with containers that are functions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_store import Endpoint
from local_aws.services.serving_port import FleetModel
from local_aws.serving.answers import MAX_BODY_BYTES, MAX_SERVERLESS_BYTES
from local_aws.serving.process import InvocationTimeoutError, Reply, UnreachableError
from tests.unit.local_aws.serving.fakes import JSON_REPLY, NOW, Runtime, make_runtime, variant

BOTH = {"EndpointName": "films", "VariantName": "main"}
ONE_FLEET = {**BOTH, "EndpointConfigName": "films-v1"}


def answering(status: int, body: bytes = b"{}") -> Any:
    return lambda *_: Reply(status, body, JSON_REPLY)


def refused(runtime: Runtime, **more: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        runtime.invoke(**more)
    return caught.value


def counted(runtime: Runtime, where: dict[str, str]) -> bool:
    return runtime.metric("Invocations", **where).total == 4


def test_a_container_answers(runtime: Runtime) -> None:
    runtime.serve([variant()])
    answer = runtime.invoke(b'{"text": "a"}', Accept="application/json", CustomAttributes="u=1")
    assert answer == {
        "Body": b'{"label":"positive"}',
        "ContentType": "application/json",
        "InvokedProductionVariant": "main",
    }
    assert runtime.starter.started[0].asked[-1] == (
        "POST",
        "/invocations",
        b'{"text": "a"}',
        {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Amzn-SageMaker-Custom-Attributes": "u=1",
        },
    )


def test_an_endpoint_that_does_not_exist_or_is_being_created_is_not_found(
    runtime: Runtime,
) -> None:
    assert "films" not in runtime.store.endpoints
    error = refused(runtime)
    assert (error.code, error.status) == ("ValidationError", 400)
    assert str(error) == "Endpoint films of account 123456789012 not found."
    runtime.serve([variant()]).status = "Creating"
    assert str(refused(runtime)) == str(error)


def test_an_endpoint_out_of_a_file_has_no_model_behind_it(runtime: Runtime) -> None:
    runtime.store.endpoints["films"] = Endpoint("films", "arn", "c", "InService", NOW, NOW, [])
    error = refused(runtime)
    assert (error.code, error.status) == ("NotImplementedByLocalAws", 501)


def test_weights_share_the_requests_out(runtime: Runtime) -> None:
    runtime.serve(
        [
            variant(InitialVariantWeight=0.9),
            variant("challenger", InitialVariantWeight=0.1),
        ]
    )
    asked = [runtime.invoke()["InvokedProductionVariant"] for _ in range(1000)]
    # Four standard deviations of a binomial draw around 100.
    assert 62 < asked.count("challenger") < 138
    assert len(runtime.starter.started) == 2


def test_the_same_seed_draws_the_same_variants(tmp_path: Path) -> None:
    drawn = []
    for number, seed in enumerate((5, 5, 6)):
        runtime = make_runtime(tmp_path / str(number), seed=seed)
        runtime.serve([variant(), variant("challenger")])
        drawn.append([runtime.invoke()["InvokedProductionVariant"] for _ in range(40)])
        runtime.serving.close()
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_target_variant_overrides_the_weights(runtime: Runtime) -> None:
    runtime.serve([variant(), variant("challenger", InitialVariantWeight=0.0)])
    answer = runtime.invoke(TargetVariant="challenger")
    assert answer["InvokedProductionVariant"] == "challenger"
    error = refused(runtime, TargetVariant="nobody")
    assert error.code == "ValidationError"
    assert "nobody" in str(error)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, MAX_BODY_BYTES),
        ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2}}, MAX_SERVERLESS_BYTES),
    ],
)
def test_a_body_over_the_limit_is_refused(
    runtime: Runtime, settings: dict[str, Any], limit: int
) -> None:
    runtime.serve([variant(**settings)])
    runtime.invoke(b"x" * limit)
    error = refused(runtime, body=b"x" * (limit + 1))
    assert error.code == "ValidationError"
    assert str(limit) in str(error)


def test_what_is_not_done_is_refused_by_name(runtime: Runtime) -> None:
    runtime.serve([variant()])
    error = refused(runtime, EnableExplanations="`true`")
    assert error.status == 501
    assert "EnableExplanations" in str(error)


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (500, "server"), (503, "server")])
def test_another_status_than_2xx_is_a_model_error(runtime: Runtime, status: int, side: str) -> None:
    runtime.serve([variant()])
    runtime.starter.answer = answering(status, b'{"error": "no"}')
    error = refused(runtime)
    assert (error.code, error.status) == ("ModelError", 424)
    assert str(error).startswith(
        f'Received {side} error ({status}) from primary with message "{{"error": "no"}}". See '
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#logEventViewer:group=/aws/sagemaker/Endpoints/films in account 123456789012"
    )
    assert error.fields["OriginalStatusCode"] == status
    assert error.fields["OriginalMessage"] == '{"error": "no"}'
    assert error.fields["LogStreamArn"].startswith(
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/films:log-stream:main/"
    )
    for name, wanted in {
        "Invocation4XXErrors": float(status < 500),
        "Invocation5XXErrors": float(status >= 500),
        "InvocationModelErrors": 1.0,
        "Invocations": 1.0,
    }.items():
        assert runtime.metric(name, **BOTH).total == wanted


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvocationTimeoutError(), "timed out while waiting for a response"),
        (UnreachableError("it has ended"), "it has ended"),
    ],
)
def test_a_container_that_does_not_answer_is_a_model_error(
    runtime: Runtime, error: Exception, words: str
) -> None:
    runtime.serve([variant()])

    def fail(*_: Any) -> Reply:
        raise error

    runtime.starter.answer = fail
    raised = refused(runtime)
    assert raised.code == "ModelError"
    assert words in str(raised)
    assert raised.fields["OriginalStatusCode"] == 0
    assert runtime.metric("InvocationModelErrors", **ONE_FLEET).total == 1


def test_each_request_leaves_its_metrics_under_both_sets_of_dimensions(runtime: Runtime) -> None:
    runtime.serve([variant()])
    for _ in range(4):
        runtime.invoke()
    for where in (BOTH, ONE_FLEET):
        runtime.until(partial(counted, runtime, where))
        errors = runtime.metric("Invocation5XXErrors", **where)
        # One value is sent for each request, so that the average is the share of errors.
        assert (errors.total, errors.count) == (0, 4)
        latency = runtime.metric("ModelLatency", **where)
        assert (latency.count, latency.high < 60_000_000) == (4, True)
        assert runtime.metric("InvocationsPerInstance", **where).total == 2
        assert runtime.metric("OverheadLatency", **where).count == 4


def test_a_serverless_variant_answers_so_many_at_once(runtime: Runtime) -> None:
    runtime.serve([variant(ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 2})])
    inside, free = threading.Semaphore(0), threading.Event()

    def wait(*_: Any) -> Reply:
        inside.release()
        assert free.wait(20)
        return Reply(200)

    runtime.starter.answer = wait
    with ThreadPoolExecutor(2) as threads:
        held = [threads.submit(runtime.invoke) for _ in range(2)]
        for _ in held:
            assert inside.acquire(timeout=20)
        error = refused(runtime)
        free.set()
        assert all(each.result() for each in held)
    assert error.code == "ThrottlingException"
    assert runtime.invoke()


def test_a_shadow_gets_copies_and_nobody_its_answers(runtime: Runtime) -> None:
    runtime.serve(
        [variant()],
        ShadowProductionVariants=[variant("shadow", InitialVariantWeight=0.5)],
    )

    for _ in range(200):
        assert runtime.invoke()["InvokedProductionVariant"] == "main"
    main, shadow = sorted(runtime.starter.started, key=lambda each: each.spec.artifact)
    assert (main.spec.artifact, shadow.spec.artifact) == (
        "s3://models/model-main/",
        "s3://models/model-shadow/",
    )
    copies = runtime.metric("Invocations", EndpointName="films", VariantName="shadow").total
    # Four standard deviations around a half of 200.
    assert 72 < copies < 128
    assert len(main.asked) == 200


def test_a_component_is_asked_by_name_and_counts_what_it_could_not_take(runtime: Runtime) -> None:
    endpoint = runtime.serve([variant()])
    fleet = endpoint.fleets[0]
    del fleet.variants[0]["ModelName"]
    runtime.store.components["reviews"] = {
        "InferenceComponentName": "reviews",
        "EndpointName": "films",
        "VariantName": "main",
        "RuntimeConfig": {"CurrentCopyCount": 0},
    }
    assert "Inference Component Name header is required" in str(refused(runtime))
    assert refused(runtime, InferenceComponentName="nobody").code == "ValidationError"
    wanted = FleetModel(
        "123456789012",
        "us-east-1",
        "films",
        fleet.id,
        fleet.variants[0],
        runtime.model("reviews"),
        "reviews",
    )
    runtime.until(lambda: runtime.is_ready(wanted))
    error = refused(runtime, InferenceComponentName="reviews")
    assert "no capacity" in str(error)
    component = {"InferenceComponentName": "reviews"}
    assert runtime.metric("NoCapacityInvocationFailures", **component).total == 1
    runtime.store.components["reviews"]["RuntimeConfig"] = {"CurrentCopyCount": 2}
    assert runtime.invoke(InferenceComponentName="reviews")["Body"] == b'{"label":"positive"}'
    assert runtime.metric("InvocationsPerCopy", **component).total == 0.5


def test_requests_go_on_while_a_fleet_takes_the_place_of_another(runtime: Runtime) -> None:
    runtime.serve([variant()])
    stop, failures = threading.Event(), list[AwsError]()

    def ask() -> int:
        count = 0
        while not stop.is_set():
            try:
                runtime.invoke()
            except AwsError as error:
                failures.append(error)
            count += 1
        return count

    with ThreadPoolExecutor(8) as threads:
        counts = [threads.submit(ask) for _ in range(8)]
        try:
            for number in range(2, 6):
                runtime.serve([variant(ModelName=f"model-{number}")], config=f"films-v{number}")
        finally:
            stop.set()
        assert sum(each.result() for each in counts) > 0
    assert failures == []
