"""A fine-tuning that begins with a fitted head, for few rows (LP-FT, Kumar et al. 2022).

A head of random numbers sends random gradients through the encoder until it has learnt something,
and a few hundred rows are spent on that. So the linear head of `head_training.py` is fitted first,
on the mean of the tokens' vectors; all weights are then trained from there. What comes of it is
kept only where it is better on the validation split than the head alone was.
"""

from dataclasses import asdict

from training_image.evaluation import Scores
from training_image.head_training import fitted_heads, put_head, refuse_parts
from training_image.linear_head import Head
from training_image.parallel import whole
from training_image.tensor_files import copied
from training_image.training import Training


class HeadFirstTraining(Training):
    """Fits a linear head on the frozen encoder, and fine-tunes from there."""

    def prepare(self) -> None:
        """Fits the head, unless a checkpoint has it.

        Raises:
            DivergedError: a loss is not a number.
            JobError: machines hold rows, or GPUs parts of the network, of their own.
            StopRequestedError: SIGTERM came.
        """
        refuse_parts(self)
        if self.progress.best:
            return
        head, scores = self._best_head()
        put_head(self, head)
        self.reporter.evaluation(0.0, scores)
        self.progress.best = {"step": 0, "epoch": 0.0, **asdict(scores)}
        self.best_weights = copied(whole(self.network.state_dict()))

    def _best_head(self) -> tuple[Head, Scores]:
        best = min(fitted_heads(self), key=lambda fitted: fitted.judged)
        return best.head, best.scores
