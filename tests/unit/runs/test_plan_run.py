"""Plan run: what plan.json says, and what is refused before anything is spent."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.plan_world import DATASET, LARGE, OPEN, FakeRegistry, plan, plan_world
from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID, RunWorld
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import BudgetExceededError
from thriftline.runs.aws.model_registry import RegisteredModel
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with plan_world() as made:
        yield made


def test_a_plan_says_what_the_run_costs_at_the_most_and_probably(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})

    response, written = plan(world)

    # 1.408 x 2 h and 30 GiB x 0.14 x 2 h / 730 h, and 0.2 % for a rate that stands in.
    assert response.worst_case_usd == Decimal("2.84")
    # Two for each rung.
    assert response.max_attempts == 6
    assert response.expected_usd is not None
    assert Decimal("0.05") < response.expected_usd < Decimal("1")
    assert written.worst_case_usd == response.worst_case_usd
    assert written.expected_usd == response.expected_usd
    assert "8,000 records of about 29 tokens for 3 epochs" in written.expected_reason
    rung = written.rungs[0]
    assert (written.trainer, rung.name) == ("sagemaker", "1 x ml.g5.xlarge, Spot")
    assert (rung.terms["instance_type"], rung.terms["instance_count"]) == ("ml.g5.xlarge", 1)
    assert (rung.terms["spot"], rung.terms["max_wait_seconds"]) == (True, 14_400)
    assert rung.rate.usd == Decimal("1.408")
    assert rung.rate.date.isoformat() == "2026-05-20"
    assert written.champion is None
    assert written.splits == DATASET["splits"]
    # 120 seconds at 1.408 USD an hour.
    assert written.stop_grace_usd == Decimal("0.05")


def test_the_same_work_is_priced_on_other_types(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})

    _, written = plan(world)

    assert [quote.name for quote in written.quotes if quote.chosen] == ["ml.g5.xlarge"]
    usd = [quote.expected_usd for quote in written.quotes]
    assert usd == sorted(one for one in usd if one is not None)
    by_type = {quote.name: quote for quote in written.quotes}
    assert len(by_type) == len(written.quotes)
    assert {"ml.g4dn.xlarge", "ml.g6.xlarge", "ml.g6e.xlarge"} <= by_type.keys()
    # The list has no us-east-1 rate for it.
    assert "ml.p5.4xlarge" not in by_type
    assert by_type["ml.g6.xlarge"].details["gpu"] == "NVIDIA L4"
    assert by_type["ml.g6e.xlarge"].worst_case_usd == Decimal("5.24")
    assert all(each.within_cap for each in written.quotes if each.details["gpu_count"] == 1)
    # 7.09 USD an hour, for the two hours that the run may take.
    assert not by_type["ml.g5.12xlarge"].within_cap


def test_the_champion_of_the_project_goes_into_the_plan(world: RunWorld) -> None:
    world.write_run()
    champion = RegisteredModel(
        "arn:aws:sagemaker:::model-package/m/1", "s3://artifacts/m.tar.gz", "sagemaker", "r", "r-01"
    )

    _, written = plan(world, champion=champion)

    assert written.champion is not None
    assert written.champion.model_package_arn == champion.package_arn
    assert written.champion.model_data_url == champion.model_uri


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"base_model": "someone/unheard-of"}, "the size of someone/unheard-of is not known"),
        ({"training": {"instance_type": "ml.m5.xlarge"}}, "the speed of ml.m5.xlarge"),
    ],
)
def test_what_cannot_be_estimated_is_null_with_the_reason(
    world: RunWorld, spec: dict[str, Any], reason: str
) -> None:
    world.write_run(**spec)

    response, written = plan(world)

    assert response.expected_usd is None
    assert written.expected_hours is None
    assert reason in written.expected_reason


def test_several_labels_a_record_are_planned(world: RunWorld) -> None:
    world.write_run(task="multi-label-classification")

    response, _ = plan(world)

    assert response.max_attempts >= 1


def test_a_data_set_of_unknown_length_is_not_estimated(world: RunWorld) -> None:
    world.write_run()
    unmeasured = {key: value for key, value in DATASET.items() if key != "characters"}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps(unmeasured))

    _, written = plan(world)

    assert written.expected_usd is None
    assert "the volume of the data is not known" in written.expected_reason


def test_work_that_needs_longer_than_it_may_take_is_warned_about(world: RunWorld) -> None:
    world.write_run(
        training={"max_runtime_seconds": 300, "spot": False}, hyperparameters={"epochs": 100}
    )

    response, written = plan(world)

    assert any("will probably be stopped" in warning for warning in written.warnings)
    assert response.expected_usd == response.worst_case_usd
    assert written.rungs[0].terms["max_wait_seconds"] is None


def test_prices_older_than_ninety_days_are_warned_about(world: RunWorld) -> None:
    world.write_run()

    _, written = plan(world)

    assert any("The prices of Hosting are of 2026-05-20" in told for told in written.warnings)


def test_gpus_that_wait_and_stand_in_prices_are_warned_about(world: RunWorld) -> None:
    world.write_run(
        training={"instance_type": "ml.g5.12xlarge"},
        budget={"max_usd": "100"},
        hyperparameters={"batch_tokens": 512},
    )

    _, written = plan(world, region="eu-central-1")

    text = " ".join(written.warnings)
    assert "batch_tokens of 512 the 4 GPUs are expected to exchange gradients for longer" in text
    assert "component Hosting" in text
    assert "ML storage in eu-central-1 is not known" in text
    assert written.rungs[0].terms["storage"]["is_upper_bound"] is True


def test_the_table_ranks_a_type_with_four_gpus_by_what_four_gpus_do(world: RunWorld) -> None:
    world.write_run(
        training={"instance_type": "ml.g5.12xlarge"},
        budget={"max_usd": "100"},
        hyperparameters={"batch_tokens": 65_536, "epochs": 100},
    )
    large = {"rows": 100_000, "characters": 50_000_000}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **large}))

    _, written = plan(world)

    by_type = {quote.name: quote for quote in written.quotes}
    four, one = by_type["ml.g5.12xlarge"], by_type["ml.g5.xlarge"]
    assert (four.details["gpu"], four.details["gpu_count"]) == ("NVIDIA A10G", 4)
    assert one.details["gpu_count"] == 1
    assert one.expected_hours is not None
    assert four.expected_hours is not None
    assert one.expected_hours / 4 < four.expected_hours < one.expected_hours / 2
    assert "on 4 NVIDIA A10G" in written.expected_reason
    assert "4 together reach 69% (measured for BERT-large" in written.expected_reason
    # The job is not held to be idle on three of them.
    assert not any("uses one" in warning for warning in written.warnings)


# Some 8 hours on one A10G.


def test_the_run_time_limit_follows_what_is_expected(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "100"})
    _, small = plan(world)
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **LARGE}))
    _, large = plan(world)

    assert small.rungs[0].terms["max_runtime_seconds"] == 3600
    assert large.expected_hours is not None
    assert large.expected_high_hours is not None
    assert large.expected_high_hours > large.expected_hours
    needed = float(large.expected_high_hours) * 3600
    assert 2 * needed - 10 <= large.rungs[0].terms["max_runtime_seconds"] <= 2 * needed + 610
    assert small.allowance_usd < large.allowance_usd


def test_no_run_time_below_the_expected_one_is_advised(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.30"}, hyperparameters={"epochs": 3})
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **LARGE}))

    with pytest.raises(BudgetExceededError) as refusal:
        plan(world)

    said = str(refusal.value)
    assert "expected are" in said
    assert "raise the cap budget.max_usd to" in said.lower()
    assert "set training.max_runtime_seconds" not in said
    assert "cheaper choice" not in said


def test_the_plan_gives_a_range_and_says_which_choices_it_cannot_tell_apart(
    world: RunWorld,
) -> None:
    world.write_run(budget={"max_usd": "100"})
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **LARGE}))

    _, written = plan(world)

    assert written.expected_low_usd is not None
    assert written.expected_usd is not None
    assert written.expected_high_usd is not None
    assert written.expected_low_usd < written.expected_usd < written.expected_high_usd
    cheapest, *others = written.quotes
    assert not cheapest.like_cheapest
    for quote in others:
        assert cheapest.high_usd is not None
        assert quote.low_usd is not None
        assert quote.like_cheapest == (quote.low_usd <= cheapest.high_usd)
    assert any(quote.like_cheapest for quote in others)
    assert not all(quote.like_cheapest for quote in others)


def test_the_projects_finished_runs_correct_the_estimate(world: RunWorld) -> None:
    world.write_run()
    _, first = plan(world)
    assert first.expected_hours is not None
    for number in range(4):
        world.finished.add(
            PROJECT,
            FinishedRun(
                run_id=f"earlier-{number}",
                trainer="sagemaker",
                workload=first.workload,
                place={"instance_type": "ml.g5.xlarge", "instance_count": 1},
                seconds=round(float(first.expected_hours) * 3600 * 1.5),
                ended_at="2026-11-20T00:00:00+00:00",
            ),
        )

    _, second = plan(world)

    assert second.expected_hours is not None
    assert first.expected_hours < second.expected_hours < first.expected_hours * 2
    assert "4 finished runs" in second.expected_reason


def test_a_processor_of_the_projects_own_runs_stands_in_the_table(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.m5.xlarge"}, budget={"max_usd": "10"})
    _, first = plan(world)
    assert first.expected_usd is None
    for number in range(3):
        world.finished.add(
            PROJECT,
            FinishedRun(
                run_id=f"earlier-{number}",
                trainer="sagemaker",
                workload=first.workload,
                place={"instance_type": "ml.m5.xlarge", "instance_count": 1},
                seconds=4000,
                ended_at="2026-11-20T00:00:00+00:00",
            ),
        )
    world.write_run()

    _, second = plan(world)

    by_type = {quote.name: quote for quote in second.quotes}
    assert by_type["ml.m5.xlarge"].expected_usd is not None
    assert not by_type["ml.m5.xlarge"].chosen


def test_the_size_of_the_image_is_in_the_estimate(world: RunWorld) -> None:
    world.write_run()

    def hours(image_gb: float | None) -> Decimal:
        plan_run(
            RUN_ID,
            artifacts=world.artifacts,
            registry=cast("Any", FakeRegistry()),
            trainers=trainers_over(world.artifacts, image_gb=image_gb),
            region="us-east-1",
            now=NOW,
            ceilings=OPEN,
            finished=world.finished,
        )
        found = read_plan(world.artifacts, RUN_ID).expected_hours
        assert found is not None
        return found

    # 50 MB a second: 16 GB more are 320 seconds.
    assert 3600 * (hours(20) - hours(4)) == pytest.approx(320, abs=8)
    assert hours(4) < hours(None) < hours(20)


def test_a_choice_that_the_data_do_not_fit_is_not_estimated(world: RunWorld) -> None:
    world.write_run(
        training={"instance_type": "ml.g7e.2xlarge", "max_runtime_seconds": 3600},
        budget={"max_usd": "1000"},
    )
    # 270 GB of tokens alone: 1,900 of the chosen type are enough, the 250 of a g5.xlarge are not.
    huge = {"rows": 400_000, "characters": 450_000_000_000, "splits": LARGE["splits"]}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **huge}))

    _, written = plan(world)

    by_type = {quote.name: quote for quote in written.quotes}
    assert by_type["ml.g7e.2xlarge"].expected_usd is not None
    assert by_type["ml.g5.xlarge"].expected_usd is None
    assert not by_type["ml.g5.xlarge"].like_cheapest
