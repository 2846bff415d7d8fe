"""Many models behind one server: SageMaker's multi-model contract (`/models`).

SageMaker downloads and unpacks a model, names its folder in `POST /models`, and sends the requests
of its callers to `/models/{name}/invoke`. Names are opaque. Memory is bounded: a model that does
not fit is answered with 507, and SageMaker unloads others and asks again. All models share one
thread for their batches, so that two of them do not fight for the processor.
"""

import asyncio
import ctypes
import gc
import json
import time
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from training_image.job import JobError, StopRequestedError
from training_image.serving_http import (
    Limits,
    ReadyModel,
    RequestLog,
    error_response,
    read_body,
    refusal,
    say,
    tokenizer_threads,
)
from training_image.serving_memory import ModelMemory, bytes_of
from training_image.serving_port import ServableModel
from training_image.serving_requests import RequestError

PAGE, LARGEST_PAGE = 100, 1000
DRAIN_SECONDS = 25.0  # requests of a model that is unloaded are answered first, if they can be
UNLOADED = RequestError(404, "The model was unloaded before this request was answered.")


@dataclass(frozen=True)
class LoadedModel:
    """A model of the server's."""

    name: str
    url: str
    size: int
    """Bytes that it was counted with."""
    ready: ReadyModel
    work: "asyncio.Task[None]"

    @property
    def described(self) -> dict[str, str]:
        """As SageMaker lists it."""
        return {"modelName": self.name, "modelUrl": self.url}


