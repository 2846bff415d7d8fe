"""Requests that came with an Idempotency-Key, and what they were answered; kept for a day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.own_writes import fresh_mark
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError, ThrottledError

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


@dataclass(frozen=True)
class Claim:
    """What became of a claim; ``former`` is the request that was there, None where it is made.

    ``mark`` is what this claim alone has: only whoever knows it may end the request.
    """

    mark: str
    former: KeptRequest | None


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

    def claim(self, request_id: str, body_digest: str, now: datetime) -> Claim:
        """Makes a request the caller's own, or finds the one that is there.

        One that is too old, or that was begun and never answered, is taken over. DynamoDB deletes
        what has expired within days, so that its time is asked for here. Where no try is answered,
        one of them may have been written all the same, so it is taken back.
        """
        mark = self._mark()
        try:
            with translated("noting a request"):
                return Claim(mark, self._claimed(request_id, body_digest, now, mark))
        except (ServiceUnavailableError, ThrottledError):
            with suppress(ThriftlineError), translated("forgetting a request"):
                _forget(self._last, self._name, request_id, mark)
            raise

    def _claimed(
        self, request_id: str, body_digest: str, now: datetime, mark: str
    ) -> KeptRequest | None:
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

    def keep(self, request_id: str, mark: str, answer: str, now: datetime) -> None:
        """Keeps what a request was answered; a claim that is not one's own any more stays."""

        def keep(client: "DynamoDBClient") -> None:
            with _unless_it_is_anothers():
                client.update_item(
                    TableName=self._name,
                    Key={"request_id": {"S": request_id}},
                    UpdateExpression="SET answer = :answer, expires_at = :end",
                    ConditionExpression="mark = :mark",
                    ExpressionAttributeValues={
                        ":answer": {"S": answer},
                        ":end": {"N": _seconds(now + KEPT)},
                        ":mark": {"S": mark},
                    },
                )

        self._end("keeping an answer", keep)

    def release(self, request_id: str, mark: str) -> None:
        """Forgets a request that changed nothing; a claim that is not one's own any more stays."""
        self._end(
            "forgetting a request",
            lambda client: _forget(client, self._name, request_id, mark),
        )

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


def _forget(client: "DynamoDBClient", table: str, request_id: str, mark: str) -> None:
    # A call that arrives late deletes no claim that came after it.
    with _unless_it_is_anothers():
        client.delete_item(
            TableName=table,
            Key={"request_id": {"S": request_id}},
            ConditionExpression="mark = :mark",
            ExpressionAttributeValues={":mark": {"S": mark}},
        )


@contextmanager
def _unless_it_is_anothers() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != _REFUSED:
            raise


def _kept(item: dict[str, Any]) -> KeptRequest:
    answer = item.get("answer")
    return KeptRequest(item.get("body_digest", {}).get("S", ""), answer["S"] if answer else None)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
