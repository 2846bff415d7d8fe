"""What the workflow writes of a settled run is what the audit reads of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.audit.canned_aws import REGION
from tests.unit.runs.run_world import make_ledger_table
from thriftline.audit.aws.collectors.settled_runs import collect_settled_runs
from thriftline.audit.domain.resources.runs import SettledAttempt, SettledRun
from thriftline.core.aws.target_clients import TargetClients
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.money.prices import Price
from thriftline.runs.aws.runs_table import RunsTable, run_item
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.settle_budget import settle_run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUNG = Rung(
    "ml.g5.xlarge on Spot",
    Price(Decimal("1.408"), "instance-hour", REGION, "Training", "a list", NOW.date()),
    Decimal(3),
    Decimal(0),
    {},
)


def _attempt(name: str, billed: str | None) -> AttemptState:
    return AttemptState(
        name=name,
        run_id="reviews-1",
        status="Completed",
        phase="Completed",
        created_at=NOW - timedelta(hours=3),
        charged_usd=Decimal(1),
        billed_usd=None if billed is None else Decimal(billed),
        undiscounted_usd=Decimal("1.5"),
        started_at=NOW - timedelta(hours=2),
        ended_at=NOW - timedelta(hours=1),
        ending=Ending.COMPLETED,
        facts={"spot": True, "instance_type": "ml.g5.xlarge"},
    )


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name=REGION)


def test_a_settled_run_is_read_as_it_was_written(client: Any) -> None:
    make_ledger_table(client)
    client.create_table(
        TableName="runs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
    )
    runs = RunsTable(client, "runs")
    for name in ("reviews-1", "reviews-2"):
        runs.claim(name, "reviews", Upload("b", "k", "v"), "arn:execution", NOW)
    first = attempt_facts(_attempt("job-1", None), 1, RUNG, NOW)
    second = attempt_facts(_attempt("job-2", "0.5"), 1, RUNG, NOW)
    runs.update("reviews-1", attempt_1=first, attempt_2=second)

    settle_run(
        "2026-11",
        "reviews-1",
        "reviews",
        Decimal("0.5"),
        runs=runs,
        ledger=LedgerTable(client, "ledger"),
        now=NOW,
    )
    found = collect_settled_runs(TargetClients(REGION), "runs")

    # The run that did not end is not among them, nor is what else the table keeps.
    read = SettledAttempt(
        job_name="job-1",
        started=NOW - timedelta(hours=2),
        ended=NOW - timedelta(hours=1),
        is_spot=True,
        billed_usd=None,
        undiscounted_usd=Decimal("1.5"),
    )
    assert found.unread == ()
    assert found.found == (
        SettledRun(
            run_id="reviews-1",
            project="reviews",
            month="2026-11",
            settled_usd=Decimal("0.500000000"),
            attempts=(
                read,
                replace(read, job_name="job-2", billed_usd=Decimal("0.5")),
            ),
        ),
    )
    assert run_item("x", "p", Upload("b", "k", "v"), "arn", NOW).get("settled_usd") is None
