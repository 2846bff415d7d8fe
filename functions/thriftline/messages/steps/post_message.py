"""Posts what waits in a queue to a chat, one message a second."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.message import Message
from thriftline.messages.aws.chat_topic import ChatTopic
from thriftline.messages.aws.queue import Queues
from thriftline.messages.aws.webhook import Webhook
from thriftline.messages.domain.amazon_q import amazon_q_body
from thriftline.messages.domain.delivery import Answer, wait_seconds
from thriftline.messages.domain.slack import slack_body, slack_text
from thriftline.messages.domain.teams import teams_body, teams_text
from thriftline.messages.schemas.queue import (
    FailedItem,
    PostMessageRequest,
    PostMessageResponse,
    QueueRecord,
)

Form = Callable[[Message], dict[str, Any]]
WebhookKind = Literal["slack", "teams"]
_FORMS: dict[WebhookKind, tuple[Form, Form]] = {
    "slack": (slack_body, slack_text),
    "teams": (teams_body, teams_text),
}
_PAUSE_SECONDS = 1.0

# Hears of a message's kind, what was answered and how often it was tried.
Report = Callable[[str, Answer, int], None]


@dataclass(frozen=True)
class WebhookChat:
    """A chat behind an incoming webhook."""

    webhook: Webhook
    kind: WebhookKind

    def post(self, message: Message) -> Answer:
        """Posts a message; one whose form is refused is posted again as plain text."""
        rich, simple = _FORMS[self.kind]
        answer = self.webhook.post(rich(message))
        return self.webhook.post(simple(message)) if answer.refuses_form else answer


@dataclass(frozen=True)
class AmazonQChat:
    """A chat that Amazon Q writes into."""

    topic: ChatTopic

    def post(self, message: Message) -> Answer:
        """Publishes a message in Amazon Q's form."""
        return self.topic.post(amazon_q_body(message))


Chat = WebhookChat | AmazonQChat


def post_messages(
    request: PostMessageRequest,
    *,
    chat_of: Callable[[str], Chat],
    queues: Queues,
    report: Report,
    pause: Callable[[float], None],
    now: datetime,
) -> PostMessageResponse:
    """Returns the messages that the queue keeps: they come again when they become visible.

    Once a chat wants fewer messages, no more of the batch are posted; they wait as long. A text
    that is no message of ours is dropped, since it never becomes one.

    Args:
        request: the batch.
        chat_of: the chat of a queue's ARN.
        queues: where a message is hidden for as long as the chat asks.
        report: hears of what each message became.
        pause: waits so many seconds.
        now: the time.
    """
    kept: list[QueueRecord] = []
    full: Answer | None = None
    posted = 0
    for record in request.records:
        message = record.message()
        if message is None:
            report("unknown", Answer(None, reason="no message of ours"), record.attributes.tries)
            continue
        if full is None:
            if posted:
                pause(_PAUSE_SECONDS)
            posted += 1
            answer = chat_of(record.queue_arn).post(message)
            report(message.kind, answer, record.attributes.tries)
            if answer.is_there:
                continue
            full = answer if answer.slows_down else None
        else:
            answer = full
        _hide(record, answer, queues, report, now)
        kept.append(record)
    failed = tuple(FailedItem(itemIdentifier=record.message_id) for record in kept)
    return PostMessageResponse(batchItemFailures=failed)


def _hide(
    record: QueueRecord, answer: Answer, queues: Queues, report: Report, now: datetime
) -> None:
    tries = record.attributes.tries
    try:
        queues.hide(record.queue_arn, record.receipt, wait_seconds(answer, tries, now))
    except ThriftlineError as error:
        # It comes again when the queue's own time-out is over.
        report("unknown", Answer(None, reason=str(error)), tries)
