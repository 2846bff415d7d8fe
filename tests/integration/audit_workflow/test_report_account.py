"""The whole audit of the account of the first report, by the machine, in each mode."""

from decimal import Decimal

import pytest

from tests.integration.audit_workflow.conftest import Start
from tests.integration.audit_workflow.world import Audited, AuditWorld
from tests.integration.local_aws.aws import eventually

IDLE = "llama3-endpoint-1"


@pytest.fixture(scope="module")
def world(start: Start) -> AuditWorld:
    return start("report")


@pytest.fixture(scope="module")
def audited(world: AuditWorld) -> Audited:
    return world.audit()


def test_an_empty_input_audits_the_account_with_the_defaults(audited: Audited) -> None:
    assert audited.status == "SUCCEEDED", audited.cause
    window = audited.told["window"]
    assert (window["start"][:10], window["end"][:10]) == ("2025-10-04", "2025-11-03")
    # S3 reports no size of the stack's own new buckets yet: they are listed, and not unknown.
    assert audited.told["unknown"] == []


def test_what_is_found_is_what_there_is(audited: Audited) -> None:
    (idle,) = audited.findings("ml.sagemaker.endpoint.idle")
    assert (idle["resource"], idle["confidence"]) == (IDLE, "high")
    assert Decimal(idle["monthly_usd"]) == Decimal("1.515") * 730
    (failures,) = audited.findings("ml.sagemaker.training.failure-rate")
    assert failures["summary"].startswith("8 of 9 jobs failed")


def test_the_residual_is_shown_against_the_bill(audited: Audited) -> None:
    rows = {row["service"]: row for row in audited.told["reconciliation"]["rows"]}
    row = rows["Amazon SageMaker"]
    assert Decimal(row["billed_usd"]) == Decimal("9285.50")
    assert round(Decimal(row["residual_usd"]), 2) == Decimal("1843.38")


def test_the_plan_is_told_and_nothing_is_done(world: AuditWorld, audited: Audited) -> None:
    assert audited.planned("terminate_endpoint") == [IDLE]
    assert audited.output["done_actions"] == 0
    assert len(world.endpoints()) == 21
    assert world.keys(f"audits/{audited.output['audit_id']}/actions/") == []


def test_every_page_of_the_report_is_there(world: AuditWorld, audited: Audited) -> None:
    prefix = f"audits/{audited.output['audit_id']}/report."
    assert [key.removeprefix(prefix) for key in world.keys(prefix)] == ["csv", "html", "json", "md"]


def test_a_wrong_input_fails_with_its_key_and_reads_nothing(world: AuditWorld) -> None:
    before = len(world.keys("audits/"))
    ended = world.audit({"region": ["us-west-2"]})
    assert (ended.status, ended.error) == ("FAILED", "InvalidAuditInputError")
    assert "Did you mean regions?" in ended.cause
    assert len(world.keys("audits/")) == before


def test_the_idle_machine_looks_at_endpoints_only(world: AuditWorld) -> None:
    ended = world.audit_endpoints()
    assert ended.status == "SUCCEEDED", ended.cause
    assert {one["rule"] for one in ended.told["findings"]} == {"ml.sagemaker.endpoint.idle"}
    assert ended.planned("terminate_endpoint") == [IDLE]


def test_an_idle_endpoint_is_marked_waited_for_ended_and_brought_back(start: Start) -> None:
    world = start("act")
    described = world.describe(IDLE)
    marked = world.audit_endpoints()
    assert marked.status == "SUCCEEDED", marked.cause
    assert marked.done() == [("terminate_endpoint", "mark", IDLE)]
    assert any("thriftline:keep=true" in message for message in world.take_messages())

    world.pass_silent_days(2, IDLE)
    waiting = world.audit_endpoints()
    assert IDLE not in [resource for _, _, resource in waiting.done()]
    assert IDLE in world.endpoints()

    world.pass_silent_days(2, IDLE)
    ended = world.audit_endpoints()
    assert ended.status == "SUCCEEDED", ended.cause
    assert ("terminate_endpoint", "execute", IDLE) in ended.done()
    eventually(lambda: IDLE not in world.endpoints())
    assert any("restore" in message for message in world.take_messages())

    assert world.restore(IDLE)["outcome"] == "restored"
    again = world.describe(IDLE)
    for name in ("EndpointConfigName", "ProductionVariants", "EndpointStatus"):
        assert again[name] == described[name], name
