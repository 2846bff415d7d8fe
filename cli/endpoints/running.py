"""Runs a command against AWS: one line for each fault, and the exit code that goes with it."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from cli.endpoints.answers import CommandError, Exit

if TYPE_CHECKING:
    import boto3

    from cli.endpoints.stack import Stack

_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden")


def open_stack(name: str, session: "boto3.session.Session") -> "Stack":
    """Returns a stack as the person's own credentials see it."""
    from cli.endpoints.stack import Stack

    return Stack(
        name=name,
        client=session.client,
        say=say,
        sleep=time.sleep,
        now=lambda: datetime.now(UTC),
        token=lambda: uuid4().hex,
    )


def exit_code_of(command: str, work: Callable[[], int], goes_on: str) -> int:
    """Does the work; returns its exit code, or that of what stopped it.

    ``goes_on`` is said at Ctrl-C: what was started, and where it can be seen.
    """
    # AWS's packages take a second to import; help needs none of them.
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    )

    from cli.aws_problems import in_one_line

    try:
        return work()
    except CommandError as error:
        say(f"{command}: {error}")
        return error.code
    except (
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    ) as error:
        say(f"{command}: {in_one_line(error)}")
        return Exit.NOT_ALLOWED
    except ClientError as error:
        say(f"{command}: {in_one_line(error)}")
        code = error.response.get("Error", {}).get("Code", "")
        return Exit.NOT_ALLOWED if code in _NOT_ALLOWED or "Token" in code else Exit.FAILED
    except BotoCoreError as error:
        say(f"{command}: {in_one_line(error)}")
        return Exit.FAILED
    except KeyboardInterrupt:
        say(f"{command}: {goes_on}")
        return Exit.INTERRUPTED


def say(line: str) -> None:
    """Writes a line that is not the answer."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
