"""Captured requests: which, where, and in what form."""

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.serving.capture import Captures, Exchange, line
from tests.unit.local_aws.serving.fakes import FakeS3, Runtime, variant

CONFIG = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://artifacts/capture/",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
}
MOMENT = datetime(2026, 11, 30, 9, 7, 8, 123_000, tzinfo=UTC)


def exchange(**changes: Any) -> Exchange:
    values: dict[str, Any] = {
        "endpoint": "films",
        "variant": "main",
        "moment": MOMENT,
        "request": b'{"text": "warm"}',
        "request_type": "application/json",
        "answer": b'{"label": "positive"}',
        "answer_type": "application/json; charset=utf-8",
        "inference_id": "order-1",
    }
    return Exchange(**values | changes)


def test_a_line_has_both_sides_and_the_ids() -> None:
    said = json.loads(line(CONFIG, exchange()))
    event_id = said["eventMetadata"].pop("eventId")
    assert len(event_id) == 36
    assert said == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": '{"text": "warm"}',
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json; charset=utf-8",
                "mode": "OUTPUT",
                "data": '{"label": "positive"}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"inferenceId": "order-1", "inferenceTime": "2026-11-30T09:07:08Z"},
        "eventVersion": "0",
    }


def test_without_the_types_in_the_configuration_bodies_are_base64() -> None:
    config = {**CONFIG, "CaptureContentTypeHeader": {}}
    side = json.loads(line(config, exchange()))["captureData"]["endpointInput"]
    assert side["encoding"] == "BASE64"
    assert base64.b64decode(side["data"]) == b'{"text": "warm"}'


def test_only_the_sides_that_are_asked_for_are_kept() -> None:
    config = {**CONFIG, "CaptureOptions": [{"CaptureMode": "Output"}]}
    assert list(json.loads(line(config, exchange()))["captureData"]) == ["endpointOutput"]


@given(st.binary(max_size=200))
def test_every_body_can_be_read_back(body: bytes) -> None:
    text = line(CONFIG, exchange(request=body))
    assert text.count("\n") == 1
    side = json.loads(text)["captureData"]["endpointInput"]
    data = side["data"]
    read = base64.b64decode(data) if side["encoding"] == "BASE64" else data.encode()
    assert read == body


@pytest.mark.parametrize(("percent", "low", "high"), [(0, 0, 0), (100, 400, 400), (25, 65, 135)])
def test_a_part_of_the_requests_is_captured(percent: int, low: int, high: int) -> None:
    s3 = FakeS3()
    captures = Captures(lambda _: s3, lambda: MOMENT, timedelta(0), random.Random(3))
    for _ in range(400):
        captures.add("us-east-1", {**CONFIG, "InitialSamplingPercentage": percent}, exchange())
    captures.flush(all_of_them=True)
    lines = b"".join(s3.objects.values()).splitlines()
    assert low <= len(lines) <= high


@pytest.mark.parametrize("config", [None, {}, {**CONFIG, "EnableCapture": False}])
def test_nothing_is_captured_unless_the_configuration_says_so(config: Any) -> None:
    s3 = FakeS3()
    captures = Captures(lambda _: s3, lambda: MOMENT, timedelta(0), random.Random(3))
    captures.add("us-east-1", config, exchange())
    captures.flush(all_of_them=True)
    assert s3.objects == {}


def test_files_are_written_by_the_clock_and_by_the_hour() -> None:
    s3, now = FakeS3(), [MOMENT]
    captures = Captures(lambda _: s3, lambda: now[0], timedelta(seconds=60), random.Random(3))
    captures.add("us-east-1", CONFIG, exchange())
    captures.add("us-east-1", CONFIG, exchange(moment=MOMENT + timedelta(hours=1)))
    captures.add("us-east-1", CONFIG, exchange(variant="shadow"))
    now[0] += timedelta(seconds=59)
    captures.flush()
    assert s3.objects == {}
    now[0] += timedelta(seconds=1)
    captures.flush()
    keys = sorted(key for _, key in s3.objects)
    assert [key.rpartition("/")[0] for key in keys] == [
        "capture/films/main/2026/11/30/09",
        "capture/films/main/2026/11/30/10",
        "capture/films/shadow/2026/11/30/09",
    ]
    assert keys[0].rpartition("/")[2].startswith("07-08-123-")
    assert keys[0].endswith(".jsonl")


def test_requests_and_shadow_copies_are_captured_by_variant(runtime: Runtime) -> None:
    runtime.serve(
        [variant()],
        DataCaptureConfig=CONFIG,
        ShadowProductionVariants=[variant("shadow")],
    )
    runtime.invoke(InferenceId="order-7")

    def lines() -> dict[str, Any]:
        return {
            key.split("/")[2]: json.loads(body)
            for (bucket, key), body in runtime.s3.objects.items()
            if bucket == "artifacts"
        }

    def look() -> bool:
        runtime.pass_time(timedelta(seconds=61))
        return set(lines()) == {"main", "shadow"}

    runtime.until(look)
    ids = {name: each["eventMetadata"]["inferenceId"] for name, each in lines().items()}
    assert ids == {"main": "order-7", "shadow": "order-7"}
