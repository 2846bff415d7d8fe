"""Lambda's runtime without containers: handlers behind the genuine Lambda Runtime API.

Each execution environment is one `aws-lambda-rie` process with `awslambdaric` in the functions' own
interpreter, so the handler's context, error payloads, time-outs, size limits and crashes are those
of AWS's own code, and a handler that imports what functions/requirements.txt does not name fails as
it does on AWS. The environment is Lambda's and the function's, nothing of the host's.

What differs from Lambda: the code folder is not read-only and /tmp is the host's (TMPDIR leads to a
folder of the sandbox's own); resident memory is sampled and enforced, CPU is not scaled with it;
time for the imports of a cold start counts towards the time-out; an idle process is not frozen;
when all processes are busy a call waits in line, where Lambda would start more of them: the
time-out of a state that waits for it stands still (stepfunctions/task_clocks.py).
"""

import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from local_aws.functions.environment import (
    FunctionConfig,
    LambdaRuntimeMissingError,
    find_emulator,
    function_arn,
    function_environment,
    runtime_version,
)
from local_aws.functions.memory import (
    MemoryWatch,
    memory_of_machine,
    peak_mib,
    processes_that_fit,
)
from local_aws.functions.outcome import (
    LOG_TAIL_BYTES,
    REQUEST_LIMIT_BYTES,
    Invocation,
    Outcome,
    failed,
    finish_log,
    read_outcome,
)
from local_aws.functions.pool import SandboxPool
from local_aws.functions.sandbox import Sandbox, SandboxError, SandboxPlan
from local_aws.training.process_sessions import ProcessSessions

__all__ = [
    "FunctionConfig",
    "Invocation",
    "LambdaRuntime",
    "LambdaRuntimeMissingError",
    "RequestTooLargeError",
]

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


class RequestTooLargeError(Exception):
    """The payload is over 6 MB: Lambda's RequestTooLargeException, before any function runs."""


class LambdaRuntime:
    """Runs functions; safe to call from many threads.

    `processes` bounds all execution environments together (what a quarter of the memory holds
    where nothing is said), `processes_per_function` those of one function; idle ones are kept warm
    and the longest idle one makes room.
    """

    def __init__(
        self,
        *,
        python: Path,
        scratch: Path,
        on_log: Callable[[str, str], None],
        base_environment: Mapping[str, str],
        emulator: Path | None = None,
        account_id: str = "123456789012",
        processes: int | None = None,
        processes_per_function: int | None = None,
    ) -> None:
        self._python = python
        self._version = runtime_version(python)
        self._emulator = emulator or find_emulator()
        self._scratch = scratch
        self._on_log = on_log
        self._base = dict(base_environment)
        self._account_id = account_id
        self._sessions = ProcessSessions()
        self._memory = MemoryWatch()
        self._numbers = itertools.count(1)
        self._pool = SandboxPool(
            self._start,
            processes=processes or processes_that_fit(memory_of_machine()),
            processes_per_function=processes_per_function or max(2, os.cpu_count() or 2),
        )
        self._closing = threading.Lock()
        self._closed = False

    def invoke(self, config: FunctionConfig, payload: bytes) -> Invocation:
        """Run a function once and wait for its end.

        Raises:
            RequestTooLargeError: the payload is larger than Lambda takes.
        """
        if len(payload) > REQUEST_LIMIT_BYTES:
            raise RequestTooLargeError(
                f"Request must be smaller than {REQUEST_LIMIT_BYTES} bytes for the InvokeFunction"
                f" operation; this one has {len(payload)}"
            )
        request_id = str(uuid.uuid4())
        sandbox = self._pool.take(config)
        reusable = False
        try:
            outcome, log = self._run(sandbox, config, payload, request_id)
            reusable = outcome.reusable
        finally:
            self._pool.give_back(config, sandbox, reusable=reusable)
        self._on_log(config.name, log)
        # Cut between characters: a reader may decode it.
        tail = log.encode()[-LOG_TAIL_BYTES:].decode(errors="ignore").encode()
        return Invocation(outcome.payload, outcome.function_error, tail)

    def close(self) -> None:
        """End every process; calls that still run fail."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._pool.close()
        self._sessions.close()
        self._memory.close()

    def _run(
        self, sandbox: Sandbox, config: FunctionConfig, payload: bytes, request_id: str
    ) -> tuple[Outcome, str]:
        started = time.monotonic()
        try:
            with self._memory.enforcing(sandbox.pid, config.memory_mib):
                status, body = sandbox.invoke(payload or b"{}", request_id)
            outcome = read_outcome(status, body, request_id, config.timeout_seconds)
        except SandboxError as error:
            outcome = failed("Runtime.ExitError", f"Runtime exited ({error})", request_id)
        seconds = time.monotonic() - started
        runtime = sandbox.runtime_pid
        peak = peak_mib(runtime) if runtime else None
        captured = sandbox.take_log(request_id) if outcome.reusable else sandbox.kill()
        log = finish_log(
            captured,
            outcome,
            request_id=request_id,
            seconds=seconds,
            memory_mib=config.memory_mib,
            peak_mib=peak,
        )
        return outcome, log

    def _start(self, config: FunctionConfig) -> Sandbox:
        folder = self._scratch / f"{config.name}-{next(self._numbers)}"
        environment = function_environment(
            config,
            self._base,
            python=self._python,
            version=self._version,
            temporary=folder / "tmp",
            day=f"{datetime.now(UTC):%Y/%m/%d}",
        )
        command: list[str | Path] = [
            self._python,
            "-P",
            "-s",
            # On Lambda the code folder cannot be written to; here it must stay clean.
            "-B",
            _BOOTSTRAP,
            config.handler,
            function_arn(config, environment["AWS_REGION"], self._account_id),
            *config.layers,
        ]
        plan = SandboxPlan(
            emulator=self._emulator,
            runtime_command=command,
            environment=environment,
            code=config.code,
            folder=folder,
            timeout_seconds=config.timeout_seconds,
        )
        return Sandbox(plan, self._sessions)
