"""A run that names a training plan: plan.json, and the request of its job."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.test_plan_run import DATASET, OPEN, FakeRegistry
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.trainers.sagemaker.training_plans import TrainingPlan

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"
PLAN = TrainingPlan(
    arn=ARN,
    status="Active",
    seen_at=datetime(2026, 11, 29, tzinfo=UTC),
    ends_at=datetime(2026, 12, 29, tzinfo=UTC),
    upfront="2345.6 USD",
    available=1,
    targets=("training-job",),
    instances={"ml.p5.4xlarge": 1},
)


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        made.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET))
        yield made


def plan(world: RunWorld, found: TrainingPlan | None) -> Plan:
    plan_run(
        RUN_ID,
        artifacts=world.artifacts,
        registry=cast("Any", FakeRegistry()),
        trainers=trainers_over(world.artifacts, plan=found, AWS_REGION="ap-northeast-1"),
        region="ap-northeast-1",
        now=NOW,
        ceilings=OPEN,
        finished=world.finished,
    )
    return read_plan(world.artifacts, RUN_ID)


def test_a_run_on_a_plan_is_priced_at_its_storage_alone_and_is_not_on_spot(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.p5.4xlarge", "training_plan": ARN})

    written = plan(world, PLAN)

    (rung,) = written.rungs
    assert rung.name == "1 x ml.p5.4xlarge, prepaid"
    assert rung.rate.usd == 0
    assert "fee of 2345.6 USD is not counted again" in rung.rate.source
    assert (rung.terms["training_plan"], rung.terms["spot"]) == (ARN, False)
    assert rung.terms["max_wait_seconds"] is None
    assert Decimal(0) < written.allowance_usd < Decimal("0.10")
    assert "paid for" in written.spot_advice["reason"]


def test_a_plan_that_is_not_there_refuses_the_run(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.p5.4xlarge", "training_plan": ARN})

    with pytest.raises(InvalidRunSpecError, match="does not exist"):
        plan(world, None)
