"""A tiny BERT, a tiny task, and the training program run as SageMaker runs it."""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, BertConfig, BertTokenizerFast, PreTrainedConfig

from training_image.job import StopSignal
from training_image.parallel import Ranks
from training_image.train import main

PROGRAM = Path(__file__).parents[2] / "training_image" / "train"
WORDS = {
    "positive": ["good", "great", "fine", "warm", "bright"],
    "negative": ["bad", "poor", "cold", "dull", "grim"],
    "mixed": ["odd", "even", "plain", "middling", "so"],
}
FILLERS = ["the", "film", "is", "and", "a", "very", "of", "story", "with", "it"]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
Record = dict[str, Any]


TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "pad_token_id": 0}


def make_base_model(folder: Path, config: PreTrainedConfig | None = None) -> Path:
    """Writes an encoder with random weights and a vocabulary of 30 words.

    It is a BERT of 2 layers, 16 wide, unless a config says something else.
    """
    folder.mkdir(parents=True)
    vocabulary = SPECIALS + FILLERS + [word for words in WORDS.values() for word in words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    bert = BertConfig(
        **TINY, intermediate_size=32, max_position_embeddings=64, initializer_range=0.1
    )
    config = config or bert
    config.vocab_size = len(vocabulary)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def records(
    count: int, seed: int, labels: Sequence[str] = ("negative", "positive"), *, pairs: bool = False
) -> list[Record]:
    """Draws sentences in which words of their label stand among fillers."""
    draw = random.Random(seed)
    rows: list[Record] = []
    for number in range(count):
        label = labels[number % len(labels)]
        telling = WORDS.get(label) or [list(WORDS)[int(label) % 3]]
        words = draw.choices(telling, k=2) + draw.choices(FILLERS, k=draw.randint(1, 14))
        draw.shuffle(words)
        row = {"id": f"rows.csv:{number + 1}", "text": " ".join(words), "label": label}
        if pairs:
            row["text_pair"] = " ".join(draw.choices(telling + FILLERS, k=3))
        rows.append(row)
    return rows


def write_shards(folder: Path, rows: Sequence[Record], shards: int = 1) -> None:
    """Writes a channel."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        lines = (json.dumps(row) for row in rows[shard::shards])
        (folder / f"part-{shard:05d}.jsonl").write_text("".join(line + "\n" for line in lines))


@dataclass(frozen=True)
class Result:
    """What one run of the program left."""

    base: Path
    code: int
    events: list[dict[str, Any]]
    stderr: str

    @property
    def data(self) -> Path:
        """The folder output/data."""
        return self.base / "output" / "data"

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json."""
        loaded: dict[str, Any] = json.loads((self.data / "metrics.json").read_text())
        return loaded

    @property
    def history(self) -> list[dict[str, Any]]:
        """history.jsonl."""
        lines = (self.data / "history.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def failure(self) -> str:
        """The sentence in output/failure."""
        return (self.base / "output" / "failure").read_text()

    @property
    def weights(self) -> bytes:
        """The trained weights, to the bit."""
        return (self.base / "model" / "model.safetensors").read_bytes()

    def of(self, event: str) -> list[dict[str, Any]]:
        """The printed lines of one kind."""
        return [each for each in self.events if each["event"] == event]


@dataclass(frozen=True)
class TinyJob:
    """A SageMaker job on a laptop."""

    base: Path

    @classmethod
    def make(
        cls,
        base: Path,
        base_model: Path | None,
        splits: Mapping[str, Sequence[Record]] | None = None,
        **hyperparameters: str,
    ) -> "TinyJob":
        """Lays out channels and hyperparameters."""
        job = cls(base)
        for name, rows in (splits or default_splits()).items():
            write_shards(base / "input" / "data" / name, rows, shards=2)
        if base_model:
            shutil.copytree(base_model, base / "input" / "data" / "model")
        job.set(**{**DEFAULTS, **hyperparameters})
        return job

    def set(self, **hyperparameters: str) -> None:
        """Writes hyperparameters.json anew."""
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))

    def run_here(
        self,
        stop: StopSignal | None = None,
        join: Callable[[Mapping[str, str]], Ranks] = Ranks.join,
        **environment: str,
    ) -> Result:
        """Runs the program in this process, which spares the seconds of importing torch."""
        torch.set_num_threads(1)
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            told = {"SAGEMAKER_BASE_DIR": str(self.base), **environment}
            code = main(told, stop or StopSignal(), join)
        events = [json.loads(line) for line in stdout.getvalue().splitlines()]
        return Result(self.base, code, events, stderr.getvalue())

    def start(self, **environment: str) -> "subprocess.Popen[str]":
        """Starts the program in a process."""
        return subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env={
                "PATH": os.environ["PATH"],
                "SAGEMAKER_BASE_DIR": str(self.base),
                "OMP_NUM_THREADS": "1",
                "HF_HUB_OFFLINE": "1",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **environment: str) -> Result:
        """Runs the program to its end."""
        return self.end(self.start(**environment))

    def end(self, process: "subprocess.Popen[str]", seen: Iterable[str] = ()) -> Result:
        """Waits for a started program; `seen` are the lines of it that were read already."""
        stdout, stderr = process.communicate(timeout=120)
        lines = [*seen, *stdout.splitlines()]
        return Result(self.base, process.returncode, [json.loads(line) for line in lines], stderr)

    def run_until(
        self, reached: Callable[[dict[str, Any]], bool], how: signal.Signals, **environment: str
    ) -> Result:
        """Runs the program, and sends it a signal once it has printed the line waited for."""
        process = self.start(**environment)
        assert process.stdout is not None
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if reached(json.loads(line)):
                process.send_signal(how)
                break
        return self.end(process, seen)


class StopAt(StopSignal):
    """A SIGTERM that comes just before the program asks for the n-th time whether one came."""

    def __init__(self, check: int | None = None) -> None:
        super().__init__()
        self.checks = 0
        self._at = check

    def check(self) -> None:
        """Counts, and stops at the given count."""
        self.checks += 1
        self.requested = self.requested or self.checks == self._at
        super().check()


DEFAULTS = {
    "base_model": "tiny-bert",
    "run_id": "tiny-0123456789abcdef",
    "epochs": "4",
    "learning_rate": "0.005",
    "batch_tokens": "128",
    "max_length": "32",
    "warmup_fraction": "0.1",
    "lr_schedule": "linear",
    "layer_decay": "1.0",
    "weight_decay": "0.01",
    "label_smoothing": "0.0",
    "eval_metric": "accuracy",
    "patience": "10",
    "seed": "7",
    "text_pair": "false",
    "multi_label": "false",
    "class_weights": "none",
}


def default_splits() -> dict[str, list[Record]]:
    """Returns a task of two labels that a tiny model learns."""
    return {"train": records(160, 1), "validation": records(40, 2), "test": records(60, 3)}
