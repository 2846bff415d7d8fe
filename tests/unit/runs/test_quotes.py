"""The cap against a quote: admitted at its worst case, or refused with what would fit."""

from datetime import date
from decimal import Decimal

import pytest

from thriftline.core.errors import BudgetExceededError
from thriftline.money.prices import Price
from thriftline.runs.domain.affordable import Room
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung, admit, round_up

PRICE = Price(Decimal("1.408"), "hour", "us-east-1", "Training", "a list", date(2026, 11, 1))
UNKNOWN = Expectation(None, None, "Not estimated.")


def candidate(name: str, worst: str) -> Candidate:
    return Candidate(name, PRICE, Decimal(worst), UNKNOWN)


def quote(*rungs: tuple[str, str]) -> Quote:
    return Quote(
        trainer="any",
        chosen=candidate("chosen", rungs[0][0]),
        rungs=tuple(Rung("r", PRICE, Decimal(worst), Decimal(grace), {}) for worst, grace in rungs),
        max_attempts=2,
        basis="1 machine for an hour",
        alternatives=(candidate("large", "40"), candidate("small", "1.49")),
        remedies=("train for a shorter time",),
    )


def admitted(asked: Quote, cap: str) -> Decimal:
    allowance, clamp = admit(asked, Room(Decimal(cap), "the cap budget.max_usd"))
    assert clamp is None
    return allowance


def test_a_run_within_its_cap_is_admitted_at_its_worst_case() -> None:
    assert admitted(quote(("2.83", "0.05")), "2.83") == Decimal("2.83")


def test_a_ladder_costs_at_the_most_what_its_most_expensive_rung_costs() -> None:
    ladder = quote(("2.83", "0.05"), ("9.10", "0.30"), ("4", "0.10"))

    assert ladder.worst_case_usd == Decimal("9.10")
    assert ladder.stop_grace_usd == Decimal("0.30")
    # The first rung fits; the attempts on the dearer one get what is left.
    assert admitted(ladder, "9.09") == Decimal("9.09")
    with pytest.raises(BudgetExceededError):
        admitted(ladder, "2.82")


def test_a_run_that_passes_its_cap_is_refused_with_the_numbers_and_the_fixes() -> None:
    with pytest.raises(BudgetExceededError) as refusal:
        admitted(quote(("2.83", "0.05")), "2.00")

    assert str(refusal.value) == (
        "The worst case of 2.83 USD passes the cap budget.max_usd of 2.00 USD: 1 machine for an "
        "hour. Raise the cap budget.max_usd to 2.83, or train for a shorter time, or take a "
        "cheaper choice: small (at most 1.49 USD). Nothing was spent."
    )


@pytest.mark.parametrize(
    ("cap", "most", "said"),
    [
        ("2.00", "5.00", "passes the cap of 2.00 USD: 1 machine for an hour. Raise the cap to"),
        ("2.00", "2.50", "Raise the cap and the stack's limit to 2.83"),
        ("2.50", "2.00", "passes the stack's limit of 2.00 USD"),
        ("2.50", "2.00", "Raise the stack's limit and the cap to 2.83"),
        ("9.00", "2.00", "Raise the stack's limit to 2.83"),
    ],
)
def test_a_refusal_names_the_limits_that_refuse(cap: str, most: str, said: str) -> None:
    limits = sorted([(Decimal(cap), "the cap"), (Decimal(most), "the stack's limit")])
    (usd, limit), (other_usd, other) = limits

    with pytest.raises(BudgetExceededError) as refusal:
        admit(quote(("2.83", "0.05")), Room(usd, limit, ((other, other_usd),)))

    assert said in str(refusal.value)


def test_cents_are_rounded_up_and_whole_cents_stay() -> None:
    assert round_up(Decimal("0.0001")) == Decimal("0.01")
    assert round_up(Decimal("0.50")) == Decimal("0.50")


def test_an_unknown_time_is_none_hours() -> None:
    assert UNKNOWN.hours is None
    assert Expectation(4860, Decimal(1), "").hours == Decimal("1.350")
