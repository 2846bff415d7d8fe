"""Serves a trained classifier, as a SageMaker endpoint or batch transform calls it.

In the image:   docker run -p 8080:8080 -v "$PWD/ml:/opt/ml" IMAGE serve
On a laptop:    SAGEMAKER_BASE_DIR=ml python training_image/serve
Then:           curl --json '{"text": "A warm film."}' localhost:8080/invocations

`/ping` says whether the model is loaded, `/invocations` classifies texts; README.md beside this
file is the contract. The server listens before torch is imported, which happens in a thread.
"""

import asyncio
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from training_image.job import FAILED, SUCCEEDED, JobError, StopRequestedError, StopSignal
from training_image.serving_batches import BatchQueue, QueueFullError
from training_image.serving_requests import (
    JSON,
    MAX_BODY_BYTES,
    Invocation,
    RequestError,
    answer,
    parse,
    render,
    request_type,
    response_type,
)

if TYPE_CHECKING:
    from training_image.serving_model import Row, ServedModel

MAX_REQUESTS = 512  # read and answered at a time; it bounds the memory that bodies take
DRAIN_SECONDS = 25  # SageMaker kills a container 30 seconds after SIGTERM
CLIENT_GONE = 499  # what the log says of a request that nobody waits for any more


def load_model(folder: Path) -> "ServedModel":
    """Imports torch, and loads the model."""
    from training_image.serving_model import ServedModel  # takes seconds

    return ServedModel.load(folder)


@dataclass(frozen=True)
class ReadyModel:
    """A model that is ready, and the queue in front of it."""

    model: "ServedModel"
    queue: "BatchQueue[Row, Any]"


class Service:
    """One model behind `/ping` and `/invocations`."""

    def __init__(
        self, load: Callable[[], "ServedModel"], stop: Callable[[], None] = lambda: None
    ) -> None:
        """Keeps what is needed later.

        Args:
            load: returns the model; called in a thread once the server listens.
            stop: asks the server to stop; called when the model cannot be loaded, or is lost.
        """
        self.failure = ""
        """Why there is no model and will be none."""
        self._load = load
        self._stop = stop
        self._loaded: ReadyModel | None = None
        self._requests = 0
        self._threads = ThreadPoolExecutor(max(2, (os.cpu_count() or 1) // 2), "tokenizer")
        self.app = Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
            ],
            lifespan=self._lifespan,
        )

    @property
    def waiting_tokens(self) -> int:
        """Tokens in the queue."""
        return self._loaded.queue.tokens if self._loaded else 0

    # ---- The two paths

    async def ping(self, _request: Request) -> Response:
        """Answers 200 once the model is loaded; until then 503."""
        return Response(status_code=200 if self._loaded else 503)

    async def invocations(self, request: Request) -> Response:
        """Answers, and writes a line about it."""
        started = time.perf_counter()
        facts: dict[str, Any] = {}
        self._requests += 1
        try:
            response = await self._response(request, facts)
        except (RequestError, QueueFullError) as error:
            response = _refusal(error)
        except ClientDisconnect:
            response = Response(status_code=CLIENT_GONE)
        except Exception:
            traceback.print_exc()
            response = _error(500, "The model failed on this request; the log says more.")
        finally:
            self._requests -= 1
        milliseconds = round(1000 * (time.perf_counter() - started), 2)
        say("request", status=response.status_code, milliseconds=milliseconds, **facts)
        return response

    async def _response(self, request: Request, facts: dict[str, Any]) -> Response:
        if self._loaded is None:
            raise RequestError(503, "The model is still being loaded; try again in some seconds.")
        if self._requests > MAX_REQUESTS:
            raise QueueFullError
        model, queue = self._loaded.model, self._loaded.queue
        asked_in = request_type(request.headers.get("content-type"))
        answer_in = response_type(request.headers.get("accept"), asked_in)
        with queue.arriving():
            body = await _body(request)
            facts["bytes"] = len(body)
            invocation, rows = await asyncio.get_running_loop().run_in_executor(
                self._threads, _read, body, asked_in, model
            )
            facts.update(rows=len(rows), tokens=sum(map(len, rows)))
            results = queue.submit(rows)
        found = await _unless_gone(request, results)
        answers = [
            answer(
                model.labels,
                probabilities,
                multi_label=model.multi_label,
                detailed=detailed,
                truncated=row.truncated,
            )
            for row, probabilities, detailed in zip(rows, found, invocation.detailed, strict=True)
        ]
        return Response(render(invocation, answers, answer_in), media_type=answer_in)

    # ---- The model

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(self._serve_model())
        yield
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    async def _serve_model(self) -> None:
        """Loads the model, then runs batches; ends when that cannot go on."""
        started = time.perf_counter()
        try:
            model = await asyncio.get_running_loop().run_in_executor(self._threads, self._load)
            queue: BatchQueue[Row, Any] = BatchQueue(
                lambda rows: model.probabilities(rows).tolist(),
                batch_tokens=model.batch_tokens,
                waiting_tokens=model.waiting_tokens,
                check=model.check,
            )
            self._loaded = ReadyModel(model, queue)
            say(
                "ready",
                seconds=round(time.perf_counter() - started, 2),
                labels=list(model.labels),
                device=model.hardware.device.type,
                precision=str(model.hardware.dtype).removeprefix("torch."),
            )
            await queue.work()
        except StopRequestedError:
            self._stop()
        except Exception as error:
            if not isinstance(error, JobError):
                traceback.print_exc()
            self._loaded = None
            self.failure = " ".join(str(error).split()) or type(error).__name__
            self._stop()


