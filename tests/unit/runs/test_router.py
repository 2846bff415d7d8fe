"""The router: what can be done, then the dollars, then what learns more from the data."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.made_up_offers import by_the_word, on_endpoint
from thriftline.runs.domain.router import (
    DataFacts,
    Needs,
    Offer,
    Routing,
    break_even,
    millions,
    route,
)

MANY = DataFacts(train_records=25_000, labels=2)
FEW = DataFacts(train_records=300, labels=2)


def cents_of(routing: Routing, trainer: str) -> list[Decimal | None]:
    row = routing.row(trainer)
    assert row is not None
    return [cost.cents_usd for cost in row.costs]


def test_the_cheapest_is_taken_and_each_total_is_the_sum_of_its_rows() -> None:
    found = route((on_endpoint("0.24"), by_the_word("6.28")), Needs(), MANY)

    assert found.chosen == "sagemaker"
    assert found.reason == (
        "sagemaker is the cheapest of those that can be taken. Of the 8.23 USD of bedrock, 1.95 "
        "store its model for a month."
    )
    assert [row.total_usd for row in found.rows] == [Decimal("0.24"), Decimal("8.23")]
    assert cents_of(found, "bedrock") == [Decimal("6.28"), Decimal("0.00"), Decimal("1.95")]


def test_few_predictions_a_month_turn_the_choice() -> None:
    needs = Needs(predictions_per_month=1_000_000)
    offers = (on_endpoint("0.24", "83.95"), by_the_word("6.28", "11.20", 1_000_000))

    found = route(offers, needs, MANY)

    assert found.chosen == "bedrock"
    assert [row.total_usd for row in found.rows] == [Decimal("84.19"), Decimal("19.43")]


# What the month of a custom Nova Micro costs for each million: sentences of 27 tokens, reviews of
# 282; both with 30 tokens of template and 2 of the label.
@pytest.mark.parametrize(
    ("rate", "per_million", "said"),
    [
        ("0.115", "2.275", "36 M"),
        ("0.204", "2.275", "65 M"),
        ("1.408", "2.275", "451 M"),
        ("0.115", "11.20", "7.3 M"),
        ("0.204", "11.20", "13 M"),
        ("1.408", "11.20", "92 M"),
    ],
)
def test_the_break_evens_of_the_worked_examples(rate: str, per_million: str, said: str) -> None:
    found = break_even(Decimal(rate) * 730, Decimal("1.95"), Decimal(per_million))
    assert found is not None
    assert millions(found) == said


def test_a_break_even_says_whether_the_endpoint_bears_so_many() -> None:
    for most, sustained in ((10**9, True), (10**6, False)):
        found = route((on_endpoint(most=most), by_the_word()), Needs(), MANY)
        (even,) = found.break_evens
        assert (even.trainer, even.standing.name, even.than) == (
            "sagemaker",
            "ml.m5.large",
            "bedrock",
        )
        assert (millions(even.predictions), even.is_sustained) == ("36 M", sustained)


@pytest.mark.parametrize(
    ("fixed", "other_fixed", "per_million"),
    [("1.95", "1.95", "2"), ("9", "1", "0"), ("1", "2", "3")],
)
def test_where_one_is_always_cheaper_there_is_no_break_even(
    fixed: str, other_fixed: str, per_million: str
) -> None:
    assert break_even(Decimal(fixed), Decimal(other_fixed), Decimal(per_million)) is None


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (Needs(scores=True), "It gives no probabilities, which `needs.scores` asks for."),
        (Needs(weights=True), "It never exports the model's weights, which `needs.weights` asks"),
        (Needs(latency_ms=299), "It cannot promise answers within 299 ms (`needs.latency_ms`)"),
        (Needs(multi_label=True), "It gives a text one label, not several."),
        (Needs(search=True), "It does not search for hyperparameters (`search`)."),
        (
            Needs(predictions_per_month=200_000),
            "The account may make 4 requests a minute; 200,000 predictions a month need 5.",
        ),
    ],
)
def test_what_cannot_do_what_is_needed_is_not_taken_however_cheap_it_is(
    needs: Needs, said: str
) -> None:
    offers = (on_endpoint("50", "83.95"), by_the_word("0.10", quota=4, predictions=200_000))

    found = route(offers, needs, FEW)

    assert found.chosen == "sagemaker"
    assert found.reason == "sagemaker is the only one that can be taken."
    row = found.row("bedrock")
    assert row is not None
    assert len(row.reasons) == 1
    assert row.reasons[0].startswith(said)
    # What it would cost is still shown.
    assert row.total_usd is not None


def test_a_quota_that_covers_them_or_is_not_known_refuses_nothing() -> None:
    needs = Needs(predictions_per_month=175_000, latency_ms=300)
    for quota in (4, None):
        offers = (on_endpoint("50"), by_the_word("0.10", quota=quota, predictions=175_000))
        assert route(offers, needs, FEW).chosen == "bedrock"


def test_a_refusal_is_a_row_with_its_sentence_and_the_other_is_taken() -> None:
    for offers in (
        (on_endpoint(refusal="No rate for it here."), by_the_word("99")),
        (on_endpoint("99"), by_the_word(refusal="No answer from its API.")),
    ):
        found = route(offers, Needs(), MANY)
        (out,) = [row for row in found.rows if row.trainer != found.chosen]
        assert out.reasons in (("No rate for it here.",), ("No answer from its API.",))
        assert (out.costs, out.total_usd) == ((), None)


def test_where_nothing_can_be_taken_nothing_is_chosen() -> None:
    found = route((on_endpoint(refusal="No."), by_the_word(refusal="No either.")), Needs(), MANY)
    assert (found.chosen, found.reason) == (None, "None of them can be taken.")
    assert (route((), Needs(), MANY).chosen, found.advice) == (None, ())


def test_the_one_that_is_named_is_taken_though_the_other_is_cheaper_and_both_are_shown() -> None:
    offers = (on_endpoint("0.24"), by_the_word("6.28"))
    found = route(offers, Needs(), MANY, named="bedrock")
    assert (found.chosen, found.reason) == ("bedrock", "run.yaml says trainer: bedrock.")
    assert len(found.rows) == 2
    assert route(offers, Needs(scores=True), MANY, named="bedrock").chosen is None


def test_what_has_no_price_is_unknown_and_never_the_cheapest() -> None:
    found = route((on_endpoint("9.99"), by_the_word(training=None)), Needs(), MANY)
    assert found.chosen == "sagemaker"
    assert [row.total_usd for row in found.rows] == [Decimal("9.99"), None]
    assert "bedrock: training tokens is unpriced." in found.assumptions


def test_a_month_that_is_not_known_makes_the_total_unknown() -> None:
    needs = Needs(predictions_per_month=1000)
    found = route((on_endpoint("0.10", None), by_the_word("9", predictions=1000)), needs, MANY)
    assert found.chosen == "sagemaker"
    row = found.row("sagemaker")
    assert row is not None
    assert row.total_usd is None
    assert row.costs[-1].what == "One endpoint stands all month."


def test_where_the_first_is_not_estimated_nothing_is_known_to_be_cheaper_and_it_is_taken() -> None:
    found = route((on_endpoint(None), by_the_word("0.10")), Needs(), FEW)
    assert found.chosen == "sagemaker"
    assert found.reason.startswith("What sagemaker costs is not estimated, so nothing is known")
    row = found.row("sagemaker")
    assert row is not None
    assert row.total_usd == Decimal("3.00")
    assert "at the most" in row.costs[0].what


@pytest.mark.parametrize(
    ("data", "chosen", "said"),
    [
        (FEW, "bedrock", "They cost the same; bedrock learns more from few records or many"),
        (DataFacts(9000, 77), "bedrock", "They cost the same; bedrock learns more from few"),
        (MANY, "sagemaker", "They cost the same; sagemaker is made for as many records"),
    ],
)
def test_the_same_dollars_are_told_apart_by_what_learns_more(
    data: DataFacts, chosen: str, said: str
) -> None:
    offers = (on_endpoint("2.95"), by_the_word("1.00"))
    found = route(offers, Needs(), data)
    assert found.chosen == chosen
    assert found.reason.startswith(said)


def test_few_records_on_the_cheaper_encoder_give_advice_with_its_price() -> None:
    found = route((on_endpoint("0.10"), by_the_word("0.05")), Needs(), FEW)
    assert found.chosen == "sagemaker"
    assert found.advice == (
        "With 300 records to train on and 2 labels, bedrock may reach more, for 1.90 USD more: say "
        "trainer: bedrock to try it.",
    )
    assert route((on_endpoint("0.10"), by_the_word("0.05")), Needs(), MANY).advice == ()


def test_every_price_is_dated_and_every_assumption_is_said_once() -> None:
    said = route((on_endpoint(), by_the_word()), Needs(), MANY).assumptions
    assert len(set(said)) == len(said)
    assert "bedrock: 0.001 USD for 1,000 tokens (us-east-1, a list, 2026-08-02)." in said
    assert "sagemaker: What sagemaker rests on." in said
    assert said[0].startswith("Predictions are left out: needs.predictions_per_month")
    with_them = route((on_endpoint(),), Needs(predictions_per_month=9), MANY).assumptions
    assert with_them[0] == "9 predictions a month come evenly over its 730 hours."


# ---- Forty made-up data sets, each with both trainers.

RECORDS = (8, 300, 999, 8_530, 25_000)
TOKENS = (12, 27, 282, 900)
DEMANDS = (
    Needs(),
    Needs(predictions_per_month=1_000_000),
    Needs(predictions_per_month=50_000_000, latency_ms=250),
    Needs(scores=True),
)
DATA_SETS = [
    pytest.param(records, tokens, DEMANDS[number % len(DEMANDS)], quota, id=f"{number + 1}")
    for number, (records, tokens, quota) in enumerate(product(RECORDS, TOKENS, (4, None)))
]


def offers_for(records: int, tokens: int, needs: Needs, quota: int | None) -> tuple[Offer, Offer]:
    predictions = needs.predictions_per_month or 0
    per_million = Decimal(tokens + 30) * Decimal("0.035") + 2 * Decimal("0.14")
    training = Decimal(2 * min(records, 20_000) * (tokens + 32)) / 1_000_000
    seconds = 240 + Decimal(3 * records * tokens * 6 * 86) / 30_000_000
    refused = "8 records are the fewest that it takes; these are 7." if records < 9 else None
    return (
        on_endpoint(str(seconds * Decimal("1.408") / 3600), "83.95" if predictions else "0"),
        by_the_word(str(training), str(per_million), predictions, quota, refused),
    )


def test_there_are_forty_of_them() -> None:
    assert len(DATA_SETS) == 40


@pytest.mark.parametrize(("records", "tokens", "needs", "quota"), DATA_SETS)
def test_of_both_trainers_the_cheapest_feasible_is_chosen_and_the_rest_says_why_not(
    records: int, tokens: int, needs: Needs, quota: int | None
) -> None:
    offers = offers_for(records, tokens, needs, quota)
    _holds(route(offers, needs, DataFacts(records, 2)), offers)


money = st.decimals(min_value=0, max_value=10_000, places=6)


@given(
    money | st.none(),
    money | st.none(),
    money,
    st.integers(0, 10**10),
    st.integers(0, 10_000) | st.none(),
    st.booleans(),
    st.integers(1, 100_000),
)
def test_whatever_is_offered_the_table_holds(
    endpoint: Decimal | None,
    training: Decimal | None,
    per_million: Decimal,
    predictions: int,
    quota: int | None,
    scores: bool,
    records: int,
) -> None:
    offers = (
        on_endpoint(None if endpoint is None else str(endpoint), "83.95"),
        by_the_word(
            None if training is None else str(training), str(per_million), predictions, quota
        ),
    )
    needs = Needs(predictions_per_month=predictions, scores=scores)
    _holds(route(offers, needs, DataFacts(records, None)), offers)


def _holds(found: Routing, offers: tuple[Offer, ...]) -> None:
    """What is true of every table."""
    feasible = [row for row in found.rows if row.is_feasible]
    assert [row.trainer for row in found.rows] == [offer.trainer for offer in offers]
    for row in found.rows:
        cents = [cost.cents_usd for cost in row.costs]
        if row.total_usd is None:
            assert None in cents or not cents
        else:
            assert row.total_usd == sum(usd for usd in cents if usd is not None)
            assert row.total_usd == row.total_usd.quantize(Decimal("0.01"))
        if not row.is_feasible:
            assert all(reason.endswith(".") for reason in row.reasons)
    assert (found.chosen is None) == (not feasible)
    known = [row.total_usd for row in feasible if row.total_usd is not None]
    if found.chosen is not None:
        chosen = found.row(found.chosen)
        assert chosen in feasible
        if feasible[0].is_estimated:
            assert chosen.total_usd == min(known)
        else:
            assert chosen == feasible[0]
