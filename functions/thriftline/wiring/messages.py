"""Puts together what posts messages to chats, from the environment."""

from functools import cache

from thriftline.core.aws.clients import client
from thriftline.core.aws.secrets import Secret
from thriftline.messages.aws.chat_topic import ChatTopic
from thriftline.messages.aws.queue import Queues
from thriftline.messages.aws.webhook import Webhook
from thriftline.messages.steps.post_message import AmazonQChat, Chat, WebhookChat
from thriftline.wiring.shared import now, settings

__all__ = ["chat_of", "now", "queues"]

_TIMEOUT_SECONDS = 10
_SECRET = "reading the address of the chat's webhook"


@cache
def queues() -> Queues:
    """The queues that messages wait in."""
    return Queues(client("sqs"))


@cache
def chat_of(queue_arn: str) -> Chat:
    """The chat that a queue feeds."""
    if queue_arn == settings().amazon_q_queue_arn:
        return AmazonQChat(ChatTopic(client("sns"), settings().chat_topic_arn))
    secret = Secret(client("secretsmanager"), settings().chat_webhook_secret_arn, _SECRET)
    return WebhookChat(Webhook(secret, _TIMEOUT_SECONDS), settings().chat_webhook_kind)
