"""Multi-model endpoints: a model comes when it is asked for, and goes when memory is short."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_aws.http.own_calls import AwsError
from local_aws.serving.process import Reply
from tests.unit.local_aws.serving.archives import archive
from tests.unit.local_aws.serving.fakes import JSON_REPLY, Runtime, variant

BOTH = {"EndpointName": "films", "VariantName": "main"}


class Program:
    """The routes of a multi-model container that has room for two models."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if method == "DELETE":
            self.loaded.remove(path.removeprefix("/models/"))
            return Reply(200)
        if path == "/models":
            if len(self.loaded) == 2:
                return Reply(507)
            self.loaded.append(json.loads(body)["model_name"])
            return Reply(200)
        name = path.removeprefix("/models/").removesuffix("/invoke")
        target = headers.get("X-Amzn-SageMaker-Target-Model", "")
        return Reply(200 if name in self.loaded else 404, target.encode(), JSON_REPLY)


def serve(runtime: Runtime, answer: Any) -> None:
    runtime.starter.answer = answer
    for name in ("a", "b", "c"):
        runtime.s3.objects["models", f"many/{name}.tar.gz"] = archive(config=name.encode())
    container = {"Mode": "MultiModel", "ModelDataUrl": "s3://models/many/", "Image": "image"}
    runtime.models["model-main"] = runtime.model("model-main", **container)
    runtime.serve([variant()])


def test_each_model_is_loaded_once_and_answers(runtime: Runtime) -> None:
    serve(runtime, Program())
    for name in ("a", "b", "a"):
        assert runtime.invoke(TargetModel=f"{name}.tar.gz")["Body"] == f"{name}.tar.gz".encode()
    hits = runtime.metric("ModelCacheHit", **BOTH)
    assert (hits.total, hits.count) == (1, 3)
    assert runtime.metric("ModelLoadingTime", **BOTH).count == 2
    assert runtime.starter.started[0].spec.is_multi_model


def test_the_model_that_was_not_asked_for_lately_makes_room(runtime: Runtime) -> None:
    program = Program()
    serve(runtime, program)
    for name in ("a", "b", "a", "c"):
        runtime.invoke(TargetModel=f"{name}.tar.gz")
    first = list(program.loaded)
    assert runtime.invoke(TargetModel="a.tar.gz")["Body"] == b"a.tar.gz"
    assert program.loaded == first
    assert runtime.invoke(TargetModel="b.tar.gz")["Body"] == b"b.tar.gz"


def test_a_model_that_is_not_there_is_a_validation_error(runtime: Runtime) -> None:
    serve(runtime, Program())
    with pytest.raises(AwsError, match=r"bucket: models, key: many/d.tar.gz") as caught:
        runtime.invoke(TargetModel="d.tar.gz")
    assert caught.value.code == "ValidationError"


def test_a_target_model_is_named_where_there_are_several_and_nowhere_else(
    runtime: Runtime,
) -> None:
    serve(runtime, Program())
    with pytest.raises(AwsError, match="name the model by the target model header"):
        runtime.invoke()
    runtime.models.clear()
    runtime.serve([variant()])
    with pytest.raises(AwsError, match="is not a multi-model endpoint"):
        runtime.invoke(TargetModel="a.tar.gz")


def test_an_image_without_the_routes_is_not_done(runtime: Runtime) -> None:
    serve(runtime, lambda *_: Reply(404))
    with pytest.raises(AwsError) as caught:
        runtime.invoke(TargetModel="a.tar.gz")
    assert caught.value.status == 501
