"""What a request and its answer are to the server, whichever model answers: limits, bodies, lines.

Bodies are read with a limit of bytes and two of time, so that a client that sends slowly holds a
place for a while and not for ever. A large body (an asynchronous request, a batch transform) is
tokenised and answered in pieces, beside the requests of others.
"""

import asyncio
import json
import os
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from training_image.serving_batches import BatchQueue, QueueFullError
from training_image.serving_port import Row, ServableModel
from training_image.serving_requests import (
    JSON,
    MAX_BODY_BYTES,
    MAX_ROWS,
    Answer,
    Invocation,
    RequestError,
    answer,
    parse,
    render,
    request_type,
    response_type,
)

CLIENT_GONE = 499  # what the log says of a request that nobody waits for any more
MEBIBYTE = 1024**2
SLICE = 1000  # texts of a large body that are tokenised and queued at a time
CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"


@dataclass(frozen=True)
class Limits:
    """What a request may take."""

    body_bytes: int = MAX_BODY_BYTES
    rows: int | None = MAX_ROWS
    requests: int = 512
    """Read and answered at a time; it bounds the memory that bodies take."""
    silence_seconds: float = 20.0
    """A client that sends nothing for so long is given up."""
    body_seconds: float = 60.0
    """For a body of up to SageMaker's limit; a larger one has as much more as it is larger."""
    stuck_seconds: float = 60.0
    """Texts wait, and no batch has ended for so long: `/ping` says so."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Limits":
        """Returns the limits of an endpoint, or of a batch transform, which SageMaker names.

        Raises:
            ValueError: a size is none.
        """
        given = environment.get("THRIFTLINE_MAX_BODY_MB") or (
            environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") if _is_batch(environment) else ""
        )
        if not given:
            return cls()
        if not given.isdecimal() or not 1 <= int(given) <= 1024:
            raise ValueError(f"THRIFTLINE_MAX_BODY_MB is {given!r}; it must be 1 to 1,024.")
        return cls(body_bytes=int(given) * MEBIBYTE, rows=None)


def _is_batch(environment: Mapping[str, str]) -> bool:
    return environment.get("SAGEMAKER_BATCH", "").lower() == "true"


@dataclass(frozen=True)
class ReadyModel:
    """A model that is ready, and the queue in front of it."""

    model: ServableModel
    queue: "BatchQueue[Row, Any]"

    @classmethod
    def of(cls, model: ServableModel, limits: Limits, thread: "Any | None" = None) -> "ReadyModel":
        """Puts a queue in front of a model; a server of large bodies lets more wait."""
        factor = max(1, limits.body_bytes // MAX_BODY_BYTES)
        queue: BatchQueue[Row, Any] = BatchQueue(
            lambda rows: model.probabilities(rows).tolist(),
            batch_tokens=model.batch_tokens,
            waiting_tokens=model.waiting_tokens * factor,
            check=model.check,
            thread=thread,
        )
        return cls(model, queue)

    async def respond(
        self, request: Request, limits: Limits, threads: Executor, facts: dict[str, Any]
    ) -> Response:
        """Answers a request; `facts` gets what the log may say of it.

        Raises:
            RequestError: it cannot be answered.
            QueueFullError: too much waits already.
            ClientDisconnect: nobody waits for the answer.
        """
        asked_in = request_type(request.headers.get("content-type"))
        answer_in = response_type(request.headers.get("accept"), asked_in)
        loop = asyncio.get_running_loop()
        with self.queue.arriving():
            body = await read_body(request, limits)
            facts["bytes"] = len(body)
            invocation, rows = await loop.run_in_executor(
                threads, self._read, body, asked_in, limits.rows
            )
            facts.update(rows=len(invocation.texts), tokens=sum(map(len, rows)))
            waiting = self.queue.submit(rows)
        answers = self._answers(invocation, 0, rows, await unless_gone(request, waiting))
        for first in range(SLICE, len(invocation.texts), SLICE):
            texts = invocation.texts[first : first + SLICE]
            rows = await loop.run_in_executor(threads, self.model.encode, texts)
            facts["tokens"] += sum(map(len, rows))
            found = await unless_gone(request, self.queue.submit(rows, begun=True))
            answers += self._answers(invocation, first, rows, found)
        content = await loop.run_in_executor(threads, render, invocation, answers, answer_in)
        return Response(content, headers=_echoed(request), media_type=answer_in)

    def _read(
        self, body: bytes, media_type: str, max_rows: int | None
    ) -> tuple[Invocation, list[Row]]:
        invocation = parse(body, media_type, self.model.text_pair, max_rows)
        return invocation, self.model.encode(invocation.texts[:SLICE])

    def _answers(
        self, invocation: Invocation, first: int, rows: list[Row], found: Any
    ) -> list[Answer]:
        detailed = invocation.detailed[first : first + len(rows)]
        return [
            answer(
                self.model.labels,
                probabilities,
                multi_label=self.model.multi_label,
                detailed=wants_all,
                truncated=row.truncated,
            )
            for row, probabilities, wants_all in zip(rows, found, detailed, strict=True)
        ]


def _echoed(request: Request) -> dict[str, str]:
    """The custom attributes go back as they came, so that callers find their own request."""
    attributes = request.headers.get(CUSTOM_ATTRIBUTES, "")
    return {CUSTOM_ATTRIBUTES: attributes} if 0 < len(attributes) <= 1024 else {}


async def read_body(request: Request, limits: Limits) -> bytes:
    """Returns the body.

    Raises:
        RequestError: 413, or 408 from a client that sends too slowly.
    """
    most = limits.body_bytes
    said = int(request.headers.get("content-length") or 0)
    seconds = limits.body_seconds * max(1.0, min(said, most) / MAX_BODY_BYTES)
    chunks = list[bytes]()
    size = said if said > most else 0
    try:
        async with asyncio.timeout(seconds):
            while size <= most:
                async with asyncio.timeout(limits.silence_seconds):
                    message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise RequestError(
            408,
            f"The body did not arrive: {size:,} bytes in {seconds:g} s, or none for "
            f"{limits.silence_seconds:g} s; send it faster.",
        ) from None
    if size > most:
        raise RequestError(413, f"The body has more than {most:,} bytes; send several requests.")
    return b"".join(chunks)


async def unless_gone(request: Request, results: "asyncio.Future[Any]") -> Any:
    """Awaits results for as long as the client does.

    Raises:
        ClientDisconnect: it does not.
    """
    gone = asyncio.ensure_future(request.receive())  # after the body: that the client is gone
    try:
        await asyncio.wait((results, gone), return_when=asyncio.FIRST_COMPLETED)
        if not results.done():
            raise ClientDisconnect
        return results.result()
    finally:
        results.cancel()
        gone.cancel()


class RequestLog:
    """Counts the requests that are being answered, and writes a line about each."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.running = 0

    async def answered(
        self,
        request: Request,
        respond: Callable[[dict[str, Any]], Coroutine[Any, Any, Response]],
        **facts: Any,
    ) -> Response:
        """Runs `respond`, which may add to the facts that are logged, and words what it raises."""
        started = time.perf_counter()
        if inference_id := request.headers.get(INFERENCE_ID, "")[:64]:
            facts["inference_id"] = inference_id
        self.running += 1
        try:
            if self.running > self.limits.requests:
                raise QueueFullError
            response = await respond(facts)
        except (RequestError, QueueFullError) as error:
            response = refusal(error)
        except ClientDisconnect:
            response = Response(status_code=CLIENT_GONE)
        except Exception:
            traceback.print_exc()
            response = error_response(500, "The model failed on this request; the log says more.")
        finally:
            self.running -= 1
        milliseconds = round(1000 * (time.perf_counter() - started), 2)
        say("request", status=response.status_code, milliseconds=milliseconds, **facts)
        return response


def refusal(error: RequestError | QueueFullError) -> Response:
    """Words an error; after 408 the rest of the body is not waited for."""
    if isinstance(error, QueueFullError):
        error = RequestError(503, "Too many texts wait already; try again in a second.")
    response = error_response(error.status, str(error))
    if error.status == 408:
        response.headers["Connection"] = "close"
    return response


def error_response(status: int, sentence: str) -> Response:
    """Returns `{"error": …}`."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    content = json.dumps({"error": sentence}, ensure_ascii=False)
    return Response(content, status, headers, media_type=JSON)


def say(event: str, **values: object) -> None:
    """Prints one JSON line; texts are never in it."""
    print(json.dumps({"event": event, **values}), flush=True)


def tokenizer_threads() -> int:
    """Returns how many threads read and tokenise bodies."""
    return max(2, (os.cpu_count() or 1) // 2)
