"""Runs a command: one line for each fault, and the exit code that goes with it."""

from collections.abc import Callable
from importlib import import_module

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit, Rehearsed

_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden")


def run(context: Context) -> int:
    """Runs the command that was asked for; returns its exit code."""
    command = import_module(f"thriftline_cli.commands.{context.args.command}")
    return exit_code_of(context, lambda: command.run(context.args, context))


def exit_code_of(context: Context, work: Callable[[], int]) -> int:
    """Does the work; returns its exit code, or that of what stopped it."""
    try:
        # A query that is none ends the command before anything is done.
        _ = context.out
        return work()
    except CommandError as error:
        context.say(f"thriftline: {error}")
        return error.code
    except Rehearsed as rehearsed:
        context.say("thriftline: a dry run; nothing was changed")
        context.out.one(rehearsed.answer)
        return Exit.DONE
    except KeyboardInterrupt:
        context.say(f"\nthriftline: {context.goes_on}")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has read enough.
        return Exit.DONE
    except Exception as error:
        said = _of_aws(error)
        if said is None:
            raise
        context.say(f"thriftline: {said[0]}{_no_server(error, context)}")
        return said[1]


def _no_server(error: Exception, context: Context) -> str:
    """Returns a question where nothing listens on this machine."""
    from botocore.exceptions import EndpointConnectionError

    if isinstance(error, EndpointConnectionError) and context.is_embedded:
        return " Is `thriftline local serve` running?"
    return ""


def _of_aws(error: Exception) -> tuple[str, Exit] | None:
    """Returns what an error of AWS's packages says, None of any other."""
    # They take a while to import; a command that asked nothing of AWS needs none of them.
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    )

    from thriftline_cli.aws_problems import in_one_line

    people = (
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    )
    if isinstance(error, people):
        return in_one_line(error), Exit.NOT_ALLOWED
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        denied = code in _NOT_ALLOWED or "Token" in code
        return in_one_line(error), Exit.NOT_ALLOWED if denied else Exit.FAILED
    if isinstance(error, (EndpointConnectionError, HTTPClientError)):
        return in_one_line(error), Exit.NOT_FOUND
    if isinstance(error, BotoCoreError):
        return in_one_line(error), Exit.FAILED
    return None
