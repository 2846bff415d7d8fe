"""Which way to train was taken: the message's line, and the page's table."""

import re
from dataclasses import replace

from tests.unit.runs.made_up_offers import by_the_word, on_endpoint
from tests.unit.runs.sample_result_parts import plan
from tests.unit.runs.sample_results import succeeded
from tests.unit.runs.test_message import ENDED
from thriftline.runs.domain.router import DataFacts, Needs, Offer, route
from thriftline.runs.reports.message import message_of
from thriftline.runs.reports.routing_view import routing_line
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.planned_routing import PlannedRouting


def routing_of(*offers: Offer) -> PlannedRouting:
    return PlannedRouting.of(route(offers, Needs(), DataFacts(9000, 2)))


BOTH = routing_of(on_endpoint("0.24", most=10**6), by_the_word("6.28"))


def page_with(routing: PlannedRouting) -> str:
    result = succeeded().model_copy(update={"plan": plan().model_copy(update={"routing": routing})})
    return " ".join(re.sub(r"<[^>]+>", " ", run_page(result)).split())


def test_the_line_says_what_was_taken_first_and_what_the_other_would_have_cost() -> None:
    assert (
        routing_line(BOTH)
        == "sagemaker $0.24 was taken; bedrock $8.23 ($1.95 of it a month of storage)"
    )
    out = routing_of(on_endpoint(refusal="No."), by_the_word("6.28"))
    assert (
        routing_line(out)
        == "bedrock $8.23 ($1.95 of it a month of storage) was taken; sagemaker could not be taken"
    )
    unpriced = routing_of(on_endpoint("0.24"), by_the_word(None))
    assert routing_line(unpriced) == "sagemaker $0.24 was taken; bedrock unpriced"


def test_the_message_has_the_line() -> None:
    assert (
        "Ways:     sagemaker $0.24 was taken"
        in message_of(replace(ENDED, routing=routing_line(BOTH))).text
    )


def test_the_page_says_from_where_on_an_endpoint_is_cheaper_and_whether_it_bears_so_many() -> None:
    text = page_with(BOTH)
    assert "From where on an endpoint is cheaper than bedrock" in text
    assert "ml.m5.large $83.95 36 M cannot answer" in text


def test_the_page_shows_every_way_its_rows_and_what_they_rest_on() -> None:
    text = page_with(BOTH)
    assert "Which way to train" in text
    assert "sagemaker taken $0.24" in text
    assert "bedrock $6.28 $0.00 $1.95" in text
    assert re.search(r"bedrock: training tokens: 1,000 . \$0\.001 a 1,000 tokens = \$6\.28", text)
    assert "2026-08-02" in text


def test_the_page_says_why_one_was_not_taken_and_a_former_result_has_no_table() -> None:
    text = page_with(routing_of(on_endpoint("0.24"), by_the_word(refusal="<Its> API is away.")))
    assert "bedrock cannot be taken &lt;Its&gt; API is away." in text
    assert "Which way to train" not in run_page(succeeded())