def _read(body: bytes, media_type: str, model: "ServedModel") -> "tuple[Invocation, list[Row]]":
    invocation = parse(body, media_type, model.text_pair)
    return invocation, model.encode(invocation.texts)


async def _body(request: Request) -> bytes:
    chunks, size = [], int(request.headers.get("content-length") or 0)
    if size <= MAX_BODY_BYTES:
        size = 0
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                break
    if size > MAX_BODY_BYTES:
        raise RequestError(
            413, f"The body has more than {MAX_BODY_BYTES:,} bytes; send several requests."
        )
    return b"".join(chunks)


async def _unless_gone(request: Request, results: "asyncio.Future[Any]") -> Any:
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


def _refusal(error: RequestError | QueueFullError) -> Response:
    if isinstance(error, QueueFullError):
        error = RequestError(503, "Too many texts wait already; try again in a second.")
    return _error(error.status, str(error))


def _error(status: int, sentence: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else {}
    content = json.dumps({"error": sentence}, ensure_ascii=False)
    return Response(content, status, headers, media_type=JSON)


def say(event: str, **values: object) -> None:
    """Prints one JSON line; texts are never in it."""
    print(json.dumps({"event": event, **values}), flush=True)


def main(environment: Mapping[str, str], stop: StopSignal) -> int:
    """Serves until SIGTERM; returns the exit code."""
    folder = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml") / "model"
    port = environment.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    try:
        listener = socket.create_server(("0.0.0.0", int(port)), backlog=2048)
    except (OSError, ValueError, OverflowError) as error:
        return fail(f"The port {port} (SAGEMAKER_BIND_TO_PORT) cannot be listened on: {error}.")
    say("start", port=listener.getsockname()[1], model=str(folder))

    def load() -> "ServedModel":
        stop.check()  # it may have come before the server took the signal over
        return load_model(folder)

    service = Service(load, stop=lambda: setattr(server, "should_exit", True))
    server = uvicorn.Server(
        uvicorn.Config(
            service.app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_keep_alive=75,  # longer than SageMaker's 60 s, so that it closes first
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    server.run(sockets=[listener])
    if service.failure:
        return fail(f"{folder} cannot be served: {service.failure}")
    say("stop")
    return SUCCEEDED


def fail(sentence: str) -> int:
    """Says why nothing is served; returns the exit code."""
    say("failure", message=sentence)
    print(sentence, file=sys.stderr)
    return FAILED
