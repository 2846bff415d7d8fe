"""Captured requests as SageMaker writes them, and an endpoint in moto that has some."""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from moto import mock_aws

from thriftline.core.aws.buckets import Bucket
from thriftline.core.events import Event
from thriftline.core.message import Message
from thriftline.evaluation.reference_document import AnswerRows, Reference, Vocabulary
from thriftline.evaluation.text_measures import LENGTH_ENDS, UNKNOWN_ENDS, length_bin, words_of
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.capture_layout import hour_captures, hour_labels
from thriftline.serving.domain.versions import EndpointState, EndpointVersion
from thriftline.serving.steps.quality_sources import QualityRules, WatchSources

ENDPOINT, PROJECT = "thriftline-reviews", "reviews"
HOUR = datetime(2026, 11, 30, 10, tzinfo=UTC)
RUN_ID = "reviews-0123456789abcdef"
TEXT = "a warm film"


def body(value: Any, *, encoded: bool = False, lines: bool = False) -> dict[str, Any]:
    """One half of a captured line."""
    text = "".join(json.dumps(one) + "\n" for one in value) if lines else json.dumps(value)
    return {
        "observedContentType": "application/jsonlines" if lines else "application/json",
        "mode": "INPUT",
        "data": base64.b64encode(text.encode()).decode() if encoded else text,
        "encoding": "BASE64" if encoded else "JSON",
    }


def line(
    asked: dict[str, Any] | None,
    answered: dict[str, Any] | None,
    event: str = "e-1",
    inference: str | None = None,
) -> bytes:
    """One captured line."""
    data = {"endpointInput": asked, "endpointOutput": answered}
    whole = {
        "captureData": {name: one for name, one in data.items() if one is not None},
        "eventMetadata": {
            "eventId": event,
            **({"inferenceId": inference} if inference else {}),
            "inferenceTime": "2026-11-30T10:15:00Z",
        },
        "eventVersion": "0",
    }
    return json.dumps(whole).encode()


def answered(label: str, score: float = 0.95, *, truncated: bool = False) -> dict[str, Any]:
    """An answer of a model with one label a text."""
    return {"label": label, "score": score, "truncated": truncated}


def request(number: int, label: str, text: str = TEXT, score: float = 0.95) -> bytes:
    """A request with one text."""
    said = body(answered(label, score))
    return line(body({"text": text}), said, f"e-{number}", f"i-{number}")


def labelled(request_id: str, label: str) -> bytes:
    """A label that arrives later."""
    return json.dumps(
        {
            "groundTruthData": {"data": label, "encoding": "CSV"},
            "eventMetadata": {"eventId": request_id},
            "eventVersion": "0",
        }
    ).encode()


def reference(positive: int = 500, negative: int = 500) -> Reference:
    """The reference of a model whose test texts are all like ``TEXT``."""
    rows = positive + negative
    characters = [0] * (len(LENGTH_ENDS) + 1)
    characters[length_bin(len(TEXT))] = rows // 2
    characters[length_bin(len(TEXT)) + 2] = rows - rows // 2
    return Reference(
        run_id=RUN_ID,
        project=PROJECT,
        made_at=HOUR,
        rows=rows,
        accuracy=0.9,
        labels=("negative", "positive"),
        multi_label=False,
        answers=(
            AnswerRows(labels=("positive",), rows=positive),
            AnswerRows(labels=("negative",), rows=negative),
        ),
        other_answers=0,
        confidence=None,
        mean_confidence=None,
        text_rows=rows,
        characters=tuple(characters),
        tokens=None,
        truncated=None,
        unknown_words=(rows, *[0] * (len(UNKNOWN_ENDS) - 1)),
        vocabulary=Vocabulary(
            texts=rows,
            words=tuple(words_of(TEXT)),
            counts=(rows,) * 3,
        ),
    )


