"""Plan run: what plan.json says, and what is refused before anything is spent."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import (
    AwsRequestError,
    BudgetExceededError,
    InvalidRunSpecError,
    NoQuotaError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.runs.aws.model_registry import RegisteredModel
from thriftline.runs.domain.approvals import ASKS_NOBODY, ApprovalPolicy
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import ResultPlan
from thriftline.runs.schemas.run import RunPreparation
from thriftline.runs.schemas.steps import PlanRunResponse
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan

DATASET = {
    "verdict": "accepted",
    "rows": 10_000,
    "characters": 1_140_000,
    "splits": {"train": 8000, "validation": 1000, "test": 1000},
}
MINILM = {
    "model_type": "bert",
    "num_hidden_layers": 6,
    "hidden_size": 384,
    "intermediate_size": 1536,
    "vocab_size": 30_522,
}


class FakeRegistry:
    """A registry with one champion, or none."""

    def __init__(self, champion: RegisteredModel | None = None) -> None:
        self._champion = champion

    def champion(self, project: str) -> RegisteredModel | None:
        assert project == PROJECT
        return self._champion


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        made.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET))
        yield made


OPEN = Ceilings(
    max_usd_per_run=Decimal(1_000_000),
    instance_types=("ml.*",),
    least_gate_confidence=0.5,
    least_gate_test_size=1,
    most_gate_margin=1.0,
    gate_above_majority=False,
    trainers=("sagemaker",),
)


def plan(
    world: RunWorld,
    region: str = "us-east-1",
    champion: RegisteredModel | None = None,
    ceilings: Ceilings = OPEN,
    approval: ApprovalPolicy = ASKS_NOBODY,
    quotas: dict[str, int] | None = None,
) -> tuple[PlanRunResponse, Plan]:
    response = plan_run(
        RUN_ID,
        artifacts=world.artifacts,
        registry=cast("Any", FakeRegistry(champion)),
        trainers=trainers_over(world.artifacts, quotas=quotas, AWS_REGION=region),
        region=region,
        now=NOW,
        ceilings=ceilings,
        finished=world.finished,
        approval=approval,
    )
    return response, read_plan(world.artifacts, RUN_ID)


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


@pytest.mark.parametrize(
    ("stack", "run", "needed", "above"),
    [
        (None, None, False, None),
        ("2.83", None, True, "2.83"),
        ("2.84", None, False, "2.84"),
        (None, 1, True, "1"),
        ("2.00", 100, True, "2.00"),
    ],
)
def test_the_plan_says_whether_a_person_is_asked(
    world: RunWorld, stack: str | None, run: int | None, needed: bool, above: str | None
) -> None:
    """The worst case is 2.84 USD; run.yaml lowers the stack's threshold and cannot raise it."""
    world.write_run(training={"max_runtime_seconds": 7200}, budget={"approval_above_usd": run})
    policy = ApprovalPolicy(stack and Decimal(stack), timedelta(hours=2))  # type: ignore[arg-type]

    response, written = plan(world, approval=policy)

    assert response.needs_approval is needed
    assert written.approval_above_usd == (above and Decimal(above))
    assert response.approval_wait_seconds == 2 * 3600 + 900


def test_money_in_the_document_is_decimal_text(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})
    plan(world)

    document = world.artifacts.read_json(f"runs/{RUN_ID}/plan.json")

    assert document["allowance_usd"] == "2.84"
    assert document["rungs"][0]["rate"]["usd"] == "1.408"
    assert document["rungs"][0]["terms"]["storage"]["usd"] == "0.14"


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


