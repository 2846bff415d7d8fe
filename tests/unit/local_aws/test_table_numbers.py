"""DynamoDB adds decimal numbers, however small they are and whatever they come to."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from local_aws import table_numbers
from local_aws.hooks import Hooks

cents = st.decimals(-1000, 1000, places=9, allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def table() -> Iterator[Any]:
    hooks = Hooks()
    table_numbers.install(hooks)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="sums",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        yield client
    hooks.undo()


def add(table: Any, amount: str, operator: str = "+") -> str:
    answer = table.update_item(
        TableName="sums",
        Key={"id": {"S": "sum"}},
        UpdateExpression=f"SET amount = if_not_exists(amount, :zero) {operator} :amount",
        ExpressionAttributeValues={":zero": {"N": "0"}, ":amount": {"N": amount}},
        ReturnValues="ALL_NEW",
    )
    return str(answer["Attributes"]["amount"]["N"])


@given(st.lists(st.tuples(cents, st.sampled_from("+-")), min_size=1, max_size=5))
def test_sums_are_exact_and_have_no_exponent(table: Any, steps: list[tuple[Decimal, str]]) -> None:
    table.delete_item(TableName="sums", Key={"id": {"S": "sum"}})
    expected = Decimal(0)
    for amount, operator in steps:
        expected = expected + amount if operator == "+" else expected - amount
        shown = add(table, f"{amount:f}", operator)
        assert Decimal(shown) == expected
        assert "E" not in shown


def test_what_costs_nothing_can_be_added_to(table: Any) -> None:
    table.delete_item(TableName="sums", Key={"id": {"S": "sum"}})

    assert add(table, "0.000000000") == "0"
    assert add(table, "0.500000000") == "0.5"
