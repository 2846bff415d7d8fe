"""Requests that came with an Idempotency-Key, and what they were answered; kept for a day."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(hours=24)
# A function ends after 29 seconds: what began before this was lost.
ABANDONED = timedelta(seconds=60)
_REFUSED = "ConditionalCheckFailedException"


@dataclass(frozen=True)
class KeptRequest:
    """A request as it was kept; ``answer`` is None while it is being worked on."""

    body_digest: str
    answer: str | None


class RequestsTable:
    """The table ``RequestsTable`` of the template; its key is ``request_id``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def claim(self, request_id: str, body_digest: str, now: datetime) -> KeptRequest | None:
        """Makes a request the caller's own; returns the one that is there instead, if any.

        One that is too old, or that was begun and never answered, is taken over. DynamoDB deletes
        what has expired within days, so that its time is asked for here.
        """
        with translated("noting a request"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={
                        "request_id": {"S": request_id},
                        "body_digest": {"S": body_digest},
                        "began_at": {"N": _seconds(now)},
                        "expires_at": {"N": _seconds(now + KEPT)},
                    },
                    ConditionExpression=(
                        "attribute_not_exists(request_id) OR expires_at <= :now "
                        "OR (attribute_not_exists(answer) AND began_at <= :abandoned)"
                    ),
                    ExpressionAttributeValues={
                        ":now": {"N": _seconds(now)},
                        ":abandoned": {"N": _seconds(now - ABANDONED)},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise
                item: Any = error.response.get("Item") or self._item(request_id)
                return _kept(item)
        return None

    def keep(self, request_id: str, answer: str, now: datetime) -> None:
        """Keeps what a request was answered."""
        with translated("keeping an answer"):
            self._client.update_item(
                TableName=self._name,
                Key={"request_id": {"S": request_id}},
                UpdateExpression="SET answer = :answer, expires_at = :end",
                ExpressionAttributeValues={
                    ":answer": {"S": answer},
                    ":end": {"N": _seconds(now + KEPT)},
                },
            )

    def release(self, request_id: str) -> None:
        """Forgets a request that changed nothing."""
        with translated("forgetting a request"):
            self._client.delete_item(TableName=self._name, Key={"request_id": {"S": request_id}})

    def _item(self, request_id: str) -> dict[str, Any]:
        found = self._client.get_item(
            TableName=self._name, Key={"request_id": {"S": request_id}}, ConsistentRead=True
        )
        return dict(found.get("Item", {}))


def _kept(item: dict[str, Any]) -> KeptRequest:
    answer = item.get("answer")
    return KeptRequest(item.get("body_digest", {}).get("S", ""), answer["S"] if answer else None)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
