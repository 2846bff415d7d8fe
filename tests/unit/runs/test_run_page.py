"""The run's page, for every ending."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.unit.core.page_reader import PageReader
from tests.unit.runs.sample_evaluations import evaluated
from tests.unit.runs.sample_results import (
    ENDINGS,
    answered,
    failed,
    not_promoted,
    rejected,
    several_labels,
    succeeded,
)
from thriftline.evaluation.document import Export, Search, SearchTrial, Training
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.result import Baseline, Result, ResultRung


def _text(result: Result) -> str:
    return PageReader(run_page(result)).words


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_page_is_whole_and_stands_by_itself(ending: Callable[[], Result]) -> None:
    page = run_page(ending())
    assert "script" not in PageReader(page).names
    assert not re.search(r"(src|href)=\"(?!dataset\.html)", page)
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_page_is_made_of_the_result_document_alone_and_always_the_same(
    ending: Callable[[], Result],
) -> None:
    result = ending()
    page = run_page(result)
    assert run_page(Result.model_validate_json(result.model_dump_json())) == page


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_reason_and_the_run_are_on_every_page(ending: Callable[[], Result]) -> None:
    result = ending()
    text = _text(result)
    assert result.reason in text
    assert result.run_id in text


def test_a_successful_run_shows_figures_curves_and_baseline() -> None:
    result = succeeded()
    assert result.metrics is not None
    text = _text(result)
    assert "Trained and approved" in text
    assert "a" * 40 in text
    assert f"{100 * result.metrics.accuracy:.1f}%" in text
    assert "Baseline: TF-IDF + logistic regression" in text
    assert "76.5%" in text
    assert run_page(result).count("<svg") == 3


def test_a_linear_head_has_no_curves_since_its_points_are_penalties() -> None:
    result = succeeded()
    assert result.training is not None
    training = result.training.model_copy(update={"method": "linear_head"})

    page = run_page(result.model_copy(update={"training": training}))

    assert page.count("<svg") == 1  # of its confidence
    assert "On the validation split" not in page


def test_a_run_tells_the_story_of_its_dollars_in_order() -> None:
    text = _text(succeeded())
    story = [
        "the story of its dollars",
        "Estimated: what each choice would probably cost",
        "ml.g6.xlarge",
        "ml.g5.xlarge planned",
        "ml.p4d.24xlarge over the cap",
        "Held and approved before it was spent",
        "$2.89 (2026-11",
        "approved by ann@example.com",
        "Spent: training jobs",
        "Settled: what was billed",
        "instances",
        "$2.71 ($2.89 held, $0.18 settled)",
        "held $0.16 to $0.48 were expected (-42 % beside the likely $0.31)",
    ]
    places = [text.find(one) for one in story]
    assert -1 not in places, story[places.index(-1)]
    assert places == sorted(places)


def test_a_run_that_asked_nobody_says_nothing_of_approval() -> None:
    text = _text(not_promoted())
    assert "approved, before anything" not in text
    assert "A person was asked" not in text


def test_a_comparison_is_shown_with_its_interval_and_margin() -> None:
    text = _text(not_promoted())
    assert "Trained, not promoted" in text
    assert "margin, \u22121.0 pp" in text
    assert "McNemar" in text
    assert "Unable to provision requested ML compute capacity" in text


def test_a_rejected_run_shows_what_to_mend_and_no_empty_figures() -> None:
    text = _text(rejected())
    assert "nothing was spent" in text
    assert "conflicting_labels" in text
    assert "Decide which label each of these texts has." in text
    assert "Test accuracy" not in text
    assert "What it cost" not in text


def test_a_failed_run_shows_its_state_its_jobs_and_its_cost() -> None:
    text = _text(failed())
    assert "Failed in “Poll training”" in text
    assert "TrainingFailedError" in text
    assert "user error" in text
    assert "$0.0373" in text


def test_a_ladder_shows_what_was_tried_waited_and_paid_on_each_rung() -> None:
    rungs = (
        ("1 x ml.g5.xlarge, Spot", "out_of_rung_wait", "It had not started.", (1,)),
        ("1 x ml.g5.xlarge, on demand", "passed_over", "The quota is 0.", ()),
        ("1 x ml.g6.xlarge, on demand", "completed", None, (2,)),
    )
    ladder = tuple(
        ResultRung(
            rung=number,
            name=name,
            chosen_because="run.yaml names it.",
            outcome=outcome,
            reason=reason,
            attempts=attempts,
            waited_seconds=600,
            usd=Decimal("0.25"),
        )
        for number, (name, outcome, reason, attempts) in enumerate(rungs, start=1)
    )
    page = run_page(succeeded().model_copy(update={"ladder": ladder}))

    assert "The ladder" in page
    assert all(name in page for name, *_ in rungs)
    assert "out of rung wait" in page
    assert "The quota is 0." in page
    assert "The ladder" not in run_page(succeeded())


def test_a_run_that_failed_before_anything_was_known_has_a_page() -> None:
    bare = failed().model_copy(
        update={"spec": None, "dataset": None, "plan": None, "attempts": (), "project": None,
                "opened_at": None, "seconds": None}
    )  # fmt: skip
    assert bare.reason in _text(bare)


def test_what_comes_from_the_data_set_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    found = evaluated((evil, "b"), 60, 1.0, 1.0)
    result = succeeded().model_copy(
        update={
            "metrics": found.candidate,
            "project": evil,
            "reason": evil,
            "baseline": Baseline(name=evil, accuracy=0.5, note=evil),
        }
    )
    reader = PageReader(run_page(result))
    assert "script" not in reader.names
    assert evil in " ".join(reader.text)


def test_many_labels_give_the_weakest_and_the_commonest_mistakes_instead_of_a_table() -> None:
    labels = tuple(f"topic {number}" for number in range(80))
    found = evaluated(labels, 4000, 2.0, None)
    text = _text(succeeded().model_copy(update={"metrics": found.candidate}))
    assert "The most frequent mistakes" in text
    assert "(40 of 80)" in text


def test_several_labels_a_record_show_each_label_and_no_confusion() -> None:
    result = several_labels()
    assert result.metrics is not None
    assert result.metrics.micro_f1 is not None
    page, text = run_page(result), _text(result)

    assert f"{100 * result.metrics.micro_f1:.1f}%" in text
    assert "Test micro-F1" in text
    assert "All labels right" in text
    assert "prediction by column" not in text
    assert "most frequent mistakes" not in text
    for one in result.metrics.per_class:
        assert one.label in text
    # Of the records, not of the labels that they have together.
    assert "On 853 test records" in text
    assert run_page(Result.model_validate_json(result.model_dump_json())) == page


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (True, "For CPUs exported with 8-bit matrices (23.1 MB), served where there is no GPU"),
        (False, "For CPUs the plain model is served: the export was not kept"),
    ],
)
def test_an_export_says_whether_it_was_kept_and_why(kept: bool, said: str) -> None:
    result = succeeded()
    assert result.training is not None
    export = Export(
        kind="int8",
        kept=kept,
        reason="3 of 900 test records get another label.",
        rows=900,
        different=3,
        accuracy=0.9,
        megabytes=23.1,
        seconds=4.0,
    )
    trained = result.training.model_copy(update={"export": export})
    text = _text(result.model_copy(update={"training": trained}))
    assert said in text
    assert "3 of 900 test records get another label." in text


def test_a_search_shows_its_trials_and_which_of_them_was_trained_to_its_end() -> None:
    def trial(number: int, loss: float | None, dropped_at: int | None) -> SearchTrial:
        return SearchTrial(
            trial=number,
            hyperparameters={"learning_rate": 0.001 * (1 + number), "lr_schedule": "cosine"},
            steps=40,
            accuracy=None if loss is None else 0.8,
            macro_f1=None if loss is None else 0.79,
            loss=loss,
            dropped_at=dropped_at,
        )

    result = succeeded()
    assert result.training is not None
    found = Search(trials=(trial(0, 0.5, 1), trial(1, 0.4, None), trial(2, None, 1)), winner=1)
    searched = result.training.model_copy(update={"search": found})

    text = _text(result.model_copy(update={"training": searched}))

    assert "The search: 3 trials" in text
    assert "learning_rate 0.002, lr_schedule cosine" in text
    assert text.count("trained to its end") == 1
    assert text.count("dropped at rung 1") == 1
    assert text.count("diverged") == 1
    assert "The search" not in _text(result)


def test_an_unknown_cost_is_a_dash_not_a_zero() -> None:
    result = failed()
    unknown = result.cost.model_copy(update={"usd": None, "on_demand_usd": None})
    page = run_page(result.model_copy(update={"cost": unknown}))
    assert "$0.00" not in page
    assert "<strong>–</strong>" in page  # noqa: RUF001


def test_a_training_without_a_history_has_no_charts_of_it() -> None:
    result = succeeded()
    assert isinstance(result.training, Training)
    bare = result.training.model_copy(update={"curve": (), "validation": ()})
    assert run_page(result.model_copy(update={"training": bare})).count("<svg") == 1


def test_a_model_that_answers_with_words_shows_what_it_said_and_why_nothing_is_calibrated() -> None:
    text = _text(answered())
    assert "400 of the 25,000 test records were asked, a sample" in text
    assert "2 of 400 answers" in text
    assert "I am <glad> you asked" in text
    assert "there is no calibration" in text
    assert "Whether its confidence can be trusted" not in text


def test_tokens_are_billed_by_their_number_and_no_instance_is_spoken_of() -> None:
    text = _text(answered())
    assert "502,431 tokens $0.001 for 1,000 tokens" in text
    assert "bedrock in eu-west-1" in text
    assert "Saved by Spot" not in text
    assert "None" not in text.replace("None of the labels", "")


def test_what_stays_and_costs_every_month_is_named() -> None:
    text = _text(answered())
    assert "What stays, and costs every month" in text
    assert "custom-model/amazon.nova-micro-v1:0/0123456789ab" in text
    assert "$1.95" in text
