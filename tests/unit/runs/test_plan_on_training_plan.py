"""A run that names a training plan: plan.json, and the request of its job."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.plan_world import DATASET, OPEN, FakeRegistry
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import InvalidRunSpecError, NoQuotaError
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.trainers.sagemaker.attempt_limit import within_plan
from thriftline.runs.trainers.sagemaker.training_plans import TrainingPlan

ARN = "arn:aws:sagemaker:ap-northeast-1:123456789012:training-plan/november"
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


def test_spot_beside_a_plan_is_refused_and_a_saved_spec_is_read() -> None:
    defaults = Defaults("org/base", "ml.g5.xlarge", Decimal(10), ("sagemaker",))
    asked = f"training:\n  training_plan: {ARN}\n"
    with pytest.raises(InvalidRunSpecError) as refused:
        parse_run_yaml(f"{asked}  spot: true\n".encode(), defaults)

    assert str(refused.value).startswith("run.yaml line 3: training.spot: SageMaker takes no Spot")
    assert "say spot: false or take spot out, or take training_plan out" in str(refused.value)
    for text in (asked, f"{asked}  spot: false\n", f"{asked}  spot: auto\n"):
        spec = parse_run_yaml(text.encode(), defaults)
        assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


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


def ends_in(seconds: int) -> TrainingPlan:
    return replace(PLAN, ends_at=PLAN.seen_at + timedelta(seconds=seconds))


# 120 s to stop and 300 s to upload.
def test_a_plan_that_ends_soon_leaves_a_job_the_time_to_stop_and_upload(world: RunWorld) -> None:
    world.write_run(
        training={
            "instance_type": "ml.p5.4xlarge",
            "training_plan": ARN,
            "max_runtime_seconds": 7200,
        }
    )

    shorter = plan(world, ends_in(5000 + 420))
    whole = plan(world, ends_in(7200 + 420))

    assert shorter.rungs[0].terms["max_runtime_seconds"] == 5000
    assert shorter.longest_seconds == 5000
    (said,) = [text for text in shorter.warnings if "training plan" in text]
    assert "ends at 2026-11-29 01:30 UTC: a job may run 5,000 seconds and not 7,200" in said
    assert whole.rungs[0].terms["max_runtime_seconds"] == 7200
    assert not [text for text in whole.warnings if "training plan" in text]


def test_a_run_that_probably_outlasts_its_plan_is_refused(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.p5.4xlarge", "training_plan": ARN})

    with pytest.raises(InvalidRunSpecError) as refused:
        plan(world, ends_in(460))

    said = str(refused.value)
    assert "ends at 2026-11-29 00:07 UTC, which leaves a job 40 seconds" in said
    assert "the run needs about" in said
    assert "Nothing was spent." in said


def test_an_attempt_that_starts_late_has_what_is_left_of_the_plan(world: RunWorld) -> None:
    world.write_run(
        training={
            "instance_type": "ml.p5.4xlarge",
            "training_plan": ARN,
            "max_runtime_seconds": 7200,
        }
    )
    (rung,) = plan(world, ends_in(9000)).ladder
    start = PLAN.seen_at

    assert within_plan(rung, 7200, start) == 7200
    assert within_plan(rung, 7200, start + timedelta(seconds=6580)) == 2000
    with pytest.raises(NoQuotaError, match="ends at 2026-11-29 02:30 UTC, too soon"):
        within_plan(rung, 7200, start + timedelta(seconds=8550))


def test_a_plan_of_another_region_is_refused(world: RunWorld) -> None:
    elsewhere = ARN.replace("ap-northeast-1", "eu-west-1")
    world.write_run(training={"instance_type": "ml.p5.4xlarge", "training_plan": elsewhere})

    with pytest.raises(InvalidRunSpecError, match="is in eu-west-1, and the run is in ap-north"):
        plan(world, PLAN)
