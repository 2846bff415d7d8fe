"""DynamoDB in memory: items by their key, and conditional writes of one item or of several.

Items that are stored are never changed in place: what was answered stays what it was.
"""

from typing import Any

from botocore.exceptions import ClientError

from tests.virtual_time.refusals import refusal
from tests.virtual_time.table_expressions import (
    Item,
    RefusedPathError,
    Words,
    condition,
    updated,
)

_REFUSED = "ConditionalCheckFailedException"


class MemoryDynamoDB:
    """The methods of boto3's client, without it. Every table has one key, a text."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Item]] = {}

    def get_item(
        self, *, TableName: str, Key: Item, ConsistentRead: bool = False
    ) -> dict[str, Any]:
        found = self.tables[TableName].get(_key(Key))
        return {"Item": found} if found is not None else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        answers = {}
        for table, asked in RequestItems.items():
            found = (self.tables[table].get(_key(key)) for key in asked["Keys"])
            names = asked.get("ExpressionAttributeNames", {})
            kept = [
                names.get(one.strip(), one.strip())
                for one in asked.get("ProjectionExpression", "").split(",")
                if one
            ]
            answers[table] = [
                {name: value for name, value in one.items() if not kept or name in kept}
                for one in found
                if one is not None
            ]
        return {"Responses": answers}

    def put_item(
        self,
        *,
        TableName: str,
        Item: Item,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: dict[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        words = Words(ExpressionAttributeNames or {}, ExpressionAttributeValues or {})
        key = _key_of(Item)
        told = ReturnValuesOnConditionCheckFailure == "ALL_OLD"
        self._check("PutItem", TableName, key, ConditionExpression, words, told)
        self.tables[TableName][key] = dict(Item)
        return {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: dict[str, str] | None = None,
        ExpressionAttributeValues: Item | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        words = Words(ExpressionAttributeNames or {}, ExpressionAttributeValues or {})
        key = _key(Key)
        told = ReturnValuesOnConditionCheckFailure == "ALL_OLD"
        self._check("UpdateItem", TableName, key, ConditionExpression, words, told)
        try:
            item = updated(UpdateExpression, self.tables[TableName].get(key, Key), words)
        except RefusedPathError as error:
            raise refusal("UpdateItem", "ValidationException", str(error)) from error
        self.tables[TableName][key] = item
        return {"Attributes": item} if ReturnValues == "ALL_NEW" else {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        puts = [one["Put"] for one in TransactItems]
        for put in puts:
            words = Words(
                put.get("ExpressionAttributeNames", {}), put.get("ExpressionAttributeValues", {})
            )
            try:
                self._check(
                    "TransactWriteItems",
                    put["TableName"],
                    _key_of(put["Item"]),
                    put.get("ConditionExpression"),
                    words,
                    None,
                )
            except ClientError as error:
                raise refusal("TransactWriteItems", "TransactionCanceledException") from error
        for put in puts:
            self.tables[put["TableName"]][_key_of(put["Item"])] = dict(put["Item"])
        return {}

    def _check(
        self,
        operation: str,
        table: str,
        key: str,
        text: str | None,
        words: Words,
        told: bool | None,
    ) -> None:
        item = self.tables[table].get(key)
        if text is None or condition(text)(item or {}, words):
            return
        more = {"Item": item} if told and item is not None else {}
        raise refusal(operation, _REFUSED, more=more)


def _key(key: Item) -> str:
    (value,) = key.values()
    return str(value["S"])


def _key_of(item: Item) -> str:
    (name,) = set(item) & {"run_id", "ledger_id"}
    return str(item[name]["S"])
