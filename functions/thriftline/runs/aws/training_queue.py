"""The lines of runs that wait for what the account may have: an item for each pool.

The item has a ticket for each run that waits. A ticket carries its own expiry, so that a run which
died holds nobody up for long, and nobody ever has to hold the whole line.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.runs.domain.turns import Ticket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REFUSED = "ConditionalCheckFailedException"


class TrainingQueue:
    """The lines' items of the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def line(self, pool: str) -> dict[str, Ticket]:
        """Returns the tickets of a pool by name, expired ones too."""
        with translated(f"reading who waits for {pool}"):
            found = self._client.get_item(TableName=self._name, Key=_key(pool), ConsistentRead=True)
        tickets: Mapping[str, Any] = found.get("Item", {}).get("tickets", {}).get("M", {})
        return {name: _ticket(one["M"]) for name, one in tickets.items()}

    def stand(self, pool: str, name: str, ticket: Ticket) -> None:
        """Takes a place in the line, or keeps it."""
        with translated(f"waiting for {pool}"):
            self._update(pool, "SET tickets = if_not_exists(tickets, :none)", {":none": {"M": {}}})
            self._update(pool, "SET tickets.#name = :ticket", {":ticket": _item(ticket)}, name)

    def leave(self, pool: str, name: str, ticket: Ticket) -> None:
        """Takes a ticket that was read out of the line, unless it has been renewed since."""
        with translated(f"leaving the line for {pool}"):
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key=_key(pool),
                    UpdateExpression="REMOVE tickets.#name",
                    ConditionExpression="tickets.#name = :ticket",
                    ExpressionAttributeNames={"#name": name},
                    ExpressionAttributeValues={":ticket": _item(ticket)},
                )
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise

    def _update(self, pool: str, expression: str, values: Any, name: str | None = None) -> None:
        names: Any = {"ExpressionAttributeNames": {"#name": name}} if name else {}
        self._client.update_item(
            TableName=self._name,
            Key=_key(pool),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **names,
        )


def _key(pool: str) -> Any:
    return {"run_id": {"S": f"queue#{pool}"}}


def _item(ticket: Ticket) -> Any:
    return {
        "M": {"since": {"S": ticket.since.isoformat()}, "until": {"S": ticket.until.isoformat()}}
    }


def _ticket(item: Mapping[str, Any]) -> Ticket:
    return Ticket(
        datetime.fromisoformat(item["since"]["S"]), datetime.fromisoformat(item["until"]["S"])
    )
