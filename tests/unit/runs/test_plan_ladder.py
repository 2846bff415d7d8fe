"""The rungs of a plan: those that it adds, those of run.yaml, and Spot."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.runs.plan_world import MINILM, OPEN, plan, plan_world
from tests.unit.runs.run_world import PROJECT, RunWorld
from thriftline.core.errors import (
    InvalidRunSpecError,
    NoQuotaError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import ResultPlan


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with plan_world() as made:
        yield made


def names_of(written: Plan) -> list[str]:
    return [rung.name for rung in written.rungs]


def test_the_plan_puts_rungs_behind_the_first_that_cost_no_more(world: RunWorld) -> None:
    world.write_run()

    response, written = plan(world)

    spot, demand, other = written.rungs
    assert (spot.name, demand.name) == ("1 x ml.g5.xlarge, Spot", "1 x ml.g5.xlarge, on demand")
    assert other.name.endswith(", on demand")
    assert response.worst_case_usd == spot.worst_case_usd
    assert all(rung.worst_case_usd <= spot.worst_case_usd for rung in written.rungs)
    assert all(rung.reason for rung in written.rungs)
    assert [rung.wait_seconds for rung in written.rungs] == [1800, 1800, None]
    assert (spot.most_interruptions, demand.most_interruptions) == (3, None)
    assert spot.pool == "ml.g5.xlarge for spot training job usage"
    assert demand.terms["max_wait_seconds"] is None
    # Each of the others says why it is not there.
    assert all(one.reason for one in written.left_out)


def test_one_attempt_leaves_one_rung(world: RunWorld) -> None:
    world.write_run(training={"max_attempts": 1})

    response, written = plan(world)

    assert names_of(written) == ["1 x ml.g5.xlarge, Spot"]
    assert response.max_attempts == 1
    assert written.left_out[0].reason == "training.max_attempts is 1."


def test_the_plan_adds_no_type_that_the_stack_does_not_allow(world: RunWorld) -> None:
    world.write_run()

    _, written = plan(world, ceilings=replace(OPEN, instance_types=("ml.g5.*",)))

    assert names_of(written) == ["1 x ml.g5.xlarge, Spot", "1 x ml.g5.xlarge, on demand"]
    assert any("AllowedInstanceTypes" in one.reason for one in written.left_out)


def test_a_type_that_is_not_known_gets_no_other_behind_it(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.m5.xlarge", "spot": False})

    _, written = plan(world)

    assert names_of(written) == ["1 x ml.m5.xlarge, on demand"]
    assert "What is like ml.m5.xlarge is not known." in [one.reason for one in written.left_out]


def test_a_rung_without_a_quota_is_left_out_and_the_plan_says_how_to_ask_for_it(
    world: RunWorld,
) -> None:
    world.write_run()

    _, written = plan(world, quotas={"ml.g5.xlarge for spot training job usage": 0})

    assert names_of(written)[0] == "1 x ml.g5.xlarge, on demand"
    (reason,) = [one.reason for one in written.left_out if one.name == "1 x ml.g5.xlarge, Spot"]
    assert "--quota-code L-12345678 --desired-value 1 --region us-east-1" in reason
    assert "'ml.g5.xlarge for spot training job usage' of the account is 0" in reason


def test_a_run_for_which_the_account_has_no_quota_at_all_is_refused(world: RunWorld) -> None:
    world.write_run(training={"max_attempts": 1})

    with pytest.raises(NoQuotaError, match=r"Ask for 1 or more in Service Quotas.*Nothing was"):
        plan(world, quotas={"ml.g5.xlarge for spot training job usage": 0})


LADDER = [
    {"instance_type": "ml.g5.xlarge", "wait_seconds": 600},
    {"instance_type": "ml.g6.xlarge", "market": "on-demand"},
    {"instance_type": "ml.g5.12xlarge", "market": "on-demand"},
]


def test_the_ladder_of_run_yaml_is_taken_as_it_is(world: RunWorld) -> None:
    world.write_run(training={"ladder": LADDER, "max_runtime_seconds": 3600})

    response, written = plan(world)

    assert names_of(written) == [
        "1 x ml.g5.xlarge, Spot",
        "1 x ml.g6.xlarge, on demand",
        "1 x ml.g5.12xlarge, on demand",
    ]
    assert [rung.wait_seconds for rung in written.rungs] == [600, 1800, None]
    assert [rung.turn_seconds for rung in written.rungs] == [600, None, None]
    # The most expensive rung in full is what all of them may spend together.
    assert response.worst_case_usd == max(rung.worst_case_usd for rung in written.rungs)
    assert written.rungs[2].worst_case_usd == response.worst_case_usd
    assert response.max_attempts == 6


def test_rungs_of_different_size_share_checkpoints_since_each_instance_has_all_rows(
    world: RunWorld,
) -> None:
    ladder = [{"instance_type": "ml.g5.xlarge", "instance_count": n} for n in (2, 1)]
    world.write_run(training={"ladder": ladder}, budget={"max_usd": "100"})
    _, mixed = plan(world)
    world.write_run(training={"ladder": ladder[:1]}, budget={"max_usd": "100"})
    _, same = plan(world)

    assert [rung.terms["all_rows"] for rung in mixed.rungs] == [True, True]
    assert [rung.terms["all_rows"] for rung in same.rungs] == [False]


def test_a_linear_head_is_put_on_spot_by_no_rung(world: RunWorld) -> None:
    ladder = [
        {"instance_type": "ml.g5.xlarge", "market": market} for market in ("spot", "on-demand")
    ]
    world.write_run(hyperparameters={"method": "linear_head"}, training={"ladder": ladder})

    _, written = plan(world)

    (rung,) = written.rungs
    assert (rung.name, rung.terms["spot"]) == ("1 x ml.g5.xlarge, on demand", False)
    assert "writes no checkpoints" in rung.reason
    assert [one.name for one in written.left_out] == ["rung 2"]


def test_a_rung_that_passes_the_cap_gets_what_the_cap_leaves(world: RunWorld) -> None:
    world.write_run(
        training={"ladder": LADDER, "max_runtime_seconds": 3600}, budget={"max_usd": "5.00"}
    )

    response, written = plan(world)

    assert written.rungs[2].worst_case_usd > Decimal("5.00")
    assert response.worst_case_usd == written.allowance_usd == Decimal("5.00")


@pytest.mark.parametrize(
    ("instance_type", "error", "said"),
    [
        ("ml.p5.24xlarge", UnknownInstanceTypeError, r"Did you mean .*ml\.p5\.48xlarge"),
        ("ml.p5.4xlarge", UnpricedInstanceError, "It has a price in"),
        ("ml.g4dn.xlarge", InvalidRunSpecError, "GiB of GPU memory"),
    ],
)
def test_a_rung_of_run_yaml_that_cannot_do_the_work_is_refused_by_its_number(
    world: RunWorld, instance_type: str, error: type[Exception], said: str
) -> None:
    world.write_run(
        base_model="s3://artifacts/base_models/huge/",
        training={"ladder": [{"instance_type": "ml.g6e.xlarge"}, {"instance_type": instance_type}]},
        budget={"max_usd": "1000"},
    )
    # Its weights, gradients and moments take more than a T4 has, and fit an L40S.
    huge = {"num_hidden_layers": 48, "hidden_size": 1536, "intermediate_size": 6144}
    world.put("base_models/huge/config.json", json.dumps(MINILM | huge))

    with pytest.raises(error, match=said) as told:
        plan(world)

    assert str(told.value).startswith("training.ladder, rung 2: ")


def test_every_rung_is_held_to_the_types_that_the_stack_allows(world: RunWorld) -> None:
    world.write_run(training={"ladder": LADDER, "max_runtime_seconds": 3600})

    with pytest.raises(InvalidRunSpecError, match=r"not on ml\.g5\.12xlarge"):
        plan(world, ceilings=replace(OPEN, instance_types=("ml.g?.xlarge",)))


def test_spot_auto_follows_the_advice_and_the_plan_says_why(world: RunWorld) -> None:
    world.write_run(training={"spot": "auto"})

    _, written = plan(world)

    assert written.rungs[0].terms["spot"] is True
    assert written.spot_advice["asked"] == "auto"
    assert written.spot_advice["taken"] is True
    assert "EC2's Spot advisor" in written.spot_advice["reason"]
    assert ResultPlan.of(written).spot_advice == written.spot_advice["reason"]


def test_the_projects_own_jobs_on_spot_decide_for_the_next_one(world: RunWorld) -> None:
    place = {"instance_type": "ml.g5.xlarge", "instance_count": 1, "spot": True}
    for number in range(3):
        world.finished.add(
            PROJECT,
            FinishedRun(
                run_id=f"run-{number}",
                trainer="sagemaker",
                workload={},
                place={**place, "billed_seconds": 990, "interruptions": number},
                seconds=1000,
                ended_at=f"2026-11-0{number + 1}T00:00:00+00:00",
                undisturbed=number == 0,
            ),
        )
    world.write_run(training={"spot": "auto"})

    _, written = plan(world)

    assert written.rungs[0].terms["spot"] is False
    assert written.rungs[0].terms["max_wait_seconds"] is None
    assert written.spot_advice["basis"] == "own record"
    assert "3 finished jobs of this project" in written.spot_advice["reason"]


@pytest.mark.parametrize("spot", [True, "auto"])
def test_a_linear_head_writes_no_checkpoints_and_is_never_put_on_spot(
    world: RunWorld, spot: object
) -> None:
    world.write_run(training={"spot": spot}, hyperparameters={"method": "linear_head"})

    _, written = plan(world)

    assert written.rungs[0].terms["spot"] is False
    assert "no checkpoints" in written.spot_advice["reason"]
    said = [told for told in written.warnings if "not followed" in told]
    assert bool(said) is (spot is True)
    assert all("the default where run.yaml is silent" in one for one in said)
