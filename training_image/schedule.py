"""Which rows an optimiser step takes, which of them each rank, and the learning rate of the step.

All three are functions of seed and step, so that a resumed run finds its place at once.
"""

import math

import numpy as np

from training_image.data import IntArray

# A run of few epochs is evaluated this often all the same, so that the best weights can be told.
LEAST_EVALUATIONS = 4


class Schedule:
    """The rows of every step of a run: each epoch is one random order of all rows.

    Args:
        rows: rows of the training split, on all machines together.
        tokens: their tokens.
        batch_tokens: tokens of a step on the average; it sets the rows of a step.
        epochs: passes over the rows.
        seed: of the order.
        batch_rows: rows of a step at the most, in place of `batch_tokens`.
    """

    def __init__(
        self,
        rows: int,
        tokens: int,
        batch_tokens: int,
        epochs: int,
        seed: int,
        batch_rows: int | None = None,
    ) -> None:
        self._rows = rows
        self._seed = seed
        rows_per_step = batch_rows or max(1, round(batch_tokens / (tokens / rows)))
        self.steps_per_epoch = -(-rows // rows_per_step)
        self.total_steps = self.steps_per_epoch * epochs
        self._order: tuple[int, IntArray] = (-1, np.empty(0, dtype=np.int64))

    def rows(self, step: int) -> IntArray:
        """Returns the rows of a step, the first of which is 0; steps differ by one row at most."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._order[0] != epoch:
            random = np.random.default_rng([self._seed, epoch])
            self._order = (epoch, random.permutation(self._rows))
        start = place * self._rows // self.steps_per_epoch
        end = (place + 1) * self._rows // self.steps_per_epoch
        return self._order[1][start:end]


def share_of(rows: IntArray, lengths: IntArray, part: int, parts: int) -> IntArray:
    """Returns the rows of one of several ranks, such that ranks get nearly equal numbers of tokens.

    The longest row goes first, and each to the rank that has the fewest tokens by then.
    """
    if parts == 1:
        return rows
    load = np.zeros(parts, dtype=np.int64)
    mine = []
    for place in np.argsort(-lengths, kind="stable"):
        least = int(load.argmin())
        load[least] += lengths[place]
        if least == part:
            mine.append(rows[place])
    return np.array(mine, dtype=np.int64)


def learning_rate_share(step: int, total_steps: int, warmup_fraction: float, shape: str) -> float:
    """The learning rate of a step as a share of its peak: a linear rise, then a fall to 0.

    Args:
        step: the step, the first of which is 0.
        total_steps: steps of the run.
        warmup_fraction: share of the steps that rise.
        shape: of the fall, `linear` or `cosine` (a half wave).
    """
    warmup = round(total_steps * warmup_fraction)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    left = (total_steps - step) / (total_steps - warmup)
    return left if shape == "linear" else (1 - math.cos(math.pi * left)) / 2


def evaluation_places(steps_per_epoch: int, epochs: int) -> set[int]:
    """After which steps of an epoch to evaluate: the last, and some before in a short run."""
    times = -(-LEAST_EVALUATIONS // epochs)
    return {-(-steps_per_epoch * i // times) for i in range(1, times + 1)}
