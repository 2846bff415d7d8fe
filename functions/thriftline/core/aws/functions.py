"""Calls another function of the stack and reads its answer, or why it refused."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thriftline.core import errors
from thriftline.core.aws.clients import translated
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Functions:
    """The stack's functions, through one client."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def call(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what a function answers.

        Raises:
            ThriftlineError: the very error of the function, by its name; what is no error of ours
                is a ServiceUnavailableError, for the function failed and not the caller.
        """
        with translated(f"calling {name}"):
            answer = self._client.invoke(FunctionName=name, Payload=json.dumps(request).encode())
            payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise _error_of(name, payload)
        return payload


def _error_of(name: str, payload: Mapping[str, Any]) -> ThriftlineError:
    kind = str(payload.get("errorType") or "")
    message = str(payload.get("errorMessage") or "")
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, ThriftlineError):
        return known(message)
    return ServiceUnavailableError(f"{name} failed: {kind}; see its log.")
