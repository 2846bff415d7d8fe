"""Whether AWS says that what was asked about is not there, in each service's own words."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of

T = TypeVar("T")

_MISSING_CODES = {"ResourceNotFound", "ResourceNotFoundException", "ObjectNotFoundException"}
_MISSING_WORDS = ("could not find", "does not exist", "not found", "recordnotfound")


def is_missing(error: ClientError) -> bool:
    """Whether the error says that what was asked about is not there."""
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    code = code_of(error)
    if code in _MISSING_CODES:
        return True
    return code == "ValidationException" and any(word in message for word in _MISSING_WORDS)


def existing(call: Callable[[], T]) -> T | None:
    """Returns what a call returns, None when what it asks about is not there.

    Raises:
        ClientError: AWS did not say.
    """
    try:
        return call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise
