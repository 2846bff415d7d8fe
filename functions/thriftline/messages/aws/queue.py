"""The queues that messages to chats wait in."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Queues:
    """Any queue of the stack, by its ARN."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client
        self._urls: dict[str, str] = {}

    def hide(self, arn: str, receipt: str, seconds: int) -> None:
        """Lets a message be invisible for so long.

        Raises:
            ThriftlineError: the queue did not do it; the message then comes when it would have.
        """
        with translated("hiding a message of the chat"):
            self._client.change_message_visibility(
                QueueUrl=self._url(arn), ReceiptHandle=receipt, VisibilityTimeout=seconds
            )

    def _url(self, arn: str) -> str:
        if arn not in self._urls:
            name = arn.rsplit(":", 1)[-1]
            self._urls[arn] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        return self._urls[arn]