@dataclass
class FakeSpeaker:
    """Topic, bus and metrics: what was said."""

    messages: list[tuple[str, str]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    metrics: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.messages.append((message.title, message.text))


@dataclass
class FakeBus:
    speaker: FakeSpeaker

    def put(self, event: Event) -> None:
        source, detail_type = event.SOURCE, event.detail_type
        detail = event.model_dump_json()
        assert source == "thriftline.serving"
        self.speaker.events.append((detail_type, json.loads(detail)))


@dataclass
class FakeMetrics:
    speaker: FakeSpeaker

    def put(self, name: str, value: float, now: datetime, dimensions: dict[str, str]) -> None:
        assert now.tzinfo is not None
        self.speaker.metrics.append((name, value, dict(dimensions)))


@dataclass
class WatchedWorld:
    """An endpoint with captures, and the watch's sources."""

    artifacts: Bucket
    table: EndpointsTable
    said: FakeSpeaker
    s3: Any
    rules: QualityRules = field(default_factory=lambda: QualityRules(window_hours=1))
    most_bytes: int = 10**9

    @property
    def sources(self) -> WatchSources:
        return WatchSources(
            table=self.table,
            artifacts=self.artifacts,
            captured=Captured(self.s3, self.artifacts.name),
            metrics=FakeMetrics(self.said),  # type: ignore[arg-type]
            alerts=self.said,  # type: ignore[arg-type]
            bus=FakeBus(self.said),  # type: ignore[arg-type]
            rules_of=lambda _: self.rules,
            most_bytes=self.most_bytes,
        )

    def deploy(
        self, endpoint: str = ENDPOINT, number: int = 1, when: datetime | None = None
    ) -> None:
        """A version of the run in use since long ago."""
        version = EndpointVersion(
            number=number,
            config=f"{endpoint}-v{number}",
            model_name=f"{PROJECT}-v{number}",
            model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/reviews/1",
            registry_version=number,
            image="repo/image:1",
            artifact_uri=self.artifacts.uri(f"training/{RUN_ID}/job-01/output/model.tar.gz"),
            who="somebody",
            when=when or datetime(2026, 11, 1, tzinfo=UTC),
            why="it is better",
            deployment_id="d-1",
        )
        self.table.add_version(endpoint, version)
        state = EndpointState(endpoint, PROJECT, "real-time")
        self.table.update(
            endpoint, "endpoint", project=state.project, kind=state.kind, in_use=number
        )

    def keep_reference(self, document: Reference) -> None:
        key = f"training/{RUN_ID}/reference.json"
        self.artifacts.write_json(key, document.model_dump_json())

    def capture(
        self,
        lines: Iterable[bytes],
        hour: datetime = HOUR,
        name: str = "00-15-000",
        endpoint: str = ENDPOINT,
        variant: str = "main",
    ) -> None:
        key = f"{hour_captures(endpoint, variant, hour)}{name}.jsonl"
        self.artifacts.write(key, b"\n".join(lines) + b"\n", "application/jsonlines")

    def label(self, lines: Iterable[bytes], hour: datetime = HOUR, name: str = "a") -> None:
        key = f"{hour_labels(ENDPOINT, hour)}{name}.jsonl"
        self.artifacts.write(key, b"\n".join(lines), "application/jsonlines")

    def document(self, hour: datetime = HOUR, endpoint: str = ENDPOINT) -> dict[str, Any]:
        key = f"serving/{endpoint}/quality/{hour:%Y-%m-%dT%H}.json"
        found: dict[str, Any] = self.artifacts.read_json(key)
        return found


@contextmanager
def watched_world() -> Iterator[WatchedWorld]:
    """An empty bucket and table."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="endpoints",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "endpoint", "AttributeType": "S"},
                {"AttributeName": "item", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "endpoint", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
        )
        yield WatchedWorld(
            Bucket(s3, "artifacts"),
            EndpointsTable(dynamodb, "endpoints"),
            FakeSpeaker(),
            s3,
        )
