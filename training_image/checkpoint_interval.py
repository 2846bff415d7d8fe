"""How often to write a checkpoint, from what one costs the training."""

import math

BETWEEN_INTERRUPTIONS_SECONDS = 4 * 3600.0
"""Assumed mean time between two interruptions: that of scarce GPUs; most Spot lasts longer."""
MOST_OVERHEAD = 0.01
"""Share of the time that checkpoints may cost."""
LEAST_SECONDS = 10.0
WANTED_LOSS_SECONDS = 60.0
"""The most work that a kill without notice may cost, as long as the overhead allows it."""
MOST_LOSS_SECONDS = 120.0
"""The most work that it may cost whatever the overhead."""


def checkpoint_interval(
    cost: float, until_durable: float, mean_between: float = BETWEEN_INTERRUPTIONS_SECONDS
) -> float:
    """Returns the seconds from the beginning of one checkpoint to that of the next.

    It is sqrt(2 x cost x mean_between), where what checkpoints cost and what interruptions lose
    is least together (Young 1974, "A first order approximation to the optimum checkpoint
    interval"; Daly's terms of higher order, 2006, matter when the cost nears the mean time, and
    here it is a thousandth of it). Bounds, each stronger than those before it: the wanted loss,
    the overhead, the most loss, and the end of the checkpoint that is being written.

    Args:
        cost: seconds by which one checkpoint delays the training.
        until_durable: seconds until one that was begun is safe, with the step in which a kill may
            fall. A kill just before that loses the whole interval and these.
        mean_between: mean seconds between interruptions.
    """
    interval = math.sqrt(2 * cost * mean_between)
    interval = min(interval, WANTED_LOSS_SECONDS - until_durable)
    interval = max(interval, cost / MOST_OVERHEAD, LEAST_SECONDS)
    interval = min(interval, MOST_LOSS_SECONDS - until_durable)
    return max(interval, until_durable)


class CheckpointPace:
    """Measures what checkpoints cost, and tells when the next one is due."""

    def __init__(self, now: float, fixed_seconds: float | None = None) -> None:
        """Starts the clock; `fixed_seconds` between checkpoints put an end to the measuring."""
        self._fixed = fixed_seconds
        self._saved_at = now
        self._last: tuple[float, int, bool] | None = None
        self._step_seconds = 0.0
        self._checkpoints = 0
        # Seconds and tokens of the steps beside which a checkpoint was made, and of the others.
        self._busy = [0.0, 0]
        self._free = [0.0, 0]

    @property
    def has_begun(self) -> bool:
        """Whether there was a step."""
        return self._last is not None

    @property
    def cost(self) -> float:
        """Seconds by which one checkpoint delayed the training, on the average; 0 if unknown.

        Counts whatever makes the steps beside it slower: waiting for copies, shared processors.
        """
        if not self._checkpoints or not self._free[1]:
            return 0.0
        expected = self._busy[1] * self._free[0] / self._free[1]
        return max(0.0, self._busy[0] - expected) / self._checkpoints

    def step(self, now: float, tokens: int, busy: bool, interrupted: bool) -> None:
        """Counts the time since the step before.

        Args:
            now: seconds of a monotonic clock, after the step.
            tokens: of all steps until now.
            busy: whether a checkpoint is being made.
            interrupted: whether something else took time too, an evaluation for instance.
        """
        if self._last is not None and not interrupted:
            at, before, was_busy = self._last
            self._step_seconds = now - at
            beside = busy or was_busy
            if self._checkpoints or not beside:  # before the first one, only memory is prepared
                counts = self._busy if beside else self._free
                counts[0] += now - at
                counts[1] += tokens - before
        self._last = (now, tokens, busy)

    def is_due(self, now: float, until_durable: float) -> bool:
        """Whether to begin a checkpoint; the last one was durable after so many seconds."""
        interval = self._fixed
        if interval is None:
            interval = checkpoint_interval(self.cost, until_durable + self._step_seconds)
        return now - self._saved_at >= interval

    def saved(self, now: float) -> None:
        """Counts a checkpoint that was begun at this time."""
        self._checkpoints += 1
        self._saved_at = now
        if self._last is not None:
            self._last = (*self._last[:2], True)
