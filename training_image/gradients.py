"""The gradient of a step: its rows cut into passes, on one rank or several, within the memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from training_image.accelerators import free_memory
from training_image.batches import Batch, batches
from training_image.data import IntArray
from training_image.data_share import DataShare
from training_image.hardware import Hardware
from training_image.job import JobError
from training_image.losses import Loss
from training_image.models import Classifier
from training_image.parallel import Ranks, accumulating, average_gradients, unwrapped
from training_image.progress import warn

# Devices whose memory a pass can exceed, which is an error that can be caught.
RUNS_OUT = {"cuda"}


@dataclass(frozen=True)
class StepSums:
    """What a rank's passes of one step add up to."""

    loss: torch.Tensor
    """Not read yet, so that a GPU need not be waited for."""
    tokens: int
    padded_tokens: int


class TooLarge(NamedTuple):
    """A pass that did not fit into the memory."""

    rows: int
    tokens: int
    padded_tokens: int


class LargestPassGuard:
    """Knows in which steps a pass may run out of memory that none before has.

    Among several ranks that is fatal once gradients travel, for the others wait for them. So in a
    step with a larger pass than every rank has got through, gradients stay where they are until
    all have agreed that theirs fitted. Such a step is a record, and rare.
    """

    def __init__(self, ranks: Ranks, *, is_off: bool) -> None:
        self._ranks, self._is_off = ranks, is_off or ranks.world == 1
        self._proven = self._least = self._steps = 0

    def is_due(self, largest: int) -> bool:
        """Whether a step needs care; all ranks ask, with the tokens of their largest pass."""
        if self._is_off:
            return False
        most, least = self._ranks.most(largest, -largest)
        self._least = -least
        return most > self._proven

    def passed(self) -> None:
        """Takes note that all got through; the first step ran before there were moments."""
        self._steps += 1
        if self._steps > 1:
            self._proven = max(self._proven, self._least)


class Gradients:
    """Sums the gradients of the mean loss over a step's rows into the weights' `grad`."""

    def __init__(
        self,
        classifier: Classifier,
        network: torch.nn.Module,
        share: DataShare,
        loss: Loss,
        hardware: Hardware,
        scaler: torch.amp.GradScaler,
        ranks: Ranks,
        seed: int,
        *,
        equal_passes: bool,
    ) -> None:
        self._packing, self._network = classifier.packing, network
        self._share, self._loss, self._scaler = share, loss, scaler
        self._hardware, self._ranks, self._seed = hardware, ranks, seed
        self._equal_passes = equal_passes
        # A sharded network's ranks need each other in every pass, not only for the gradients.
        runs_out = hardware.device.type in RUNS_OUT
        self._care = LargestPassGuard(ranks, is_off=equal_passes or not runs_out)

    def add(self, step: int, rows: IntArray, pass_tokens: int) -> tuple[StepSums, int]:
        """Adds those of a step; returns its sums, and the most tokens that a pass may have.

        Raises:
            JobError: the GPU's memory does not hold a single row.
        """
        passes = self._cut(rows, pass_tokens)
        careful = self._care.is_due(_largest(passes))
        while isinstance(done := self._passes(step, len(rows), passes, careful), TooLarge):
            self._network.zero_grad(set_to_none=True)
            pass_tokens = halved(done, pass_tokens)
            passes = self._cut(rows, pass_tokens)
            self._care.is_due(_largest(passes))
        self._care.passed()
        return done, pass_tokens

    def _passes(
        self, step: int, rows: int, passes: Sequence[Batch], careful: bool
    ) -> StepSums | TooLarge:
        """Runs a step's passes; returns one that does not fit into a memory, if any."""
        done = self._run(step, rows, passes, careful)
        if not careful:
            return done
        said = self._ranks.gather(done if isinstance(done, TooLarge) else None)
        if failed := [each for each in said if each is not None]:
            return min(failed, key=lambda each: (each.rows > 1, each.padded_tokens))
        average_gradients(self._network, self._ranks)
        return done

    def _run(
        self, step: int, rows: int, passes: Sequence[Batch], careful: bool
    ) -> StepSums | TooLarge:
        device = self._hardware.device
        self._network.train()
        self._seed_dropout(step)
        total = torch.zeros((), device=device)
        tokens = padded_tokens = 0
        # The ranks' gradients are averaged, but each is a part of the sum.
        scale = self._ranks.world / rows
        # The wrapped network exchanges something in forward passes too, of which a failed one
        # would be a rank short.
        network = unwrapped(self._network) if careful else self._network
        for batch, weight, last in self._of_rank(passes):
            try:
                with accumulating(network, last):
                    with self._hardware.autocast():
                        loss = self._loss(network(**batch.inputs).logits, batch.truth)
                    self._scaler.scale(loss * (scale * weight)).backward()  # type: ignore[no-untyped-call]
            except torch.OutOfMemoryError:
                if self._ranks.world > 1 and not careful:
                    raise  # the others wait for this one's gradients
                return TooLarge(len(batch.rows), batch.tokens, batch.padded_tokens)
            total += loss.detach() * weight
            tokens += int(batch.tokens * weight)
            padded_tokens += int(batch.padded_tokens * weight)
        return StepSums(total, tokens, padded_tokens)

    def _cut(self, rows: IntArray, pass_tokens: int) -> list[Batch]:
        """Returns this rank's passes of a step's rows."""
        split, mine = self._share.split, self._share.mine(rows)
        return list(batches(split, mine, self._packing, pass_tokens, self._hardware.device))

    def _of_rank(self, found: Sequence[Batch]) -> Iterator[tuple[Batch, float, bool]]:
        """Yields this rank's passes with their weight, and which is the last.

        A rank without rows, or with fewer passes than others where all must have as many, goes
        through one that counts nothing.
        """
        passes = max(1, len(found))
        if self._equal_passes:
            passes = max(self._ranks.gather(passes))
        if len(found) < passes:
            row = np.zeros(1, np.int64)
            nothing = next(batches(self._share.split, row, self._packing, 1, self._hardware.device))
        for number in range(passes):
            last = number == passes - 1
            yield (found[number], 1.0, last) if number < len(found) else (nothing, 0.0, last)

    def _seed_dropout(self, step: int) -> None:
        """Dropout depends on seed, step and rank alone: there is no generator's state to keep."""
        entropy = [self._seed, step] + ([self._ranks.rank] if self._ranks.world > 1 else [])
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]))


def _largest(passes: Sequence[Batch]) -> int:
    return max((each.padded_tokens for each in passes), default=0)


def halved(too_large: TooLarge, pass_tokens: int) -> int:
    """Returns half of what a pass has that the GPU cannot hold.

    Raises:
        JobError: it is one row.
    """
    if too_large.rows == 1:
        raise JobError(
            f"The GPU's memory cannot hold one row of {too_large.tokens} tokens; a shorter "
            "max_length needs less."
        )
    tokens = min(pass_tokens, too_large.padded_tokens) // 2
    warn(f"The GPU's memory cannot hold a pass; from now on one has {tokens} tokens at most.")
    free_memory()
    return tokens
