"""Handlers and errors for tests of state machines."""

from collections.abc import Callable
from typing import Any

Handle = Callable[[str, Callable[[Any], Any]], None]

ECHO = """
  Resource: arn:aws:states:::lambda:invoke
  Arguments: {FunctionName: ECHO, Payload: "{% $states.input %}"}
"""


class CapacityError(Exception):
    pass


class ThrottledError(Exception):
    pass


def raising(*errors: Exception, then: Any = None) -> Callable[[Any], Any]:
    """A handler that raises each error once, and then answers."""
    left = list(errors)

    def handler(_event: Any) -> Any:
        if left:
            raise left.pop(0)
        return then

    return handler
