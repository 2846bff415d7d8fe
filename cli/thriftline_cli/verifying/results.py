"""What a check of a deployed stack says, and how a call that nobody answers becomes unknown."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

_NOT_DONE = ("NotImplementedByLocalAws", "NotImplemented", "UnknownOperationException")


@dataclass(frozen=True)
class Result:
    """One thing that was looked at; ``passed`` is None where it could not be."""

    check: str
    of: str
    passed: bool | None
    sentence: str


def asked(check: str, of: str, judge: Callable[[], Result]) -> Result:
    """Returns what a call says, or that it could not be made: that is unknown, and no failure."""
    try:
        return judge()
    except (BotoCoreError, ClientError) as error:
        return unknown(check, of, error)


def unknown(check: str, of: str, error: BotoCoreError | ClientError) -> Result:
    """Returns the result of a call that was not answered."""
    if not isinstance(error, ClientError):
        return Result(check, of, None, f"not checked: {error}")
    said = error.response["Error"]
    if said["Code"] in _NOT_DONE:
        return Result(check, of, None, "this AWS does not answer the call (embedded AWS)")
    return Result(check, of, None, f"not checked: {said['Code']}: {said.get('Message', '')}")
