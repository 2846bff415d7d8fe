"""How a command ends: its exit codes, and the error that carries one."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


class CommandError(Exception):
    """The command ends here; the message says why and what to do."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class Rehearsed(Exception):
    """A dry run came to what would have changed something, and ends there."""

    def __init__(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        super().__init__(f"{method} {path}")
        self.answer = {"dry_run": True, "would": f"{method} {path}", "body": body}
