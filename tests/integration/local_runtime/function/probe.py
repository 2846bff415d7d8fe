"""Handlers that the runtime's tests run behind the Lambda Runtime API."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CALLS = 0


class DomainError(Exception):
    """An error whose name a state machine would branch on."""


def describe(event: Any, context: Any) -> dict[str, Any]:
    global CALLS
    CALLS += 1
    return {
        "event": event,
        "calls": CALLS,
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
    }


def write_log(event: Any, context: Any) -> str:
    sys.stdout.write(f"out {event['word']}\n")
    sys.stderr.write(f"err {event['word']}\n")
    return context.aws_request_id  # type: ignore[no-any-return]


def fail(event: Any, context: Any) -> None:
    raise DomainError("The budget of 5.00 USD is used up: é")


def look_like_an_error(event: Any, context: Any) -> dict[str, Any]:
    return {"errorType": "DomainError", "errorMessage": "a value", "stackTrace": []}


def sleep(event: Any, context: Any) -> int:
    Path(event["file"]).write_text(str(os.getpid()))
    time.sleep(event.get("seconds", 600))
    return os.getpid()


def meet(event: Any, context: Any) -> int:
    """Wait until as many calls as asked for run at once."""
    folder = Path(event["folder"])
    (folder / context.aws_request_id).touch()
    while len(list(folder.iterdir())) < event["calls"]:
        time.sleep(0.01)
    return os.getpid()


def leave_a_child(event: Any, context: Any) -> int:
    return subprocess.Popen(["sleep", "600"]).pid


def answer(event: Any, context: Any) -> str:
    return "x" * int(event["size"])


def exit_now(event: Any, context: Any) -> None:
    os._exit(event["code"])


def eat_memory(event: Any, context: Any) -> int:
    eaten = b"x" * (event["mib"] * 1024 * 1024)
    time.sleep(event["seconds"])
    return len(eaten)


def import_training_library(event: Any, context: Any) -> None:
    import moto  # noqa: F401


def not_json(event: Any, context: Any) -> object:
    return object()
