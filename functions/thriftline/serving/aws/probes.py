"""Requests that Thriftline itself sends, so that an endpoint's alarms have something to see."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

_THREADS = 8


class Runtime(Protocol):
    """What is asked of SageMaker Runtime's client."""

    def invoke_endpoint(self, **request: Any) -> Any:
        """Asks an endpoint and waits for its answer."""

    def invoke_endpoint_async(self, **request: Any) -> Any:
        """Puts a request before an asynchronous endpoint."""


class Probes:
    """An endpoint's callers' API, through a client that tries each call once."""

    def __init__(self, client: Runtime) -> None:
        self._client = client

    def send(self, target: dict[str, Any], bodies: Sequence[bytes], *, asynchronous: bool) -> int:
        """Sends bodies and returns how many were answered well.

        An error is the model's answer: the alarms see it, and nobody here has to.
        """
        with ThreadPoolExecutor(max_workers=_THREADS) as pool:
            return sum(
                pool.map(lambda body: self._send(target, body, asynchronous=asynchronous), bodies)
            )

    def _send(self, target: dict[str, Any], body: bytes, *, asynchronous: bool) -> bool:
        call = self._client.invoke_endpoint_async if asynchronous else self._client.invoke_endpoint
        try:
            call(**target, Body=body, ContentType="application/json")
        except (BotoCoreError, ClientError):
            return False
        return True
