"""The rival of `serve`: a plain transformers pipeline behind the same uvicorn and starlette.

As transformers' guide "Web server inference" has it: requests queue up, and one thread runs the
pipeline on one text at a time. Only that the thread is not the event loop's, which favours it.
Called with `threads` it is what a plain function of FastAPI does: a thread a request, 40 at most.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from transformers import pipeline


def main() -> None:
    """Serves a model folder at a port."""
    folder, port, kind = sys.argv[1:]
    workers = {"queue": 1, "threads": 40}[kind]
    threads = ThreadPoolExecutor(workers)
    classify: Any = None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal classify
        classify = pipeline("text-classification", model=folder, truncation=True)
        yield

    async def invocations(request: Request) -> Response:
        text = json.loads(await request.body())["text"]
        answers = await asyncio.get_running_loop().run_in_executor(threads, classify, text)
        return Response(json.dumps(answers[0]), media_type="application/json")

    async def ping(_request: Request) -> Response:
        return Response()

    routes = [Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=lifespan)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False, ws="none")


if __name__ == "__main__":
    main()
