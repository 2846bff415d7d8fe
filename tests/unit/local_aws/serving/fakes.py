"""An embedded runtime with containers that are functions, and a bucket that is a dictionary."""

import io
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.clock import Clock
from local_aws.http.callers import Caller
from local_aws.http.own_calls import Request
from local_aws.services.metric_store import MetricKey, MetricStore, StatisticSet
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import (
    Endpoint,
    Fleet,
    FleetState,
    Properties,
    SageMakerStore,
)
from local_aws.services.serving_port import FleetModel, State
from local_aws.serving.container import ContainerSpec
from local_aws.serving.measures import NAMESPACE
from local_aws.serving.options import ServingOptions
from local_aws.serving.process import Reply
from local_aws.serving.runtime import Serving, World

ACCOUNT, REGION = "123456789012", "us-east-1"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
# Far more than anything takes; a test fails, not a timing.
PATIENCE_SECONDS = 30
JSON_REPLY = {"content-type": "application/json"}

Answer = Callable[[str, str, bytes, Mapping[str, str]], Reply]


def classify(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    return Reply(200, b'{"label":"positive"}', JSON_REPLY)


@dataclass
class FakeContainer:
    """Answers by a function."""

    spec: ContainerSpec
    answer: Answer
    on_line: Callable[[str], None]
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    ends_with: int | None = None
    is_ready: bool = True
    is_reaped: bool = False
    memory: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def ready(self) -> bool:
        return self.is_ready

    def poll(self) -> int | None:
        return self.ends_with

    def request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        self.asked.append((method, path, body, dict(headers)))
        return self.answer(method, path, body, headers)

    def memory_bytes(self) -> int | None:
        return self.memory

    def close(self) -> None:
        self.ended.set()

    def kill(self) -> None:
        self.ended.set()

    def reap(self) -> None:
        self.is_reaped = True


@dataclass
class FakeStarter:
    """Starts fakes, and keeps them in order."""

    answer: Answer = classify
    started: list[FakeContainer] = field(default_factory=list)
    is_ready: bool = True
    ends_with: int | None = None
    memory: int | None = None

    def __call__(
        self, spec: ContainerSpec, scratch: Path, on_line: Callable[[str], None]
    ) -> FakeContainer:
        container = FakeContainer(
            spec,
            lambda *asked: self.answer(*asked),
            on_line,
            is_ready=self.is_ready,
            ends_with=self.ends_with,
            memory=self.memory,
        )
        self.started.append(container)
        return container


class FakeS3:
    """Objects by bucket and key; what has a closed word in its key cannot be written."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.closed: set[str] = set()

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"ETag": str(hash(self._get(Bucket, Key)))}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._get(Bucket, Key))}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_: str) -> None:
        if any(word in Key for word in self.closed):
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "PutObject")
        self.objects[Bucket, Key] = Body

    def download_file(self, bucket: str, key: str, file: str, **_: Any) -> None:
        Path(file).write_bytes(self._get(bucket, key))

    def get_paginator(self, _: str) -> "FakeS3":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = [
            {"Key": key, "ETag": str(hash(body))}
            for (bucket, key), body in self.objects.items()
            if bucket == Bucket and key.startswith(Prefix)
        ]
        return [{"Contents": found}]

    def _get(self, bucket: str, key: str) -> bytes:
        if (bucket, key) not in self.objects:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "GetObject")
        return self.objects[bucket, key]


class FakeSns:
    """Messages by topic."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def publish(self, TopicArn: str, Message: str) -> None:
        self.messages.append((TopicArn, Message))


@dataclass
class Runtime:
    """A runtime under test."""

    serving: Serving
    starter: FakeStarter
    s3: FakeS3
    sns: FakeSns
    store: SageMakerStore
    metrics: MetricStore
    time: datetime
    logs: list[tuple[str, str, list[str]]]
    models: dict[str, Properties] = field(default_factory=dict)

    def serve(self, variants: list[Properties], **settings: Any) -> Endpoint:
        """Let an endpoint `films` serve; each variant has a model of its own."""
        fleet = Fleet(
            config=settings.pop("config", "films-v1"),
            settings={"ProductionVariants": variants, **settings},
            models={each["ModelName"]: self.model_of(each) for each in variants},
            instances={
                each["VariantName"]: each.get("InitialInstanceCount", 0) for each in variants
            },
            weights={
                each["VariantName"]: each.get("InitialVariantWeight", 1.0) for each in variants
            },
            shares={each["VariantName"]: 1.0 for each in variants},
            state=FleetState.SERVING,
            since=NOW,
        )
        for shadow in fleet.shadows:
            fleet.models[shadow["ModelName"]] = self.model(shadow["ModelName"])
            fleet.weights[shadow["VariantName"]] = shadow.get("InitialVariantWeight", 1.0)
        endpoint = self.store.endpoints.setdefault(
            "films", Endpoint("films", "arn", fleet.config, "InService", NOW, NOW, [])
        )
        self.start(endpoint, fleet)
        former, endpoint.fleets = endpoint.fleets, [fleet]
        for each in former:
            each.state = FleetState.GONE
        return endpoint

    def model_of(self, variant: Properties) -> Properties:
        """Return the model of a variant: one that a test has made, or an ordinary one."""
        name = variant["ModelName"]
        return self.models.get(name) or self.model(name)

    def model(self, name: str, **container: Any) -> Properties:
        """Return a model whose files lie in the bucket."""
        self.s3.objects["models", f"{name}/config.json"] = name.encode()
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://models/{name}/"}
        default = {"Image": "image", "ModelDataSource": {"S3DataSource": source}}
        return {"ModelName": name, "PrimaryContainer": container or default}

    def start(self, endpoint: Endpoint, fleet: Fleet) -> None:
        """Wait until all containers of a fleet answer."""
        for each in (*fleet.variants, *fleet.shadows):
            model = fleet.models[each["ModelName"]]
            wanted = FleetModel(ACCOUNT, REGION, endpoint.name, fleet.id, each, model)
            self.until(partial(self.is_ready, wanted))

    def is_ready(self, wanted: FleetModel) -> bool:
        return self.serving.provide(wanted).state is State.READY

    def invoke(self, body: bytes = b"{}", operation: str = "InvokeEndpoint", **more: Any) -> Any:
        parameters = {"EndpointName": "films", "ContentType": "application/json", **more}
        if body:
            parameters["Body"] = body
        request = Request(Caller(ACCOUNT, REGION), NOW, parameters)
        return self.serving.operations()[operation](request)

    def metric(self, name: str, **dimensions: str) -> StatisticSet:
        """Wait for a metric and return its samples of all minutes."""
        key = MetricKey(NAMESPACE, name, frozenset(dimensions.items()))
        self.until(lambda: key in self.metrics.series)
        found = StatisticSet()
        for samples in self.metrics.series[key].put.values():
            found.merge(samples)
        return found

    def pass_time(self, step: timedelta) -> None:
        self.time += step

    def until(self, look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := look()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)
        return value


def make_runtime(scratch: Path, **options: Any) -> Runtime:
    s3, sns, starter = FakeS3(), FakeSns(), FakeStarter()
    stores: Places[SageMakerStore] = Places(SageMakerStore)
    metrics: Places[MetricStore] = Places(MetricStore)
    logs: list[tuple[str, str, list[str]]] = []
    runtime: list[Runtime] = []
    world = World(
        stores=stores,
        metrics=metrics,
        client=lambda service, _: {"s3": s3, "sns": sns}[service],
        lock=lambda _: nullcontext(),
        clock=Clock(lambda: runtime[0].time if runtime else NOW),
        write_log=lambda group, stream, lines: logs.append((group, stream, list(lines))),
        scratch=scratch,
        region=REGION,
    )
    serving = Serving(world, ServingOptions(command=["serve"], **options), starter)
    made = Runtime(
        serving,
        starter,
        s3,
        sns,
        stores.at(ACCOUNT, REGION),
        metrics.at(ACCOUNT, REGION),
        NOW,
        logs,
    )
    runtime.append(made)
    return made


def variant(name: str = "main", **more: Any) -> Properties:
    return {
        "VariantName": name,
        "ModelName": f"model-{name}",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        **more,
    }
