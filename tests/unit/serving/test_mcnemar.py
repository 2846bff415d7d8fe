import math
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain import mcnemar
from thriftline.serving.domain.e_test import Claim
from thriftline.serving.domain.mcnemar import Decisive

SMALL = st.integers(0, 40)


@pytest.mark.parametrize(
    ("champion", "challenger", "expected"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 32),
        (5, 0, 2 / 32),
        # 2·(1 + 10 + 45)/1024
        (2, 8, 112 / 1024),
    ],
)
def test_the_exact_p_value_is_that_of_a_fair_coin(
    champion: int, challenger: int, expected: float
) -> None:
    assert mcnemar.exact_p(Decisive(champion, challenger)) == pytest.approx(expected)


@given(SMALL, SMALL)
def test_two_sided_evidence_is_a_martingale_under_a_fair_coin(right: int, wrong: int) -> None:
    assert _expected(right, wrong, Claim.DIFFERENT, 0.5) == pytest.approx(1)


@given(SMALL, SMALL, st.floats(0.0, 0.5), st.sampled_from([Claim.LOWER, Claim.HIGHER]))
def test_one_sided_evidence_shrinks_on_average_where_the_claim_is_false(
    right: int, wrong: int, share: float, claim: Claim
) -> None:
    chance = share if claim is Claim.LOWER else 1 - share

    assert _expected(right, wrong, claim, chance) <= 1 + 1e-9


def _expected(right: int, wrong: int, claim: Claim, chance: float) -> float:
    """The mean factor of one more decisive label, right for the challenger with this chance."""
    before = mcnemar.log_e_value(Decisive(wrong, right), claim)
    better = mcnemar.log_e_value(Decisive(wrong, right + 1), claim)
    worse = mcnemar.log_e_value(Decisive(wrong + 1, right), claim)
    return chance * math.exp(better - before) + (1 - chance) * math.exp(worse - before)


@pytest.mark.parametrize("claim", Claim)
def test_no_label_is_no_evidence(claim: Claim) -> None:
    assert mcnemar.log_e_value(Decisive(), claim) == pytest.approx(0)


@given(SMALL, SMALL)
def test_both_halves_together_are_the_whole(right: int, wrong: int) -> None:
    found = Decisive(wrong, right)
    halves = sum(
        Fraction(math.exp(mcnemar.log_e_value(found, claim)))
        for claim in (Claim.LOWER, Claim.HIGHER)
    )

    assert float(halves) / 2 == pytest.approx(
        math.exp(mcnemar.log_e_value(found, Claim.DIFFERENT)), rel=1e-9
    )


def test_hardly_any_equal_models_are_called_different_when_looked_at_after_every_label() -> None:
    false = 0
    for seed in range(400):
        random = Random(seed)
        right = 0
        for label in range(1, 121):
            right += random.random() < 0.5
            found = Decisive(label - right, right)
            if any(mcnemar.holds_at(found, one, 0.025) for one in (Claim.LOWER, Claim.HIGHER)):
                false += 1
                break

    assert false <= 0.05 * 400


@given(SMALL, SMALL)
def test_the_interval_of_a_share_holds_what_was_seen(events: int, others: int) -> None:
    found = mcnemar.share_interval(events, events + others, 0.05)

    assert 0 <= found.low <= found.high <= 1
    if events + others:
        assert found.low <= events / (events + others) <= found.high


def test_a_challenger_that_never_disagrees_cannot_differ() -> None:
    assert mcnemar.difference_bound(10_000, 0, Decisive(), 0.05) < 0.002
    assert mcnemar.difference_bound(100, 50, Decisive(), 0.05) > 0.5
    # Labels narrow it: of the half that differs both are right as often.
    assert mcnemar.difference_bound(10_000, 5_000, Decisive(2_500, 2_500), 0.05) < 0.06


def test_fewer_than_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer"):
        Decisive(-1, 0)
