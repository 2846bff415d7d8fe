"""The topic that Amazon Q in chat applications listens to."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated
from thriftline.core.errors import ThriftlineError
from thriftline.messages.domain.delivery import Answer

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class ChatTopic:
    """A topic of its own: Amazon Q drops what is not in its form."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def post(self, body: str) -> Answer:
        """Publishes a notification."""
        try:
            with translated("publishing to the topic of the chat"):
                self._client.publish(TopicArn=self._arn, Message=body)
        except ThriftlineError as error:
            return Answer(None, reason=type(error).__name__)
        return Answer(200)
