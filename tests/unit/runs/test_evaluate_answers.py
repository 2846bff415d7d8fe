"""Evaluate run, for a model that answers with words: what is no label counts as wrong."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.evaluation.job_outputs import LABELS
from tests.unit.runs.finished_run import JOB, NOW, RUN_ID, World, dataset, plan, world
from tests.unit.runs.word_trainer import WordTrainer, answers, with_word_trainer
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.document import Evaluation
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.schemas.steps.training import EvaluateRunResponse
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


# A champion of the other way to train


CHAMPION_RUN = "reviews-fedcba9876543210"


def _champion(trainer: str = "sagemaker") -> PlannedChampion:
    return PlannedChampion(
        model_package_arn="arn:package/4",
        model_data_url="s3://artifacts/m.tar.gz",
        trainer=trainer,
        run_id=CHAMPION_RUN,
        job_name=f"{CHAMPION_RUN}-01",
    )


def _put_test_split(here: World, texts: list[str]) -> None:
    lines = [
        json.dumps({"id": f"reviews.csv:{number}", "text": text, "label": LABELS[number % 2]})
        for number, text in enumerate(texts)
    ]
    body = "\n".join(lines).encode()
    here.artifacts.write(f"scratch/{RUN_ID}/splits/test/part-00000.jsonl", body, "text/plain")


def _finished_champion(here: World, texts: list[str], wrong: int) -> None:
    """Evaluates a run, then lets its documents be those of the champion's run."""
    _planned(here)
    _put_test_split(here, texts)
    _evaluate(here, WordTrainer(answers(100, wrong=wrong)))
    for name in ("test_answers.parquet", "evaluation.json"):
        body = here.artifacts.read(f"runs/{RUN_ID}/{name}")
        assert body is not None
        here.artifacts.write(f"runs/{CHAMPION_RUN}/{name}", body, "application/json")


def _with_champion(here: World, champion: PlannedChampion, **gate: Any) -> None:
    _planned(here, **gate)
    planned = plan(champion).model_copy(update={"trainer": "bedrock"})
    here.put("plan.json", planned.model_dump_json().encode())


TEXTS = [f"text {number}" for number in range(100)]


def test_a_champion_of_another_kind_is_compared_on_the_records_that_both_were_asked(
    here: World,
) -> None:
    _finished_champion(here, TEXTS, wrong=30)
    # The later run has eighty of the texts again, in another order and in other lines.
    texts = [f"new {number}" for number in range(20)] + TEXTS[19::-1] + TEXTS[20:80]
    _put_test_split(here, texts)
    _with_champion(here, _champion())
    response, evaluation = _evaluate(here, WordTrainer(answers(100, wrong=4)))

    assert evaluation.comparison is not None
    # Of the twenty texts in reversed order the label is another one: they are not the same records.
    assert evaluation.comparison.records == 60
    assert evaluation.comparison.champion_model_package_arn == "arn:package/4"
    assert evaluation.comparison.candidate == 1.0
    assert evaluation.comparison.champion == pytest.approx(50 / 60)
    assert evaluation.champion is not None
    assert evaluation.candidate.accuracy == 0.96
    assert response.promotion == "approved"


def test_a_worse_model_does_not_replace_a_champion_of_another_kind(here: World) -> None:
    _finished_champion(here, TEXTS, wrong=4)
    _with_champion(here, _champion())
    response, _ = _evaluate(here, WordTrainer(answers(100, wrong=30)))
    assert response.promotion == "rejected"
    assert "worse than the champion" in response.reason


def test_without_kept_answers_a_person_chooses_between_the_two(here: World) -> None:
    _with_champion(here, _champion())
    response, evaluation = _evaluate(here, WordTrainer(answers(100, wrong=4)))
    assert response.promotion == "pending"
    assert "sagemaker made it, and no answers of its run" in response.reason
    assert evaluation.comparison is None


def test_too_few_common_records_are_no_ground_to_compare_on(here: World) -> None:
    _finished_champion(here, TEXTS, wrong=4)
    _put_test_split(here, TEXTS[:10] + [f"new {number}" for number in range(90)])
    _with_champion(here, _champion(), minimum_test_size=20)
    response, _ = _evaluate(here, WordTrainer(answers(100, wrong=4)))
    assert response.promotion == "pending"
    assert "answers to 10 records only, where gate.minimum_test_size asks for 20" in response.reason


def test_a_bedrock_champion_that_could_not_be_asked_is_found_by_its_kept_answers(
    here: World,
) -> None:
    _finished_champion(here, TEXTS, wrong=10)
    _with_champion(here, _champion("bedrock"))
    _, evaluation = _evaluate(here, WordTrainer(answers(100, wrong=4)))
    assert evaluation.comparison is not None
    assert evaluation.comparison.records == 100


def test_damaged_kept_answers_are_an_evaluation_error(here: World) -> None:
    _finished_champion(here, TEXTS, wrong=10)
    here.artifacts.write(f"runs/{CHAMPION_RUN}/test_answers.parquet", b"no parquet", "text/plain")
    _with_champion(here, _champion())
    with pytest.raises(EvaluationError, match="kept answers cannot be read"):
        _evaluate(here, WordTrainer(answers(100, wrong=4)))
