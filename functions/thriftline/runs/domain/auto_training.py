"""How to train a data set of so many rows, where ``run.yaml`` leaves it open.

Small sets need many small steps: 600 short texts in steps of 4,096 tokens are six steps, which
teach nothing. So a step has as few rows as it takes for ``STEPS_PER_EPOCH`` steps an epoch, within
bounds. A new head takes a few hundred steps to learn anything; so there are as many epochs as it
takes for ``LEAST_STEPS``, within bounds, or a linear head is fitted first, which costs one forward
pass and needs no more than the fewest epochs. What the policy rests on is measured by ``make
bench-defaults``.
"""

from math import ceil
from typing import Literal

from thriftline.core.dataclass import dataclass

Method = Literal["finetune", "head_first", "linear_head"]

STEPS_PER_EPOCH = 100
LEAST_STEPS = 300
FEWEST_ROWS, FEWEST_EPOCHS, MOST_EPOCHS = 8, 3, 10
# Of a step in a large set: what a GPU runs well, and as many rows as a mean text allows.
STEP_TOKENS = 4096
MOST_ROWS = 512
WARMUP_FRACTION = 0.1
# The usual peak rate of an encoder 768 wide (Devlin et al. 2019); narrower ones want more of it,
# as the inverse of the width (Yang et al. 2022).
BASE_LEARNING_RATE, BASE_WIDTH = 5e-5, 768
LEAST_RATE, MOST_RATE = 2e-5, 1e-4
# With fewer rows a label a linear head: docs/benchmarks.md.
ROWS_OF_A_LABEL = 100
# With so many rows at the most, a linear head first. The layer that it reads the mean of the tokens
# by stays in the model, and is not worth its time where rows are many.
HEAD_FIRST_ROWS = 5_000
# The penalties that the training program tries for a linear head; a contract test holds it.
LINEAR_HEAD_STEPS = 7


@dataclass(frozen=True)
class DataShape:
    """What is known of the data and the model before the training; None is unknown."""

    rows: int
    """Of the training split."""
    mean_tokens: float | None
    labels: int | None = None
    must_finetune: bool = False
    """Whether a linear head cannot be, or was not measured: several labels a record, a search for
    hyperparameters, rows that are spread over instances."""
    width: int | None = None
    """Hidden units of the base model."""


@dataclass(frozen=True)
class NamedSettings:
    """What ``run.yaml`` names; None where it leaves the choice."""

    method: Method | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    batch_tokens: int | None = None
    warmup_fraction: float | None = None
    patience: int | None = None


@dataclass(frozen=True)
class ChosenTraining:
    """What the training program is told. ``batch_rows`` is None where ``batch_tokens`` is named."""

    method: Method
    epochs: int
    learning_rate: float
    batch_tokens: int
    batch_rows: int | None
    warmup_fraction: float
    patience: int
    steps: int
    """Optimiser steps at the most; about so many where ``batch_tokens`` is named."""

    def tokens_of_step(self, mean_tokens: float) -> int:
        """Tokens of an optimiser step, for rows of so many on the average."""
        if self.batch_rows is None:
            return self.batch_tokens
        return max(1, round(self.batch_rows * mean_tokens))


def choose(data: DataShape, named: NamedSettings) -> ChosenTraining:
    """Returns the hyperparameters of a run; what is named stays as it is."""
    method = named.method or method_for(data)
    batch_rows = None if named.batch_tokens else rows_of_step(data, method)
    rows = batch_rows or _rows_within(named.batch_tokens or STEP_TOKENS, data)
    steps_per_epoch = ceil(data.rows / rows)
    wanted = FEWEST_EPOCHS if method == "head_first" else ceil(LEAST_STEPS / steps_per_epoch)
    epochs = named.epochs or _within(wanted, FEWEST_EPOCHS, MOST_EPOCHS)
    return ChosenTraining(
        method=method,
        epochs=epochs,
        learning_rate=named.learning_rate or learning_rate(data.width),
        batch_tokens=named.batch_tokens or STEP_TOKENS,
        batch_rows=batch_rows,
        warmup_fraction=(
            WARMUP_FRACTION if named.warmup_fraction is None else named.warmup_fraction
        ),
        # All steps of the plan are made: a few validation rows say too little to stop before.
        patience=named.patience or epochs,
        steps=LINEAR_HEAD_STEPS if method == "linear_head" else steps_per_epoch * epochs,
    )


def method_for(data: DataShape) -> Method:
    """Returns how to train so many rows of so many labels."""
    if data.must_finetune or data.labels is None:
        return "finetune"
    if data.rows < ROWS_OF_A_LABEL * data.labels:
        return "linear_head"
    return "head_first" if data.rows <= HEAD_FIRST_ROWS else "finetune"


def rows_of_step(data: DataShape, method: Method = "finetune") -> int:
    """Returns the rows of an optimiser step, the more the more there are."""
    fewest = 2 * FEWEST_ROWS if method == "head_first" else FEWEST_ROWS
    most = _within(_rows_within(STEP_TOKENS, data), 2 * FEWEST_ROWS, MOST_ROWS)
    return _within(data.rows // STEPS_PER_EPOCH, fewest, most)


def learning_rate(width: int | None) -> float:
    """Returns the peak rate for an encoder of so many hidden units."""
    wanted = BASE_LEARNING_RATE * BASE_WIDTH / (width or BASE_WIDTH)
    return min(MOST_RATE, max(LEAST_RATE, wanted))


def _rows_within(tokens: int, data: DataShape) -> int:
    """Rows of so many tokens together; long ones where their length is not known."""
    return max(1, round(tokens / (data.mean_tokens or 256.0)))


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(most, value))
