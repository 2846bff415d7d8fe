"""Requests that Thriftline itself sends to an endpoint, so that its alarms have something to see."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

_THREADS = 8


class Probes:
    """An endpoint's callers' API, through a client that tries each call once."""

    def __init__(self, client: "SageMakerRuntimeClient") -> None:
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
        call = (
            self._client.invoke_endpoint_async if asynchronous else self._client.invoke_endpoint
        )
        try:
            call(**target, Body=body, ContentType="application/json")
        except (BotoCoreError, ClientError):
            return False
        return True
