"""A part of `make bench-defaults`, in seconds: real weights, real sentences, and its sums."""

import json

import pytest

from benchmarks import defaults
from benchmarks.defaults import figures, plan, run, summary, table, tfidf
from benchmarks.defaults_data import TASKS, Sample, draw

pytestmark = pytest.mark.training
SENTENCES = next(task for task in TASKS if task.source == "rotten_tomatoes")


@pytest.fixture(scope="module")
def sample() -> Sample:
    drawn = draw(SENTENCES, 200)
    assert drawn is not None
    return drawn


def test_a_data_set_is_what_somebody_would_upload(sample: Sample) -> None:
    texts = [text for split in (sample.train, sample.validation, sample.test) for text, _ in split]

    assert (len(sample.train), len(sample.validation)) == (178, 22)
    assert len(set(texts)) == len(texts)
    assert {label for _, label in sample.test} <= set(sample.labels)
    assert draw(SENTENCES, 1_000_000) is None


def test_a_linear_head_on_200_sentences_is_better_than_tfidf(sample: Sample) -> None:
    found = run(sample, plan(sample, method="linear_head"))
    rival = tfidf(sample)

    assert found["accuracy"] > rival["accuracy"] + 0.05
    assert found["accuracy"] > found["majority"] + 0.05
    assert found["calibration_error"] < 0.1


def test_the_default_of_200_sentences_is_many_small_steps(sample: Sample) -> None:
    chosen = plan(sample)

    assert (chosen["method"], chosen["batch_rows"], chosen["epochs"]) == ("finetune", 8, 10)
    assert chosen["learning_rate"] == 1e-4  # MiniLM is half as wide as a base-size encoder


def test_the_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    said = [("a", 0.95, "a"), ("a", 0.95, "b"), ("b", 0.55, "b"), ("b", 0.55, "b")]

    found = figures(said)

    assert found["accuracy"] == 0.75
    assert found["calibration_error"] == pytest.approx((2 * 0.45 + 2 * 0.45) / 4)


def test_the_summary_counts_the_sets_that_are_won() -> None:
    def result(accuracy: float) -> defaults.Result:
        return {"accuracy": accuracy, "calibration_error": 0.05, "majority": 0.5, "seconds": 1}

    results = {
        "200 | one | tfidf": result(0.7),
        "200 | one | default": result(0.8),
        "200 | one | grid": result(0.81),
        "200 | other | tfidf": result(0.9),
        "200 | other | default": result(0.8),
    }

    text = table(json.loads(json.dumps(results)))

    assert "default: at least TF-IDF's accuracy on 1 of 2 sets" in text
    assert "1.0 points above the default on 1 sets" in text
    assert not list(summary([]))
