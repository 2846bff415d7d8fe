"""A part of `make bench-defaults`, in seconds: real weights, real sentences, its sums, its file."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.defaults import drawn, run_all, wanted_of
from benchmarks.defaults_data import TASKS, Sample, draw
from benchmarks.defaults_methods import GRID, figures, plan, run, tfidf
from benchmarks.defaults_results import Key, Result, Results, Wanted, key_of
from benchmarks.defaults_table import summary, table

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
    found = run(sample, plan(sample, 256, method="linear_head"), seed=0, max_length=256)
    rival = tfidf(sample)

    assert found["accuracy"] > rival["accuracy"] + 0.05
    assert found["accuracy"] > found["majority"] + 0.05
    assert found["calibration_error"] < 0.1


def test_few_rows_get_a_linear_head_and_more_of_them_small_steps_from_there(sample: Sample) -> None:
    more = draw(SENTENCES, 600)
    assert more is not None
    chosen = plan(more, 256)

    assert plan(sample, 256)["method"] == "linear_head"
    assert (chosen["method"], chosen["batch_rows"], chosen["epochs"]) == ("head_first", 16, 3)
    assert chosen["learning_rate"] == 1e-4  # MiniLM is half as wide as a base-size encoder


def test_the_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    said = [("a", 0.95, "a"), ("a", 0.95, "b"), ("b", 0.55, "b"), ("b", 0.55, "b")]

    found = figures(said)

    assert found["accuracy"] == 0.75
    assert found["calibration_error"] == pytest.approx((2 * 0.45 + 2 * 0.45) / 4)


def test_the_summary_counts_the_sets_that_are_won() -> None:
    def result(accuracy: float, seconds: float = 1.0) -> Result:
        return {
            "accuracy": accuracy,
            "calibration_error": 0.05,
            "majority": 0.5,
            "training_processor_seconds": seconds,
        }

    results = [
        (key("one", "tfidf"), result(0.7)),
        (key("one", "default"), result(0.8, 3.0)),
        (key("one", "before"), result(0.8, 2.0)),
        *(
            (key("one", each), result(0.81 if each == next(reversed(GRID)) else 0.7))
            for each in GRID
        ),
        (key("other", "tfidf"), result(0.9)),
        (key("other", "default"), result(0.8)),
        (key("other", next(iter(GRID))), result(0.99)),  # a grid that is not finished
        (key("other", "setfit 20"), result(0.83)),
    ]

    text = table(results)

    assert "default: at least TF-IDF's accuracy on 1 of 2 sets" in text
    assert "the best of 12 is +1.0 points from the default on 1 sets" in text
    assert "SetFit is +3.0 points from the default on 1 sets" in text
    assert "mean 1.50, most 1.50, on 1 sets" in text
    assert not list(summary([]))


def test_a_result_is_kept_and_not_measured_again(tmp_path: Path, sample: Sample) -> None:
    file = tmp_path / "results.jsonl"
    wanted = Wanted(SENTENCES, 200, "tfidf")
    of = key_of(wanted, sample, 256)
    run_all([(wanted, sample)], Results(file), 256, minutes=1)
    assert len(file.read_text().splitlines()) == 1

    run_all([(wanted, sample)], Results(file), 256, minutes=1)

    assert len(file.read_text().splitlines()) == 1
    assert Results(file).get(of) == tfidf(sample) | {"processor_seconds": ANY_NUMBER}
    assert Results(file).get(replace(of, data="other rows")) is None
    assert Results(file).get(replace(of, version="other code")) is None


def test_a_line_that_a_kill_has_cut_off_is_measured_again(tmp_path: Path, sample: Sample) -> None:
    file = tmp_path / "results.jsonl"
    of = key_of(Wanted(SENTENCES, 200, "tfidf"), sample, 256)
    Results(file).add(of, {"accuracy": 0.5})
    file.write_text(file.read_text() + '{"of": {"task"')

    cut = Results(file)
    cut.add(replace(of, seed=1), {"accuracy": 0.6})

    again = Results(file)
    assert again.get(of) == {"accuracy": 0.5}
    assert again.get(replace(of, seed=1)) == {"accuracy": 0.6}


def test_what_costs_least_is_measured_first_and_the_time_ends_it(
    tmp_path: Path, sample: Sample
) -> None:
    methods = ("grid", "setfit", "finetune", "linear_head", "tfidf")
    every = drawn(wanted_of([200], methods, [SENTENCES], seeds=1, pairs=20), 50, 256)
    ordered = list(dict.fromkeys(each.method.split()[0] for each, _ in every))
    assert ordered == ["tfidf", "linear_head", "finetune", "grid", "setfit"]
    assert len(every) == 4 + len(GRID)

    run_all(every, Results(tmp_path / "results.jsonl"), 256, minutes=0)

    assert not (tmp_path / "results.jsonl").exists()


class _AnyNumber:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, float)

    __hash__ = object.__hash__


ANY_NUMBER = _AnyNumber()


def key(task: str, method: str) -> Key:
    return Key(task, 200, method, 0, "rows", 256, "code")
