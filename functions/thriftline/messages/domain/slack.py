"""A message as an incoming webhook of Slack takes it.

At most 50 blocks, 3,000 characters a section, 150 a header, and near 13,000 in all, which Slack
does not document: it then answers ``msg_blocks_too_long``. A webhook cannot answer into a thread,
so the last line names it.
"""

import json
from typing import Any
from urllib.parse import quote

from thriftline.core.message import Fact, Message
from thriftline.messages.domain.fitting import escaped_for_slack, fitted
from thriftline.messages.domain.shrinking import first_that_fits

LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
LONGEST_FIELD = 2_000
LONGEST_ALL = 12_000
MOST_BLOCKS = 50
_MOST_FIELDS = 10
_LONGEST_FALLBACK = 1_000

Block = dict[str, Any]


def slack_body(message: Message) -> dict[str, Any]:
    """Returns the body; what says least is left out until it is small enough."""
    return first_that_fits(message, _body, _fits)


def _body(message: Message) -> dict[str, Any]:
    return {"text": _fallback(message), "blocks": _blocks(message, message.facts)}


def _fits(body: object) -> bool:
    return len(json.dumps(body, ensure_ascii=False)) <= LONGEST_ALL


def slack_text(message: Message) -> dict[str, Any]:
    """Returns the body for where Slack refuses the blocks: the text alone."""
    return {"text": _fallback(message)}


def _fallback(message: Message) -> str:
    parts = [message.title, message.sentence, message.dollars or ""]
    text = fitted("\n".join(filter(None, parts)), _LONGEST_FALLBACK, escaped_for_slack)
    return f"{text}\n{_address(message.link)}" if message.link else text


def _blocks(message: Message, facts: tuple[Fact, ...]) -> list[Block]:
    header = {"type": "plain_text", "text": fitted(message.title, LONGEST_HEADER), "emoji": False}
    blocks: list[Block] = [{"type": "header", "text": header}]
    blocks.append(_section(f"{message.sentence}\n{message.detail}".strip()))
    if message.dollars:
        blocks.append(_section(message.dollars))
    for first in range(0, len(facts), _MOST_FIELDS):
        fields = [_field(fact) for fact in facts[first : first + _MOST_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if message.next_steps:
        blocks.append(_section("\n".join(f"• {step}" for step in message.next_steps)))
    if message.link:
        # It only shows something; what is decided is decided by a button on that page.
        blocks.append(_mrkdwn(f"<{_address(message.link)}|Open>"))
    thread = {"type": "mrkdwn", "text": fitted(message.thread, LONGEST_HEADER, escaped_for_slack)}
    blocks.append({"type": "context", "elements": [thread]})
    return blocks


def _section(text: str) -> Block:
    return _mrkdwn(fitted(text, LONGEST_SECTION, escaped_for_slack))


def _mrkdwn(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _field(fact: Fact) -> Block:
    name = fitted(fact.name, 100, escaped_for_slack)
    value = fitted(fact.value, LONGEST_FIELD - len(name) - 3, escaped_for_slack)
    return {"type": "mrkdwn", "text": f"*{name}*\n{value}"}


def _address(link: str) -> str:
    return quote(link, safe=":/?#[]@!$&'()*+,;=%-._~").replace("&", "&amp;")
