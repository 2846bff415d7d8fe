"""Ever smaller forms of a message, for a chat that takes only so much."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from thriftline.core.message import Message

_SHORT = 200


def first_that_fits(
    message: Message, form: Callable[[Message], dict[str, Any]], fits: Callable[[object], bool]
) -> dict[str, Any]:
    """Returns the fullest form that fits: facts go first, then steps, then what explains."""
    body = form(message)
    for smaller in _smaller(message):
        if fits(body):
            break
        body = form(smaller)
    return body


def _smaller(message: Message) -> Iterator[Message]:
    for count in reversed(range(len(message.facts))):
        message = replace(message, facts=message.facts[:count])
        yield message
    message = replace(message, next_steps=())
    yield message
    message = replace(message, detail=message.detail[:_SHORT], dollars=None)
    yield message
    yield replace(
        message,
        title=message.title[:_SHORT],
        sentence=message.sentence[:_SHORT],
        thread=message.thread[:_SHORT],
    )
