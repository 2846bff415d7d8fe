"""The ledger in the embedded AWS: a race for one budget, and the dollars of whole runs.

``make test-ledger`` lets a hundred race.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.integration.workflow import quick_train_seeds as seeds
from tests.integration.workflow.world import PATIENCE_SECONDS, World, csv_of
from thriftline.core.errors import BudgetExceededError, RunSettledError
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.ledger import Budgets, Ledger, reserve, settle
from thriftline.money.month import Change, Counting, Hold, Holding, Month, month_key

RUNS = int(os.environ.get("LEDGER_RUNS", "40"))
# Three of ten fit.
FIT = RUNS * 3 // 10
USD = Decimal(3)
BUDGETS = Budgets(FIT * USD + Decimal("2.50"), {})
NOW = datetime.now(UTC)
# Long enough ago that the sweep takes a run that was never heard of again for ended.
HELD_AT = NOW - timedelta(hours=3)


def key_now() -> str:
    """Returns the key of the month that it is: the tests may begin in one and end in the next."""
    return month_key(datetime.now(UTC))


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
        if isinstance(change, Holding):
            change = Holding(change.hold, Decimal(1_000_000), filed=change.filed)
        return self.table.change(key, change)

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        self.table.file(key, run_ids)

    def is_filed(self, key: str, run_id: str) -> bool:
        return self.table.is_filed(key, run_id)


def ledger_table(world: World) -> LedgerTable:
    client = boto3.client(
        "dynamodb",
        endpoint_url=world.aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(max_pool_connections=RUNS),
    )
    return LedgerTable(client, world.aws.outputs["LedgerTableName"])


def empty_ledger(world: World) -> LedgerTable:
    """Return the ledger without a month."""
    ledger = ledger_table(world)
    ledger._client.delete_item(TableName=ledger._name, Key={"ledger_id": {"S": key_now()}})
    return ledger


def race(ledger: Ledger, act: Callable[[int], bool]) -> int:
    """Lets all act in the same moment; returns how many did it."""
    start = threading.Barrier(RUNS)
    ledger.month(key_now())

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
            reserve(ledger, key_now(), hold, BUDGETS)
            reserve(ledger, key_now(), hold, BUDGETS)
        except BudgetExceededError:
            return False
        return True

    return act


def test_many_at_once_never_pass_the_budget_and_leave_no_hold(world: World) -> None:
    ledger = empty_ledger(world)
    assert race(ledger, holding(ledger)) == FIT
    month = ledger.month(key_now())
    assert month.committed_usd == month.held_usd == FIT * USD
    held = set(month.holds)

    def ending(number: int) -> bool:
        run_id = f"run-{number}"
        # Every third crashes before it settles; the others settle twice, and ask once more.
        if run_id not in held or number % 3 == 0:
            return False
        for _ in range(2):
            settle(ledger, key_now(), run_id, "reviews", Decimal("1.25"), datetime.now(UTC).date())
        with pytest.raises(RunSettledError):
            reserve(ledger, key_now(), Hold(run_id, "reviews", USD, HELD_AT), BUDGETS)
        return True

    ended = race(ledger, ending)
    month = ledger.month(key_now())
    assert month.settled_usd == Decimal("1.25") * ended
    assert month.held_usd == USD * (FIT - ended)
    assert month.committed_usd == month.settled_usd + month.held_usd

    swept = invoke(world, "SweepLedgerFunction")
    assert (swept["settled"], swept["unknown"]) == (FIT - ended, 0)
    month = ledger.month(key_now())
    assert month.holds == {}
    assert month.committed_usd == month.settled_usd == Decimal("1.25") * ended


def test_a_ledger_without_the_condition_passes_the_budget(world: World) -> None:
    table = empty_ledger(world)
    assert race(table, holding(ReadCheckWrite(table))) > FIT
    assert table.month(key_now()).committed_usd > BUDGETS.month_usd
    empty_ledger(world)


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


def test_a_run_is_held_before_it_starts_and_settled_before_it_is_published(
    world: World, project: str
) -> None:
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    order = [ended.states.index(name) for name in ("Plan run", "Reserve budget", "Start training")]
    assert order == sorted(order)
    ending = [ended.states.index(name) for name in ("Clean up", "Settle budget", "Publish result")]
    assert ending == sorted(ending)
    assert ended.result is not None
    settlement = ended.result["settlement"]
    assert settlement["status"] == "settled"
    assert Decimal(settlement["held_usd"]) > Decimal(settlement["settled_usd"])
    cents = sum(Decimal(row["cents_usd"]) for row in settlement["rows"])
    assert cents == Decimal(settlement["total_usd"])
    month = ledger_table(world).month(settlement["month"])
    run_id = ended.result["run_id"]
    assert run_id not in month.holds
    assert run_id in month.closed
    assert round(month.committed_to(project), 6) == Decimal(settlement["settled_usd"])
    assert "Budget:   $" in world.message_about(run_id)


def test_a_month_that_is_spent_refuses_a_run_and_no_job_exists(world: World, project: str) -> None:
    ledger, key = ledger_table(world), key_now()
    before = ledger.month(key).external_usd
    assert ledger.change(key, Counting(before, Decimal("999.99"))) is None
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ledger.change(key, Counting(Decimal("999.99"), before)) is None

    assert ended.status == "SUCCEEDED"
    assert ended.result is not None
    assert ended.result["status"] == "rejected"
    assert ended.result["error"]["name"] == "BudgetExceededError"
    assert ended.result["error"]["state"] == "Reserve budget"
    assert "999.99 USD were spent outside Thriftline" in ended.result["reason"]
    assert "raise the stack's parameter MaxUsdPerMonth" in ended.result["reason"]
    assert world.jobs_of(ended.result["run_id"]) == []
    assert ledger.month(key).committed_to(project) == 0


def test_a_run_whose_budget_cannot_be_settled_is_published_and_keeps_its_hold(
    world: World, project: str
) -> None:
    world.upload(f"{project}/run.yaml", json.dumps({"seed": seeds.RUNS_ON}))
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    name = world.wait_for_job(arn)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "Poll training" not in world.entered(arn) and time.monotonic() < deadline:
        time.sleep(0.05)
    ledger, tables = ledger_table(world), world.aws.client("dynamodb")
    (hold,) = ledger.month(key_now()).holds.values()
    table = world.aws.outputs["LedgerTableName"]
    tables.delete_table(TableName=table)
    world.sagemaker.stop_training_job(TrainingJobName=name)
    ended = world.wait(arn)
    tables.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "ledger_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "ledger_id", "KeyType": "HASH"}],
    )

    assert "Settle budget" in ended.states
    # The first failure is the one that counts.
    assert (ended.status, ended.error) == ("FAILED", "TrainingStoppedError")
    assert ended.result is not None
    assert ended.result["settlement"]["status"] == "kept"
    assert ended.result["settlement"]["settled_usd"] is None
    # With the table back, whoever comes next settles: here the workflow for abandoned runs.
    restored = Hold(hold.run_id, hold.project, hold.usd, hold.held_at)
    key = key_now()
    if ledger.change(key, Holding(restored, Decimal(1000))) is None:
        while ledger.month(key).holds and time.monotonic() < deadline:
            time.sleep(0.2)
    assert ledger.month(key).holds == {}
