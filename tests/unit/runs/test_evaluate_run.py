"""Evaluate run: what a job left becomes scores and a decision, or a named error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.evaluation.job_outputs import (
    HISTORY,
    archive,
    label_sets,
    metrics,
    parquet,
    rows,
    set_row,
)
from tests.unit.runs.finished_run import CHAMPION, JOB, NOW, RUN_ID, World, world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import AwsRequestError, EvaluationError
from thriftline.evaluation.document import Evaluation
from thriftline.runs.schemas.steps.training import EvaluateRunResponse
from thriftline.runs.steps.evaluate_run import evaluate_run


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def _output(told: dict[str, Any], predictions: list[dict[str, Any]]) -> bytes:
    return archive(
        metrics=json.dumps(told).encode(),
        predictions=parquet(predictions),
        history=HISTORY.encode(),
    )


def _evaluate(here: World) -> tuple[EvaluateRunResponse, Evaluation]:
    response = evaluate_run(
        RUN_ID, JOB, artifacts=here.artifacts, trainers=trainers_over(here.artifacts), now=NOW
    )
    return response, Evaluation.model_validate(here.json("evaluation.json"))


def test_a_first_model_is_scored_and_approved(here: World) -> None:
    here.put_run(gate={"minimum": 0.8})
    here.put_planned()
    here.put_output("output.tar.gz", _output(metrics(0.9), rows(100, 10)))
    response, evaluation = _evaluate(here)

    assert response.promotion == "approved"
    assert "no champion" in response.reason
    assert evaluation.candidate.accuracy == 0.9
    assert evaluation.test_records == 100
    assert evaluation.seed == 7
    assert evaluation.champion is None
    assert evaluation.gate.promotion == "approved"
    assert [point.loss for point in evaluation.training.curve] == [0.7, 0.6]
    assert evaluation.training.base_model == "org/base"
    assert evaluation.training.base_model_revision == "a" * 40


def test_a_model_under_the_minimum_is_rejected_and_still_written_down(here: World) -> None:
    here.put_run(gate={"minimum": 0.95})
    here.put_planned()
    here.put_output("output.tar.gz", _output(metrics(0.9), rows(100, 10)))
    response, evaluation = _evaluate(here)
    assert response.promotion == "rejected"
    assert evaluation.gate.reason == response.reason


def test_a_passing_model_waits_for_a_person_where_the_run_spec_says_so(here: World) -> None:
    here.put_run(gate={"approval": "manual"})
    here.put_planned()
    here.put_output("output.tar.gz", _output(metrics(0.9), rows(100, 10)))
    assert _evaluate(here)[0].promotion == "pending"


def test_a_linear_head_that_learned_next_to_nothing_is_told(here: World) -> None:
    here.put_run()
    here.put_planned(train=TRAIN)
    told = metrics(0.9)
    told["train"]["method"] = "linear_head"
    flat = {"step": 1, "epoch": 1.0, "validation_loss": 9.9, "validation_accuracy": 0.5}
    output = archive(
        metrics=json.dumps(told).encode(),
        predictions=parquet(rows(100, 10)),
        history=json.dumps(flat).encode(),
    )
    here.put_output("output.tar.gz", output)

    assert "a validation loss of 9.9 against" in _evaluate(here)[0].reason


@pytest.mark.parametrize(
    ("wrong", "champion_wrong", "promotion"),
    [(10, 30, "approved"), (10, 10, "approved"), (30, 10, "rejected")],
)
def test_the_champion_is_compared_on_the_same_records(
    here: World, wrong: int, champion_wrong: int, promotion: str
) -> None:
    here.put_run()
    here.put_planned(CHAMPION)
    told = metrics(1 - wrong / 100, champion=True)
    here.put_output("output.tar.gz", _output(told, rows(100, wrong, champion_wrong)))
    response, evaluation = _evaluate(here)

    assert response.promotion == promotion
    assert evaluation.comparison is not None
    assert evaluation.comparison.difference == pytest.approx((champion_wrong - wrong) / 100)
    assert evaluation.comparison.champion_model_package_arn == CHAMPION.model_package_arn
    assert evaluation.champion is not None
    assert evaluation.champion.calibration is not None


def test_the_gate_may_read_macro_f1(here: World) -> None:
    here.put_run(gate={"metric": "macro_f1"})
    here.put_planned(CHAMPION)
    here.put_output("output.tar.gz", _output(metrics(0.9, champion=True), rows(100, 10, 20)))
    _, evaluation = _evaluate(here)
    assert evaluation.comparison is not None
    assert evaluation.comparison.metric == "macro_f1"
    assert evaluation.comparison.candidate == evaluation.candidate.macro_f1


def _sets(champion: list[str] | None = None) -> bytes:
    """A hundred test records: 80 with all labels right, 20 with one of two."""
    records = []
    for number in range(100):
        labels = ["a", "b"] if number < 40 else ["c"] if number < 80 else ["a", "c"]
        said = labels if number < 80 else ["a"]
        more: dict[str, Any] = {}
        if champion is not None:
            more = {"champion_label": champion, "champion_probabilities": [0.9, 0.1, 0.1]}
        records.append(set_row(number, labels, said, **more))
    told = metrics(0.8, champion=champion is not None, labels=["a", "b", "c"])
    told["champion_labels"] = ["a", "b", "c"] if champion is not None else None
    return archive(metrics=json.dumps(told).encode(), predictions=label_sets(records))


def test_several_labels_a_record_are_gated_on_micro_f1(here: World) -> None:
    here.put_run(task="multi-label-classification", gate={"minimum": 0.9})
    here.put_planned(labels=("a", "b", "c"))
    here.put_output("output.tar.gz", _sets())
    response, evaluation = _evaluate(here)

    scores = evaluation.candidate
    assert scores.accuracy == 0.8
    # 140 of 160 labels, and none given wrongly: 2 x 140 / (160 + 140).
    assert scores.micro_f1 == pytest.approx(280 / 300)
    assert scores.macro_f1 == pytest.approx((1 + 1 + 2 * 40 / (40 + 60)) / 3)
    assert [one.support for one in scores.per_class] == [60, 40, 60]
    assert scores.confusion is None
    assert scores.intervals.micro_f1 is not None
    assert evaluation.gate.metric == "micro_f1"
    assert response.promotion == "approved"
    assert "micro-F1 is 0.9333" in response.reason


def test_a_champion_of_label_sets_is_compared_by_micro_f1(here: World) -> None:
    here.put_run(task="multi-label-classification")
    here.put_planned(CHAMPION, labels=("a", "b", "c"))
    here.put_output("output.tar.gz", _sets(champion=["a"]))
    response, evaluation = _evaluate(here)

    assert response.promotion == "approved"
    assert evaluation.comparison is not None
    assert evaluation.comparison.metric == "micro_f1"
    assert evaluation.comparison.champion == pytest.approx(2 * 60 / (160 + 100))
    assert evaluation.champion is not None
    assert evaluation.champion.accuracy == 0


def test_a_search_of_the_job_is_in_the_document(here: World) -> None:
    here.put_run()
    here.put_planned()
    row = {"trial": 0, "hyperparameters": {"epochs": 2}, "rung": 1, "steps": 5, "seconds": 1.0}
    scores = {"rung_accuracy": 0.8, "rung_macro_f1": 0.7, "rung_loss": 0.5}
    lost = {"rung_accuracy": None, "rung_macro_f1": None, "rung_loss": None}
    sweep = {
        "trials": [
            {**row, **scores, "dropped_at": None},
            {**row, **lost, "trial": 1, "dropped_at": 1},
        ],
        "winner": {"trial": 0, "hyperparameters": {"epochs": 2}},
    }
    here.put_output("output.tar.gz", _output(metrics(0.9, sweep=sweep), rows(100, 10)))
    _, evaluation = _evaluate(here)

    search = evaluation.training.search
    assert search is not None
    assert search.winner == 0
    assert [one.loss for one in search.trials] == [0.5, None]
    assert search.trials[1].dropped_at == 1


def test_the_document_says_how_an_export_ended(here: World) -> None:
    here.put_run()
    here.put_planned()
    export = {
        "kind": "int8",
        "kept": False,
        "reason": "2 of 100 test records get another label; at most 0.5% may.",
        "rows": 100,
        "different": 2,
        "different_share": 0.02,
        "accuracy": 0.88,
    }
    here.put_output("output.tar.gz", _output(metrics(0.9, export=export), rows(100, 10)))
    _, evaluation = _evaluate(here)

    found = evaluation.training.export
    assert found is not None
    assert (found.kept, found.different, found.accuracy) == (False, 2, 0.88)
    assert found.reason.startswith("2 of 100 test records")


def test_a_second_evaluation_gives_the_same_document(here: World) -> None:
    here.put_run()
    here.put_planned(CHAMPION)
    here.put_output("output.tar.gz", _output(metrics(0.9, champion=True), rows(100, 10, 12)))
    assert _evaluate(here) == _evaluate(here)


@pytest.mark.parametrize(
    ("told", "predictions", "said"),
    [
        (metrics(0.9), rows(99, 10), "has 99 test records; the test split has 100"),
        (metrics(0.5), rows(100, 10), "accuracy of 0.5000.*gives 0.9000"),
        (
            metrics(0.9, labels=["negative", "neutral"]),
            rows(100, 10),
            "Only the model has: neutral. Only the data set has: positive",
        ),
        (metrics(0.9, champion=True), rows(100, 10, 10), "the plan names none"),
    ],
)
def test_an_output_that_does_not_fit_the_run_is_refused(
    here: World, told: dict[str, Any], predictions: list[dict[str, Any]], said: str
) -> None:
    here.put_run()
    here.put_planned()
    here.put_output("output.tar.gz", _output(told, predictions))
    with pytest.raises(EvaluationError, match=said):
        _evaluate(here)


def test_a_champion_that_was_not_evaluated_is_not_passed_over(here: World) -> None:
    here.put_run()
    here.put_planned(CHAMPION)
    here.put_output("output.tar.gz", _output(metrics(0.9), rows(100, 10)))
    with pytest.raises(EvaluationError, match="given the champion arn:package/4"):
        _evaluate(here)


def test_an_empty_test_split_is_no_ground_to_decide_on(here: World) -> None:
    here.put_run()
    here.put_planned(test=0)
    here.put_output("output.tar.gz", _output(metrics(0.9), []))
    with pytest.raises(EvaluationError, match="test split is empty"):
        _evaluate(here)


def test_a_job_that_left_nothing_is_an_evaluation_error(here: World) -> None:
    here.put_run()
    here.put_planned()
    with pytest.raises(EvaluationError, match=r"output\.tar\.gz"):
        _evaluate(here)


def test_a_missing_document_of_an_earlier_step_is_named(here: World) -> None:
    here.put_run()
    with pytest.raises(AwsRequestError, match=r"dataset\.json"):
        _evaluate(here)


TRAIN = {"negative": 80, "positive": 80}


def test_every_run_is_compared_with_the_most_frequent_label_and_with_tfidf(here: World) -> None:
    here.put_run()
    here.put_planned(train=TRAIN)
    records = rows(100, 10)
    for number, record in enumerate(records):
        record["baseline_label"] = record["label"] if number < 75 else "positive"
    here.put_output("output.tar.gz", _output(metrics(0.9), records))

    response, evaluation = _evaluate(here)

    found = {each.kind: each for each in evaluation.baselines}
    shares = [record["label"] for record in records].count("negative") / 100
    assert found["majority"].accuracy == pytest.approx(shares)
    assert found["majority"].probability_not_better < 0.05
    right = sum(record["baseline_label"] == record["label"] for record in records) / 100
    assert found["tfidf"].accuracy == pytest.approx(right)
    assert found["tfidf"].difference == pytest.approx(0.9 - right)
    assert response.promotion == "approved"
    assert "TF-IDF with logistic regression" in response.reason


def test_a_first_model_that_says_one_label_is_not_approved(here: World) -> None:
    here.put_run()
    here.put_planned(train=TRAIN)
    records = rows(100, 0)
    for record in records:
        record["candidate_label"] = "negative"
    share = [record["label"] for record in records].count("negative") / 100
    here.put_output("output.tar.gz", _output(metrics(share), records))

    response, _ = _evaluate(here)

    assert response.promotion == "rejected"
    assert "not shown to be better than the most frequent label" in response.reason


def test_a_champion_without_a_label_of_the_data_is_not_comparable(here: World) -> None:
    here.put_run()
    here.put_planned(CHAMPION, train=TRAIN)
    told = metrics(0.9, champion=True)
    told["champion_labels"] = ["negative", "other"]
    here.put_output("output.tar.gz", _output(told, rows(100, 10, 30)))

    response, _ = _evaluate(here)

    assert response.promotion == "pending"
    assert "does not know the labels positive" in response.reason


def test_label_sets_have_baselines_too(here: World) -> None:
    here.put_run(task="multi-label-classification")
    here.put_planned(labels=("a", "b", "c"), train={"a": 100, "b": 60, "c": 100})
    here.put_output("output.tar.gz", _sets())

    _, evaluation = _evaluate(here)

    assert [each.kind for each in evaluation.baselines] == ["majority"]
    assert evaluation.baselines[0].accuracy == 0.2  # those of a and c
