import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain.stickiness import is_pinned, pinned_inference_id, variant_of

USERS = [f"user-{number}" for number in range(20_000)]


@pytest.mark.parametrize("weight", [0.01, 0.1, 0.5, 0.9])
def test_the_challenger_gets_its_share_of_the_users(weight: float) -> None:
    got = sum(variant_of(user, "x-1", weight) == "challenger" for user in USERS)

    assert got / len(USERS) == pytest.approx(
        weight, abs=4 * (weight * (1 - weight) / 20_000) ** 0.5
    )


@given(st.text(), st.text(), st.floats(0, 1))
def test_a_user_meets_the_same_model_each_time(user: str, experiment: str, weight: float) -> None:
    assert variant_of(user, experiment, weight) == variant_of(user, experiment, weight)


def test_the_draw_is_the_same_on_every_machine() -> None:
    drawn = [variant_of(f"u{number}", "x-1", 0.5) for number in range(8)]

    assert "".join(one[0] for one in drawn) == "cmmmcmcm"


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_raised_weight_takes_nobody_back(user: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    if variant_of(user, "x-1", low) == "challenger":
        assert variant_of(user, "x-1", high) == "challenger"


def test_another_experiment_draws_anew() -> None:
    both = sum(
        variant_of(user, "x-1", 0.5) == variant_of(user, "x-2", 0.5) == "challenger"
        for user in USERS
    )

    assert both / len(USERS) == pytest.approx(0.25, abs=0.02)


def test_nobody_and_everybody() -> None:
    assert {variant_of(user, "x", 0.0) for user in USERS[:500]} == {"main"}
    assert {variant_of(user, "x", 1.0) for user in USERS[:500]} == {"challenger"}


def test_a_request_whose_variant_was_chosen_can_be_told_apart() -> None:
    assert is_pinned(pinned_inference_id("42"))
    assert not is_pinned("42")
    assert not is_pinned(None)
    with pytest.raises(ValueError, match="64"):
        pinned_inference_id("x" * 60)
