"""Requests that came with an Idempotency-Key, and what they were answered; kept for a day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.own_writes import fresh_mark
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError, ThrottledError

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
    """The table ``RequestsTable`` of the template; its key is ``request_id``.

    Args:
        client: for all calls.
        name: of the table.
        last: for one more try of what ends a request, where ``client`` makes none any more: a claim
            that is not given back blocks the same request for a minute.
        mark: makes a text that no other claim has.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        last: "DynamoDBClient | None" = None,
        mark: Callable[[], str] = fresh_mark,
    ) -> None:
        self._client = client
        self._last = last or client
        self._name = name
        self._mark = mark

    def claim(self, request_id: str, body_digest: str, now: datetime) -> KeptRequest | None:
        """Makes a request the caller's own; returns the one that is there instead, if any.

        One that is too old, or that was begun and never answered, is taken over. DynamoDB deletes
        what has expired within days, so that its time is asked for here.
        """
        mark = self._mark()
        with translated("noting a request"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={
                        "request_id": {"S": request_id},
                        "body_digest": {"S": body_digest},
                        "mark": {"S": mark},
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
                # A first try may have been written, though its answer was lost.
                return None if item.get("mark") == {"S": mark} else _kept(item)
        return None

    def keep(self, request_id: str, answer: str, now: datetime) -> None:
        """Keeps what a request was answered."""

        def keep(client: "DynamoDBClient") -> None:
            client.update_item(
                TableName=self._name,
                Key={"request_id": {"S": request_id}},
                UpdateExpression="SET answer = :answer, expires_at = :end",
                ExpressionAttributeValues={
                    ":answer": {"S": answer},
                    ":end": {"N": _seconds(now + KEPT)},
                },
            )

        self._end("keeping an answer", keep)

    def release(self, request_id: str) -> None:
        """Forgets a request that changed nothing."""

        def forget(client: "DynamoDBClient") -> None:
            client.delete_item(TableName=self._name, Key={"request_id": {"S": request_id}})

        self._end("forgetting a request", forget)

    def _end(self, doing: str, ask: Callable[["DynamoDBClient"], None]) -> None:
        """Asks as usual, and once more with the last client where that is not answered."""
        try:
            with translated(doing):
                ask(self._client)
        except (ServiceUnavailableError, ThrottledError):
            with translated(doing):
                ask(self._last)

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
