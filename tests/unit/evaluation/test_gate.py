"""The promotion gate."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from thriftline.evaluation.gate import (
    AgainstBaseline,
    AgainstChampion,
    Estimate,
    Evidence,
    GateSettings,
    Unparsed,
    decide,
)

SETTINGS = GateSettings(
    metric="accuracy",
    minimum=0.8,
    champion_margin=0.01,
    confidence=0.95,
    minimum_test_size=50,
    above_majority=True,
    approval="automatic",
)
GOOD = Estimate(0.86, 0.83, 0.89)
LEVEL = AgainstChampion(0.85, 0.01, 0.002, 0.018, 0.001)
CLEAR = AgainstBaseline("the most frequent label", 0.5, 0.36, 0.3, 0.42, 0.0)
AT_CHANCE = AgainstBaseline("the most frequent label", 0.84, 0.02, -0.01, 0.05, 0.12)
TFIDF = AgainstBaseline("TF-IDF with logistic regression", 0.82, 0.04, -0.01, 0.09, 0.06)


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


def test_a_first_model_must_be_better_than_the_most_frequent_label() -> None:
    clear = decide(SETTINGS, GOOD, None, 500, Evidence(majority=CLEAR))
    chance = decide(SETTINGS, GOOD, None, 500, Evidence(majority=AT_CHANCE))

    assert clear.promotion == "approved"
    assert chance.promotion == "rejected"
    assert "not shown to be better than the most frequent label" in chance.reason
    assert "0.8600 against 0.8400" in chance.reason
    assert "gate.above_majority: false" in chance.reason


def test_a_person_may_approve_a_model_at_chance_all_the_same() -> None:
    settings = replace(SETTINGS, above_majority=False)

    decision = decide(settings, GOOD, None, 500, Evidence(majority=AT_CHANCE))

    assert decision.promotion == "approved"


def test_the_majority_says_nothing_of_a_model_that_keeps_up_with_its_champion() -> None:
    decision = decide(SETTINGS, GOOD, LEVEL, 500, Evidence(majority=AT_CHANCE))

    assert decision.promotion == "approved"


def test_tfidf_stands_beside_a_first_model_and_decides_nothing() -> None:
    worse = replace(TFIDF, value=0.95, difference=-0.09, low=-0.12, high=-0.06)
    for tfidf, words in ((TFIDF, "Compare it with TF-IDF"), (worse, "It is worse than TF-IDF")):
        decision = decide(SETTINGS, GOOD, None, 500, Evidence(majority=CLEAR, tfidf=tfidf))
        assert decision.promotion == "approved"
        assert words in decision.reason


def test_a_champion_with_other_labels_is_not_comparable_and_a_person_is_asked() -> None:
    evidence = Evidence(majority=CLEAR, unknown_to_champion=("refund", "spam"))

    decision = decide(SETTINGS, GOOD, AgainstChampion(0.0, 0.86, 0.8, 0.9, 0.0), 500, evidence)

    assert decision.promotion == "pending"
    assert "not comparable with the champion" in decision.reason
    assert "refund, spam" in decision.reason


def test_a_champion_with_other_labels_does_not_excuse_a_model_at_chance() -> None:
    evidence = Evidence(majority=AT_CHANCE, unknown_to_champion=("refund",))

    assert decide(SETTINGS, GOOD, LEVEL, 500, evidence).promotion == "rejected"


def test_a_training_that_hardly_moved_its_loss_is_told() -> None:
    evidence = Evidence(majority=CLEAR, flat_loss=(0.6931, 0.685))

    decision = decide(SETTINGS, GOOD, None, 500, evidence)

    assert "hardly moved its loss, from 0.6931 to 0.685" in decision.reason


def test_a_head_that_learned_hardly_more_than_the_labels_shares_is_told() -> None:
    evidence = Evidence(majority=CLEAR, flat_head=(0.6931, 0.685))

    decision = decide(SETTINGS, GOOD, None, 500, evidence)

    assert "hardly more than how frequent each label is" in decision.reason
    assert "a validation loss of 0.685 against 0.6931" in decision.reason


@given(st.floats(0, 1), st.booleans())
def test_the_chance_of_being_no_better_decides(chance: float, strict: bool) -> None:
    majority = replace(CLEAR, probability_not_better=chance)
    settings = replace(SETTINGS, above_majority=strict)

    promotion = decide(settings, GOOD, None, 500, Evidence(majority=majority)).promotion

    if abs(chance - 0.05) > 1e-6:
        assert (promotion == "approved") == (chance < 0.05 or not strict)


UNTUNED = AgainstBaseline("the untuned model without examples", 0.7, 0.16, 0.1, 0.22, 0.0)


def test_unparsed_answers_above_the_limit_are_not_approved() -> None:
    settings = replace(SETTINGS, max_unparsed=0.005)
    assert decide(settings, GOOD, None, 400, Evidence(unparsed=Unparsed(2, 400))).promotion == (
        "approved"
    )
    decision = decide(settings, GOOD, LEVEL, 400, Evidence(unparsed=Unparsed(3, 400)))
    assert decision.promotion == "rejected"
    assert "3 of its 400 answers (0.75 %) are none of the labels" in decision.reason


def test_the_untuned_model_decides_nothing_but_is_named() -> None:
    reaches = replace(UNTUNED, value=0.81)
    decision = decide(SETTINGS, GOOD, LEVEL, 500, Evidence(untuned=reaches))
    assert decision.promotion == "approved"
    assert "Tuning was not needed" in decision.reason
    no_better = replace(UNTUNED, value=0.79, probability_not_better=0.2)
    assert (
        "not shown to help"
        in decide(SETTINGS, GOOD, LEVEL, 500, Evidence(untuned=no_better)).reason
    )
    helped = decide(SETTINGS, GOOD, LEVEL, 500, Evidence(untuned=UNTUNED))
    assert "Tuning" not in helped.reason


def test_a_champion_that_cannot_be_compared_leaves_the_choice_to_a_person() -> None:
    evidence = Evidence(majority=CLEAR, incomparable="another way to train made it")
    decision = decide(SETTINGS, GOOD, None, 500, evidence)
    assert decision.promotion == "pending"
    assert "not comparable with the champion: another way to train made it." in decision.reason
    at_chance = replace(evidence, majority=AT_CHANCE)
    assert decide(SETTINGS, GOOD, None, 500, at_chance).promotion == "rejected"
