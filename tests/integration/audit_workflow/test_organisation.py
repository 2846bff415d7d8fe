"""Fifty accounts through assumed roles, in one Distributed Map, in one report."""

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

import pytest

from laptop.stack import with_own_stack
from local_aws.accounts.file import AccountFile
from local_aws.accounts.generator import Size, generate_account
from local_aws.server import EmbeddedAws, Options
from tests.integration.audit_workflow.world import Audited, AuditWorld

HOME = "123456789012"
REGIONS = ("us-west-2", "eu-west-1")
MEMBERS = tuple(f"{number:012d}" for number in range(701, 751))
# A role in it cannot be assumed: nothing of it is loaded.
LOST = "999999999999"
SIZE = Size(
    endpoints=4, variants=1, training_jobs=3, buckets=1, objects=2, notebooks=1, log_groups=1
)


def account(number: str, region: str) -> AccountFile:
    return generate_account(SIZE, account_id=number, region=region)


@pytest.fixture(scope="module")
def world() -> Iterator[AuditWorld]:
    places = [(HOME, REGIONS[0]), *((one, REGIONS[0]) for one in MEMBERS), (MEMBERS[0], REGIONS[1])]
    parameters = {"AuditAccounts": ",".join((HOME, *MEMBERS, LOST))}
    options = dataclasses.replace(
        with_own_stack(Options(time_scale=60, parameters=parameters, region=REGIONS[0])),
        account=HOME,
        region=REGIONS[0],
        accounts=[account(*place) for place in places],
    )
    with EmbeddedAws(options) as aws:
        yield AuditWorld(aws)


@pytest.fixture(scope="module")
def audited(world: AuditWorld) -> Audited:
    return world.audit_endpoints()


def test_one_report_tells_of_every_account_by_name(audited: Audited) -> None:
    assert audited.status == "SUCCEEDED", audited.cause
    idle = audited.findings("ml.sagemaker.endpoint.idle")
    accounts = {finding["account"] for finding in idle}
    assert len(accounts) > 20
    assert accounts <= {HOME, *MEMBERS}
    assert all(finding["region"] == REGIONS[0] for finding in idle)


def test_an_account_that_cannot_be_entered_is_unknown_and_holds_up_no_other(
    audited: Audited,
) -> None:
    assert any(LOST in str(one) for one in audited.told["unknown"])
    assert not any(one["account"] == LOST for one in audited.told["findings"])


def test_no_payload_grows_with_the_organisation(world: AuditWorld, audited: Audited) -> None:
    pages = world.states.get_paginator("list_executions").paginate(
        stateMachineArn=world.aws.outputs["CostAuditStateMachineArn"]
    )
    (arn,) = [one["executionArn"] for page in pages for one in page["executions"]]
    history = world.states.get_paginator("get_execution_history").paginate(executionArn=arn)
    sizes = [len(str(event)) for page in history for event in page["events"]]
    assert max(sizes) < 32 * 1024


def test_regions_and_accounts_are_chosen_by_the_input(world: AuditWorld) -> None:
    ended = world.audit({"accounts": [MEMBERS[0]], "regions": list(REGIONS)})
    assert ended.status == "SUCCEEDED", ended.cause
    found = {(one["account"], one["region"]) for one in ended.told["findings"]}
    assert found == {(MEMBERS[0], region) for region in REGIONS}
    savings = [Decimal(one["monthly_usd"]) for one in ended.told["findings"] if one["monthly_usd"]]
    assert savings
