"""Texts that fit what a chat takes, escaped, and never cut inside of an escaped character."""

from collections.abc import Callable

ELLIPSIS = "…"


def fitted(text: str, limit: int, escape: Callable[[str], str] = str) -> str:
    """Returns an escaped text of at most ``limit`` characters; what was cut ends in an ellipsis."""
    whole = escape(text)
    if len(whole) <= limit:
        return whole
    kept, size = [], len(ELLIPSIS)
    for letter in text:
        piece = escape(letter)
        if size + len(piece) > limit:
            break
        kept.append(piece)
        size += len(piece)
    return "".join(kept).rstrip() + ELLIPSIS


def escaped_for_slack(text: str) -> str:
    """Returns a text in which nothing is a link, a mention or an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_MARKS = frozenset("\\`*_[]()#~|<>")


def escaped_for_cards(text: str) -> str:
    """Returns a text in which no character is Markdown of an adaptive card."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in text)
