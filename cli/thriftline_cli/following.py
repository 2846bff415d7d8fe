"""Follows what was started to its end. Whoever stops following stops nothing."""

from collections.abc import Callable
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit

TIMEOUT, EVERY = 7200.0, 10.0
# A look costs a request: nobody looks without a pause.
_SHORTEST = 0.05
Found = dict[str, Any]


def follow(
    path: str,
    context: Context,
    *,
    is_over: Callable[[Found], bool],
    goes_on: str,
    progress: Callable[[Found], str | None] = lambda _: None,
    timeout: float = TIMEOUT,
) -> Found:
    """Looks until it is over; returns it as it is then.

    Args:
        path: of the API, where it is looked at.
        context: of the command; its --timeout and --every hold.
        is_over: whether there is nothing more to wait for.
        goes_on: said where the time is over: what goes on, and how to look at it.
        progress: says what it is at; the same is said once.
        timeout: seconds where --timeout does not say.

    Raises:
        CommandError: it takes longer; it goes on.
    """
    most, pause = context.option("timeout", timeout), context.option("every", EVERY)
    waited, said = 0.0, None
    while True:
        found = context.api.get(path)
        if is_over(found):
            return found
        now = progress(found)
        if now and now != said:
            context.say(now)
            said = now
        if waited >= most:
            raise CommandError(goes_on, Exit.TIMED_OUT)
        pause = max(pause, _SHORTEST)
        context.sleep(pause)
        waited += pause
