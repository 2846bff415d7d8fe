"""Our training program under the benchmark's clock: its own loop, as `train.py` sets it up."""

import contextlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.trainer_baselines import Settings
from benchmarks.training_clock import StepClock
from benchmarks.training_data_sets import DataSet, write_channels
from training_image.config import read_config
from training_image.hardware import Hardware
from training_image.job import Job, StopSignal
from training_image.models import load_base, load_tokenizer
from training_image.train import find_channels, read_splits
from training_image.training import Training

NEVER = "1e9"  # seconds between checkpoints: the rivals write none either


class TimedTraining(Training):
    """The training program's loop; evaluations are left out, as the rivals make none."""

    clock: StepClock
    unmeasured_steps = 0
    """Steps before the clock starts: a GPU's first ones compile and warm up."""

    def _step(self) -> None:
        if self.progress.step == self.unmeasured_steps:
            self.clock.start()
        super()._step()
        self.clock.stamp()

    def _evaluate_if_due(self) -> None:
        """There is nothing to choose between."""


class Program:
    """Trains one data set with the training program, any number of times."""

    def __init__(self, base: Path, data: DataSet, held_out: Sequence[tuple[str, str]] = ()) -> None:
        shutil.rmtree(base, ignore_errors=True)
        write_channels(base, data, held_out)
        self._base, self._data = base, data
        self._job = Job(base, checkpoint_interval=NEVER)
        self._splits: Any = None

    def training(
        self, settings: Settings, clock: StepClock, kind: type[TimedTraining] = TimedTraining
    ) -> TimedTraining:
        """Sets up a training from its first step, as `train.run` does."""
        mean = self._data.tokens / len(self._data.texts)
        config = read_config(
            {
                "base_model": "benchmark",
                "epochs": str(settings.epochs),
                "learning_rate": str(settings.learning_rate),
                "batch_tokens": str(round(settings.rows_per_step * mean)),
                "max_length": str(self._data.workload.max_length),
                "warmup_fraction": str(settings.warmup_fraction),
                "weight_decay": str(settings.weight_decay),
                "seed": str(settings.seed),
            }
        )
        base = self._job.channel("model")
        assert base is not None
        tokenizers = load_tokenizer(base, config.max_length)
        if self._splits is None:
            self._splits = read_splits(
                find_channels(self._job), config, tokenizers[1], self._base, StopSignal()
            )
        torch.manual_seed(config.seed)
        classifier = load_base(base, self._splits["train"].labels, tokenizers)
        training = kind(self._job, config, classifier, self._splits, Hardware.find(), StopSignal())
        training.clock = clock
        training.unmeasured_steps = settings.steps * settings.warm_up_epochs
        if training.schedule.total_steps != settings.total_steps:
            raise SystemExit(
                f"the program would make {training.schedule.total_steps} steps, "
                f"not {settings.total_steps}: nothing could be compared"
            )
        return training


def count_tokens(network: torch.nn.Module) -> Counter[str]:
    """Counts under `tokens` what goes through the network's first linear map, padding and all."""
    counted: Counter[str] = Counter()

    def count(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        counted["tokens"] += inputs[0].shape[:-1].numel()

    first = next(each for each in network.modules() if isinstance(each, torch.nn.Linear))
    first.register_forward_pre_hook(count)
    return counted


def said_padding(lines: Sequence[Mapping[str, Any]]) -> float:
    """The share of padding that the program itself told, over all its steps."""
    steps = [line for line in lines if line["event"] == "step"]
    weights = [now["step"] - before for now, before in zip(steps, _befores(steps), strict=True)]
    shares = [line["padding_share"] for line in steps]
    return float(np.average(shares, weights=weights))


def _befores(steps: Sequence[Mapping[str, Any]]) -> list[int]:
    return [0, *(line["step"] for line in steps[:-1])]


def fit(training: Training) -> list[dict[str, Any]]:
    """Runs the loop to its end, and returns the JSON lines that it printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        training.fit()
    return [json.loads(line) for line in said.getvalue().splitlines()]