def test_a_run_that_passes_its_cap_is_refused_and_no_plan_is_written(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.60"}, training={"max_runtime_seconds": 7200})

    with pytest.raises(BudgetExceededError, match=r"2\.84 USD passes .* 0\.60 USD") as refusal:
        plan(world)

    # What fits, by what it probably costs.
    assert re.search(
        r"ml\.g4dn\.xlarge \(probably 0\.\d\d USD, at most 1\.49 USD\)", str(refusal.value)
    )
    assert world.artifacts.read(f"runs/{RUN_ID}/plan.json") is None


def prepared(world: RunWorld, held: str, charged: str, approved: str | None = None) -> None:
    run = world.write_run(prepare={}, training={"max_runtime_seconds": 7200})
    done = RunPreparation(
        engine="emr_serverless",
        attempt=1,
        rows=9,
        held_usd=Decimal(held),
        charged_usd=Decimal(charged),
        approved_usd=None if approved is None else Decimal(approved),
    )
    written = run.model_copy(update={"preparation": done})
    world.put(f"runs/{RUN_ID}/run.json", written.model_dump_json())


def test_a_prepared_run_trains_for_what_its_preparation_left_of_the_hold(world: RunWorld) -> None:
    prepared(world, "10.00", "0.30")
    _, written = plan(world)
    assert written.allowance_usd == Decimal("2.84")

    prepared(world, "2.50", "0.40")
    _, written = plan(world)
    graces = written.stop_grace_usd + written.upload_grace_usd
    assert Decimal("1.90") < written.allowance_usd <= Decimal("2.10") - graces

    prepared(world, "2.50", "2.45")
    with pytest.raises(BudgetExceededError, match=r"of whose 2\.50 USD the preparation took 2\.45"):
        plan(world)

    prepared(world, "10.00", "9.99")
    with pytest.raises(BudgetExceededError, match=r"Raise the cap budget\.max_usd, of") as told:
        plan(world)
    enough = re.search(r"took 9\.99 USD, to (\d+\.\d\d)", str(told.value))
    assert enough
    assert Decimal(enough.group(1)) >= Decimal("9.99") + Decimal("2.84")


def test_a_person_is_asked_for_preparation_and_training_together(world: RunWorld) -> None:
    policy = ApprovalPolicy(Decimal("3.00"), timedelta(hours=1))
    prepared(world, "10.00", "0.10")
    assert not plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.20")
    assert plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.20", approved="3.04")
    assert not plan(world, approval=policy)[0].needs_approval
    prepared(world, "10.00", "0.21", approved="3.04")
    assert plan(world, approval=policy)[0].needs_approval


def test_a_run_that_its_cap_pays_for_long_enough_is_made_shorter(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "2.00"}, training={"max_runtime_seconds": 7200})

    response, written = plan(world)

    assert response.worst_case_usd == written.allowance_usd == Decimal("2.00")
    assert written.clamped is not None
    assert (written.clamped.from_seconds, written.clamped.seconds) == (7200, 5070)
    assert written.warnings[0] == written.clamped.reason
    assert "2.84 USD does not fit the cap budget.max_usd, which leaves 2.00 USD" in (
        written.clamped.reason
    )
    assert ResultPlan.of(written).max_runtime_seconds == 5070


def test_a_run_is_made_shorter_for_the_stacks_limit_too(world: RunWorld) -> None:
    world.write_run(training={"max_runtime_seconds": 7200})

    _, written = plan(world, ceilings=replace(OPEN, max_usd_per_run=Decimal("1.50")))

    assert written.allowance_usd == Decimal("1.50")
    assert written.clamped is not None
    assert "MaxUsdPerRun" in written.clamped.reason


def test_more_attempts_do_not_raise_the_worst_case(world: RunWorld) -> None:
    world.write_run(training={"max_attempts": 5, "max_runtime_seconds": 7200})

    response, _ = plan(world)

    assert (response.worst_case_usd, response.max_attempts) == (Decimal("2.84"), 5)


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


@pytest.mark.parametrize("empty", ["validation", "test"])
def test_an_empty_split_is_refused_before_a_job_is_billed_for_it(
    world: RunWorld, empty: str
) -> None:
    world.write_run()
    splits = {"train": 8, "validation": 1, "test": 1, empty: 0}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, "splits": splits}))

    with pytest.raises(InvalidRunSpecError, match=f"no {empty} rows.*{empty}_fraction above 0"):
        plan(world)


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


# Some 8 hours on one A10G.
LARGE = {
    "rows": 400_000,
    "characters": 320_000_000,
    "splits": {"train": 320_000, "validation": 40_000, "test": 40_000},
}


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


def test_the_run_time_limit_stays_within_the_cap(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.50"})

    response, written = plan(world)

    assert response.worst_case_usd <= Decimal("0.50")
    assert written.rungs[0].terms["max_runtime_seconds"] >= 245  # what is expected


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


def test_the_advice_for_a_limit_that_passes_the_cap_is_enough_for_the_work(
    world: RunWorld,
) -> None:
    world.write_run(budget={"max_usd": "0.60"}, training={"max_runtime_seconds": 7200})

    with pytest.raises(BudgetExceededError, match="from") as told:
        plan(world)

    least, most = re.search(r"from (\d+) to (\d+)", str(told.value)).groups()  # type: ignore[union-attr]
    assert 240 < int(least) < int(most)


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
    assert any("not followed" in told for told in written.warnings) is (spot is True)


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
