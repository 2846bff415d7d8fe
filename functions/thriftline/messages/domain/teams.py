"""A message as an incoming webhook of Teams takes it: an adaptive card of at most 28 KB."""

import json
from typing import Any

from thriftline.core.message import Fact, Message, Tone
from thriftline.messages.domain.fitting import escaped_for_cards, fitted
from thriftline.messages.domain.shrinking import first_that_fits

LARGEST_BYTES = 24_000
_LONGEST_TITLE = 250
_LONGEST_TEXT = 3_000
_LONGEST_VALUE = 1_000
_COLOURS: dict[Tone, str] = {
    "good": "Good",
    "notice": "Default",
    "problem": "Attention",
    "question": "Accent",
}


def teams_body(message: Message) -> dict[str, Any]:
    """Returns the body; what says least is left out until it is small enough."""
    return first_that_fits(message, _body, _fits)


def _fits(body: object) -> bool:
    return len(json.dumps(body).encode()) <= LARGEST_BYTES


def teams_text(message: Message) -> dict[str, Any]:
    """Returns the body for where Teams refuses the card: its title and sentence."""
    return _card([_text(message.title, weight="Bolder"), _text(message.sentence)])


def _body(message: Message) -> dict[str, Any]:
    items = [
        _text(message.title, _LONGEST_TITLE, weight="Bolder", color=_COLOURS[message.tone]),
        _text(message.sentence),
    ]
    items += [_text(text) for text in (message.detail, message.dollars) if text]
    if message.facts:
        items.append({"type": "FactSet", "facts": [_fact(fact) for fact in message.facts]})
    items += [_text(f"• {step}") for step in message.next_steps]
    items.append(_text(message.thread, _LONGEST_TITLE, isSubtle=True, size="Small"))
    return _card(items, message.link)


def _card(items: list[dict[str, Any]], link: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": items,
    }
    if link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, limit: int = _LONGEST_TEXT, **more: object) -> dict[str, Any]:
    shown = fitted(text, limit, escaped_for_cards)
    return {"type": "TextBlock", "text": shown, "wrap": True, **more}


def _fact(fact: Fact) -> dict[str, str]:
    return {
        "title": fitted(fact.name, 100, escaped_for_cards),
        "value": fitted(fact.value, _LONGEST_VALUE, escaped_for_cards),
    }
