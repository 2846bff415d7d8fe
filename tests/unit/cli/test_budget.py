"""`thriftline budget` and `prices`: dollars and rates as people read them."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import FakeApi, page
from thriftline_cli.exits import Exit
from thriftline_cli.money import usd


def test_the_budget_is_one_look(api: FakeApi) -> None:
    api.routes["GET /budget"] = {
        "month": "2026-11",
        "cap_usd": "1000",
        "spent_usd": "12.5",
        "external_usd": "0",
        "held_usd": "3",
        "left_usd": "984.5",
        "running_usd_per_hour": None,
        "at_risk_usd": "0",
        "projects": [{"project": "shop", "cap_usd": None, "committed_usd": "9", "left_usd": "1"}],
    }
    assert api.command("budget") == Exit.DONE
    assert "left                        $984.50" in api.out
    assert "running now, an hour        -" in api.out
    assert api.out.splitlines()[-1].split() == ["shop", "-", "$9.00", "$1.00"]


def test_the_budget_names_what_has_no_price_and_shows_the_known_parts(api: FakeApi) -> None:
    api.routes["GET /budget"] = {
        "month": "2026-11",
        **dict.fromkeys(("cap_usd", "spent_usd", "external_usd", "held_usd", "left_usd"), "1"),
        "running_usd_per_hour": None,
        "running_parts": {
            "training_usd_per_hour": "1.5",
            "preparation_usd_per_hour": "0",
            "endpoints_usd_per_hour": "0.115",
            "unknown": ["thriftline-claims"],
        },
        "at_risk_usd": "0",
        "projects": [],
    }
    assert api.command("budget") == Exit.DONE
    lines = [" ".join(line.split()) for line in api.out.splitlines()]
    assert "running now, an hour $1.62 and what is unknown" in lines
    assert "of that endpoints $0.115" in lines
    assert "of unknown price thriftline-claims" in lines


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "-"),
        ("0", "$0.00"),
        ("0.00004", "$0.00"),
        ("0.0384", "$0.0384"),
        ("0.5", "$0.50"),
        ("1.2345", "$1.23"),
        ("1234567.891", "$1,234,567.89"),
        ("-0.5", "-$0.50"),
    ],
)
def test_dollars_as_people_read_them(amount: Any, shown: str) -> None:
    assert usd(amount) == shown


def test_rates_are_listed_as_they_are(api: FakeApi) -> None:
    rate = {
        "instance_type": "ml.g5.xlarge",
        "component": "Training",
        "region": "us-east-1",
        "usd": "1.40845",
        "date": "2026-05-20",
    }
    api.routes["GET /prices"] = page(rate)
    assert api.command("prices show ml.g5.xlarge --component Training") == Exit.DONE
    assert api.out.splitlines()[1].split()[:2] == ["ml.g5.xlarge", "$1.40845"]
    assert api.asked[0].query["instance_type"] == "ml.g5.xlarge"
