"""What a user would otherwise write: transformers' Trainer, as it comes and as well as it can be.

B0 is the Trainer as the tutorials call it: fp32, every text padded to the longest allowed.
B1 is B0 in bf16.
B2 is the best that it can be told: dynamic padding, batches grouped by length, fused AdamW, bf16,
no check that waits for the GPU in every step; `B2 compiled` is the same with torch.compile. Where
bf16 or compiling costs time, B2 is the faster one without: the program measures which.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)
from transformers.trainer_pt_utils import get_length_grouped_indices

from benchmarks.training_clock import StepClock
from benchmarks.training_data_sets import MEGA_BATCH, DataSet, encode

LABELS = ("negative", "positive")


@dataclass(frozen=True)
class Baseline:
    """One way to call the Trainer."""

    name: str
    bf16: bool
    padded: bool = False
    """Every row to the longest allowed; otherwise to the longest of its batch."""
    tuned: bool = False
    """Batches grouped by length, fused AdamW, nothing that waits for the GPU in every step."""
    compiled: bool = False


B0 = Baseline("B0", bf16=False, padded=True)
B1 = Baseline("B1", bf16=True, padded=True)
B2_FP32 = Baseline("B2 fp32", bf16=False, tuned=True)
B2_BF16 = Baseline("B2 bf16", bf16=True, tuned=True)
B2_COMPILED = Baseline("B2 bf16 compiled", bf16=True, tuned=True, compiled=True)
# B0's numbers but for rounding, in less time: for what is asked of its steps, not of its speed.
B0_UNPADDED = Baseline("B0 with dynamic padding", bf16=False)


@dataclass(frozen=True)
class Settings:
    """How long and with what numbers every method trains."""

    rows_per_step: int
    steps: int
    """Optimiser steps of an epoch."""
    epochs: int = 1
    warm_up_epochs: int = 0
    """The first of them, which are not measured: a GPU gets warm, a compiler does its work."""
    learning_rate: float = 5e-5
    warmup_fraction: float = 0.06
    weight_decay: float = 0.01
    seed: int = 42

    @property
    def total_steps(self) -> int:
        """Of all epochs."""
        return self.steps * self.epochs


class Listener(TrainerCallback):  # type: ignore[misc]
    """Hears what a training does; this one stamps its steps on a clock, warm-up left out."""

    def __init__(self, clock: StepClock, warm_up_epochs: int = 0) -> None:
        self.clock, self._epochs_left = clock, warm_up_epochs

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Starts the clock."""
        if self._epochs_left == 0:
            self.clock.start()
        self._epochs_left -= 1

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stamps the step."""
        self.clock.stamp()


class CountingTrainer(Trainer):  # type: ignore[misc]
    """The Trainer, and how many tokens it has put through the model, padding included."""

    padded_tokens = 0

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Counts; nothing waits for the device."""
        self.padded_tokens += inputs["input_ids"].numel()
        return super().compute_loss(model, inputs, *args, **kwargs)


class GroupingTrainer(CountingTrainer):
    """Sorts 50 batches' rows by length, as the Trainer does with 6,400 rows of 32 a step or more.

    With the few rows of a benchmark it would sort fewer together, and pad more.
    """

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        lengths = [len(row["input_ids"]) for row in self.train_dataset]
        return GroupedRows(lengths, self.args.train_batch_size)


class GroupedRows(torch.utils.data.Sampler[int]):
    """transformers' own order for `group_by_length`, with the mega-batch of a large data set."""

    def __init__(self, lengths: Sequence[int], rows_per_step: int) -> None:
        self._lengths, self._rows_per_step = lengths, rows_per_step

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        rows = get_length_grouped_indices(self._lengths, self._rows_per_step, MEGA_BATCH)
        return iter(int(row) for row in rows)


class Baselines:
    """Trains one data set with the Trainer, in any of its ways."""

    def __init__(self, data: DataSet, device: torch.device) -> None:
        self._data, self._device = data, device
        self._tokenizer = AutoTokenizer.from_pretrained(data.model, local_files_only=True)
        self._ids = encode(self._tokenizer, data.texts, data.workload.max_length)

    def train(
        self, baseline: Baseline, settings: Settings, listener: TrainerCallback
    ) -> CountingTrainer:
        """Trains; the listener hears each step. Returns the Trainer that has trained."""
        transformers.set_seed(settings.seed)
        # Our program's attention over packed rows has no dropout; the tuned rival gets none either.
        changes = {"attention_probs_dropout_prob": 0.0} if baseline.tuned else {}
        network = AutoModelForSequenceClassification.from_pretrained(
            self._data.model, local_files_only=True, dtype=torch.float32, num_labels=2, **changes
        )
        kind = GroupingTrainer if baseline.tuned else CountingTrainer
        with tempfile.TemporaryDirectory() as folder:
            trainer = kind(
                model=network,
                args=self._arguments(baseline, settings, folder),
                train_dataset=self._features(baseline),
                data_collator=self._collator(baseline),
                callbacks=[listener],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return trainer

    def _features(self, baseline: Baseline) -> list[dict[str, Any]]:
        pad = self._tokenizer.pad_token_id
        rows: list[dict[str, Any]] = []
        for ids, label in zip(self._ids, self._data.labels, strict=True):
            missing = self._data.workload.max_length - len(ids) if baseline.padded else 0
            row: dict[str, Any] = {
                "input_ids": ids + [pad] * missing,
                "attention_mask": [1] * len(ids) + [0] * missing,
                "token_type_ids": [0] * (len(ids) + missing),
            }
            rows.append({**row, "label": LABELS.index(label)})
        return rows

    def _collator(self, baseline: Baseline) -> Any:
        if baseline.padded:
            return default_data_collator
        eights = 8 if self._device.type == "cuda" else None  # as tensor cores like it
        return DataCollatorWithPadding(self._tokenizer, pad_to_multiple_of=eights)

    def _arguments(self, baseline: Baseline, settings: Settings, folder: str) -> TrainingArguments:
        total = settings.total_steps
        tuned: dict[str, Any] = {}
        if baseline.tuned:
            workers = 2 if self._device.type == "cuda" else 0
            tuned = {
                "train_sampling_strategy": "group_by_length",
                "optim": "adamw_torch_fused",
                "logging_nan_inf_filter": False,
                "torch_compile": baseline.compiled,
                "dataloader_num_workers": workers,
                "dataloader_persistent_workers": workers > 0,
            }
        return TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=settings.rows_per_step,
            max_steps=total,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            warmup_steps=round(total * settings.warmup_fraction),
            bf16=baseline.bf16,
            seed=settings.seed,
            use_cpu=self._device.type == "cpu",
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **tuned,
        )
