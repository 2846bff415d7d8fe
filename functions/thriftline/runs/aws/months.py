"""What the runs of a month may cost together: one item a month in the runs table.

Until a ledger takes its place: a run's worst case is added when it is planned, and what it did not
use is taken off when its cost is known. What is never known stays, so the sum is never too low.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CANCELLED = "TransactionCanceledException"
_REFUSED = "ConditionalCheckFailed"
_deserialize = TypeDeserializer().deserialize


class Months:
    """The months' items of the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def hold(self, run_id: str, month: str, usd: Decimal, limit: Decimal) -> bool:
        """Adds a run's worst case to its month, once; returns False when it does not fit."""
        if usd > limit:
            return False
        run = {
            "Update": {
                "TableName": self._name,
                "Key": {"run_id": {"S": run_id}},
                "UpdateExpression": "SET held_usd = :usd, held_month = :month",
                "ConditionExpression": "attribute_not_exists(held_usd)",
                "ExpressionAttributeValues": {":usd": _number(usd), ":month": {"S": month}},
            }
        }
        sum_of_month = {
            "Update": {
                "TableName": self._name,
                "Key": {"run_id": {"S": _key(month)}},
                "UpdateExpression": "ADD held_usd :usd",
                "ConditionExpression": "attribute_not_exists(held_usd) OR held_usd <= :room",
                "ExpressionAttributeValues": {":usd": _number(usd), ":room": _number(limit - usd)},
            }
        }
        refused = self._write([run, sum_of_month], f"holding {usd} USD for run {run_id}")
        # A run that holds its dollars already was asked for twice.
        return refused is None or refused[0]

    def give_back(self, run_id: str, month: str, held: Decimal, used: Decimal) -> None:
        """Takes what a run did not use off its month, once."""
        run = {
            "Update": {
                "TableName": self._name,
                "Key": {"run_id": {"S": run_id}},
                "UpdateExpression": "SET used_usd = :used",
                "ConditionExpression": "attribute_not_exists(used_usd)",
                "ExpressionAttributeValues": {":used": _number(used)},
            }
        }
        sum_of_month = {
            "Update": {
                "TableName": self._name,
                "Key": {"run_id": {"S": _key(month)}},
                "UpdateExpression": "ADD held_usd :less",
                "ExpressionAttributeValues": {":less": _number(used - held)},
            }
        }
        self._write([run, sum_of_month], f"settling run {run_id}")

    def held(self, month: str) -> Decimal:
        """Returns what the runs of a month may cost together."""
        with translated(f"reading the sum of {month}"):
            found = self._client.get_item(
                TableName=self._name, Key={"run_id": {"S": _key(month)}}, ConsistentRead=True
            )
        item = found.get("Item")
        return Decimal(_deserialize(item["held_usd"])) if item else Decimal(0)

    def _write(self, items: list[Any], doing: str) -> list[bool] | None:
        """Returns which of the conditions were refused, None when all was written.

        Raises:
            ThrottledError: another run changes the month just now.
        """
        with translated(doing):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons: Any = error.response.get("CancellationReasons", ())
                refused = [reason.get("Code") == _REFUSED for reason in reasons]
                if code_of(error) != _CANCELLED:
                    raise
                if not any(refused):
                    raise ThrottledError(f"{doing}: another run changes the month.") from error
                return refused
        return None


def _key(month: str) -> str:
    return f"month#{month}"


def _number(usd: Decimal) -> Any:
    return {"N": str(usd)}
