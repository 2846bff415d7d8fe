"""Lambda functions: moto keeps them, the Lambda runtime runs them."""

import base64
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.core.exceptions import JsonRESTError

from local_aws.functions.layers import Layer, layer_packages
from local_aws.functions.pool import while_waiting
from local_aws.hooks import Hooks
from local_aws.options import Runtime

if TYPE_CHECKING:
    from local_aws.functions.runtime import FunctionConfig, Invocation

LOG = logging.getLogger(__name__)

_SYNC_LIMIT = 6 * 1024 * 1024
_ASYNC_LIMIT = 1024 * 1024
# After a failed asynchronous invocation Lambda tries twice more, after one and two minutes.
_ASYNC_DELAYS_SECONDS = (60.0, 120.0)


ConfigFactory = Callable[..., "FunctionConfig"]


class Functions:
    """The seam between moto's Lambda and a runtime."""

    def __init__(
        self, runtime: Runtime, config: ConfigFactory, code: Path, time_scale: float
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._default_code = code
        self._time_scale = time_scale
        self._code: dict[str, Path] = {}
        self._layers: dict[str, tuple[Path, ...]] = {}
        # Hears of every invocation: the function's name, and whether it failed.
        self.on_invocation: Callable[[str, bool], None] = lambda *_: None
        # What surrounds the wait of a request with these headers for a process.
        self.standing_still: Callable[[Mapping[str, str]], AbstractContextManager[None]] = (
            lambda _headers: contextlib.nullcontext()
        )
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="lambda")

    def configure(self, function: str, code: Path, layers: Sequence[Layer] = ()) -> None:
        """Say where the code of `function` lies, and which layers it has."""
        self._code[function] = code
        self._layers[function] = tuple(layer_packages(each) for each in layers)

    def install(self, hooks: Hooks) -> None:
        """Send every invocation, wherever it comes from, to the runtime."""
        functions = self

        def invoke(
            function: Any,
            body: bytes | str,
            request_headers: Mapping[str, str],
            response_headers: dict[str, str],
        ) -> bytes:
            return functions._invoke(function, body, request_headers, response_headers)

        def invoke_lambda(function: Any, event: Any = None) -> tuple[str, bool, str]:
            invocation = functions.run(function, json.dumps(event or {}).encode())
            payload = invocation.payload.decode()
            return payload, invocation.function_error is not None, invocation.log_tail.decode()

        hooks.replace(LambdaFunction, "invoke", invoke)
        hooks.replace(LambdaFunction, "_invoke_lambda", invoke_lambda)

    def close(self) -> None:
        """Stop asynchronous invocations, then the runtime."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._runtime.close()

    def _invoke(
        self,
        function: Any,
        body: bytes | str,
        request_headers: Mapping[str, str],
        response_headers: dict[str, str],
    ) -> bytes:
        payload = body.encode() if isinstance(body, str) else body
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        _check_payload(payload, kind)
        if kind == "DryRun":
            return b""
        if kind == "Event":
            self._pool.submit(self._run_async, function, payload or b"{}")
            return b""
        while_waiting.set(lambda: self.standing_still(request_headers))
        invocation = self.run(function, payload or b"{}")
        if invocation.function_error:
            response_headers["x-amz-function-error"] = invocation.function_error
        response_headers["x-amz-executed-version"] = "$LATEST"
        response_headers["x-amz-log-result"] = base64.b64encode(invocation.log_tail).decode()
        return invocation.payload

    def run(self, function: Any, payload: bytes) -> "Invocation":
        """Run a function of moto's once and wait for its answer."""
        config = self._config(
            name=function.function_name,
            handler=function.handler,
            code=self._code.get(function.function_name, self._default_code),
            environment=dict(function.environment_vars),
            timeout_seconds=int(function.timeout),
            memory_mib=int(function.memory_size),
            layers=self._layers.get(function.function_name, ()),
        )
        invocation = self._runtime.invoke(config, payload)
        self.on_invocation(function.function_name, invocation.function_error is not None)
        return invocation

    def _run_async(self, function: Any, payload: bytes) -> None:
        try:
            for delay in (*_ASYNC_DELAYS_SECONDS, None):
                invocation = self.run(function, payload)
                if invocation.function_error is None:
                    return
                if delay is None or self._closing.wait(delay / self._time_scale):
                    break
            LOG.error("%s failed asynchronously: %s", function.function_name, invocation.payload)
        except Exception:
            # A thread of a pool would swallow it.
            LOG.exception("%s could not be invoked", function.function_name)


def _check_payload(payload: bytes, kind: str) -> None:
    limit = _ASYNC_LIMIT if kind == "Event" else _SYNC_LIMIT
    if len(payload) > limit:
        error = JsonRESTError(
            "RequestTooLargeException", f"Request must be smaller than {limit} bytes"
        )
        error.code = 413
        raise error
    try:
        json.loads(payload or b"{}")
    except ValueError as invalid:
        raise JsonRESTError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: {invalid}",
        ) from invalid
