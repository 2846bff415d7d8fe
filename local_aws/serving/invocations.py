"""InvokeEndpoint: a request goes to a container, and its answer comes back."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local_aws.http.own_calls import Operation, Request
from local_aws.serving import answers
from local_aws.serving.capture import Captures, Exchange
from local_aws.serving.container import MULTI_MODEL
from local_aws.serving.fleets import Place
from local_aws.serving.multi_model import ModelCache
from local_aws.serving.process import InvocationTimeoutError, Reply, UnreachableError
from local_aws.serving.request_metrics import RequestMetrics
from local_aws.serving.routing import Router, Seats, Target
from local_aws.serving.shared import SharedContainers

if TYPE_CHECKING:
    from local_aws.services.sagemaker_store import Properties

REAL_TIME_SECONDS = 60.0
_CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
# Not known to the model's program here, and nothing may be pretended.
_NOT_DONE = ("EnableExplanations", "SessionId", "TargetContainerHostname")
# Copies for shadows that wait; more are dropped, as a shadow may lag behind on AWS.
_MOST_WAITING = 256


@dataclass(frozen=True)
class Sent:
    """What a container made of a request; a status of 0 stands for no answer."""

    reply: Reply
    seconds: float
    failure: str = ""


class Sender:
    """Sends requests to containers."""

    def __init__(self, shared: SharedContainers, models: ModelCache) -> None:
        self._shared = shared
        self._models = models

    def send(
        self,
        place: Place,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        model: tuple[Target, str] | None = None,
    ) -> Sent:
        """Send one request; `model` is the target and the name of a model among several.

        Raises:
            AwsError: there is no such model, or the program does not serve several.
        """
        if place.shared is None or place.failure:
            return Sent(Reply(0), 0.0, place.failure or "The container is being started.")
        try:
            with self._shared.using(place.shared) as container:
                path = "/invocations"
                if model is not None:
                    target, name = model
                    path = self._models.path(place.shared, container, target, name)
                    headers = {**headers, "X-Amzn-SageMaker-Target-Model": name}
                started = time.perf_counter()
                try:
                    reply = container.request("POST", path, body, headers, seconds)
                except InvocationTimeoutError:
                    return Sent(Reply(0), time.perf_counter() - started, answers.TIMED_OUT)
                return Sent(reply, time.perf_counter() - started)
        except UnreachableError as error:
            return Sent(Reply(0), 0.0, f"The container did not answer: {error}.")


class Invocations:
    """The call that asks a model and waits."""

    def __init__(
        self,
        router: Router,
        sender: Sender,
        metrics: RequestMetrics,
        captures: Captures,
        seats: Seats,
        clock: Callable[[], datetime],
    ) -> None:
        self._router = router
        self._sender = sender
        self._metrics = metrics
        self._captures = captures
        self._seats = seats
        self._clock = clock
        self._copies = ThreadPoolExecutor(4, "shadow")
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)

    def operations(self) -> dict[str, Operation]:
        """Return the call by its name."""
        return {"InvokeEndpoint": self._invoke}

    def close(self) -> None:
        """Send no more copies."""
        self._copies.shutdown(wait=True, cancel_futures=True)

    def _invoke(self, request: Request) -> dict[str, Any]:
        started = time.perf_counter()
        for name in _NOT_DONE:
            if request.get(name) is not None:
                raise answers.not_done(f"does not do {name} of InvokeEndpoint")
        body = request.get("Body", b"")
        endpoint = self._router.endpoint(request, is_async=False)
        target = self._router.target(
            request.account,
            request.region,
            endpoint,
            request.get("TargetVariant"),
            request.get("InferenceComponentName"),
        )
        _check_body(target, body)
        model = _target_model(target, request.get("TargetModel"))
        headers = headers_of(request)
        with self._seat(target):
            sent = self._sender.send(target.place, body, headers, REAL_TIME_SECONDS, model)
        self._copy(target, request, body, headers)
        status = sent.reply.status
        self._metrics.answered(target, status, sent.seconds, time.perf_counter() - started)
        if not 200 <= status < 300:
            raise error_of(target, sent)
        self._captures.add(
            request.region,
            target.capture,
            exchange_of(request, target, target.variant_name, body, sent.reply, self._clock()),
        )
        return answer_of(target, sent.reply)

    @contextmanager
    def _seat(self, target: Target) -> Iterator[None]:
        """Take a place among the requests of the variant, or refuse as SageMaker does.

        Raises:
            AwsError: a serverless variant has no place left, or a component no copy.
        """
        if target.component and not target.copies:
            self._metrics.without_capacity(target)
            raise answers.invalid(
                "Inference Component has no capacity to process this request. "
                "ApplicationAutoScaling may be in progress (if configured) or try to increase "
                "the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
            )
        key = seat_of(target)
        serverless: Properties = target.variant.get("ServerlessConfig") or {}
        most = serverless.get("MaxConcurrency")
        if not self._seats.take(key, most):
            raise answers.throttled(
                f"Rate exceeded: the serverless variant {target.variant_name} answers {most} "
                "requests at a time (MaxConcurrency)."
            )
        try:
            yield
        finally:
            self._seats.leave(key)

    def _copy(
        self, target: Target, request: Request, body: bytes, headers: Mapping[str, str]
    ) -> None:
        """Let the shadow variant answer the request too; nobody gets its answer."""
        if target.shadow is None or not self._waiting.acquire(blocking=False):
            return
        shadow, place = target.shadow

        def send() -> None:
            self._waiting.release()
            sent = self._sender.send(place, body, headers, REAL_TIME_SECONDS)
            name = shadow["VariantName"]
            self._metrics.shadowed(target, name, sent.reply.status, sent.seconds)
            if 200 <= sent.reply.status < 300:
                exchange = exchange_of(request, target, name, body, sent.reply, self._clock())
                self._captures.add(request.region, target.capture, exchange)

        self._copies.submit(send)


def headers_of(request: Request) -> dict[str, str]:
    """Return the headers that a container gets of a request."""
    named = {
        "Content-Type": request.get("ContentType"),
        "Accept": request.get("Accept"),
        _CUSTOM: request.get("CustomAttributes"),
    }
    return {name: value for name, value in named.items() if value}


def seat_of(target: Target) -> tuple[str, ...]:
    """Return what the requests of a variant, or component, are counted by."""
    return (
        target.account,
        target.region,
        target.endpoint,
        target.variant_name,
        target.component,
    )


def answer_of(target: Target, reply: Reply) -> dict[str, Any]:
    """Return the members of the answer."""
    answer = {
        "Body": reply.body,
        "ContentType": reply.headers.get("content-type", "application/octet-stream"),
        "InvokedProductionVariant": target.variant_name,
    }
    custom = reply.headers.get(_CUSTOM.lower())
    return answer | ({"CustomAttributes": custom} if custom else {})


def error_of(target: Target, sent: Sent) -> Exception:
    """Return the error that a caller gets for anything but a 2xx."""
    text = sent.failure or sent.reply.body.decode(errors="replace")
    return answers.model_error(
        sent.reply.status,
        text,
        region=target.region,
        account=target.account,
        endpoint=target.endpoint,
        stream=target.place.stream,
    )


def exchange_of(
    request: Request, target: Target, variant: str, body: bytes, reply: Reply, now: datetime
) -> Exchange:
    """Return what a capture would hold."""
    return Exchange(
        endpoint=target.endpoint,
        variant=variant,
        moment=now,
        request=body,
        request_type=request.get("ContentType", ""),
        answer=reply.body,
        answer_type=reply.headers.get("content-type", ""),
        inference_id=request.get("InferenceId", ""),
        custom_attributes=request.get("CustomAttributes", ""),
    )


def _check_body(target: Target, body: bytes) -> None:
    limit = (
        answers.MAX_SERVERLESS_BYTES
        if "ServerlessConfig" in target.variant
        else answers.MAX_BODY_BYTES
    )
    if len(body) > limit:
        raise answers.too_long(limit)


def _target_model(target: Target, name: str | None) -> tuple[Target, str] | None:
    shared = target.place.shared
    is_multi_model = shared is not None and shared.key.spec.is_multi_model
    if name is None:
        if is_multi_model:
            raise answers.invalid(
                f"Endpoint {target.endpoint} is a multi-model endpoint ({MULTI_MODEL}): name the "
                "model by the target model header."
            )
        return None
    if not is_multi_model:
        raise answers.invalid(
            f"Endpoint {target.endpoint} is not a multi-model endpoint and does not support "
            "target model header."
        )
    return target, name
