"""How far a run is, and what it says about that: JSON lines, the history, a progress bar."""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from training_image.evaluation import Scores
from training_image.job import DivergedError
from training_image.parallel import ALONE, Ranks

# A line every 2 seconds at first, later every 500th part of the run so far, at least one a minute.
LOG_SECONDS = (2.0, 60.0)


def say(event: str, **values: object) -> None:
    """Prints one JSON line; the job's metric definitions pick numbers out of it."""
    print(json.dumps({"event": event, **values}), flush=True)


def warn(message: str) -> None:
    """Says what is otherwise than asked for, and yet no reason to stop."""
    say("warning", message=message)


@dataclass
class Progress:
    """How far the run is, all its attempts together. It goes into every checkpoint."""

    step: int = 0
    samples: int = 0
    tokens: int = 0
    seconds: float = 0.0
    final_loss: float | None = None
    pass_tokens: int = 0
    """The most tokens of a pass: it decides how sums are rounded, so a resumed run keeps it."""
    evaluated_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    """Step, epoch and scores of the best evaluation; empty before the first."""
    history: list[dict[str, Any]] = field(default_factory=list)


class Reporter:
    """Measures and tells the progress of one attempt; among several ranks the lead tells it."""

    def __init__(
        self,
        progress: Progress,
        total_steps: int,
        device: torch.device,
        ranks: Ranks = ALONE,
        hourly_rate_usd: Decimal | None = None,
        tell: Callable[..., None] = say,
    ) -> None:
        self._tell = tell
        self._progress = progress
        self._total_steps = total_steps
        self._device = device
        self._ranks = ranks
        self._hourly_rate_usd = hourly_rate_usd
        self._first_step = progress.step + 1
        self._started = time.monotonic() - progress.seconds
        is_quiet = not (sys.stderr.isatty() and ranks.leads)
        self._bar = tqdm(total=total_steps, initial=progress.step, unit="step", disable=is_quiet)
        self._start_window()

    def seconds(self) -> float:
        """Seconds of training until now; the progress knows them too."""
        self._progress.seconds = round(time.monotonic() - self._started, 3)
        return self._progress.seconds

    def count(self, loss: torch.Tensor, padded_tokens: int, rate: float) -> None:
        """Takes a step's summed loss, not read yet, its tokens and its learning rate."""
        self._bar.update()
        self._loss += loss
        self._padded_tokens += padded_tokens
        self._rate = rate

    def is_due(self) -> bool:
        """Whether it is time for a line."""
        least, most = LOG_SECONDS
        seconds = time.monotonic() - self._window[0]
        return seconds >= min(most, max(least, self._progress.seconds / 500))

    def step(self, epoch: float, *, due: bool) -> None:
        """Tells about the steps since the last line, if that is due, or at either end.

        Raises:
            DivergedError: the loss is not a number any more.
        """
        progress = self._progress
        if not due and progress.step not in {self._first_step, self._total_steps}:
            return
        since, samples, tokens = self._window
        seconds = time.monotonic() - since
        samples, tokens = progress.samples - samples, progress.tokens - tokens
        sums = np.array([float(self._loss), self._padded_tokens], dtype=np.float64)
        loss, padded_tokens = self._ranks.sum(sums).tolist()
        progress.final_loss = self._checked(loss / samples, self._rate)
        line = {
            "step": progress.step,
            "epoch": epoch,
            "loss": progress.final_loss,
            "learning_rate": self._rate,
            "samples_per_second": round(samples / seconds, 2),
            "tokens_per_second": round(tokens / seconds, 1),
            "seconds": self.seconds(),
        }
        progress.history.append(line)
        left = self._total_steps - progress.step
        self._tell(
            "step",
            **line,
            total_steps=self._total_steps,
            seconds_left=round(progress.seconds / progress.step * left, 1),
            padding_share=round(1 - tokens / padded_tokens, 4),
            **self._gpu_memory(),
            **self._dollars(),
        )
        self._start_window()

    def fit(self, total_steps: int) -> None:
        """Tells about a fit of the whole head, which is one step of its training."""
        progress = self._progress
        seconds = self.seconds()
        line = {
            "step": progress.step,
            "epoch": 1.0,
            "loss": progress.final_loss,
            "learning_rate": 0.0,
            "samples_per_second": round(progress.samples / seconds, 2),
            "tokens_per_second": round(progress.tokens / seconds, 1),
            "seconds": seconds,
        }
        progress.history.append(line)
        self._tell("step", **line, total_steps=total_steps, seconds_left=0.0, **self._dollars())

    def evaluation(self, epoch: float, scores: Scores) -> None:
        """Tells the scores of an evaluation on the validation split."""
        line = {
            "step": self._progress.step,
            "epoch": epoch,
            **{f"validation_{name}": value for name, value in asdict(scores).items()},
            "seconds": self.seconds(),
        }
        self._progress.history.append(line)
        self._tell("evaluation", **line)
        self._start_window()

    def close(self) -> None:
        """Ends the progress bar."""
        self._bar.close()

    def _start_window(self) -> None:
        self._loss = torch.zeros((), device=self._device)
        self._padded_tokens = 0
        self._window = (time.monotonic(), self._progress.samples, self._progress.tokens)

    def _checked(self, loss: float, learning_rate: float) -> float:
        if not math.isfinite(loss):
            raise DivergedError(
                f"The training loss at step {self._progress.step} is not a number; a lower "
                f"learning_rate may help (it was {learning_rate:.2g} there)."
            )
        return round(loss, 6)

    def _dollars(self) -> dict[str, str]:
        """What the training has cost so far, its start and its end left out, at the rate told."""
        if self._hourly_rate_usd is None:
            return {}
        hours = Decimal(str(self._progress.seconds)) / 3600
        return {"usd": str((self._hourly_rate_usd * hours).quantize(Decimal("0.0001")))}

    def _gpu_memory(self) -> dict[str, float]:
        if self._device.type != "cuda":
            return {}
        return {"gpu_memory_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2)}


def write_history(path: Path, history: list[dict[str, Any]]) -> None:
    """Writes one JSON line for each line of the history."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in history), encoding="utf-8")
