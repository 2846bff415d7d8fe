"""What a month of predictions costs on an endpoint: the cheapest type that bears it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.domain.auto_training import DataShape, NamedSettings, choose
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.month import month

BERT = "google-bert/bert-base-uncased"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def work(model: str = BERT, characters: float | None = 1200.0) -> TrainingWork:
    return TrainingWork(
        run_id="reviews-1",
        project="reviews",
        base_model=model,
        encoder=WELL_KNOWN.get(model),
        hyperparameters={"max_length": 512},
        chosen=choose(DataShape(20_000, 282), NamedSettings()),
        section={},
        splits={"train": 20_000},
        mean_characters=characters,
        champion=None,
        cap_usd=Decimal(10),
    )


def cost(
    predictions: int, of: TrainingWork | None = None, region: str = "us-east-1"
) -> MonthlyCost:
    return month(of or work(), predictions, price_catalogue(), region)


def test_no_predictions_need_no_endpoint_and_the_types_are_there_to_compare_with() -> None:
    found = cost(0)
    assert (found.usd, found.rows, found.refusal) == (Decimal(0), (), None)
    assert {one.name: one.usd for one in found.standing}["ml.m5.large"] == Decimal("83.950")


def test_a_small_model_on_sentences_stands_on_the_smallest_type_all_month() -> None:
    found = cost(10_000_000, work(MINILM, 114))
    (row,) = found.rows
    assert row.what == "endpoint of 1 x ml.m5.large, all month"
    assert (row.usd, found.usd, found.fixed_usd) == (Decimal("83.950"),) * 3
    assert (row.units, found.usd_per_million) == (Decimal(730), Decimal(0))
    assert row.price is not None
    assert row.price.component == "Hosting"


def test_a_base_model_on_long_reviews_does_not_stay_on_the_smallest_type() -> None:
    found = cost(10_000_000)
    (row,) = found.rows
    assert "ml.m5.large" not in row.what
    by_name = {one.name: one for one in found.standing}
    smallest = by_name["ml.m5.large"].most_predictions
    assert smallest is not None
    assert smallest < 10_000_000
    # Several of the smallest would be more expensive.
    assert found.usd is not None
    assert found.usd < by_name["ml.m5.large"].usd * (10_000_000 // smallest + 1)


def test_more_predictions_never_cost_less() -> None:
    months = [cost(predictions).usd for predictions in (1, 10**6, 10**8, 10**9, 10**10)]
    known = [usd for usd in months if usd is not None]
    assert len(known) == 5
    assert known == sorted(known)
    assert known[-1] > 10 * known[0]


def test_an_answer_that_must_be_quick_takes_a_type_that_is() -> None:
    slow, quick = cost(1000), cost(1000, replace(work(), latency_ms=100))
    assert "ml.m5.large" in slow.rows[0].what
    assert ".g" in quick.rows[0].what
    refused = cost(0, replace(work(), latency_ms=1))
    assert refused.usd is None
    assert refused.refusal is not None
    assert "within 1 ms (`needs.latency_ms`)" in refused.refusal


def test_what_is_not_known_is_not_made_up() -> None:
    assert cost(1000, work(characters=None)).usd is None
    unpriced = cost(1000, region="eu-south-2")
    assert unpriced.usd is None
    assert unpriced.reason.endswith("no hosting rate of eu-south-2.")


def test_a_model_of_unknown_size_is_taken_for_a_bert_and_the_reason_says_so() -> None:
    known, unknown = cost(10**6), cost(10**6, work("org/own"))
    assert unknown.usd == known.usd
    assert "org/own, whose size is not known and is taken for that of bert-base" in unknown.reason


@pytest.mark.parametrize(("name", "usd"), [("ml.c5.xlarge", "148.92"), ("ml.g5.xlarge", "1027.84")])
def test_the_months_of_the_worked_examples(name: str, usd: str) -> None:
    by_name = {one.name: one.usd for one in cost(0).standing}
    assert by_name[name] == Decimal(usd)
