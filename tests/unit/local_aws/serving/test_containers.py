"""Containers: shared by fleets, started anew, ended when nobody needs them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_aws.services.sagemaker_store import FleetState, Properties
from local_aws.services.serving_port import FleetModel, Readiness, State
from local_aws.serving.container import ContainerError, container_of
from tests.unit.local_aws.serving.archives import archive
from tests.unit.local_aws.serving.fakes import ACCOUNT, REGION, Runtime, make_runtime, variant


def wanted(model: Properties, fleet: str = "one", **more: Any) -> FleetModel:
    return FleetModel(ACCOUNT, REGION, "films", fleet, variant(**more), model)


def settled(runtime: Runtime, asked: FleetModel) -> Readiness:
    """Ask until it is no longer being started."""

    def look() -> Readiness | None:
        found = runtime.serving.provide(asked)
        return None if found.state is State.STARTING else found

    found: Readiness = runtime.until(look)
    return found


def test_fleets_of_the_same_artifact_share_a_container(runtime: Runtime) -> None:
    model = runtime.model("a")
    for fleet in ("one", "two"):
        assert settled(runtime, wanted(model, fleet)).state is State.READY
    assert len(runtime.starter.started) == 1
    settled(runtime, wanted(runtime.model("b"), "three"))
    assert len(runtime.starter.started) == 2


def test_an_artifact_that_has_changed_gets_a_container_of_its_own(runtime: Runtime) -> None:
    model = runtime.model("a")
    settled(runtime, wanted(model, "one"))
    runtime.s3.objects["models", "a/config.json"] = b"changed"
    settled(runtime, wanted(model, "two"))
    assert len(runtime.starter.started) == 2


def test_an_archive_is_unpacked_where_the_program_looks(runtime: Runtime, tmp_path: Path) -> None:
    runtime.s3.objects["models", "v1/model.tar.gz"] = archive(config=b"{}", onnx__w=b"1")
    model = {"PrimaryContainer": {"ModelDataUrl": "s3://models/v1/model.tar.gz"}}
    assert settled(runtime, wanted(model)).state is State.READY
    found = {
        each.name: each.read_bytes() for each in tmp_path.rglob("model/**/*") if each.is_file()
    }
    assert found == {"config": b"{}", "w": b"1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, 'Failed to download model data for container "container_1" from URL: "s3://models'),
        (b"no archive", "valid tar.gz archive"),
        (archive(**{"..__out": b"1"}), "valid tar.gz archive"),
    ],
    ids=["none", "no archive", "one that leaves its folder"],
)
def test_an_artifact_that_cannot_be_had_fails_the_fleet(
    runtime: Runtime, content: bytes | None, words: str
) -> None:
    if content is not None:
        runtime.s3.objects["models", "v1/model.tar.gz"] = content
    model = {"PrimaryContainer": {"ModelDataUrl": "s3://models/v1/model.tar.gz"}}
    found = settled(runtime, wanted(model))
    assert found.state is State.FAILED
    assert words in found.reason
    assert runtime.starter.started == []


def test_an_artifact_that_is_gone_fails_the_next_fleet_and_the_first_serves_on(
    runtime: Runtime,
) -> None:
    endpoint = runtime.serve([variant()])
    model = endpoint.fleets[0].models["model-main"]
    runtime.s3.objects.clear()
    assert settled(runtime, wanted(model, "two")).state is State.FAILED
    assert runtime.invoke()


def test_a_container_that_ends_before_it_answers_fails_the_fleet(runtime: Runtime) -> None:
    runtime.starter.is_ready, runtime.starter.ends_with = False, 1
    found = settled(runtime, wanted(runtime.model("a")))
    assert found.state is State.FAILED
    assert "did not pass the ping health check" in found.reason
    # The next fleet tries again.
    runtime.starter.is_ready, runtime.starter.ends_with = True, None
    assert settled(runtime, wanted(runtime.model("a"), "two")).state is State.READY


@pytest.mark.parametrize(("memory", "state"), [(1024, State.READY), (1025, State.FAILED)])
def test_a_serverless_variant_has_so_much_memory(
    runtime: Runtime, memory: int, state: State
) -> None:
    runtime.starter.memory = memory * 1024 * 1024
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    asked = wanted(runtime.model("a"), ServerlessConfig=serverless)
    assert settled(runtime, asked).state is state
    # An instance has more, however much that is.
    assert settled(runtime, wanted(runtime.model("a"), "two")).state is State.READY


def test_a_container_that_ends_while_it_serves_is_started_anew(runtime: Runtime) -> None:
    runtime.serve([variant()])
    runtime.starter.started[0].ends_with = 1
    runtime.until(lambda: len(runtime.starter.started) == 2)
    runtime.until(lambda: runtime.serving.shared.running() == runtime.starter.started[1:])
    assert runtime.starter.started[0].is_reaped


def test_a_container_that_no_fleet_needs_ends_after_a_while(tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path, idle_seconds=0.0)
    endpoint = runtime.serve([variant()])
    runtime.serve([variant(ModelName="model-2")], config="films-v2")
    first, second = runtime.starter.started
    assert runtime.until(first.ended.is_set)
    assert not second.ended.is_set()
    endpoint.fleets[0].state = FleetState.GONE
    assert runtime.until(second.ended.is_set)
    runtime.serving.close()


def test_the_container_of_a_component_lives_as_long_as_the_component(tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path, idle_seconds=0.0)
    runtime.serve([variant()])
    for key, model in (("reviews", "a"), ("reviews#1", "b")):
        of_component = replace(wanted(runtime.model(model)), component=key)
        assert settled(runtime, of_component).state is State.READY
    components = runtime.store.components
    components["reviews"] = {
        "EndpointName": "films",
        "_key": "reviews",
        "_next": {"_key": "reviews#1"},
    }
    _, first, second = runtime.starter.started
    assert not first.ended.wait(1.5)
    components["reviews"] = {"EndpointName": "films", "_key": "reviews#1"}
    assert runtime.until(first.ended.is_set)
    assert not second.ended.is_set()
    components.clear()
    assert runtime.until(second.ended.is_set)
    runtime.serving.close()


def test_no_container_outlives_the_runtime(tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    runtime.serve([variant(), variant("challenger")])
    runtime.serving.close()
    assert [each.ended.is_set() for each in runtime.starter.started] == [True, True]


def test_a_container_that_is_being_started_ends_with_the_runtime(tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    runtime.starter.is_ready = False
    for name in ("a", "b"):
        runtime.serving.provide(wanted(runtime.model(name), name))
    runtime.until(lambda: runtime.starter.started)
    runtime.serving.close()
    # The second one waited for the first, and is never started.
    assert [each.ended.is_set() for each in runtime.starter.started] == [True]


def test_lines_of_a_container_go_to_the_log_group_of_each_endpoint(runtime: Runtime) -> None:
    runtime.serve([variant()])
    runtime.starter.started[0].on_line("ready")
    runtime.starter.started[0].on_line("request")

    def told() -> list[str]:
        return [
            line for group, _, lines in runtime.logs for line in lines if group.endswith("/films")
        ]

    runtime.until(lambda: told() == ["ready", "request"])
    group, stream, _ = runtime.logs[0]
    assert group == "/aws/sagemaker/Endpoints/films"
    assert stream.startswith("main/i-")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"ModelName": "m"}, "m has 0"),
        ({"Containers": [{}, {}]}, "has 2"),
        ({"PrimaryContainer": {"Image": "i"}}, "names no model data"),
        (
            {"PrimaryContainer": {"ModelDataUrl": "s3://a/b", "Environment": {"LD_PRELOAD": "x"}}},
            "LD_PRELOAD",
        ),
        (
            {
                "PrimaryContainer": {
                    "Mode": "MultiModel",
                    "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://a/"}},
                }
            },
            "multi-model",
        ),
    ],
)
def test_a_model_that_cannot_be_served_says_why(model: Properties, words: str) -> None:
    with pytest.raises(ContainerError, match=words):
        container_of(model, lambda _: {})


def test_a_version_of_the_registry_says_how_its_container_is_made() -> None:
    described = {
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {
            "Containers": [
                {"Image": "i", "ModelDataUrl": "s3://a/b.tar.gz", "Environment": {"A": "1"}}
            ]
        },
    }
    model = {"Containers": [{"ModelPackageName": "arn:version", "Environment": {"B": "2"}}]}
    spec = container_of(model, {"arn:version": described}.__getitem__)
    assert (spec.image, spec.artifact, spec.is_archive) == ("i", "s3://a/b.tar.gz", True)
    assert spec.environment == (("A", "1"), ("B", "2"))
    described["ModelApprovalStatus"] = "Rejected"
    with pytest.raises(ContainerError, match="not approved"):
        container_of(model, {"arn:version": described}.__getitem__)
