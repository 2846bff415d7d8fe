"""The ways to train on a terminal of 80 columns."""

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from laptop.demo_money import show_plan
from laptop.routing_table import show_break_evens, show_routing
from tests.unit.runs.made_up_offers import by_the_word, on_endpoint
from thriftline.runs.domain.router import DataFacts, Needs, Offer, route
from thriftline.runs.schemas.planned_routing import PlannedRouting

COLUMNS = 80


def printed(show: Any, plan: Mapping[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=COLUMNS)
    show(plan, console)
    file: Any = console.file
    lines: list[str] = file.getvalue().splitlines()
    assert max(map(len, lines), default=0) <= COLUMNS
    return [" ".join(line.split()) for line in lines]


def plan_of(*offers: Offer, needs: Needs | None = None, records: int = 9000) -> dict[str, Any]:
    routing = PlannedRouting.of(route(offers, needs or Needs(), DataFacts(records, 2)))
    return {"routing": routing.model_dump(mode="json"), "quotes": []}


def test_each_way_has_its_dollars_and_the_one_that_is_taken_is_marked() -> None:
    lines = printed(show_routing, plan_of(on_endpoint("0.24"), by_the_word("6.28")))
    assert "way training evaluation storage month together" in lines
    assert "sagemaker (taken) 0.24 - - - 0.24" in lines
    assert "bedrock 6.28 0.00 1.95 - 8.23" in lines
    assert "sagemaker is the cheapest of those that can be taken. Of the 8.23 USD of" in lines
    assert "bedrock, 1.95 store its model for a month." in lines


def test_a_month_of_predictions_has_its_column_in_whole_dollars_and_cents() -> None:
    needs = Needs(predictions_per_month=10**9)
    offers = (on_endpoint("0.24", "1027.84"), by_the_word("6.28", "11.20", 10**9))
    lines = printed(show_routing, plan_of(*offers, needs=needs))
    assert "bedrock 6.28 0.00 1.95 11,200.00 11,208.23" in lines
    assert "sagemaker (taken) 0.24 - - 1,027.84 1,028.08" in lines


def test_what_cannot_be_taken_says_why_and_what_has_no_price_is_no_zero() -> None:
    refused = plan_of(on_endpoint("0.24"), by_the_word(refusal="Its API does not answer."))
    lines = printed(show_routing, refused)
    assert "bedrock (cannot) - - - - -" in lines
    assert "bedrock: Its API does not answer." in lines
    unpriced = printed(show_routing, plan_of(on_endpoint("0.24"), by_the_word(None)))
    assert "bedrock unpriced 0.00 1.95 - unpriced" in unpriced


def test_advice_is_printed_and_a_plan_without_routing_prints_nothing() -> None:
    few = plan_of(on_endpoint("0.10"), by_the_word("0.05"), records=300)
    text = " ".join(printed(show_routing, few))
    assert "bedrock may reach more, for 1.90 USD more" in text
    for plan in ({}, {"routing": None}):
        assert printed(show_routing, plan) == []
        assert printed(show_break_evens, plan) == []


def test_a_break_even_is_a_number_of_predictions_a_month() -> None:
    lines = printed(show_break_evens, plan_of(on_endpoint(most=10**6), by_the_word()))
    assert lines[0] == "An endpoint is cheaper than bedrock"
    assert "ml.m5.large 83.95 36,043,956 cannot answer" in lines


def test_the_demo_shows_the_ways_before_the_choices_of_one() -> None:
    lines = printed(show_plan, plan_of(on_endpoint("0.24"), by_the_word("6.28")))
    assert lines.index("The ways to train, in USD") < lines.index("The plan, in USD")
