"""A run's report in a browser: it fits the screen, and on a phone names of types are whole."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.made_up_offers import by_the_word, on_endpoint
from tests.unit.runs.sample_result_parts import plan
from tests.unit.runs.sample_results import succeeded
from thriftline.runs.domain.router import DataFacts, Needs, route
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.planned_routing import PlannedRouting
from thriftline.runs.schemas.result import ResultRung

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDER = (
    "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
)
# On how many lines each name of a type stands that has a cell, or a part of one, to itself.
LINES = """() => {
    const lines = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (!/^ml\\.\\w+\\.\\w+$/.test(text.data.trim()) || !text.parentElement.closest('td'))
            continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const boxes = [...range.getClientRects()].filter(one => one.width > 0);
        lines.push(new Set(boxes.map(one => Math.round(one.top))).size);
    }
    return lines;
}"""


@pytest.fixture
def report(tmp_path: Path) -> str:
    """Writes the page of a run with a ladder and two ways to train, and returns its address."""
    rungs = tuple(
        ResultRung(
            rung=number,
            name=name,
            outcome="not_tried",
            reason=None,
            attempts=(),
            waited_seconds=0,
            usd=Decimal(0),
            chosen_because="The cheapest other type with as many GPUs: about 0.07 USD, for what "
            "ml.g5.xlarge has no capacity.",
        )
        for number, name in enumerate(("1 x ml.g5.xlarge, Spot", "1 x ml.g4dn.xlarge"), 1)
    )
    page = tmp_path / "report.html"
    ways = (on_endpoint("0.24", most=10**6), by_the_word("6.28"))
    routing = PlannedRouting.of(route(ways, Needs(), DataFacts(9000, 2)))
    planned = plan().model_copy(update={"routing": routing})
    result = succeeded().model_copy(update={"ladder": rungs, "plan": planned})
    page.write_text(run_page(result), encoding="utf-8")
    return page.as_uri()


def test_no_table_is_wider_than_a_laptops_screen(browser: "Browser", report: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(report)
    assert "for what ml.g5.xlarge has no capacity" in page.content()
    assert page.evaluate(WIDER) == 0
    page.close()


def test_on_a_phone_the_page_fits_and_names_of_types_are_not_broken(
    browser: "Browser", report: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(report)
    html = "document.documentElement"
    assert page.evaluate(f"{html}.scrollWidth - {html}.clientWidth") == 0
    lines = page.evaluate(LINES)
    assert lines
    assert set(lines) == {1}
    page.close()
