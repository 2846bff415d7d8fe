"""Serves trained classifiers, as a SageMaker endpoint or batch transform calls them.

In the image:   docker run -p 8080:8080 -v "$PWD/ml:/opt/ml" IMAGE serve
On a laptop:    SAGEMAKER_BASE_DIR=ml python training_image/serve
Then:           curl --json '{"text": "A warm film."}' localhost:8080/invocations

`/ping` says whether texts are answered, `/invocations` classifies them; README.md beside this file
is the contract. With SAGEMAKER_MULTI_MODEL=true, as SageMaker sets it, there are many models and
their paths are below `/models` (`multi_model.py`). The server listens before torch is imported,
which happens in a thread.
"""

import asyncio
import os
import socket
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from training_image.job import FAILED, SUCCEEDED, JobError, StopRequestedError, StopSignal
from training_image.multi_model import MultiModelService
from training_image.serving_connections import PatientProtocol
from training_image.serving_engines import load_model, wanted_engine, warm_up
from training_image.serving_http import (
    MEBIBYTE,
    Limits,
    ReadyModel,
    RequestLog,
    error_response,
    say,
    tokenizer_threads,
)
from training_image.serving_memory import ModelMemory
from training_image.serving_port import ServableModel
from training_image.serving_requests import RequestError

TRANSFORMS_AT_ONCE = 4  # of a batch transform: enough that the model never waits for a body
DRAIN_SECONDS = 25  # SageMaker kills a container 30 seconds after SIGTERM


class AnyService(Protocol):
    """What the process needs of either service."""

    failure: str
    app: Starlette

    @property
    def stuck(self) -> bool:
        """Whether texts wait and none is answered."""


class Service:
    """One model behind `/ping` and `/invocations`."""

    def __init__(
        self,
        load: Callable[[], ServableModel],
        stop: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
    ) -> None:
        """Keeps what is needed later.

        Args:
            load: returns the model; called in a thread once the server listens.
            stop: asks the server to stop; called when the model cannot be loaded, or is lost.
            limits: of requests.
        """
        self.failure = ""
        """Why there is no model and will be none."""
        self._load = load
        self._stop = stop
        self._loaded: ReadyModel | None = None
        self._limits = limits or Limits()
        self._log = RequestLog(self._limits)
        self._threads = ThreadPoolExecutor(tokenizer_threads(), "tokenizer")
        self.app = Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
                Route("/execution-parameters", self.execution_parameters),
            ],
            lifespan=self._lifespan,
        )

    @property
    def waiting_tokens(self) -> int:
        """Tokens in the queue."""
        return self._loaded.queue.tokens if self._loaded else 0

    @property
    def stuck(self) -> bool:
        """Whether texts wait and none is answered."""
        stalled = self._loaded.queue.stalled_seconds if self._loaded else 0.0
        return stalled > self._limits.stuck_seconds

    # ---- The two paths

    async def ping(self, _request: Request) -> Response:
        """Answers 200 while texts are answered; 503 before that, and when they no longer are."""
        if self._loaded is None:
            return error_response(503, self.failure or "The model is still being loaded.")
        if self.stuck:
            return error_response(503, "The model is stuck: texts wait, and none is answered.")
        return Response()

    async def execution_parameters(self, _request: Request) -> Response:
        """Says how a batch transform is best sent, where its request does not say."""
        return JSONResponse(
            {
                "MaxConcurrentTransforms": TRANSFORMS_AT_ONCE,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": self._limits.body_bytes // MEBIBYTE,
            }
        )

    async def invocations(self, request: Request) -> Response:
        """Answers, and writes a line about it."""

        async def respond(facts: dict[str, object]) -> Response:
            if self._loaded is None:
                raise RequestError(
                    503, "The model is still being loaded; try again in some seconds."
                )
            return await self._loaded.respond(request, self._limits, self._threads, facts)

        return await self._log.answered(request, respond)

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
            self._loaded = ReadyModel.of(model, self._limits)
            seconds = round(time.perf_counter() - started, 2)
            say("ready", seconds=seconds, labels=list(model.labels), **model.facts)
            await self._loaded.queue.work()
        except StopRequestedError:
            self._stop()
        except Exception as error:
            if not isinstance(error, JobError):
                traceback.print_exc()
            self._loaded = None
            self.failure = " ".join(str(error).split()) or type(error).__name__
            self._stop()


def main(environment: Mapping[str, str], stop: StopSignal) -> int:
    """Serves until SIGTERM; returns the exit code."""
    base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    many = environment.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true"
    folder = base / ("models" if many else "model")
    port = environment.get("SAGEMAKER_BIND_TO_PORT") or "8080"
    address = environment.get("THRIFTLINE_BIND_ADDRESS") or "0.0.0.0"
    try:
        listener = socket.create_server((address, int(port)), backlog=2048)
    except (OSError, ValueError, OverflowError) as error:
        return fail(f"The port {port} (SAGEMAKER_BIND_TO_PORT) cannot be listened on: {error}.")
    try:
        wanted_engine(environment)
        limits = Limits.from_environment(environment)
        memory = ModelMemory.from_environment(environment)
    except ValueError as error:
        return fail(str(error))
    say("start", port=listener.getsockname()[1], model=str(folder))

    def end() -> None:
        server.should_exit = True

    def load() -> ServableModel:
        stop.check()  # it may have come before the server took the signal over
        return load_model(folder, environment)

    def prepare() -> None:
        stop.check()
        warm_up()

    service: AnyService = (
        MultiModelService(lambda url: load_model(url, environment), prepare, end, limits, memory)
        if many
        else Service(load, end, limits)
    )
    server = uvicorn.Server(
        uvicorn.Config(
            service.app,
            http=PatientProtocol,
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
    if service.stuck:
        os._exit(SUCCEEDED)  # the interpreter would wait for the thread that hangs
    return SUCCEEDED


def fail(sentence: str) -> int:
    """Says why nothing is served; returns the exit code."""
    say("failure", message=sentence)
    print(sentence, file=sys.stderr)
    return FAILED
