"""Messages to people."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated
from thriftline.core.text import plain

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT = 100


def _subject(text: str) -> str:
    """SNS wants ASCII without line breaks, at most 100 characters, the first not a space."""
    ascii_only = plain(text).encode("ascii", "replace").decode()
    return ascii_only[:_LONGEST_SUBJECT].rstrip() or "Thriftline"


class Topic:
    """One SNS topic."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, subject: str, message: str) -> None:
        """Sends a message to whoever has subscribed; the subject is cut to what SNS takes."""
        with translated(f"publishing to {self._arn}"):
            self._client.publish(TopicArn=self._arn, Subject=_subject(subject), Message=message)
