"""Plan run with two ways to train: both are asked, and one is taken or the run is refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.made_up_offers import by_the_word
from tests.unit.runs.plan_world import DATASET, OPEN, FakeRegistry
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import (
    BudgetExceededError,
    InvalidRunSpecError,
    NoQuotaError,
    ServiceUnavailableError,
    ThriftlineError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.planned_routing import PlannedRoute
from thriftline.runs.schemas.result import ResultPlan
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan, read_run
from thriftline.runs.steps.training_work import planned_work
from thriftline.runs.trainers.port import Inputs
from thriftline.runs.trainers.registry import Trainers

NOVA = "amazon.nova-micro-v1:0:128k"
BOTH = replace(OPEN, trainers=("sagemaker", "bedrock"))


@dataclass
class WordQuoter:
    """A way to train that answers with words, as far as it is asked before one is taken."""

    training: str = "0.50"
    error: ThriftlineError | None = None
    quota: int | None = None
    asked: list[TrainingWork] = field(default_factory=list)

    name = "bedrock"
    inputs = Inputs(("train", "test"))
    abilities: Abilities = by_the_word().abilities

    def quote(self, work: TrainingWork) -> Quote:
        self.asked.append(work)
        if self.error:
            raise self.error
        quote = by_the_word(self.training).quote
        assert quote is not None
        rung = replace(quote.rungs[0], worst_case_usd=Decimal(self.training) * 2)
        return replace(quote, base_model=NOVA, rungs=(rung,))

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        found = by_the_word(self.training, predictions=predictions, quota=self.quota).month
        assert found is not None
        return found


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        made.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET))
        yield made


def plan(
    world: RunWorld, words: WordQuoter, ceilings: Any = BOTH, region: str = "us-east-1"
) -> Plan:
    sagemaker = trainers_over(world.artifacts, AWS_REGION=region).named("sagemaker")
    both = {"sagemaker": lambda _: sagemaker, "bedrock": lambda _: words}
    plan_run(
        RUN_ID,
        artifacts=world.artifacts,
        registry=cast("Any", FakeRegistry()),
        trainers=Trainers(cast("Any", None), cast("Any", both)),
        region=region,
        now=NOW,
        ceilings=ceilings,
        finished=world.finished,
    )
    return read_plan(world.artifacts, RUN_ID)


def refusal(world: RunWorld, words: WordQuoter, kind: type[ThriftlineError], **how: Any) -> str:
    with pytest.raises(kind) as caught:
        plan(world, words, **how)
    assert world.artifacts.read(f"runs/{RUN_ID}/plan.json") is None
    return str(caught.value)


def rows_of(written: Plan) -> dict[str, PlannedRoute]:
    assert written.routing is not None
    return {row.trainer: row for row in written.routing.rows}


def test_both_are_asked_and_the_cheapest_is_taken_with_the_table_in_the_plan(
    world: RunWorld,
) -> None:
    world.write_run()
    words = WordQuoter()

    written = plan(world, words)

    assert written.trainer == "sagemaker"
    rows = rows_of(written)
    assert (rows["sagemaker"].chosen, rows["bedrock"].chosen) == (True, False)
    assert rows["bedrock"].total_usd == Decimal("2.45")
    assert rows["bedrock"].usd_of("storage") == Decimal("1.95")
    (work,) = words.asked
    assert work.section["base_model"] == NOVA
    assert work.encoder is None
    # The document is read again as it was, and the result has the same table.
    assert Plan.model_validate_json(written.model_dump_json()) == written
    assert ResultPlan.of(written).routing == written.routing


def test_predictions_and_needs_of_run_yaml_decide(world: RunWorld) -> None:
    world.write_run(needs={"predictions_per_month": 1_000_000})
    assert plan(world, WordQuoter()).trainer == "bedrock"
    world.write_run(needs={"predictions_per_month": 1_000_000, "scores": True})
    written = plan(world, WordQuoter())
    assert written.trainer == "sagemaker"
    assert rows_of(written)["bedrock"].reasons == (
        "It gives no probabilities, which `needs.scores` asks for.",
    )
    world.write_run(needs={"predictions_per_month": 1_000_000})
    written = plan(world, WordQuoter(quota=4))
    assert written.trainer == "sagemaker"
    assert "4 requests a minute" in rows_of(written)["bedrock"].reasons[0]


def test_what_is_planned_for_the_other_has_its_model_and_its_section(world: RunWorld) -> None:
    world.write_run(trainer="bedrock", bedrock={"epochs": 3})

    written = plan(world, WordQuoter())

    assert (written.trainer, written.base_model, written.training) == ("bedrock", NOVA, None)
    assert written.routing is not None
    assert written.routing.reason == "run.yaml says trainer: bedrock."
    work = planned_work(read_run(world.artifacts, RUN_ID), written)
    assert work.section["epochs"] == 3


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnavailableError("Bedrock does not answer."),
        NoQuotaError("The account may make 0 requests a minute. Nothing was spent."),
        InvalidRunSpecError("dataset: 7 records are too few. Nothing was spent."),
        UnpricedInstanceError("There is no price. Nothing was spent."),
    ],
)
def test_one_that_refuses_is_a_row_with_its_sentence_and_the_other_is_taken(
    world: RunWorld, error: ThriftlineError
) -> None:
    world.write_run()
    written = plan(world, WordQuoter(error=error))
    assert written.trainer == "sagemaker"
    row = rows_of(written)["bedrock"]
    assert (row.feasible, row.costs, row.total_usd) == (False, (), None)
    assert row.reasons == (str(error).removesuffix(" Nothing was spent."),)

    world.write_run()
    written = plan(world, WordQuoter(), region="eu-south-2")
    assert written.trainer == "bedrock"
    assert "eu-south-2" in rows_of(written)["sagemaker"].reasons[0]


def test_one_whose_worst_case_passes_the_cap_is_not_taken(world: RunWorld) -> None:
    world.write_run(needs={"predictions_per_month": 1_000_000}, budget={"max_usd": "5.00"})
    written = plan(world, WordQuoter("4.00"))
    assert written.trainer == "sagemaker"
    reason = rows_of(written)["bedrock"].reasons[0]
    assert reason.startswith("The worst case of 8.00 USD passes the cap budget.max_usd of 5.00 USD")
    # What it would cost is shown all the same.
    assert rows_of(written)["bedrock"].usd_of("training") == Decimal("4.00")


def test_the_error_of_the_one_that_is_named_is_the_runs(world: RunWorld) -> None:
    world.write_run(trainer="bedrock")
    for error in (NoQuotaError("No quota."), ServiceUnavailableError("No answer.")):
        assert refusal(world, WordQuoter(error=error), type(error)) == str(error)


def test_one_that_is_named_and_cannot_do_what_is_needed_is_refused(world: RunWorld) -> None:
    world.write_run(trainer="bedrock", needs={"scores": True, "latency_ms": 100})
    said = refusal(world, WordQuoter(), InvalidRunSpecError)
    assert said.startswith(
        "bedrock: It gives no probabilities, which `needs.scores` asks for. It c"
    )
    assert said.endswith("Nothing was spent.")


def test_where_none_can_be_taken_each_says_why(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.01"})
    said = refusal(
        world,
        WordQuoter(error=InvalidRunSpecError("Too few. Nothing was spent.")),
        BudgetExceededError,
    )
    assert said.startswith("No way to train can be taken. sagemaker: The worst case of ")
    assert said.endswith("bedrock: Too few. Nothing was spent.")


def test_where_none_can_be_taken_now_a_later_call_may_succeed(world: RunWorld) -> None:
    world.write_run(budget={"max_usd": "0.01"})
    away = ServiceUnavailableError("No answer.")
    assert refusal(world, WordQuoter(error=away), ServiceUnavailableError) == "No answer."


def test_what_the_stack_does_not_name_is_not_even_asked(world: RunWorld) -> None:
    world.write_run(needs={"predictions_per_month": 1_000_000})
    words = WordQuoter()
    written = plan(world, words, ceilings=OPEN)
    assert (written.trainer, words.asked, list(rows_of(written))) == (
        "sagemaker",
        [],
        ["sagemaker"],
    )

    world.write_run(trainer="bedrock")
    said = refusal_of_stack(world, words)
    assert said == (
        "trainer: this stack does not train with bedrock (its parameter Trainers says sagemaker). "
        "Nothing was sent there."
    )
    assert words.asked == []


def refusal_of_stack(world: RunWorld, words: WordQuoter) -> str:
    with pytest.raises(InvalidRunSpecError) as caught:
        plan(world, words, ceilings=OPEN)
    return str(caught.value)


def test_a_split_that_one_does_not_read_may_be_empty_for_it(world: RunWorld) -> None:
    splits = {"train": 9000, "validation": 0, "test": 1000}
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET | {"splits": splits}))
    world.write_run()
    written = plan(world, WordQuoter())
    assert written.trainer == "bedrock"
    assert "the data set has no validation rows" in rows_of(written)["sagemaker"].reasons[0]


def test_a_mistake_in_a_name_is_the_runs_error_and_sends_it_no_other_way(world: RunWorld) -> None:
    world.write_run(training={"instance_type": "ml.nonsense.large"})
    assert "ml.nonsense.large" in refusal(world, WordQuoter(), UnknownInstanceTypeError)
    world.write_run(base_model="s3://elsewhere/models/mine/")
    said = refusal(world, WordQuoter(), InvalidRunSpecError)
    assert "out of reach of the training role" in said


def test_a_folder_that_the_named_one_does_not_read_is_no_matter_of_the_run(world: RunWorld) -> None:
    world.write_run(base_model="s3://elsewhere/models/mine/", trainer="bedrock")
    written = plan(world, WordQuoter())
    assert written.trainer == "bedrock"
    assert "out of reach of the training role" in rows_of(written)["sagemaker"].reasons[0]
