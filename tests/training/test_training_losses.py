"""The loss is that of the formula in losses.py, and weights are those that were asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from tests.training.tiny import DEFAULTS, TinyJob
from training_image.config import TrainConfig, read_config
from training_image.data import IntArray, Split, Tokenizer
from training_image.job import JobError
from training_image.losses import class_weights, label_counts, make_loss

pytestmark = pytest.mark.training
CPU = torch.device("cpu")
LABELS = ("a", "b", "c")


def split_of(truth: list[int] | list[list[int]]) -> Split:
    several = bool(truth) and isinstance(truth[0], list)
    kind: type[np.integer[Any]] = np.uint8 if several else np.int64
    array: npt.NDArray[np.integer[Any]] = np.array(truth, dtype=kind)
    empty = np.zeros(0, dtype=np.int64)
    tokenizer = Tokenizer(None, 0, 30, False)
    return Split(empty, empty, empty, LABELS, array, tokenizer, "", Path())


def config(**changes: str) -> TrainConfig:
    return read_config({**DEFAULTS, **changes})


@settings(deadline=None)
@given(
    truth=st.lists(st.integers(0, 2), min_size=1, max_size=12),
    weights=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    smoothing=st.floats(0, 0.9),
    seed=st.integers(0, 100),
)
def test_one_label_a_record_the_loss_is_the_formula(
    truth: list[int], weights: list[float], smoothing: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(size=(len(truth), 3))
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = sum(
        -(1 - smoothing) * weights[y] * row[y] - smoothing / 3 * np.dot(weights, row)
        for y, row in zip(truth, log_p, strict=True)
    )
    asked = replace(
        config(),
        class_weights=dict(zip(LABELS, weights, strict=True)),
        label_smoothing=smoothing,
    )
    loss = make_loss(asked, split_of(truth), CPU)
    assert float(loss(torch.tensor(logits), torch.tensor(truth))) == pytest.approx(
        expected, rel=1e-4
    )


@settings(deadline=None)
@given(
    truth=st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=1, max_size=12),
    weights=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    smoothing=st.floats(0, 0.9),
    seed=st.integers(0, 100),
)
def test_several_labels_a_record_the_loss_is_the_formula(
    truth: list[list[int]], weights: list[float], smoothing: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(size=(len(truth), 3))
    sigmoid = 1 / (1 + np.exp(-logits))
    target = np.array(truth) * (1 - smoothing) + smoothing / 2
    expected = -(
        np.array(weights) * target * np.log(sigmoid) + (1 - target) * np.log(1 - sigmoid)
    ).mean(axis=1)
    asked = replace(
        config(),
        class_weights=dict(zip(LABELS, weights, strict=True)),
        label_smoothing=smoothing,
    )
    loss = make_loss(asked, split_of(truth), CPU)
    given_truth = torch.tensor(truth, dtype=torch.uint8)
    assert float(loss(torch.tensor(logits), given_truth)) == pytest.approx(expected.sum(), rel=1e-4)


def test_the_losses_of_passes_add_up_to_that_of_the_whole() -> None:
    truth = [0, 1, 2, 2, 1, 0, 0]
    loss = make_loss(config(class_weights="balanced"), split_of(truth), CPU)
    logits, wanted = torch.randn(7, 3, dtype=torch.float64), torch.tensor(truth)
    parts = loss(logits[:3], wanted[:3]) + loss(logits[3:], wanted[3:])
    assert float(parts) == pytest.approx(float(loss(logits, wanted)), rel=1e-6)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    truth = [0] * 17 + [1] * 2 + [2] * 5
    ours = class_weights("balanced", split_of(truth))
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    assert ours == pytest.approx(theirs)


def test_balanced_weights_of_several_labels_are_rows_without_by_rows_with() -> None:
    truth = [[1, 0, 1]] * 2 + [[1, 1, 0]] * 8
    assert class_weights("balanced", split_of(truth)) == pytest.approx([1 / 10, 2 / 8, 8 / 2])


def test_labels_are_counted_over_all_instances() -> None:
    others: IntArray = np.array([10, 0, 4, 6])  # rows and labels of another instance

    def total(counts: IntArray) -> IntArray:
        summed: IntArray = counts + others
        return summed

    both = class_weights("balanced", split_of([0] * 4 + [1] * 4 + [2] * 2), total)
    assert both == pytest.approx([20 / (3 * 4), 20 / (3 * 8), 20 / (3 * 8)])


def test_counting_goes_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training_image.losses.BLOCK_ROWS", 2)
    assert label_counts(split_of([0, 1, 1, 2, 2])).tolist() == [1, 2, 2]
    assert label_counts(split_of([[1, 0, 1]] * 5)).tolist() == [5, 0, 5]


def test_weights_of_strange_or_missing_labels_are_named() -> None:
    split = split_of([0, 1, 2])
    with pytest.raises(JobError, match=r"class_weights names the label 'd', which .* a, b, c"):
        make_loss(config(class_weights='{"a": 1, "d": 2}'), split, CPU)
    with pytest.raises(JobError, match="class_weights has no weight for b, c;"):
        make_loss(config(class_weights='{"a": 1}'), split, CPU)


@pytest.mark.parametrize(
    "given",
    [
        *["", "heavy", "{", "[]", "{}", "3", '{"a": 0}', '{"a": -1}', '{"a": "2"}'],
        *['{"a": true}', '{"a": NaN}', '{"a": Infinity}', '{"a": null}'],
    ],
)
def test_impossible_weights_are_refused(given: str) -> None:
    with pytest.raises(JobError) as error:
        config(class_weights=given)
    assert (
        f"class_weights is {given!r} but must be none, balanced, or a JSON object that gives each "
        "label a weight above 0"
    ) in str(error.value)


def test_weights_change_what_is_trained_and_a_wrong_one_fails_the_job(
    base_model: Path, tmp_path: Path
) -> None:
    told = {"epochs": "1", "class_weights": '{"negative": 1, "positive": 9}'}
    weighted = TinyJob.make(tmp_path / "a", base_model, None, **told).run_here()
    assert weighted.code == 0, weighted.stderr
    plain = TinyJob.make(tmp_path / "b", base_model, epochs="1").run_here()
    assert weighted.weights != plain.weights
    told["class_weights"] = '{"good": 1, "bad": 2}'
    wrong = TinyJob.make(tmp_path / "c", base_model, None, **told).run_here()
    assert wrong.code == 1
    assert wrong.failure.startswith("Hyperparameters: class_weights names the label 'good'")
