"""Queries of indexes: what moto answers, without looking through the whole table."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.dynamodb.models.table import Table

from local_aws import table_indexes, table_locks
from local_aws.hooks import Hooks

KEYS: Any = [
    {"AttributeName": "id", "KeyType": "HASH"},
    {"AttributeName": "part", "KeyType": "RANGE"},
]
INDEX: Any = {
    "IndexName": "by_time",
    "KeySchema": [
        {"AttributeName": "kind", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "ALL"},
}


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", "us-east-1")


def make(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=KEYS,
        AttributeDefinitions=[
            {"AttributeName": each, "AttributeType": "S"} for each in ("id", "part", "kind", "at")
        ],
        GlobalSecondaryIndexes=[INDEX],
    )


def put(client: Any, name: str, item: dict[str, str]) -> None:
    client.put_item(TableName=name, Item={key: {"S": value} for key, value in item.items()})


def pages(client: Any, name: str, **asked: Any) -> list[tuple[list[Any], Any]]:
    """All the pages of a query, with their keys."""
    found = []
    start: dict[str, Any] = {}
    while True:
        answer = client.query(
            TableName=name,
            IndexName="by_time",
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": "a"}},
            **asked,
            **start,
        )
        found.append((answer["Items"], answer.get("LastEvaluatedKey")))
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


SHORT = st.sampled_from(["a", "b", "c"])
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"id": SHORT, "part": SHORT, "kind": SHORT}, optional={"at": st.sampled_from("12345")}
    ),
    max_size=20,
)


@given(
    items=ITEMS,
    late=ITEMS,
    limit=st.none() | st.integers(1, 6),
    forward=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_pages_are_those_of_moto(
    items: list[dict[str, str]], late: list[dict[str, str]], limit: int | None, forward: bool
) -> None:
    asked: dict[str, Any] = {"ScanIndexForward": forward}
    asked |= {} if limit is None else {"Limit": limit}
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        make(client, "t")
        for item in items:
            put(client, "t", item)
        hooks = Hooks()
        table_indexes.install(hooks)
        try:
            first = pages(client, "t", **asked)
            for item in late:
                put(client, "t", item)
            second = pages(client, "t", **asked)
        finally:
            hooks.undo()

        assert second == pages(client, "t", **asked)
        if not late:
            assert first == second


def test_a_page_looks_at_its_own_items_alone(client: Any) -> None:
    make(client, "t")
    for number in range(50):
        put(client, "t", {"id": str(number), "part": "p", "kind": "a", "at": f"{number:02}"})
    looked: list[int] = []
    hooks = Hooks()
    original = Table.sorted_items

    def counted(self: Any, hashes: Any, ranges: Any, items: list[Any]) -> Any:
        looked.append(len(items))
        return original(self, hashes, ranges, items)

    hooks.replace(Table, "sorted_items", counted)
    table_indexes.install(hooks)
    try:
        found = pages(client, "t", Limit=10, ScanIndexForward=False)
    finally:
        hooks.undo()

    assert [items[0]["at"]["S"] for items, _ in found] == ["49", "39", "29", "19", "09"]
    # Once all of them, then those of a page and the one behind it.
    assert looked == [50, 11, 11, 11, 11, 10]


@pytest.mark.parametrize("write", ["update", "delete", "transact"])
def test_whatever_is_written_is_seen(client: Any, write: str) -> None:
    make(client, "t")
    put(client, "t", {"id": "1", "part": "p", "kind": "a", "at": "1"})
    key = {"id": {"S": "1"}, "part": {"S": "p"}}
    change = {
        "TableName": "t",
        "Key": key,
        "UpdateExpression": "SET kind = :b",
        "ExpressionAttributeValues": {":b": {"S": "b"}},
    }
    hooks = Hooks()
    table_indexes.install(hooks)
    table_locks.install(hooks)
    try:
        before = pages(client, "t", Limit=5)
        if write == "update":
            client.update_item(**change)
        elif write == "delete":
            client.delete_item(TableName="t", Key=key)
        else:
            client.transact_write_items(TransactItems=[{"Update": change}])
        after = pages(client, "t", Limit=5)
    finally:
        hooks.undo()

    assert ([len(items) for items, _ in before], [len(items) for items, _ in after]) == ([1], [0])
