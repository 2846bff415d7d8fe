"""Many runs at once on one budget, through the embedded AWS's DynamoDB and the real sweep.

``make test-ledger`` lets a hundred race.
"""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.integration.workflow.world import World
from thriftline.core.errors import BudgetExceededError, RunSettledError
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.ledger import Budgets, Ledger, reserve, settle
from thriftline.money.month import Change, Hold, Holding, Month, month_key

RUNS = int(os.environ.get("LEDGER_RUNS", "40"))
# Three of ten fit.
FIT = RUNS * 3 // 10
USD = Decimal(3)
BUDGETS = Budgets(FIT * USD + Decimal("2.50"), {})
NOW = datetime.now(UTC)
KEY = month_key(NOW)
# Long enough ago that the sweep takes a run that was never heard of again for ended.
HELD_AT = NOW - timedelta(hours=3)


class ReadCheckWrite:
    """The broken twin: it reads, checks, and writes without a condition."""

    def __init__(self, table: LedgerTable) -> None:
        self.table = table

    def month(self, key: str) -> Month:
        return self.table.month(key)

    def change(self, key: str, change: Change) -> Month | None:
        month = self.table.month(key)
        if isinstance(change, Holding) and change.refused_by(month) is not None:
            return month
        wide = Decimal(1_000_000)
        return self.table.change(
            key, Holding(change.hold, wide) if isinstance(change, Holding) else change
        )


def ledger_table(world: World) -> LedgerTable:
    client = boto3.client(
        "dynamodb",
        endpoint_url=world.aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(max_pool_connections=RUNS),
    )
    name = world.aws.outputs["LedgerTableName"]
    client.delete_item(TableName=name, Key={"ledger_id": {"S": KEY}})
    return LedgerTable(client, name)


def race(ledger: Ledger, act: Callable[[int], bool]) -> int:
    """Lets all act in the same moment; returns how many did it."""
    start = threading.Barrier(RUNS)
    ledger.month(KEY)

    def one(number: int) -> bool:
        start.wait(60)
        return act(number)

    with ThreadPoolExecutor(RUNS) as pool:
        return list(pool.map(one, range(RUNS))).count(True)


def holding(ledger: Ledger) -> Callable[[int], bool]:
    def act(number: int) -> bool:
        hold = Hold(f"run-{number}", "reviews", USD, HELD_AT)
        try:
            # The message is delivered twice.
            reserve(ledger, KEY, hold, BUDGETS)
            reserve(ledger, KEY, hold, BUDGETS)
        except BudgetExceededError:
            return False
        return True

    return act


def test_many_at_once_never_pass_the_budget_and_leave_no_hold(world: World) -> None:
    ledger = ledger_table(world)
    assert race(ledger, holding(ledger)) == FIT
    month = ledger.month(KEY)
    assert month.committed_usd == month.held_usd == FIT * USD
    held = set(month.holds)

    def ending(number: int) -> bool:
        run_id = f"run-{number}"
        # Every third crashes before it settles; the others settle twice, and ask once more.
        if run_id not in held or number % 3 == 0:
            return False
        for _ in range(2):
            settle(ledger, KEY, run_id, "reviews", Decimal("1.25"), NOW.date())
        with pytest.raises(RunSettledError):
            reserve(ledger, KEY, Hold(run_id, "reviews", USD, HELD_AT), BUDGETS)
        return True

    ended = race(ledger, ending)
    month = ledger.month(KEY)
    assert month.settled_usd == Decimal("1.25") * ended
    assert month.held_usd == USD * (FIT - ended)
    assert month.committed_usd == month.settled_usd + month.held_usd

    swept = invoke(world, "SweepLedgerFunction")
    assert (swept["settled"], swept["unknown"]) == (FIT - ended, 0)
    month = ledger.month(KEY)
    assert month.holds == {}
    assert month.committed_usd == month.settled_usd == Decimal("1.25") * ended


def test_a_ledger_without_the_condition_passes_the_budget(world: World) -> None:
    table = ledger_table(world)
    assert race(table, holding(ReadCheckWrite(table))) > FIT
    assert table.month(KEY).committed_usd > BUDGETS.month_usd


def invoke(world: World, logical_id: str) -> dict[str, Any]:
    """Invoke a function of the stack as its schedule does."""
    functions = world.aws.client("lambda")
    (name,) = [
        one["FunctionName"]
        for one in functions.list_functions()["Functions"]
        if f"-{logical_id}-" in one["FunctionName"]
    ]
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body
