"""The promotion gate."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from thriftline.evaluation.gate import AgainstChampion, Estimate, GateSettings, decide

SETTINGS = GateSettings(
    metric="accuracy",
    minimum=0.8,
    champion_margin=0.01,
    confidence=0.95,
    minimum_test_size=50,
    approval="automatic",
)
GOOD = Estimate(0.86, 0.83, 0.89)
LEVEL = AgainstChampion(0.85, 0.01, 0.002, 0.018, 0.001)


def test_the_first_model_passes_on_the_minimum_alone() -> None:
    decision = decide(SETTINGS, GOOD, None, 500)
    assert decision.promotion == "approved"
    assert "no champion" in decision.reason
    assert "0.8600" in decision.reason


def test_a_model_under_the_minimum_is_rejected() -> None:
    decision = decide(SETTINGS, Estimate(0.7999, 0.78, 0.82), None, 500)
    assert decision.promotion == "rejected"
    assert "gate.minimum, 0.8" in decision.reason


def test_a_model_on_the_minimum_passes() -> None:
    assert decide(SETTINGS, Estimate(0.8, 0.78, 0.82), None, 500).promotion == "approved"


def test_without_a_minimum_any_first_model_passes() -> None:
    settings = replace(SETTINGS, minimum=None)
    assert decide(settings, Estimate(0.1, 0.0, 0.2), None, 50).promotion == "approved"


def test_too_few_test_records_are_no_ground_to_approve_on() -> None:
    assert decide(SETTINGS, GOOD, LEVEL, 50).promotion == "approved"
    decision = decide(SETTINGS, GOOD, LEVEL, 49)
    assert decision.promotion == "rejected"
    assert "49" in decision.reason
    assert "50" in decision.reason


def test_a_model_that_keeps_up_with_the_champion_is_approved() -> None:
    decision = decide(SETTINGS, GOOD, LEVEL, 500)
    assert decision.promotion == "approved"
    assert "+0.0100" in decision.reason


def test_a_model_that_is_worse_than_the_champion_is_rejected() -> None:
    worse = AgainstChampion(0.91, -0.05, -0.07, -0.03, 0.999)
    decision = decide(SETTINGS, GOOD, worse, 500)
    assert decision.promotion == "rejected"
    assert decision.reason.startswith("It is worse than the champion")


def test_a_comparison_that_settles_nothing_does_not_replace_the_champion() -> None:
    open_question = AgainstChampion(0.86, 0.0, -0.03, 0.03, 0.25)
    decision = decide(SETTINGS, GOOD, open_question, 500)
    assert decision.promotion == "rejected"
    assert "25.0%" in decision.reason
    assert "More test records" in decision.reason


def test_the_chance_of_being_worse_may_be_as_high_as_the_confidence_leaves() -> None:
    for chance, promotion in ((0.05, "approved"), (0.0505, "rejected")):
        comparison = replace(LEVEL, probability_worse=chance)
        assert decide(SETTINGS, GOOD, comparison, 500).promotion == promotion


def test_manual_approval_leaves_a_passing_model_to_a_person_and_a_failing_one_rejected() -> None:
    manual = replace(SETTINGS, approval="manual")
    assert decide(manual, GOOD, LEVEL, 500).promotion == "pending"
    assert "waits for a person" in decide(manual, GOOD, LEVEL, 500).reason
    assert decide(manual, Estimate(0.1, 0.0, 0.2), None, 500).promotion == "rejected"


@given(
    value=st.floats(0, 1),
    minimum=st.none() | st.floats(0, 1),
    worse=st.none() | st.floats(0, 1),
    size=st.integers(0, 200),
)
def test_only_a_model_that_meets_every_rule_is_approved(
    value: float, minimum: float | None, worse: float | None, size: int
) -> None:
    settings = replace(SETTINGS, minimum=minimum)
    comparison = None if worse is None else replace(LEVEL, probability_worse=worse)
    decision = decide(settings, Estimate(value, value, value), comparison, size)
    meets_all = (
        size >= settings.minimum_test_size
        and (minimum is None or value >= minimum)
        and (worse is None or worse <= 0.05 + 1e-9)
    )
    assert decision.promotion == ("approved" if meets_all else "rejected")
    assert decision.reason.endswith(".")
