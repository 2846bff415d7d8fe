"""The rival of training_spot.py: transformers' Trainer on the same job, telling what it does.

    python -m benchmarks.training_spot_trainer FOLDER ROWS_A_STEP [--save-steps N --max-steps N]

It goes on from a checkpoint where there is one. On stdout, JSON lines: `step` after each optimiser
step, `save` with the seconds that saving took.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint


class Teller(TrainerCallback):  # type: ignore[misc]
    """Tells when steps and saves end."""

    stepped_at = 0.0

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Tells of an optimiser step."""
        self.stepped_at = time.perf_counter()
        print(json.dumps({"event": "step", "step": state.global_step}), flush=True)

    def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Tells how long saving took."""
        seconds = time.perf_counter() - self.stepped_at
        print(json.dumps({"event": "save", "step": state.global_step, "seconds": seconds}))


def main() -> None:
    """Trains until the steps are done or SIGTERM comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base", type=Path)
    parser.add_argument("rows_a_step", type=int)
    parser.add_argument("--save-steps", type=int)
    parser.add_argument("--max-steps", type=int, default=10_000)
    options = parser.parse_args()
    data = options.base / "input" / "data"
    lines = (data / "train" / "part-00000.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    tokenizer = AutoTokenizer.from_pretrained(data / "model")
    encoded = tokenizer([each["text"] for each in records], truncation=True, max_length=128)
    rows = [
        {"input_ids": tokens, "labels": int(record["label"][-1])}
        for tokens, record in zip(encoded["input_ids"], records, strict=True)
    ]
    torch.manual_seed(42)
    folder = options.base / "trainer"
    bf16 = torch.cuda.is_available() or torch.cpu._is_amx_tile_supported()
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=options.rows_a_step,
        max_steps=options.max_steps,
        save_strategy="steps" if options.save_steps else "no",
        save_steps=options.save_steps or 500,
        save_total_limit=2,
        enable_jit_checkpoint=not options.save_steps,
        bf16=bf16,
        optim="adamw_torch_fused",
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
    )
    teller = Teller()
    trainer = Trainer(
        model=AutoModelForSequenceClassification.from_pretrained(data / "model"),
        args=arguments,
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[teller],
    )
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    trainer.train(resume_from_checkpoint=last)


if __name__ == "__main__":
    main()
