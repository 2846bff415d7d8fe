"""Captured requests and answers, in the layout and the lines that SageMaker writes."""

import base64
import json
import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local_aws.services.sagemaker_store import Properties
from local_aws.training.storage import split_uri

LOG = logging.getLogger(__name__)

_MAX_FILE_BYTES = 6 * 1024 * 1024


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    endpoint: str
    variant: str
    moment: datetime
    request: bytes
    request_type: str
    answer: bytes
    answer_type: str
    inference_id: str = ""
    custom_attributes: str = ""


@dataclass(frozen=True)
class _File:
    """The lines of one file share these."""

    uri: str
    kms_key: str
    region: str
    folder: str


@dataclass
class _Waiting:
    """The lines of a file that is not written yet."""

    since: datetime
    due: datetime
    lines: list[str] = field(default_factory=list)
    size: int = 0


class Captures:
    """Samples exchanges and writes them to S3 by the clock; safe for threads.

    A file is written `every` so much of the service time; its name tells when it was begun.
    """

    def __init__(
        self,
        s3_of: Callable[[str], Any],
        service_time: Callable[[], datetime],
        every: timedelta,
        draw: random.Random,
    ) -> None:
        self._s3_of = s3_of
        self._service_time = service_time
        self._every = every
        self._draw = draw
        self._lock = threading.Lock()
        self._waiting: dict[_File, _Waiting] = {}

    def add(self, region: str, config: Properties | None, exchange: Exchange) -> None:
        """Keep an exchange if the endpoint's DataCaptureConfig wants it and the draw takes it."""
        if not config or not config.get("EnableCapture", False):
            return
        with self._lock:
            drawn = 100 * self._draw.random() < config["InitialSamplingPercentage"]
        if not drawn:
            return
        file = _File(
            config["DestinationS3Uri"].rstrip("/"),
            config.get("KmsKeyId") or "",
            region,
            f"{exchange.endpoint}/{exchange.variant}/{exchange.moment:%Y/%m/%d/%H}",
        )
        text = line(config, exchange)
        with self._lock:
            waiting = self._waiting.get(file)
            if waiting is None:
                waiting = _Waiting(exchange.moment, self._service_time() + self._every)
                self._waiting[file] = waiting
            waiting.lines.append(text)
            waiting.size += len(text)

    def flush(self, *, all_of_them: bool = False) -> None:
        """Write the files whose time has come."""
        now = self._service_time()
        with self._lock:
            due = [
                file
                for file, waiting in self._waiting.items()
                if all_of_them or now >= waiting.due or waiting.size >= _MAX_FILE_BYTES
            ]
            ready = [(file, self._waiting.pop(file)) for file in due]
        for file, waiting in ready:
            self._write(file, waiting.lines, waiting.since)

    def _write(self, file: _File, lines: list[str], since: datetime) -> None:
        bucket, prefix = split_uri(file.uri)
        name = f"{since:%M-%S}-{since.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        key = "/".join(part for part in (prefix, file.folder, name) if part)
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": file.kms_key} if file.kms_key else {}
        )
        try:
            self._s3_of(file.region).put_object(
                Bucket=bucket, Key=key, Body="".join(lines).encode(), **encryption
            )
        except Exception:
            # Requests are answered all the same, as on AWS.
            LOG.exception("%d captured requests of %s are lost", len(lines), file.folder)


def line(config: Properties, exchange: Exchange) -> str:
    """Return the line of an exchange."""
    modes = {each["CaptureMode"] for each in config.get("CaptureOptions", ())}
    headers = config.get("CaptureContentTypeHeader") or {}
    captured: dict[str, Any] = {}
    if modes & {"Input", "InputAndOutput"}:
        captured["endpointInput"] = _side("INPUT", exchange.request, exchange.request_type, headers)
    if modes & {"Output", "InputAndOutput"}:
        captured["endpointOutput"] = _side("OUTPUT", exchange.answer, exchange.answer_type, headers)
    event: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.custom_attributes:
        event["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id:
        event["inferenceId"] = exchange.inference_id
    event["inferenceTime"] = f"{exchange.moment:%Y-%m-%dT%H:%M:%SZ}"
    whole = {"captureData": captured, "eventMetadata": event, "eventVersion": "0"}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False) + "\n"


def _side(mode: str, body: bytes, content_type: str, headers: Mapping[str, Any]) -> dict[str, str]:
    data, encoding = _encoded(body, content_type, headers)
    return {
        "observedContentType": content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }


def _encoded(body: bytes, content_type: str, headers: Mapping[str, Any]) -> tuple[str, str]:
    """Return a body as a line shows it: as text only where the configuration names its type."""
    kind = content_type.partition(";")[0].strip().lower()
    for member, encoding in (("JsonContentTypes", "JSON"), ("CsvContentTypes", "CSV")):
        if kind in {each.lower() for each in headers.get(member) or ()}:
            try:
                return body.decode(), encoding
            except UnicodeDecodeError:
                break
    return base64.b64encode(body).decode(), "BASE64"
