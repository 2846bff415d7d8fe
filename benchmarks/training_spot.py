"""Spot: what checkpoints cost, and how soon a run stops and goes on, beside transformers' Trainer.

    make bench-training-spot
    make bench-training-spot BENCH=--tiny      # every path in two minutes

The model is a BERT-base with random weights: weights and AdamW's moments take 1.31 GB. Both
programs get the same model, texts, precision and rows a step; the Trainer pads to the longest row
of a step and saves as it comes, and on SIGTERM by its `enable_jit_checkpoint`.

- blocked: seconds for which the loop stands still for one checkpoint;
- delay: seconds that one takes from the training in all, by how much longer the steps beside it
  are than the median of those before it, which have the same rows;
- processor seconds: of one core, to copy, hash and write the state once, and for the Trainer what
  `torch.save` takes to write as much; a neighbour on the machine changes them least;
- SIGTERM: from the signal until the process has ended, and what it left is read and compared with
  its digests (the Trainer's: has been loaded);
- restart: from the start of the process until the first new step is done.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import skip_first_batches
from transformers import BertConfig, BertModel, BertTokenizerFast

from training_image.checkpoints import Checkpoint, Checkpoints, training_tensors
from training_image.config import read_config
from training_image.hardware import Hardware
from training_image.job import Job, StopSignal
from training_image.models import load_base, load_tokenizer
from training_image.schedule import Schedule
from training_image.tensor_files import TensorFile, Tensors
from training_image.train import find_channels, read_splits
from training_image.training import Training

ROOT = Path(__file__).resolve().parent.parent
OURS = [sys.executable, str(ROOT / "training_image" / "train")]
TRAINER = [sys.executable, "-m", "benchmarks.training_spot_trainer"]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS_A_TEXT = 62  # 64 tokens


# A job ------------------------------------------------------------------------------------------


def make_job(base: Path, *, tiny: bool, rows_a_step: int) -> None:
    """Writes the channels of a job whose model has random weights and a word for every token."""
    words = [f"w{number}" for number in range(30_522 - len(SPECIALS))]
    model = base / "input" / "data" / "model"
    model.mkdir(parents=True)
    (model / "vocab.txt").write_text("\n".join(SPECIALS + words) + "\n")
    BertTokenizerFast(vocab=str(model / "vocab.txt")).save_pretrained(model)
    small = {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 1}
    torch.manual_seed(0)
    BertModel(BertConfig(**(small if tiny else {}))).save_pretrained(model)
    draw = random.Random(0)
    for name, count in (("train", 4096), ("validation", 8), ("test", 8)):
        folder = base / "input" / "data" / name
        folder.mkdir()
        lines = [
            json.dumps(
                {
                    "id": str(row),
                    "text": " ".join(draw.choices(words, k=WORDS_A_TEXT)),
                    "label": f"label-{row % 2}",
                }
            )
            for row in range(count)
        ]
        (folder / "part-00000.jsonl").write_text("\n".join(lines) + "\n")
    config = base / "input" / "config"
    config.mkdir()
    values = {
        "base_model": "random-bert",
        "epochs": "100",
        "batch_tokens": str(rows_a_step * (WORDS_A_TEXT + 2)),
        "max_length": "128",
    }
    (config / "hyperparameters.json").write_text(json.dumps(values))


def environment(base: Path) -> dict[str, str]:
    """Returns the environment of either program."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SAGEMAKER_BASE_DIR": str(base),
        "HF_HUB_OFFLINE": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "THP_MEM_ALLOC_ENABLE": "1",
    }


# What a checkpoint costs ------------------------------------------------------------------------


