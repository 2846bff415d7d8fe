"""Two models on the same records, or why they are not compared."""

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from tests.unit.notebook.documents import CHAMPION, GROUP, run
from thriftline_notebook.answers import Answers, answers_of
from thriftline_notebook.comparison import Comparison, NotCompared, compared, with_champion
from thriftline_notebook.retraining import Champion, Retraining, retraining_of

LABELS = ("bad", "good", "odd")


def answers(truth: list[Any], said: list[Any], champion: list[Any] | None = None) -> Answers:
    scores = {"accuracy": 0.5, "macro_f1": 0.5}
    metrics: dict[str, Any] = {"labels": list(LABELS), "test": {"candidate": scores}}
    columns: dict[str, list[Any]] = {
        "id": [str(number) for number in range(len(truth))],
        "label": truth,
        "candidate_label": said,
    }
    if champion is not None:
        metrics["test"]["champion"] = scores
        metrics["champion_labels"] = list(LABELS)
        columns["champion_label"] = champion
    return answers_of(metrics, columns)


def retraining(champion: Champion | None = CHAMPION) -> Retraining:
    return retraining_of(run(), {"epochs": 5}, champion=champion)


def other(said: list[Any]) -> dict[str, Any]:
    return {str(number): label for number, label in enumerate(said)}


_LABEL = st.sampled_from(LABELS)


@given(
    rows=st.lists(
        st.tuples(_LABEL, _LABEL, st.one_of(_LABEL, st.just("a label of old"))), min_size=1
    )
)
def test_the_metrics_are_those_of_the_field(rows: list[tuple[str, str, str]]) -> None:
    truth, said, others = (list(each) for each in zip(*rows, strict=True))
    own = answers(truth, said)
    found = compared(own, other(others), "accuracy", 0.95)
    assert isinstance(found, Comparison)
    assert found.own == pytest.approx(accuracy_score(truth, said))
    assert found.other == pytest.approx(accuracy_score(truth, others))
    found = compared(own, other(said), "macro_f1", 0.95)
    assert isinstance(found, Comparison)
    assert found.own == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    assert found.difference == 0
    assert -1 < found.low < 0 < found.high < 1, "equal here is not surely equal everywhere"


def test_a_clear_difference_has_an_interval_on_its_side() -> None:
    chance = random.Random(1)
    truth = [chance.choice(LABELS) for _ in range(400)]
    wrong = [label if chance.random() < 0.6 else "odd" for label in truth]
    found = compared(answers(truth, truth), other(wrong), "accuracy", 0.95)
    assert isinstance(found, Comparison)
    assert 0 < found.low < found.difference < found.high
    assert found.records == 400
    assert "interval +0." in found.sentence


def test_the_champion_that_the_job_asked_is_compared() -> None:
    own = answers(["bad", "good"], ["bad", "good"], ["bad", "bad"])
    found = with_champion(own, retraining(), CHAMPION, "accuracy", 0.95)
    assert isinstance(found, Comparison)
    assert found.difference == 0.5


@pytest.mark.parametrize(
    ("asked", "now", "says"),
    [
        (None, None, "no version of the project is approved"),
        (CHAMPION, Champion(f"{GROUP}/9", 9, "sagemaker", "s3://x/y"), "version 9 was approved"),
        (None, CHAMPION, "version 3 was approved after the job began"),
        (Champion(f"{GROUP}/3", 3, "bedrock", ""), CHAMPION, "was made by bedrock"),
    ],
)
def test_a_champion_that_was_not_asked_is_not_compared(
    asked: Champion | None, now: Champion | None, says: str
) -> None:
    own = answers(["bad"], ["bad"], ["bad"])
    found = with_champion(own, retraining(asked), now, "accuracy", 0.95)
    assert isinstance(found, NotCompared)
    assert says in found.reason


def test_other_labels_other_records_and_label_sets_are_not_compared() -> None:
    own = answers(["bad"], ["bad"], ["bad"])
    stranger = dataclasses.replace(own, champion_labels=("bad", "good"))
    found = with_champion(stranger, retraining(), CHAMPION, "accuracy", 0.95)
    assert isinstance(found, NotCompared)
    assert "knows other labels" in found.reason
    found = compared(own, {"1": "bad"}, "accuracy", 0.95)
    assert isinstance(found, NotCompared)
    assert "the same test records" in found.reason
    several = answers([["bad", "odd"]], [["bad"]])
    found = compared(several, {"0": ("bad",)}, "accuracy", 0.95)
    assert isinstance(found, NotCompared)
    assert "several labels" in found.reason
