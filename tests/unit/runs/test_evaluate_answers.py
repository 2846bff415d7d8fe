"""Evaluate run, for a model that answers with words: what is no label counts as wrong."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.runs.finished_run import JOB, NOW, RUN_ID, World, dataset, plan, world
from tests.unit.runs.word_trainer import WordTrainer, answers, with_word_trainer
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.document import Evaluation
from thriftline.runs.schemas.steps import EvaluateRunResponse
from thriftline.runs.steps.evaluate_run import evaluate_run

TRAIN = {"negative": 80, "positive": 80}


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def _planned(here: World, test: int = 100, **gate: Any) -> None:
    here.put_run(gate=gate)
    here.put("dataset.json", dataset(test=test, train=TRAIN).model_dump_json().encode())
    planned = plan().model_copy(update={"trainer": "bedrock"})
    here.put("plan.json", planned.model_dump_json().encode())


def _evaluate(here: World, trainer: WordTrainer) -> tuple[EvaluateRunResponse, Evaluation]:
    response = evaluate_run(
        RUN_ID,
        JOB,
        artifacts=here.artifacts,
        trainers=with_word_trainer(here.artifacts, trainer),
        now=NOW,
    )
    return response, Evaluation.model_validate(here.json("evaluation.json"))


def test_an_answer_that_is_no_label_counts_as_wrong_and_is_listed(here: World) -> None:
    _planned(here, max_unparsed=0.05)
    said = {"id": "reviews.csv:0", "label": "negative", "answer": "ask jane@example.com"}
    trainer = WordTrainer(answers(100, wrong=5, unparsed=3), unparsed=[said])
    response, evaluation = _evaluate(here, trainer)

    assert response.promotion == "approved"
    assert "3 of its 100 answers are none of the labels" in response.reason
    assert evaluation.candidate.accuracy == 0.92
    assert evaluation.candidate.missing_predictions == 3
    told = evaluation.answers
    assert told is not None
    assert (told.unparsed, told.unparsed_share) == (3, 0.03)
    assert told.unparsed_answers[0].record == "reviews.csv:0"
    assert "jane" not in told.unparsed_answers[0].answer
    assert told.stop_reasons == {"end_turn": 100}
    # It is wrong for its own label alone: no other label was said.
    assert [one.predicted for one in evaluation.candidate.per_class] == [49, 48]


@pytest.mark.parametrize(("unparsed", "promotion"), [(0, "approved"), (1, "rejected")])
def test_more_than_half_a_percent_of_unparsed_answers_is_not_approved(
    here: World, unparsed: int, promotion: str
) -> None:
    _planned(here)
    response, _ = _evaluate(here, WordTrainer(answers(100, wrong=4, unparsed=unparsed)))
    assert response.promotion == promotion
    if unparsed:
        assert "1 of its 100 answers (1 %) is none of the labels" in response.reason
        assert "gate.max_unparsed allows 0.5 %" in response.reason


def test_there_is_no_calibration_and_the_document_says_why(here: World) -> None:
    _planned(here)
    _, evaluation = _evaluate(here, WordTrainer(answers(100, wrong=4)))
    assert evaluation.candidate.calibration is None
    assert evaluation.answers is not None
    assert "no probabilities" in evaluation.answers.calibration_absent_because


def test_the_untuned_model_is_a_rival_on_the_same_records(here: World) -> None:
    _planned(here)
    rows = answers(100, wrong=4)
    for number, row in enumerate(rows):
        row["zero_shot_label"] = row["label"] if number < 20 else None
        row["few_shot_label"] = row["label"] if number < 60 else "negative"
    response, evaluation = _evaluate(here, WordTrainer(rows))

    found = {each.kind: each for each in evaluation.baselines}
    zero, few = found["zero_shot"], found["few_shot"]
    assert (zero.accuracy, zero.unparsed) == (0.2, 80)
    assert (few.accuracy, few.unparsed) == (0.8, 0)
    assert zero.difference == pytest.approx(0.76)
    assert zero.probability_not_better == 0
    assert zero.intervals is not None
    assert zero.intervals.accuracy.high < evaluation.candidate.intervals.accuracy.low
    assert found["majority"].intervals is None
    assert "Tuning was not" not in response.reason


def test_tuning_was_not_needed_where_the_untuned_model_reaches_the_minimum(here: World) -> None:
    _planned(here, minimum=0.9)
    rows = answers(100, wrong=4)
    for number, row in enumerate(rows):
        row["zero_shot_label"] = row["label"] if number < 95 else "negative"
    response, _ = _evaluate(here, WordTrainer(rows))
    assert response.promotion == "approved"
    assert "Tuning was not needed" in response.reason


def test_a_sample_of_the_test_split_is_taken_where_the_trainer_says_how_many(
    here: World,
) -> None:
    _planned(here, test=2500)
    response, evaluation = _evaluate(here, WordTrainer(answers(100, wrong=4), of=2500))
    assert response.promotion == "approved"
    assert evaluation.test_records == 100
    assert evaluation.answers is not None
    assert evaluation.answers.sentence.startswith("100 of the 2,500 test records were asked, a ")
    low = evaluation.candidate.intervals.accuracy.low
    assert f"{low:.4f} to " in evaluation.answers.sentence


@pytest.mark.parametrize("of", [100, 2400])
def test_fewer_records_than_were_asked_for_are_refused(here: World, of: int) -> None:
    _planned(here, test=2500)
    with pytest.raises(EvaluationError, match="has 100 test records; the test split has 2500"):
        _evaluate(here, WordTrainer(answers(100, wrong=4), of=of))


def test_answers_that_say_nothing_useful_are_an_evaluation_error(here: World) -> None:
    _planned(here)
    with pytest.raises(EvaluationError, match=r"answers\.json.*unparsed\.0\.label"):
        _evaluate(here, WordTrainer(answers(100, wrong=4), unparsed=[{"id": "x"}]))
