"""Writes of many clients that exclude each other, at once, beside transactions."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local_aws import table_locks
from local_aws.hooks import Hooks
from thriftline.core.errors import BudgetExceededError
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.ledger import Budgets, reserve
from thriftline.money.month import Hold

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RUNS = 40


@pytest.fixture
def table() -> Iterator[Any]:
    hooks = Hooks()
    table_locks.install(hooks)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "ledger_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "ledger_id", "KeyType": "HASH"}],
        )
        yield client
    hooks.undo()


def test_an_item_that_is_read_while_it_is_written_is_whole(table: Any) -> None:
    """moto answers with the item itself, so that it changed while it was turned into JSON."""
    key = {"ledger_id": {"S": "2026-11"}}
    many = {f"a{number}": {"S": "b"} for number in range(500)}
    table.put_item(TableName="ledger", Item={**key, "held": {"M": many}})
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            table.update_item(
                TableName="ledger",
                Key=key,
                UpdateExpression="SET held.#n = :v, #m = :v",
                ExpressionAttributeNames={"#n": f"n{number}", "#m": f"m{number}"},
                ExpressionAttributeValues={":v": {"S": "c"}},
            )

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            read = [table.get_item(TableName="ledger", Key=key)["Item"] for _ in range(40)]
        finally:
            ended.set()
        writing.result()
    assert all(len(one["held"]["M"]) >= 500 for one in read)


def test_of_holds_at_once_no_more_are_made_than_fit_and_no_other_write_is_lost(
    table: Any,
) -> None:
    ledger = LedgerTable(table, "ledger")
    start = threading.Barrier(8)

    def transact(number: int) -> None:
        # A transaction whose condition fails: moto would put a copy of the whole table back.
        key = {"ledger_id": {"S": f"other-{number}"}}
        put = {"TableName": "ledger", "Item": key}
        table.put_item(**put)
        refused = {**put, "ConditionExpression": "attribute_not_exists(ledger_id)"}
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            table.transact_write_items(TransactItems=[{"Put": refused}])

    def act(number: int) -> bool:
        if number < 8:
            start.wait()
        transact(number)
        hold = Hold(f"run-{number}", "reviews", Decimal(3), NOW)
        try:
            reserve(ledger, "2026-11", hold, Budgets(Decimal(10), {}))
        except BudgetExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        fits = list(pool.map(act, range(RUNS)))
    assert fits.count(True) == 3
    assert ledger.month("2026-11").committed_usd == 9
    kept = [item["ledger_id"]["S"] for item in table.scan(TableName="ledger")["Items"]]
    assert len([key for key in kept if key.startswith("other-")]) == RUNS
