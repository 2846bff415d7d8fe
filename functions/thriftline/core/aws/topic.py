"""Messages to people."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated
from thriftline.core.message import Message
from thriftline.core.text import plain

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT = 100
# Queues that feed chats filter by this attribute; a mail does not show it.
DOCUMENT = "document"


def _subject(text: str) -> str:
    """SNS wants ASCII without line breaks, at most 100 characters, the first not a space."""
    ascii_only = plain(text).encode("ascii", "replace").decode()
    return ascii_only[:_LONGEST_SUBJECT].rstrip() or "Thriftline"


class Topic:
    """One SNS topic."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def send(self, message: Message) -> None:
        """Sends a message to whoever has subscribed: mail gets its text, chat its document.

        The subject is cut to what SNS takes. The document travels beside the text, so that a
        chat that fails can fail nothing but itself.
        """
        with translated(f"publishing to {self._arn}"):
            self._client.publish(
                TopicArn=self._arn,
                Subject=_subject(message.title),
                Message=message.text,
                MessageAttributes={
                    DOCUMENT: {"DataType": "String", "StringValue": message.document()}
                },
            )
