"""An audit of the account in which the stack lies: what its runs settled, beside the bill."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from laptop.stack import with_own_stack
from local_aws.accounts.reading import parse_account
from local_aws.server import EmbeddedAws, Options
from tests.integration.audit_workflow.world import Audited, AuditWorld

REGION = "us-east-1"
ACCOUNT = {
    "now": "2026-11-21T12:00:00Z",
    "account_id": "123456789012",
    "region": REGION,
    "costs": [
        {
            "service": "Amazon SageMaker",
            "usd": "1.25",
            "start": "2026-11-10",
            "end": "2026-11-11",
            "tags": {"thriftline:run-id": "reviews-1"},
        },
        {
            "service": "Amazon SageMaker",
            "usd": "300",
            "start": "2026-10-22",
            "end": "2026-11-21",
        },
    ],
}
ATTEMPT = {
    "job_name": {"S": "reviews-1-a1"},
    "started_at": {"S": "2026-11-10T10:00:00+00:00"},
    "ended_at": {"S": "2026-11-10T12:00:00+00:00"},
    "spot": {"BOOL": True},
    "billed_usd": {"S": "1.200000000"},
    "undiscounted_usd": {"S": "4.000000000"},
}


@pytest.fixture(scope="module")
def world() -> Iterator[AuditWorld]:
    account = parse_account(ACCOUNT, "settled runs")
    options = replace(
        with_own_stack(Options(time_scale=60, region=REGION)),
        account=account.account_id,
        region=REGION,
        accounts=[account],
    )
    with EmbeddedAws(options) as aws:
        aws.client("dynamodb").put_item(
            TableName=aws.outputs["RunsTableName"],
            Item={
                "run_id": {"S": "reviews-1"},
                "project": {"S": "reviews"},
                "ledger_month": {"S": "2026-11"},
                "settled_usd": {"S": "1.200000000"},
                "attempt_1": {"M": ATTEMPT},
            },
        )
        yield AuditWorld(aws)


@pytest.fixture(scope="module")
def audited(world: AuditWorld) -> Audited:
    return world.audit()


def test_settled_runs_are_held_against_the_bill_by_their_tag(audited: Audited) -> None:
    assert audited.status == "SUCCEEDED", audited.cause
    (finding,) = audited.findings("ml.spend.settled-runs")
    assert "1 run settled 1.20 USD; AWS billed 1.25 USD under their tag" in finding["summary"]
    assert finding["monthly_usd"] is None


def test_what_spot_saved_is_told_and_in_no_sum(audited: Audited) -> None:
    (finding,) = audited.findings("ml.spend.spot-saved")
    assert "Spot saved 2.80 USD of 4.00 USD (70%) on 1 job" in finding["summary"]
    assert audited.told["totals"]["sure_monthly_usd"] in ("0", "0.00")
