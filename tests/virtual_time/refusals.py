"""The errors that boto3 raises, and what kills a function."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError


class FunctionDiedError(BaseException):
    """The function's process is gone, in the middle of whatever it did."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


def refusal(
    operation: str,
    code: str,
    message: str = "",
    status: int = 400,
    more: Mapping[str, Any] | None = None,
) -> ClientError:
    """Makes the error of a refused call."""
    response: Any = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **(more or {}),
    }
    return ClientError(response, operation)
