"""A message in the custom notification schema of Amazon Q in chat applications, version 1.0.

Amazon Q drops what has another form. ``threadId`` keeps a run, a deployment, an audit in one
thread. Text is Markdown of the client, so that what a stranger wrote is escaped as for Slack.
"""

import json
from typing import Any

from thriftline.core.message import Message
from thriftline.messages.domain.fitting import escaped_for_slack, fitted

_LONGEST_TITLE = 250
_LONGEST_DESCRIPTION = 3_000
_LONGEST_STEP = 400


def amazon_q_body(message: Message) -> str:
    """Returns the notification as JSON."""
    body: dict[str, Any] = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": fitted(message.title, _LONGEST_TITLE, escaped_for_slack),
            "description": _description(message),
            "keywords": [message.kind, message.tone],
        },
        "metadata": {
            "threadId": message.thread,
            "summary": fitted(message.sentence, _LONGEST_TITLE, escaped_for_slack),
            "eventType": message.kind,
            "relatedResources": [],
            "additionalContext": {},
        },
    }
    if message.next_steps:
        steps = [fitted(step, _LONGEST_STEP, escaped_for_slack) for step in message.next_steps]
        body["content"]["nextSteps"] = steps
    return json.dumps(body)


def _description(message: Message) -> str:
    lines = [message.sentence, message.detail, message.dollars or ""]
    lines += [f"{fact.name}: {fact.value}" for fact in message.facts]
    link = f"\n{message.link}" if message.link else ""
    text = "\n".join(filter(None, lines))
    return fitted(text, _LONGEST_DESCRIPTION - len(link), escaped_for_slack) + link
