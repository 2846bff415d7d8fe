"""``prepare.engine: auto``: by size and dollars, with its reason."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.engines.emr_world import emr_engine
from tests.unit.runs.engines.test_processing import engine as processing_engine
from tests.unit.runs.engines.works import work
from thriftline.runs.domain.preparation import PreparationQuote
from thriftline.runs.engines.choice import HOUR_OF_WAITING_USD, choose
from thriftline.runs.engines.local import NAME as LOCAL
from thriftline.runs.engines.local import LocalEngine


def a_quote(
    engine: str,
    likely: str | None,
    worst: str | None,
    minutes: int | None = 10,
    cannot: str | None = None,
) -> PreparationQuote:
    usd = [Decimal(one) if one else None for one in (likely, worst)]
    return PreparationQuote(engine, usd[0], minutes, usd[1], basis="", cannot=cannot)


def test_the_fewest_likely_dollars_win_and_each_other_engine_has_its_reason() -> None:
    quotes = [
        a_quote("one", "3.00", "5.00", 40),
        a_quote("two", "2.00", "9.00", 60),
        a_quote("three", "9", "9", cannot="It has no workspace."),
        a_quote("four", "1.00", None),
        a_quote("five", "0.10", "99.00"),
    ]

    choice = choose(work(100), quotes, Decimal(10))

    assert choice.engine == "two"
    assert choice.quote is quotes[1]
    assert "2.00 USD in 60 minutes, 9.00 USD at the worst" in choice.reason
    assert choice.left_out == {
        "one": "About 3.00 USD in 40 minutes: more expensive than two.",
        "three": "It has no workspace.",
        "four": "What it costs at the worst is not known.",
        "five": "Its worst case of 99.00 USD passes the 10.0000 USD that it may cost; lower "
        "prepare.max_minutes or prepare.max_vcpus, or allow more.",
    }


def test_for_a_few_cents_the_sooner_one_is_taken_and_for_more_it_is_not() -> None:
    quotes = [a_quote("slow", "0.20", "1", 40), a_quote("quick", "0.24", "1", 12)]

    choice = choose(work(20), quotes, None)

    assert choice.engine == "quick"
    assert (
        "slow costs 0.20 USD in 40 minutes, but so much later that it saves less than waiting "
        "costs (0.50 USD an hour)"
    ) in choice.reason
    assert "it saves less than waiting costs" in choice.left_out["slow"]
    expensive = [quotes[0], a_quote("quick", "0.50", "1", 12)]
    assert choose(work(20), expensive, None).engine == "slow"


def test_where_none_can_the_reason_says_why_of_each() -> None:
    quotes = [a_quote("one", None, None, cannot="No price"), a_quote("two", "1", "20")]

    choice = choose(work(100), quotes, Decimal(5))

    assert (choice.engine, choice.quote) == (None, None)
    assert "one: No price. two: Its worst case of 20.00 USD" in choice.reason
    assert set(choice.left_out) == {"one", "two"}
    assert choose(work(), [], None).engine is None


def test_below_ten_gigabytes_one_machine_is_said_to_do_it_and_above_lambdas_validate() -> None:
    small = choose(work(1), [a_quote("one", "1", "2")], None)
    assert "One machine does 1 GB: `thriftline prepare`" in small.advice
    assert "7 minutes on 4 cores" in small.advice
    large = choose(work(100), [a_quote("one", "1", "2")], None)
    assert "stays on Lambdas: about 0.12 USD and 2 minutes" in large.advice


@pytest.mark.parametrize(
    ("gigabytes", "chosen"),
    [(1, "emr_serverless"), (10, "emr_serverless"), (100, "emr_serverless")],
)
def test_among_the_engines_of_a_stack_the_choice_is_the_one_of_the_table(
    gigabytes: int, chosen: str
) -> None:
    asked = work(gigabytes, max_vcpus=64, max_minutes=240)
    quotes = [one.quote(asked) for one in (LocalEngine(), emr_engine(), processing_engine())]

    choice = choose(asked, quotes, Decimal(50))

    assert choice.engine == chosen
    assert "prepare.engine: local" in choice.left_out[LOCAL]


engines = st.builds(
    a_quote,
    st.sampled_from("abcdefgh"),
    st.one_of(st.none(), st.decimals(0, 100, places=2).map(str)),
    st.one_of(st.none(), st.decimals(0, 100, places=2).map(str)),
    st.one_of(st.none(), st.integers(0, 10_000)),
    st.one_of(st.none(), st.just("It cannot.")),
)


@given(
    st.lists(engines, max_size=8, unique_by=lambda one: one.engine),
    st.one_of(st.none(), st.decimals(0, 100, places=2)),
    st.floats(0, 5000),
)
def test_the_choice_is_always_able_affordable_and_about_the_cheapest(
    quotes: list[PreparationQuote], most: Decimal | None, gigabytes: float
) -> None:
    choice = choose(work(gigabytes), quotes, most)

    def able(one: PreparationQuote) -> bool:
        within = one.worst_usd is not None and (most is None or one.worst_usd <= most)
        return one.cannot is None and within

    def usd(one: PreparationQuote) -> Decimal:
        found: Any = one.likely_usd if one.likely_usd is not None else one.worst_usd
        return Decimal(found)

    possible = [one for one in quotes if able(one)]
    assert choice.reason
    assert choice.advice
    assert (choice.engine is None) == (not possible)
    named = {one.engine for one in quotes}
    assert set(choice.left_out) == named - {choice.engine}
    assert all(choice.left_out.values())
    # The order in which the engines are asked changes nothing.
    assert choose(work(gigabytes), quotes[::-1], most).engine == choice.engine
    if choice.quote is None:
        return
    assert able(choice.quote)
    for one in possible:
        sooner = (one.likely_minutes or 0) - (choice.quote.likely_minutes or 0)
        worth = HOUR_OF_WAITING_USD * max(0, sooner) / 60
        assert usd(choice.quote) <= usd(one) + worth + Decimal("1E-20")
