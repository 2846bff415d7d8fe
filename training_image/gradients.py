"""The gradient of a step: its rows cut into passes, on one rank or several, within the memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from training_image.batches import Batch, batches
from training_image.data import IntArray
from training_image.data_share import DataShare
from training_image.hardware import Hardware
from training_image.job import JobError
from training_image.losses import Loss
from training_image.models import Classifier
from training_image.parallel import Ranks, accumulating
from training_image.progress import warn


@dataclass(frozen=True)
class StepSums:
    """What a rank's passes of one step add up to."""

    loss: torch.Tensor
    """Not read yet, so that a GPU need not be waited for."""
    tokens: int
    padded_tokens: int


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

    def add(self, step: int, rows: IntArray, pass_tokens: int) -> tuple[StepSums, int]:
        """Adds those of a step; returns its sums, and the most tokens that a pass may have.

        Raises:
            JobError: the GPU's memory does not hold a single row.
        """
        while isinstance(done := self._passes(step, rows, pass_tokens), Batch):
            self._network.zero_grad(set_to_none=True)
            pass_tokens = halved(done, pass_tokens)
        return done, pass_tokens

    def _passes(self, step: int, rows: IntArray, pass_tokens: int) -> StepSums | Batch:
        """Runs a step's passes; returns one that does not fit into the memory, if any."""
        device = self._hardware.device
        self._network.train()
        self._seed_dropout(step)
        total = torch.zeros((), device=device)
        tokens = padded_tokens = 0
        # The ranks' gradients are averaged, but each is a part of the sum.
        scale = self._ranks.world / len(rows)
        for batch, weight, last in self._of_rank(rows, pass_tokens):
            try:
                with accumulating(self._network, last):
                    with self._hardware.autocast():
                        loss = self._loss(self._network(**batch.inputs).logits, batch.truth)
                    self._scaler.scale(loss * (scale * weight)).backward()  # type: ignore[no-untyped-call]
            except torch.OutOfMemoryError:
                if self._ranks.world > 1:
                    raise  # the others wait for this one's gradients
                return batch
            total += loss.detach() * weight
            tokens += int(batch.tokens * weight)
            padded_tokens += int(batch.padded_tokens * weight)
        return StepSums(total, tokens, padded_tokens)

    def _of_rank(self, rows: IntArray, pass_tokens: int) -> Iterator[tuple[Batch, float, bool]]:
        """Yields this rank's passes with their weight, and which is the last.

        A rank without rows, or with fewer passes than others where all must have as many, goes
        through one that counts nothing.
        """
        split, device = self._share.split, self._hardware.device
        found = list(batches(split, self._share.mine(rows), self._packing, pass_tokens, device))
        passes = max(1, len(found))
        if self._equal_passes:
            passes = max(self._ranks.gather(passes))
        if len(found) < passes:
            nothing = next(
                batches(split, np.zeros(1, np.int64), self._packing, pass_tokens, device)
            )
        for number in range(passes):
            last = number == passes - 1
            yield (found[number], 1.0, last) if number < len(found) else (nothing, 0.0, last)

    def _seed_dropout(self, step: int) -> None:
        """Dropout depends on seed, step and rank alone: there is no generator's state to keep."""
        entropy = [self._seed, step] + ([self._ranks.rank] if self._ranks.world > 1 else [])
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]))


def halved(too_large: Batch, pass_tokens: int) -> int:
    """Returns half of what a pass has that the GPU cannot hold.

    Raises:
        JobError: it is one row.
    """
    if len(too_large.rows) == 1:
        raise JobError(
            f"The GPU's memory cannot hold one row of {too_large.tokens} tokens; a shorter "
            "max_length needs less."
        )
    tokens = min(pass_tokens, too_large.padded_tokens) // 2
    warn(f"The GPU's memory cannot hold a pass; from now on one has {tokens} tokens at most.")
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return tokens
