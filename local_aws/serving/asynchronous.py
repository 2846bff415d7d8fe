"""InvokeEndpointAsync: requests wait in a line, and their answers become objects."""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.sagemaker_store import Endpoint, FleetState
from local_aws.serving import answers
from local_aws.serving.capture import Captures
from local_aws.serving.invocations import Sender, Sent, error_of, exchange_of, headers_of
from local_aws.serving.measures import Measures, dimensions
from local_aws.serving.notices import Notices, Outcome
from local_aws.serving.process import Reply
from local_aws.serving.request_metrics import RequestMetrics
from local_aws.serving.routing import Router, Target
from local_aws.training.storage import split_uri

LOG = logging.getLogger(__name__)

_DEFAULT_TTL = 6 * 3600
_DEFAULT_TIMEOUT = 900
# SageMaker chooses where the configuration does not; what it chooses is not documented.
_DEFAULT_CONCURRENCY = 4
_MOST_AT_ONCE = 64
_WAIT_SECONDS = 0.2
_MILLISECONDS = 1000.0


@dataclass
class Waiting:
    """One request in the line."""

    request: Request
    endpoint: Endpoint
    inference_id: str
    output: str
    failure: str
    received: datetime
    expires: datetime
    seconds: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Whose line it stands in."""
        return (self.request.account, self.request.region, self.endpoint.name)


@dataclass
class Line:
    """The requests of one endpoint that are not answered yet."""

    endpoint: Endpoint
    waiting: deque[Waiting] = field(default_factory=deque)
    running: int = 0

    @property
    def backlog(self) -> int:
        """How many wait or are being answered."""
        return len(self.waiting) + self.running

    def instances(self) -> int:
        """Return how many instances the endpoint has."""
        return sum(
            sum(fleet.instances.values())
            for fleet in self.endpoint.fleets
            if fleet.state is FleetState.SERVING
        )

    def places(self) -> int:
        """Return how many requests may run at once."""
        fleet = self.endpoint.fleet
        config = fleet.settings.get("AsyncInferenceConfig", {}) if fleet else {}
        most = config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance")
        return int(most or _DEFAULT_CONCURRENCY) * self.instances()


class AsyncInvocations:
    """The call that asks a model and does not wait, and what answers in the end."""

    def __init__(
        self,
        router: Router,
        sender: Sender,
        metrics: RequestMetrics,
        measures: Measures,
        captures: Captures,
        notices: Notices,
        s3_of: Callable[[str], Any],
        clock: Callable[[], datetime],
        service_time: Callable[[], datetime],
    ) -> None:
        self._router = router
        self._sender = sender
        self._metrics = metrics
        self._measures = measures
        self._captures = captures
        self._notices = notices
        self._s3_of = s3_of
        self._clock = clock
        self._service_time = service_time
        self._changed = threading.Condition()
        self._lines: dict[tuple[str, str, str], Line] = {}
        self._closed = False
        self._workers = ThreadPoolExecutor(_MOST_AT_ONCE, "async")
        self._thread = threading.Thread(target=self._run, name="async-line", daemon=True)
        self._thread.start()

    def operations(self) -> dict[str, Operation]:
        """Return the call by its name."""
        return {"InvokeEndpointAsync": self._invoke}

    def close(self) -> None:
        """Answer nobody any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def gauge(self) -> None:
        """Put the lengths of all lines into CloudWatch, by endpoint."""
        now = self._service_time()
        with self._changed:
            for (account, region, name), line in self._lines.items():
                values = gauges(line, now)
                self._measures.add(account, region, [dimensions(EndpointName=name)], values)

    def watch(self, account: str, region: str, endpoint: Endpoint) -> None:
        """Let an endpoint have a line, so that its length is known before the first request."""
        with self._changed:
            self._line((account, region, endpoint.name), endpoint)

    def forget(self, alive: set[tuple[str, str, str]]) -> None:
        """Drop the lines of endpoints that are gone."""
        with self._changed:
            for key in set(self._lines) - alive:
                if not self._lines[key].running:
                    del self._lines[key]

    def _invoke(self, request: Request) -> dict[str, Any]:
        endpoint = self._router.endpoint(request, is_async=True)
        body, location = request.get("Body", b""), request.get("InputLocation")
        if bool(body) == bool(location):
            raise answers.invalid("Give either InputLocation or Body, and not both.")
        if len(body) > answers.MAX_INLINE_BYTES:
            raise answers.too_long(answers.MAX_INLINE_BYTES)
        if location and not location.startswith("s3://"):
            raise answers.not_done("reads an InputLocation in S3 alone")
        waiting = self._waiting_of(request, endpoint)
        with self._changed:
            if self._closed:
                raise answers.unavailable("The embedded AWS is being taken down.")
            self._line(waiting.key, endpoint).waiting.append(waiting)
            self._changed.notify_all()
        answer = {"InferenceId": waiting.inference_id, "OutputLocation": waiting.output}
        return answer | ({"FailureLocation": waiting.failure} if waiting.failure else {})

    def _waiting_of(self, request: Request, endpoint: Endpoint) -> Waiting:
        fleet = endpoint.fleet
        assert fleet is not None
        output = fleet.settings["AsyncInferenceConfig"]["OutputConfig"]
        base = output.get("S3OutputPath") or (
            f"s3://sagemaker-{request.region}-{request.account}/async-endpoint-outputs/"
            f"{endpoint.name}"
        )
        name = str(uuid.uuid4())
        parts = [request.get("S3OutputPathExtension", "").strip("/"), request.get("Filename", "")]
        below = "/".join(part for part in parts if part)
        failures = output.get("S3FailurePath")
        now = self._service_time()
        return Waiting(
            request=request,
            endpoint=endpoint,
            inference_id=request.get("InferenceId") or str(uuid.uuid4()),
            output=f"{base.rstrip('/')}/{_named(below, name)}.out",
            failure=f"{failures.rstrip('/')}/{_named(below, name)}-error.out" if failures else "",
            received=now,
            expires=now + timedelta(seconds=request.get("RequestTTLSeconds", _DEFAULT_TTL)),
            seconds=request.get("InvocationTimeoutSeconds", _DEFAULT_TIMEOUT),
        )

    def _line(self, key: tuple[str, str, str], endpoint: Endpoint) -> Line:
        line = self._lines.get(key)
        if line is None or line.endpoint is not endpoint:
            line = self._lines[key] = Line(endpoint)
        return line

    def _run(self) -> None:
        """Hand out requests for as long as there are places."""
        while True:
            with self._changed:
                if self._closed:
                    return
                for line in list(self._lines.values()):
                    self._hand_out(line)
                # Instances come and go without a word.
                self._changed.wait(_WAIT_SECONDS)

    def _hand_out(self, line: Line) -> None:
        now = self._service_time()
        for waiting in [each for each in line.waiting if each.expires <= now]:
            line.waiting.remove(waiting)
            line.running += 1
            self._workers.submit(self._work, line, waiting, self._expire)
        while line.waiting and line.running < line.places():
            line.running += 1
            self._workers.submit(self._work, line, line.waiting.popleft(), self._answer)

    def _work(self, line: Line, waiting: Waiting, how: Callable[[Waiting], None]) -> None:
        try:
            how(waiting)
        except Exception:
            if not self._closed:
                LOG.exception("an asynchronous request of %s is lost", waiting.endpoint.name)
        finally:
            with self._changed:
                line.running -= 1
                self._changed.notify_all()

    def _expire(self, waiting: Waiting) -> None:
        where = dimensions(EndpointName=waiting.endpoint.name, VariantName=_variant(waiting))
        account, region, _ = waiting.key
        self._measures.add(account, region, [where], {"ExpiredRequests": 1.0})
        self._fail(waiting, "The request expired: it waited longer than its time to live.")

    def _answer(self, waiting: Waiting) -> None:
        began = time.monotonic()
        in_line = (self._service_time() - waiting.received).total_seconds()
        request = waiting.request
        try:
            target = self._router.target(request.account, request.region, waiting.endpoint)
        except AwsError as error:
            self._fail(waiting, str(error))
            return
        body = self._input(request)
        if body is None:
            sent = Sent(Reply(0), 0.0, f"The object {request.get('InputLocation')} cannot be read.")
        else:
            sent = self._sender.send(target.place, body, headers_of(request), waiting.seconds)
        reason = self._store(waiting, target, sent)
        whole = {
            "TimeInBacklog": in_line * _MILLISECONDS,
            "TotalProcessingTime": (in_line + time.monotonic() - began) * _MILLISECONDS,
        }
        self._metrics.processed(target, sent.reply.status, sent.seconds, whole)
        if reason:
            self._fail(waiting, reason)
            return
        exchange = exchange_of(
            request, target, target.variant_name, body or b"", sent.reply, self._clock()
        )
        self._captures.add(request.region, target.capture, exchange)
        self._notices.send(self._config(waiting), _outcome(waiting, sent.reply))

    def _store(self, waiting: Waiting, target: Target, sent: Sent) -> str:
        """Write an answer; return why there is none."""
        if not 200 <= sent.reply.status < 300:
            return str(error_of(target, sent))
        try:
            self._put(waiting, waiting.output, sent.reply.body, sent.reply.headers)
        except ClientError as error:
            return f"The answer cannot be written to {waiting.output}: {error}"
        return ""

    def _fail(self, waiting: Waiting, reason: str) -> None:
        try:
            if waiting.failure:
                self._put(waiting, waiting.failure, reason.encode(), {})
        except ClientError:
            LOG.warning("the failure of %s cannot be written", waiting.inference_id)
        self._notices.send(self._config(waiting), _outcome(waiting, None, reason))

    def _input(self, request: Request) -> bytes | None:
        """Return the body of a request, None where its object cannot be read."""
        location = request.get("InputLocation")
        if not location:
            return bytes(request.get("Body", b""))
        bucket, key = split_uri(location)
        try:
            found = self._s3_of(request.region).get_object(Bucket=bucket, Key=key)
        except ClientError:
            return None
        return bytes(found["Body"].read())

    def _put(self, waiting: Waiting, uri: str, body: bytes, headers: Any) -> None:
        bucket, key = split_uri(uri)
        kms_key = self._config(waiting)["OutputConfig"].get("KmsKeyId")
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        if content_type := headers.get("content-type"):
            more["ContentType"] = content_type
        self._s3_of(waiting.request.region).put_object(Bucket=bucket, Key=key, Body=body, **more)

    @staticmethod
    def _config(waiting: Waiting) -> Any:
        fleet = waiting.endpoint.fleet
        return fleet.settings["AsyncInferenceConfig"] if fleet else {"OutputConfig": {}}