class MultiModelService:
    """Models that come and go, behind `/ping` and `/models`."""

    def __init__(
        self,
        load: Callable[[Path], ServableModel],
        prepare: Callable[[], None] = lambda: None,
        stop: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
        memory: ModelMemory | None = None,
    ) -> None:
        """Keeps what is needed later.

        Args:
            load: returns the model in a folder; called in a thread.
            prepare: imports what loading needs; called in a thread once the server listens.
            stop: asks the server to stop; called when `prepare` fails.
            limits: of requests.
            memory: how much the models may take together.
        """
        self.failure = ""
        self._load = load
        self._prepare = prepare
        self._stop = stop
        self._limits = limits or Limits()
        self._memory = memory or ModelMemory()
        self._log = RequestLog(self._limits)
        self._models: dict[str, LoadedModel] = {}
        self._loading: set[str] = set()
        self._one_load = asyncio.Lock()
        self._ready = False
        self._threads = ThreadPoolExecutor(tokenizer_threads(), "tokenizer")
        self._model_thread = ThreadPoolExecutor(1, "model")
        self.app = Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/models", self.list_models, methods=["GET"]),
                Route("/models", self.load_model, methods=["POST"]),
                Route("/models/{name:path}/invoke", self.invoke, methods=["POST"]),
                Route("/models/{name:path}", self.describe, methods=["GET"]),
                Route("/models/{name:path}", self.unload, methods=["DELETE"]),
            ],
            lifespan=self._lifespan,
        )

    @property
    def stuck(self) -> bool:
        """Whether texts wait and none is answered."""
        stalled = max(
            (each.ready.queue.stalled_seconds for each in self._models.values()), default=0
        )
        return stalled > self._limits.stuck_seconds

    async def ping(self, _request: Request) -> Response:
        """Answers 200 while models can be loaded and answer."""
        if not self._ready:
            return error_response(503, "The server is still starting.")
        if self.stuck:
            return error_response(503, "A model is stuck: texts wait, and none is answered.")
        return Response()

    # ---- Loading and unloading

    async def load_model(self, request: Request) -> Response:
        """Loads a model, and answers when it is ready."""
        try:
            name, url = await self._asked(request)
            loaded = await self._add(name, url)
        except RequestError as error:
            say("load_refused", status=error.status, message=str(error))
            return refusal(error)
        return JSONResponse(loaded.described)

    async def _asked(self, request: Request) -> tuple[str, str]:
        if not self._ready:
            raise RequestError(503, "The server is still starting; try again in some seconds.")
        try:
            body = json.loads(await read_body(request, Limits()))
        except ValueError as error:
            raise RequestError(400, f"The body is not JSON in UTF-8: {error}.") from None
        found = [body.get(key) if isinstance(body, dict) else None for key in ("model_name", "url")]
        if not all(isinstance(each, str) and each for each in found):
            raise RequestError(
                400,
                'The body must be {"model_name": "…", "url": "…"}, both texts that are not empty.',
            )
        name, url = found
        if name in self._models or name in self._loading:
            raise RequestError(409, f"The model {name} is loaded already.")
        return str(name), str(url)

    async def _add(self, name: str, url: str) -> LoadedModel:
        self._loading.add(name)
        try:
            async with self._one_load:  # two at once would each find the memory free
                started = time.perf_counter()
                size = self._fitting(name, url)
                ready = await self._loaded_from(name, url)
                work = asyncio.create_task(ready.queue.work())
                loaded = LoadedModel(name, url, size, ready, work)
                self._models[name] = loaded
                work.add_done_callback(lambda done: self._lost(loaded, done))
        finally:
            self._loading.discard(name)
        seconds = round(time.perf_counter() - started, 2)
        say("loaded", model=name, seconds=seconds, megabytes=size // 10**6, **ready.model.facts)
        return loaded

    def _fitting(self, name: str, url: str) -> int:
        folder = Path(url)
        if not folder.is_dir():
            raise RequestError(400, f"The url of the model {name} is no folder: {url}.")
        size = bytes_of(folder)
        room = self._memory.room(sum(each.size for each in self._models.values()))
        if size > room:
            raise RequestError(
                507,
                f"The model {name} needs {size / 1e6:,.0f} MB of memory and there is room for "
                f"{max(room, 0) / 1e6:,.0f} MB; unload others first.",
            )
        return size

    async def _loaded_from(self, name: str, url: str) -> ReadyModel:
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(self._threads, self._load, Path(url))
        except JobError as error:
            raise RequestError(500, f"The model {name} cannot be served: {error}") from error
        except Exception as error:
            if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
                raise RequestError(
                    507, f"The memory ran out while the model {name} was being loaded."
                ) from error
            traceback.print_exc()
            raise RequestError(500, f"The model {name} cannot be served: {error}") from error
        return ReadyModel.of(model, self._limits, self._model_thread)

    def _lost(self, model: LoadedModel, work: "asyncio.Task[None]") -> None:
        """A model that answers nothing any more is forgotten, so that SageMaker loads it anew."""
        if work.cancelled() or work.exception() is None:
            return
        self._models.pop(model.name, None)
        say("model_lost", model=model.name, message=str(work.exception()))

    async def unload(self, request: Request) -> Response:
        """Unloads a model, once the requests that it has are answered."""
        model = self._models.pop(request.path_params["name"], None)
        if model is None:
            return refusal(_not_loaded(request))
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not model.ready.queue.idle:
                    await asyncio.sleep(0.01)
        model.ready.queue.close(UNLOADED)
        model.work.cancel()
        with suppress(asyncio.CancelledError):
            await model.work
        described = model.described
        del model
        await asyncio.get_running_loop().run_in_executor(self._threads, give_memory_back)
        say("unloaded", model=described["modelName"])
        return JSONResponse(described)

    # ---- What is there, and its answers

    async def list_models(self, request: Request) -> Response:
        """Lists the models, a page at a time, in the order of their names."""
        token, limit = (
            request.query_params.get("next_page_token", ""),
            request.query_params.get("limit", str(PAGE)),
        )
        if not limit.isdecimal() or not 1 <= int(limit) <= LARGEST_PAGE:
            return error_response(400, f"limit is {limit!r}; it must be 1 to {LARGEST_PAGE:,}.")
        names = sorted(name for name in self._models if not token or name > token)
        page = names[: int(limit)]
        answer: dict[str, Any] = {"models": [self._models[name].described for name in page]}
        if len(names) > len(page):
            answer["nextPageToken"] = page[-1]
        return JSONResponse(answer)

    async def describe(self, request: Request) -> Response:
        """Says where a model was loaded from."""
        model = self._models.get(request.path_params["name"])
        return refusal(_not_loaded(request)) if model is None else JSONResponse(model.described)

    async def invoke(self, request: Request) -> Response:
        """Answers, and writes a line about it."""
        name = request.path_params["name"]

        async def respond(facts: dict[str, Any]) -> Response:
            model = self._models.get(name)
            if model is None:
                raise _not_loaded(request)
            return await model.ready.respond(request, self._limits, self._threads, facts)

        return await self._log.answered(request, respond, model=name)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        start = asyncio.create_task(self._start())
        yield
        tasks = [start, *(each.work for each in self._models.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._model_thread.shutdown(wait=False, cancel_futures=True)

    async def _start(self) -> None:
        started = time.perf_counter()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._prepare)
        except StopRequestedError:
            self._stop()
            return
        except Exception as error:
            traceback.print_exc()
            self.failure = " ".join(str(error).split()) or type(error).__name__
            self._stop()
            return
        self._ready = True
        say("ready", seconds=round(time.perf_counter() - started, 2), multi_model=True)


def _not_loaded(request: Request) -> RequestError:
    return RequestError(404, f"The model {request.path_params['name']} is not loaded.")


def give_memory_back() -> None:
    """Frees what an unloaded model took: its cycles, and the allocator's pages."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
