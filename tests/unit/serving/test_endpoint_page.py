"""The page of an endpoint says the truth first, and shows text of strangers as text."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.serving.sample_endpoints import (
    ASLEEP,
    BROKEN,
    EMPTY,
    FULL,
    ROLLED_BACK,
    UPDATING,
    deployment,
)
from thriftline.serving.reports.endpoint_page import ShownEndpoint, endpoint_page


@pytest.mark.parametrize(
    ("shown", "tone", "headline"),
    [
        (FULL, "good", "In service"),
        (EMPTY, "warn", "Not there"),
        (ASLEEP, "info", "Asleep"),
        (UPDATING, "info", "Updating"),
        (ROLLED_BACK, "warn", "In service; the last deployment was rolled back"),
        (BROKEN, "bad", "UpdateRollbackFailed"),
    ],
)
def test_the_first_line_is_how_it_stands(shown: ShownEndpoint, tone: str, headline: str) -> None:
    page = endpoint_page(shown)
    assert f'<section class="verdict {tone}">\n<h2>{headline}</h2>' in page


def test_everything_that_is_known_is_there() -> None:
    page = endpoint_page(FULL)
    for said in (
        "1,234",
        "$0.0870",
        "Creating → Baking → ActivatingTraffic",
        "rollback shop --to ENTRY",
        "chosen",
        "on for 239 of 730 hours",
        "90.0% (87.0% to 92.0%, 400 labels)",
        "PSI 0.012 is below 0.1.",
        "14 requests a second",
        "x-20261129T000000-00000001",
    ):
        assert said in page


def test_what_is_not_known_is_a_dash_and_never_nothing() -> None:
    page = endpoint_page(EMPTY)
    assert "$0" not in page
    assert "no price is known" in page


def test_text_of_strangers_is_text() -> None:
    hostile = replace(deployment(1, "failed", "<script>alert(1)</script>"), why="\x1b[2J\u202eabc")
    page = endpoint_page(replace(FULL, deployments=(hostile,), project="<b>"))
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_a_long_history_shows_its_newest_part() -> None:
    many = tuple(deployment(1, "deployed", "ok") for _ in range(50))
    assert "And 30 older deployments." in endpoint_page(replace(FULL, deployments=many))


def test_a_column_of_dollars_has_one_precision() -> None:
    first = FULL.deployments[0]
    both = (replace(first, usd=Decimal("0.17")), replace(first, usd=Decimal("0.0268")))
    page = endpoint_page(replace(FULL, deployments=both))
    assert "$0.1700" in page
    assert "$0.0268" in page

    usual = endpoint_page(replace(FULL, deployments=both[:1], months=()))
    assert "$0.17<" in usual
