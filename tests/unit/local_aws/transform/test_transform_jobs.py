"""Transform jobs of the embedded AWS, with a container that is a function."""

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_transform import SageMakerTransform, _charge, refuse
from local_aws.transform.payloads import PayloadError, assembled, payloads, unpacked
from local_aws.transform.record import TransformJob
from local_aws.transform.run import TransformError, TransformRun, World

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:transform-job/t"


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes = b""


class Bucket:
    """S3, as far as a job needs it."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)
        self.options: dict[str, Any] = {}

    def get_paginator(self, _name: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        found = [(key, each) for key, each in self.objects.items() if key.startswith(Prefix)]
        yield {"Contents": [{"Key": key, "Size": len(each)} for key, each in found]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **options: Any) -> None:
        self.objects[Key] = Body
        self.options = options


def shout(body: bytes) -> Said:
    """Answers each line in capitals."""
    return Said(200, b"\n".join(line.upper() for line in body.split(b"\n")))


@dataclass
class Place:
    """Where a job runs."""

    bucket: Bucket
    answer: Callable[[bytes], Said] = shout
    bodies: list[bytes] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    announced: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    fails: str = ""

    @contextmanager
    def open(
        self, _region: str, _job: TransformJob, environment: Mapping[str, str]
    ) -> Iterator[Callable[[bytes, Mapping[str, str], float], Said]]:
        if self.fails:
            raise TransformError(self.fails)
        self.environment = dict(environment)
        yield self.send

    def send(self, body: bytes, headers: Mapping[str, str], _seconds: float) -> Said:
        self.bodies.append(body)
        self.headers = dict(headers)
        return self.answer(body)

    def run(self, job: TransformJob) -> None:
        world = World(
            client=lambda _service, _region: self.bucket,
            now=lambda: NOW + timedelta(minutes=3),
            service_time=lambda: NOW + timedelta(hours=1 if self.bodies else 0),
            write_log=lambda _group, _stream, lines: self.lines.extend(lines),
            announce=lambda _region, job: self.announced.append(job.status),
        )
        TransformRun(world, self, job, "us-east-1").run()


def asked(**changes: Any) -> dict[str, Any]:
    request = {
        "TransformJobName": "t",
        "ModelName": "m",
        "BatchStrategy": "SingleRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/texts/"}},
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://in/answers",
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
    }
    return {**request, **changes}


def job_of(**changes: Any) -> TransformJob:
    return TransformJob(asked(**changes), ARN, {"ModelName": "m"}, NOW)


@pytest.fixture
def place() -> Place:
    return Place(Bucket({"texts/a.jsonl": b"one\ntwo\n", "texts/b/c.jsonl": b"three", "x": b"no"}))


def test_every_object_comes_back_below_the_output_path(place: Place) -> None:
    job = job_of()
    place.run(job)
    assert place.bucket.objects["answers/a.jsonl.out"] == b"ONE\nTWO\n"
    assert place.bucket.objects["answers/b/c.jsonl.out"] == b"THREE\n"
    assert sorted(place.bodies) == [b"one", b"three", b"two"]
    described = job.describe()
    assert described["TransformJobStatus"] == "Completed"
    assert described["TransformStartTime"] == described["TransformEndTime"]
    assert place.announced == ["InProgress", "Completed"]
    assert "texts/a.jsonl: 2 requests, 8 bytes" in place.lines


def test_the_container_is_told_that_it_is_a_batch(place: Place) -> None:
    place.run(job_of(MaxPayloadInMB=7, MaxConcurrentTransforms=3, Environment={"A": "b"}))
    assert place.environment == {
        "A": "b",
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "7",
    }
    assert place.headers == {
        "Content-Type": "application/jsonlines",
        "Accept": "application/jsonlines",
    }


def test_several_records_share_a_request(place: Place) -> None:
    place.run(job_of(BatchStrategy="MultiRecord"))
    assert place.bodies == [b"one\ntwo", b"three"]


def test_gzip_is_unpacked_and_a_key_encrypts(place: Place) -> None:
    place.bucket.objects = {"texts/a.gz": gzip.compress(b"one\ntwo")}
    request = asked()
    request["TransformInput"]["CompressionType"] = "Gzip"
    request["TransformOutput"]["KmsKeyId"] = "key"
    place.run(TransformJob(request, ARN, {}, NOW))
    assert place.bucket.objects["answers/a.gz.out"] == b"ONE\nTWO\n"
    assert place.bucket.options["SSEKMSKeyId"] == "key"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Said(400, b"text is blank"), "ClientError: texts/a.jsonl: the model answered 400: text"),
        (Said(500, b"oh"), "AlgorithmError: texts/a.jsonl: the model answered 500: oh"),
    ],
)
def test_an_answer_that_is_none_fails_the_job(place: Place, answer: Said, reason: str) -> None:
    place.answer = lambda _body: answer
    job = job_of()
    place.run(job)
    assert job.describe()["TransformJobStatus"] == "Failed"
    assert job.describe()["FailureReason"].startswith(reason)
    assert not [key for key in place.bucket.objects if key.startswith("answers/")]
    assert place.announced == ["InProgress", "Failed"]


def test_a_server_error_is_tried_again_as_often_as_the_job_says(place: Place) -> None:
    answers = [Said(503), Said(500)]
    place.bucket.objects = {"texts/a": b"one"}
    place.answer = lambda body: answers.pop(0) if answers else shout(body)
    job = job_of(ModelClientConfig={"InvocationsMaxRetries": 2})
    place.run(job)
    assert job.status == "Completed"
    assert len(place.bodies) == 3


def test_a_container_that_does_not_start_and_no_objects_fail_the_job(place: Place) -> None:
    place.fails = "AlgorithmError: no ping"
    job = job_of()
    place.run(job)
    assert (job.status, job.failure) == ("Failed", "AlgorithmError: no ping")
    assert job.describe().get("TransformStartTime") is None
    place.bucket.objects = {}
    job = job_of()
    place.run(job)
    assert "No S3 objects found" in job.failure


def test_a_job_that_is_stopped_keeps_what_it_has_and_goes_no_further(place: Place) -> None:
    job = job_of()

    def answer(body: bytes) -> Said:
        job.stop(NOW)
        return shout(body)

    place.answer = answer
    place.run(job)
    assert job.describe()["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job.describe()
    assert job.stop(NOW) is False
    assert not [key for key in place.bucket.objects if key.startswith("answers/b")]


def test_the_bill_is_instances_by_the_hours_of_the_service_time(place: Place) -> None:
    job = job_of()
    place.run(job)
    charge = _charge(job, "123456789012", "us-east-1", NOW, NOW.date())
    assert charge is not None
    assert charge.quantity == 2
    assert charge.usage_type == "Tsform:ml.m5.xlarge"
    assert charge.usd == 2 * Decimal("0.23")


# ---- Refusals


def changed(path: str, value: Any) -> dict[str, Any]:
    request = json.loads(json.dumps(asked()))
    *folders, name = path.split(".")
    inner = request
    for folder in folders:
        inner = inner.setdefault(folder, {})
    inner[name] = value
    return dict(request)


@pytest.mark.parametrize(
    ("path", "value", "code", "said"),
    [
        ("MaxPayloadInMB", 101, "ValidationException", "must be at most 100 MB"),
        ("MaxPayloadInMB", 0, "NotImplemented", "Chunked"),
        ("MaxConcurrentTransforms", 20, "ValidationException", "they are 20 and 6"),
        ("TransformInput.SplitType", "RecordIO", "NotImplemented", "RecordIO"),
        (
            "TransformInput.DataSource.S3DataSource.S3DataType",
            "ManifestFile",
            "NotImplemented",
            "ManifestFile",
        ),
        ("DataProcessing.JoinSource", "Input", "NotImplemented", "joins"),
        ("TransformResources.InstanceType", "m5", "ValidationException", "m5 is no instance"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    path: str, value: Any, code: str, said: str
) -> None:
    with pytest.raises(AwsError, match=said) as refused:
        refuse(changed(path, value))
    assert refused.value.code == code
    refuse(asked())


def test_whole_objects_cannot_be_gathered() -> None:
    request = changed("BatchStrategy", "MultiRecord")
    del request["TransformInput"]["SplitType"]
    with pytest.raises(AwsError, match="MultiRecord needs a SplitType"):
        refuse(request)


def test_nothing_is_pretended_where_nothing_can_be_served() -> None:
    assert SageMakerTransform.__init__.__annotations__["stores"]
    names = {"CreateTransformJob", "DescribeTransformJob", "ListTransformJobs", "StopTransformJob"}
    assert set(SageMakerTransform(None).operations()) == names  # type: ignore[arg-type]


# ---- Payloads


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: b"\n" not in b), max_size=30))
def test_no_record_is_lost_and_no_payload_is_too_large(records: list[bytes]) -> None:
    content = b"\n".join(records)
    found = payloads(content, split="Line", strategy="MultiRecord", most_bytes=25)
    assert [line for each in found for line in each.split(b"\n")] == records
    assert all(len(each) <= 25 for each in found)
    assert payloads(content, split="Line", strategy="SingleRecord", most_bytes=25) == records


def test_a_record_that_is_too_large_is_named() -> None:
    with pytest.raises(PayloadError, match="Record 2 has 9 bytes"):
        payloads(b"a\n123456789", split="Line", strategy="MultiRecord", most_bytes=8)
    with pytest.raises(PayloadError, match="The object has 9 bytes"):
        payloads(b"123456789", split="None", strategy="SingleRecord", most_bytes=8)


def test_answers_are_lines_where_that_is_asked_for() -> None:
    assert assembled([b"a", b"b\n"], "Line") == b"a\nb\n"
    assert assembled([b"a", b"b\n"], "None") == b"ab\n"
    with pytest.raises(PayloadError, match="not gzip"):
        unpacked(b"plain", "Gzip")