def gauges(line: Line, now: datetime) -> dict[str, float]:
    """Return what CloudWatch is told of a line."""
    instances = line.instances()
    oldest = line.waiting[0].received if line.waiting else now
    values = {
        "ApproximateBacklogSize": float(line.backlog),
        "ApproximateAgeOfOldestRequest": (now - oldest).total_seconds(),
        "HasBacklogWithoutCapacity": float(bool(line.backlog) and not instances),
    }
    if instances:
        values["ApproximateBacklogSizePerInstance"] = line.backlog / instances
    return values


def _variant(waiting: Waiting) -> str:
    """Return the variant of an asynchronous endpoint: it has one."""
    fleet = waiting.endpoint.fleet
    return str(fleet.variants[0]["VariantName"]) if fleet else ""


def _named(below: str, name: str) -> str:
    """Return where below the output path an answer lies."""
    if not below:
        return name
    folder, slash, file = below.rpartition("/")
    return f"{folder}{slash}{file}" if file else f"{below}{name}"


def _outcome(waiting: Waiting, reply: Reply | None, reason: str = "") -> Outcome:
    request = waiting.request
    return Outcome(
        region=request.region,
        endpoint=waiting.endpoint.name,
        inference_id=waiting.inference_id,
        received=request.now,
        content_type=request.get("ContentType", ""),
        input_location=request.get("InputLocation", ""),
        output=waiting.output if reply is not None else waiting.failure,
        answer=reply,
        reason=reason,
    )
