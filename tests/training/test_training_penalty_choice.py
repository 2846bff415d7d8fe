"""The penalty of a linear head: chosen by many rows where few validate, and by those else."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.tiny import TinyJob, default_splits, records
from training_image.evaluation import FloatArray
from training_image.job import SUCCEEDED, StopRequestedError
from training_image.linear_head import INVERSE_L2
from training_image.penalty_choice import (
    ENOUGH_ROWS,
    MOST_ROWS,
    held_out_losses,
    should_cross_validate,
)

pytestmark = pytest.mark.training


def loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits, truth, reduction="sum")


def found(features: FloatArray, truth: list[int], labels: int) -> dict[float, float]:
    return held_out_losses(features, torch.tensor(truth), labels, loss, lambda: None)


def test_noise_asks_for_the_strongest_penalty_and_a_clear_difference_for_a_weak_one() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(2, size=60)
    noise = draw.normal(size=(60, 12)).astype(np.float32)
    clear = noise * np.float32(0.1)
    clear[:, 0] = truth

    of_noise, of_clear = (found(each, truth.tolist(), 2) for each in (noise, clear))

    assert list(of_noise) == list(of_clear) == list(INVERSE_L2)
    assert min(of_noise, key=of_noise.__getitem__) == INVERSE_L2[0]
    assert min(of_clear, key=of_clear.__getitem__) > INVERSE_L2[2]
    assert min(of_clear.values()) < 0.2


def test_labels_that_take_turns_are_in_every_fold() -> None:
    truth = [row % 5 for row in range(50)]
    features = np.eye(5, dtype=np.float32)[truth]

    assert min(found(features, truth, 5).values()) < 0.1


def test_a_stop_ends_it() -> None:
    def stop() -> None:
        raise StopRequestedError

    with pytest.raises(StopRequestedError):
        held_out_losses(np.eye(20, dtype=np.float32), torch.arange(20) % 2, 2, loss, stop)


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        (178, 22, True),
        (1_600, ENOUGH_ROWS - 1, True),
        (1_600, ENOUGH_ROWS, False),  # they say enough
        (MOST_ROWS, 50, False),  # too much time
        (3, 2, False),
    ],
)
def test_few_validation_rows_of_few_rows_are_not_asked_alone(
    train: int, validation: int, expected: bool
) -> None:
    assert should_cross_validate(train, validation) is expected


def test_validation_rows_with_wrong_labels_do_not_choose_the_penalty(
    tmp_path: Path, base_model: Path
) -> None:
    other = {"negative": "positive", "positive": "negative"}
    wrong = [{**row, "label": other[row["label"]]} for row in records(8, 9)]
    splits = {**default_splits(), "validation": wrong}

    result = TinyJob.make(tmp_path, base_model, splits, method="linear_head").run_here()

    assert result.code == SUCCEEDED
    losses = [line["validation_loss"] for line in result.of("evaluation")]
    assert losses[0] == min(losses)  # by these rows the strongest penalty would be the best
    assert result.metrics["validation"]["loss"] > losses[0]
