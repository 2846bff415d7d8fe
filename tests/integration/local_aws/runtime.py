"""A Lambda runtime for tests: functions in this process instead of processes of their own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local_aws.functions.runtime import FunctionConfig, Invocation

Handler = Callable[[Any], Any]


class FakeRuntime:
    """Answers with the Python functions in `handlers`, by handler string."""

    def __init__(self, on_log: Callable[[str, str], None]) -> None:
        self._on_log = on_log
        self.handlers: dict[str, Handler] = {}
        self.calls: list[FunctionConfig] = []

    @classmethod
    def make(
        cls,
        *,
        python: Path,
        scratch: Path,
        on_log: Callable[[str, str], None],
        base_environment: Mapping[str, str],
    ) -> "FakeRuntime":
        assert python.exists()
        assert scratch.is_dir()
        assert base_environment["AWS_ENDPOINT_URL"].startswith("http://")
        return cls(on_log)

    def invoke(self, config: FunctionConfig, payload: bytes) -> Invocation:
        self.calls.append(config)
        self._on_log(config.name, f"START {config.handler}\nEND\n")
        try:
            result = self.handlers[config.handler](json.loads(payload))
        except Exception as error:
            body = {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": []}
            return Invocation(json.dumps(body).encode(), "Unhandled", b"END")
        return Invocation(json.dumps(result).encode(), None, b"END")

    def close(self) -> None:
        self.handlers.clear()
