"""What the commands of serving have in common: which endpoint is meant, and what is refused."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thriftline_cli.api.client import segment
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

Answer = tuple[dict[str, Any], Exit, str | None]
"""An answer, the exit code, and how a person is shown it."""


def endpoint_of(asked: argparse.Namespace, context: Context) -> str:
    """Returns the one endpoint of a project, or the named one.

    Raises:
        CommandError: there is none, or several.
    """
    project = asked.project
    listed = context.api.items("/endpoints", project=segment(project))
    names = [str(one["endpoint"]) for one in listed]
    if asked.endpoint is not None:
        if asked.endpoint not in names:
            raise CommandError(f"{project} has no endpoint {asked.endpoint}", Exit.NOT_FOUND)
        return str(asked.endpoint)
    if len(names) > 1:
        raise CommandError(
            f"{project} has the endpoints {', '.join(names)}; say --endpoint", Exit.USAGE
        )
    if not names:
        raise CommandError(
            f"{project} has no endpoint yet; thriftline endpoints deploy {project} makes one",
            Exit.NOT_FOUND,
        )
    return names[0]


@contextmanager
def refusals() -> Iterator[None]:
    """What breaks a rule of serving is refused; the command line itself was well."""
    try:
        yield
    except CommandError as error:
        if error.code is not Exit.USAGE:
            raise
        raise CommandError(str(error), Exit.REFUSED) from error


def body_of(asked: argparse.Namespace, **more: Any) -> dict[str, Any]:
    """Returns what is asked for; what was not said is left to the stack."""
    given = {"why": asked.why, **more}
    return {name: value for name, value in given.items() if value not in (None, "", {})}


def answers_on_bedrock(project: str, context: Context) -> bool:
    """The newest approved version says who made it; a project without versions says nothing."""
    for one in context.api.items(f"/projects/{segment(project)}/models"):
        if one["approval_status"] == "Approved":
            return bool(one["trainer"] == "bedrock")
    return False
