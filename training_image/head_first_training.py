"""A fine-tuning that begins with a fitted head, for few rows (LP-FT, Kumar et al. 2022).

A head of random numbers sends random gradients through the encoder until it has learnt something,
and a few hundred rows are spent on that. So the linear head of `head_training.py` is fitted first,
on the mean of the tokens' vectors; all weights are then trained from there.
"""

from training_image.evaluation import score
from training_image.head_training import fitted_heads, put_head, refuse_parts
from training_image.job import DivergedError
from training_image.linear_head import Head
from training_image.training import Training


class HeadFirstTraining(Training):
    """Fits a linear head on the frozen encoder, and fine-tunes from there."""

    def prepare(self) -> None:
        """Fits the head, unless a checkpoint is past that.

        Raises:
            DivergedError: a loss is not a number.
            JobError: machines hold rows, or GPUs parts of the network, of their own.
            StopRequestedError: SIGTERM came.
        """
        refuse_parts(self)
        if self.progress.step == 0:
            # The encoder is still as it came: an attempt that was stopped here does it again.
            put_head(self, self._best_head())

    def _best_head(self) -> Head:
        """By the loss: accuracies on a few rows are often equal, and often by luck."""
        best: tuple[float, Head] | None = None
        for head, predictions in fitted_heads(self):
            loss = score(predictions, self.splits["validation"]).loss
            if loss is None:
                raise DivergedError(f"The loss of a head at C = {head.inverse_l2:g} is none.")
            if best is None or loss < best[0]:
                best = (loss, head)
        assert best is not None  # there are always penalties to try
        return best[1]