class TimedCheckpoints(Checkpoints):
    """Sums up for how long the loop stands still."""

    blocked = 0.0

    def save(self, checkpoint: Checkpoint) -> None:
        """Begins one, perhaps after the one before."""
        with self._blocking():
            super().save(checkpoint)

    def wait_until_copied(self) -> None:
        """Waits before an update."""
        with self._blocking():
            super().wait_until_copied()

    @contextlib.contextmanager
    def _blocking(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.blocked += time.perf_counter() - started


def cost_of_ours(base: Path, rounds: int, free_steps: int) -> dict[str, list[float]]:
    """Makes checkpoints between steps that all have the same rows."""
    job, stop = Job(base, checkpoint_interval="1e9"), StopSignal()  # they are asked for below
    config = read_config(job.hyperparameters())
    channels = find_channels(job)
    source = channels["train"].parent / "model"
    tokenizers = load_tokenizer(source, config.max_length)
    costs: dict[str, list[float]] = {"blocked": [], "delay": [], "write": [], "step": []}
    with tempfile.TemporaryDirectory() as scratch:
        splits = read_splits(channels, config, tokenizers[1], Path(scratch), stop)
        classifier = load_base(source, splits["train"].labels, tokenizers)
        training = Training(job, config, classifier, splits, Hardware.find(), stop)
        checkpoints = TimedCheckpoints(base / "timed", print)
        training.recovery.checkpoints = checkpoints
        training.begin()

        def step() -> float:
            training.progress.step = 1
            started = time.perf_counter()
            training._step()
            if training.hardware.device.type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - started

        def save(number: int) -> float:
            training.progress.step = number
            started = time.perf_counter()
            training.recovery.save(training.progress, training.best_weights)
            return time.perf_counter() - started

        step()
        save(1)
        checkpoints.finish()
        for number in range(2, rounds + 2):
            free = statistics.median(step() for _ in range(free_steps))
            checkpoints.blocked = 0.0
            delay = save(number)
            while checkpoints.busy:
                delay += step() - free
            checkpoints.finish()
            costs["blocked"].append(checkpoints.blocked)
            costs["delay"].append(delay)
            costs["write"].append(checkpoints.write_seconds)
            costs["step"].append(free)
        tensors = training_tensors(training.network, training.optimizer)
        costs["processor"], costs["torch.save"] = processor_seconds(tensors, base / "timed")
    shutil.rmtree(base / "timed")
    print(json.dumps({"ours": costs}), file=sys.stderr)
    return costs


def processor_seconds(tensors: Tensors, folder: Path) -> tuple[list[float], list[float]]:
    """Processor seconds of writing tensors by our way, and by `torch.save`."""
    file = TensorFile.like(tensors)
    ours, rivals = [], []
    for _ in range(3):
        started = time.process_time()
        file.copy(tensors)
        file.write(folder / "ours")
        ours.append(time.process_time() - started)
        started = time.process_time()
        torch.save(tensors, folder / "torch.save")
        rivals.append(time.process_time() - started)
    return ours, rivals


def cost_of_trainer(base: Path, rows_a_step: int, rounds: int) -> list[float]:
    """Lets the Trainer save every second step."""
    command = [*TRAINER, str(base), str(rows_a_step), "--save-steps", "2"]
    command += ["--max-steps", str(2 * rounds)]
    done = subprocess.run(
        command, env=environment(base), cwd=ROOT, check=True, capture_output=True, text=True
    )
    events = events_of(done.stdout)
    shutil.rmtree(base / "trainer")
    blocked = [each["seconds"] for each in events if each["event"] == "save"]
    print(json.dumps({"trainer": blocked}), file=sys.stderr)
    return blocked


def events_of(text: str) -> list[dict[str, Any]]:
    """Returns the JSON lines of a program's output."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"event"')]


# Stopping and going on --------------------------------------------------------------------------


def stop_and_restart(
    base: Path, command: list[str], verify: Callable[[], int]
) -> tuple[float, float, int]:
    """Stops a program by SIGTERM in its second or third step, then starts it again.

    Returns:
        Seconds to stop, seconds to the first new step, the step of the checkpoint.
    """
    process, _ = until_first_step(base, command)
    time.sleep(random.Random(0).uniform(1, 2))
    started = time.perf_counter()
    process.terminate()
    process.communicate(timeout=300)
    step = verify()
    stopped = time.perf_counter() - started
    process, restarted = until_first_step(base, command)
    process.kill()
    process.communicate()
    told = {"command": command[1], "stopped": stopped, "restarted": restarted, "step": step}
    print(json.dumps(told), file=sys.stderr)
    return stopped, restarted, step


def until_first_step(base: Path, command: list[str]) -> "tuple[subprocess.Popen[str], float]":
    """Starts a program; returns it, and the seconds that it took to its first step."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment(base),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith('{"event"') and json.loads(line)["event"] == "step":
            return process, time.perf_counter() - started
    raise SystemExit(f"{command} ended with {process.wait()} before its first step")


def verify_ours(base: Path) -> int:
    """Reads the newest checkpoint, digests and all; returns its step."""
    state = max((base / "checkpoints").glob("step-*/state.json"))
    spec = json.loads(state.read_text())["spec"]
    found = Checkpoints(base / "checkpoints", print).newest(spec)
    return found.step if found else 0


def verify_trainer(base: Path) -> int:
    """Loads what the Trainer left, which has no digests; returns its step."""
    paths = list((base / "trainer").glob("checkpoint-*"))
    if not paths:
        return 0
    newest = max(paths, key=lambda path: int(path.name.partition("-")[2]))
    torch.load(newest / "optimizer.pt", weights_only=True)
    return int(newest.name.partition("-")[2])


# The order of the rows --------------------------------------------------------------------------


def seconds_to_order(step: int, rows: int) -> tuple[float, float]:
    """Seconds until our schedule, and a loader as the Trainer skips it, are at a step."""
    started = time.perf_counter()
    Schedule(rows, rows, 1, 1, 0).rows(step)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    numbers: Any = range(rows)
    loader: Any = torch.utils.data.DataLoader(numbers, batch_size=1, shuffle=True)
    next(iter(skip_first_batches(loader, step)))
    return ours, time.perf_counter() - started


# The table --------------------------------------------------------------------------------------


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="a small model: every path, no figures")
    parser.add_argument("--rounds", type=int, default=6, help="checkpoints that are measured")
    parser.add_argument("--stops", type=int, default=3, help="stops that are measured")
    options = parser.parse_args()
    gpu = torch.cuda.is_available()
    rows_a_step = 32 if gpu else 4
    with tempfile.TemporaryDirectory(dir=ROOT / ".thriftline") as folder:
        base = Path(folder)
        make_job(base, tiny=options.tiny, rows_a_step=rows_a_step)
        with contextlib.redirect_stdout(io.StringIO()):
            ours = cost_of_ours(base, options.rounds, free_steps=200 if gpu else 3)
        gc.collect()  # the model, before others are timed
        theirs = cost_of_trainer(base, rows_a_step, options.rounds)
        rows = [
            ("blocked by a checkpoint, s", middle(ours["blocked"]), middle(theirs)),
            ("delay by a checkpoint, s", middle(ours["delay"]), middle(theirs)),
            ("the same at one a minute, %", a_minute(ours["delay"]), a_minute(theirs)),
            ("until it is on the disk, s", middle(ours["write"]), middle(theirs)),
            ("processor seconds of one", middle(ours["processor"]), middle(ours["torch.save"])),
            ("a step, s", middle(ours["step"]), ""),
        ]
        stops, restarts = [], []
        rival_stops, rival_restarts = [], []
        trainer = [*TRAINER, str(base), str(rows_a_step)]
        for _ in range(options.stops):
            shutil.rmtree(base / "checkpoints", ignore_errors=True)
            shutil.rmtree(base / "trainer", ignore_errors=True)
            stopped, restarted, step = stop_and_restart(base, OURS, lambda: verify_ours(base))
            stops.append(stopped if step else float("nan"))
            restarts.append(restarted)
            stopped, restarted, step = stop_and_restart(base, trainer, lambda: verify_trainer(base))
            rival_stops.append(stopped if step else float("nan"))
            rival_restarts.append(restarted)
        rows.append(("SIGTERM until it has ended, s", middle(stops), middle(rival_stops)))
        rows.append(("restart until a new step, s", middle(restarts), middle(rival_restarts)))
    for step in (10, 999_990):
        mine, rival = seconds_to_order(step, 1_000_000)
        rows.append((f"order found at step {step:,} of an epoch, s", f"{mine:.3f}", f"{rival:.3f}"))
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    print("| median (least to most) | ours | Trainer |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(str(each) for each in row) + " |")


def a_minute(seconds: list[float]) -> str:
    """What each of these takes of a minute, in percent."""
    return middle([each / 0.6 for each in seconds])


def middle(values: list[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
