"""What a plan refuses before anything is spent."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.runs.plan_world import DATASET, LARGE, MINILM, OPEN, plan, plan_world
from tests.unit.runs.run_world import RUN_ID, RunWorld
from thriftline.core.errors import (
    AwsRequestError,
    BudgetExceededError,
    InvalidRunSpecError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with plan_world() as made:
        yield made


def test_a_type_that_does_not_exist_is_refused(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.p5.24xlarge"})

    with pytest.raises(UnknownInstanceTypeError, match=r"Did you mean .*ml\.p5\.48xlarge"):
        plan(world)


def test_a_type_without_a_price_here_is_refused(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.p5.4xlarge"})

    with pytest.raises(UnpricedInstanceError, match="It has a price in ap-northeast-1"):
        plan(world)


def test_a_region_without_prices_is_refused(world: RunWorld) -> None:
    world.write_run()

    with pytest.raises(UnpricedInstanceError, match=r"ml\.g5\.xlarge in me-south-1"):
        plan(world, region="me-south-1")


def test_the_size_of_a_model_in_the_bucket_is_read_from_its_config(world: RunWorld) -> None:
    world.write_run(base_model="s3://artifacts/base_models/minilm/")
    world.put("base_models/minilm/config.json", json.dumps(MINILM))

    _, written = plan(world)

    assert written.expected_usd is not None


@pytest.mark.parametrize("config", [None, "{not json"])
def test_a_base_model_folder_without_a_model_is_refused_before_a_job_finds_out(
    world: RunWorld, config: str | None
) -> None:
    world.write_run(base_model="s3://artifacts/base_models/minilm/")
    if config:
        world.put("base_models/minilm/config.json", config)

    with pytest.raises(InvalidRunSpecError, match="base_model"):
        plan(world)


def test_a_base_model_that_the_training_role_cannot_read_is_refused(world: RunWorld) -> None:
    world.write_run(base_model="s3://elsewhere/models/a/")

    with pytest.raises(InvalidRunSpecError, match=r"s3://artifacts/base_models/"):
        plan(world)


@pytest.mark.parametrize("empty", ["validation", "test"])
def test_an_empty_split_is_refused_before_a_job_is_billed_for_it(
    world: RunWorld, empty: str
) -> None:
    world.write_run()
    splits = {"train": 8, "validation": 1, "test": 1, empty: 0}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, "splits": splits}))

    with pytest.raises(InvalidRunSpecError, match=f"no {empty} rows.*{empty}_fraction above 0"):
        plan(world)


@pytest.mark.parametrize(
    ("said", "is_unread"),
    [
        ({"trainer": "sagemaker", "bedrock": {"epochs": 2}}, True),
        ({"trainer": "sagemaker", "bedrock": {}}, False),
        ({"bedrock": {"epochs": 2}}, False),
        ({"trainer": "sagemaker", "training": {"spot": False}}, False),
    ],
)
def test_a_section_that_the_named_trainer_does_not_read_is_named(
    world: RunWorld, said: dict[str, Any], *, is_unread: bool
) -> None:
    world.write_run(**said)

    _, written = plan(world)

    assert any("does not read the section bedrock" in one for one in written.warnings) is is_unread


def test_a_run_that_was_not_read_is_named(world: RunWorld) -> None:
    with pytest.raises(AwsRequestError, match=r"run\.json is missing"):
        plan(world)


@pytest.mark.parametrize(
    ("spec", "ceilings", "error", "said"),
    [
        (
            {"training": {"instance_type": "ml.p5.48xlarge"}, "budget": {"max_usd": 1_000_000}},
            {"instance_types": ("ml.g5.*", "ml.g4dn.xlarge")},
            InvalidRunSpecError,
            "AllowedInstanceTypes",
        ),
        (
            {"training": {"max_runtime_seconds": 2_419_200}, "budget": {"max_usd": 1_000_000}},
            {"max_usd_per_run": Decimal("0.50")},
            BudgetExceededError,
            "MaxUsdPerRun",
        ),
        ({"gate": {"confidence": 0.5}}, {}, InvalidRunSpecError, "LeastGateConfidence"),
        ({"gate": {"minimum_test_size": 1}}, {}, InvalidRunSpecError, "LeastGateTestSize"),
        ({"gate": {"champion_margin": 1.0}}, {}, InvalidRunSpecError, "MostGateMargin"),
        (
            {"gate": {"above_majority": False}},
            {"gate_above_majority": True},
            InvalidRunSpecError,
            "GateAboveMajority",
        ),
    ],
)
def test_what_the_stack_does_not_allow_is_refused_whatever_run_yaml_says(
    world: RunWorld,
    spec: dict[str, Any],
    ceilings: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    strict = replace(OPEN, least_gate_confidence=0.8, least_gate_test_size=10, most_gate_margin=0.1)
    world.write_run(**spec)
    with pytest.raises(error, match=said) as caught:
        plan(world, ceilings=replace(strict, **ceilings))
    assert "Nothing was spent." in str(caught.value)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        # 800 GB of text are 480 GB of tokens where they are streamed; 250 GB of NVMe are fixed.
        ({"instance_type": "ml.g5.xlarge", "volume_gib": 2000}, "own NVMe volumes"),
        ({"instance_type": "ml.p3.2xlarge", "volume_gib": 100}, "Set training.volume_gib to"),
    ],
)
def test_data_that_do_not_fit_the_disk_are_refused_with_the_fix(
    world: RunWorld, training: dict[str, Any], said: str
) -> None:
    world.write_run(training=training, budget={"max_usd": "10000"})
    huge = {"rows": 400_000, "characters": 800_000_000_000, "splits": LARGE["splits"]}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, **huge}))

    with pytest.raises(InvalidRunSpecError, match=said) as refusal:
        plan(world)

    assert "Nothing was spent." in str(refusal.value)
    assert "Of the usual types, ml.g7e.2xlarge, ml.g6.12xlarge" in str(refusal.value)


def test_a_model_that_no_gpu_of_the_type_can_hold_is_refused(world: RunWorld) -> None:
    world.write_run(base_model="s3://artifacts/base_models/huge/", budget={"max_usd": "10000"})
    huge = {**MINILM, "num_hidden_layers": 48, "hidden_size": 4096, "intermediate_size": 16_384}
    world.put("base_models/huge/config.json", json.dumps(huge))

    with pytest.raises(InvalidRunSpecError, match=r"22\.4 GiB of GPU memory"):
        plan(world)
