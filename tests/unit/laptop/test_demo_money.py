"""The plan and the settlement on a terminal of 80 columns."""

import io
from typing import Any

from rich.console import Console

from laptop.demo_money import show_plan, show_settlement
from tests.unit.runs.sample_result_parts import settlement
from tests.unit.runs.sample_results import answered

COLUMNS = 80


def printed(show: Any, document: Any) -> str:
    console = Console(file=io.StringIO(), width=COLUMNS)
    show(document, console)
    file: Any = console.file
    text: str = file.getvalue()
    assert max(map(len, text.splitlines())) <= COLUMNS
    return text


def a_quote(name: str, likely: str | None, *, chosen: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "chosen": chosen,
        "low_usd": likely and "0.0512",
        "expected_usd": likely,
        "high_usd": likely and "1.5",
        "worst_case_usd": "2.84",
    }


def test_a_plan_shows_the_cheapest_choices_and_the_planned_one() -> None:
    others = [a_quote(f"ml.g5.{size}xlarge, Spot", "0.40") for size in range(9)]
    quotes = [a_quote("ml.m5.xlarge", None), *others, a_quote("ml.p3.2xlarge", "9", chosen=True)]

    text = printed(show_plan, {"quotes": quotes})

    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "ml.m5.xlarge - - - 2.84" in lines
    assert "ml.g5.0xlarge, Spot 0.0512 0.40 1.50 2.84" in lines
    assert "ml.p3.2xlarge (planned) 0.0512 9.00 1.50 2.84" in lines
    assert len([line for line in lines if line.startswith("ml.")]) == 6


def test_a_settlement_shows_what_was_held_billed_and_given_back() -> None:
    text = printed(show_settlement, settlement().model_dump(mode="json"))

    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "attempt 1: instances, 462 s 0.18" in lines
    assert "held in 2026-11 before it 2.89" in lines
    assert "given back 2.71" in lines
    assert "estimated, low to high 0.16 to 0.48" in lines


def test_tokens_are_shown_by_their_number_and_rate() -> None:
    found = answered().settlement
    assert found is not None
    text = printed(show_settlement, found.model_dump(mode="json"))
    line = " ".join(text.split())
    assert "attempt 1: training tokens (estimated), 502,431 at 0.001 for 0.50 1,000 tokens" in line


def test_a_settlement_that_is_not_known_yet_says_so() -> None:
    kept = settlement().model_copy(update={"settled_usd": None, "total_usd": None, "rows": ()})

    lines = [
        " ".join(line.split())
        for line in printed(show_settlement, kept.model_dump(mode="json")).splitlines()
    ]

    assert "billed -" in lines
    assert not any(line.startswith("given back") for line in lines)
