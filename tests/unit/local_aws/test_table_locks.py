"""Transactions that exclude each other, at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_aws import table_locks
from local_aws.hooks import Hooks
from thriftline.runs.aws.months import Months


@pytest.fixture
def table() -> Iterator[Any]:
    hooks = Hooks()
    table_locks.install(hooks)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
        )
        yield client
    hooks.undo()


def test_of_transactions_at_once_no_more_hold_than_fit_and_no_other_write_is_lost(
    table: Any,
) -> None:
    months = Months(table, "runs")

    def act(number: int) -> bool:
        table.put_item(TableName="runs", Item={"run_id": {"S": f"other-{number}"}})
        return months.hold(f"run-{number}", "2026-11", Decimal(3), Decimal(10))

    with ThreadPoolExecutor(8) as pool:
        fits = list(pool.map(act, range(40)))
    assert fits.count(True) == 3
    assert months.held("2026-11") == 9
    kept = [item["run_id"]["S"] for item in table.scan(TableName="runs")["Items"]]
    assert len([key for key in kept if key.startswith("other-")]) == 40
