"""Accuracy: how many steps, and how long, to a validation accuracy, over several seeds.

    make bench-training-accuracy                                     # an hour or two on one core
    make bench-training-accuracy BENCH="--seeds 1 2 --target 0.75"

MiniLM-L6 on Rotten Tomatoes: 4,096 sentences to train on, 1,024 others to be judged by, 32 a step,
learning rate 1e-4 with warm-up and a linear fall, at most two epochs. Every ten steps the accuracy
is measured, and a run ends when the target is reached. Evaluations are not in the times.

B0 pads every sentence to 128 tokens, and would take the better part of a day. Padding changes
nothing but rounding: so its steps are those of a Trainer that is B0 but for padding each batch to
its longest row, and its time is those steps times what a step of the true B0 takes, measured here
too. Finished runs are kept in `.thriftline/bench-training/accuracy.json`, and not run again.
"""

import argparse
import json
import os
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import TrainerControl

from benchmarks.allocator import restart_with_allocator
from benchmarks.trainer_baselines import (
    B0,
    B0_UNPADDED,
    B2_FP32,
    Baselines,
    Listener,
    Settings,
)
from benchmarks.training_clock import StepClock
from benchmarks.training_data_sets import DataSet, Workload, encode, real_data_set, reviews
from benchmarks.training_methods import OURS
from benchmarks.training_program import Program, TimedTraining, fit
from benchmarks.training_speed import FOLDER, machine
from training_image.evaluation import score

WORKLOAD = Workload("accuracy", "MiniLM-L6, Rotten Tomatoes", "rotten_tomatoes",
                    max_length=128, rows_per_step=32, steps=256)  # fmt: skip
TRAINING_ROWS, VALIDATION_ROWS, EPOCHS = 4096, 1024, 2
FIRST, EVERY = 40, 10  # steps before the accuracy is measured, and between measurements
LEARNING_RATE = 1e-4
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Run:
    """One method's way to the target, with one seed."""

    method: str
    seed: int
    target: float
    steps: int | None
    """To the target; None if it was not reached."""
    processor_seconds: float
    """Of those steps, or of all, evaluations left out."""
    accuracies: dict[int, float]
    """After how many steps which."""


class Course:
    """Watches the accuracy of one run, and ends it when the target is reached."""

    def __init__(self, target: float, clock: StepClock) -> None:
        self._target, self._clock = target, clock
        self.accuracies: dict[int, float] = {}

    @property
    def reached(self) -> int | None:
        """The step at which the target was first reached."""
        return next((s for s, value in self.accuracies.items() if value >= self._target), None)

    def look(self, step: int, accuracy: Callable[[], float]) -> bool:
        """Measures when it is time to; returns whether the run may end."""
        if step >= FIRST and step % EVERY == 0 and step not in self.accuracies:
            self.accuracies[step] = accuracy()
            self._clock.resume()
        return self.reached is not None

    def run(self, method: str, seed: int) -> Run:
        """Returns what was seen."""
        steps = self._clock.steps().processor
        spent = sum(steps[: self.reached])
        return Run(method, seed, self._target, self.reached, spent, self.accuracies)


# Our program --------------------------------------------------------------------------------------


class TrainingToTarget(TimedTraining):
    """The training program's loop, with an end at the target."""

    course: Course

    def _evaluate_if_due(self) -> None:
        self.course.look(self.progress.step, self._accuracy)

    def _is_finished(self) -> bool:
        done = self.progress.step >= self.schedule.total_steps
        return done or self.course.reached is not None

    def _accuracy(self) -> float:
        return score(self.predict("validation"), self.splits["validation"]).accuracy


def run_ours(program: Program, settings: Settings, target: float) -> Run:
    """Trains with our program."""
    clock = StepClock(CPU)
    training = program.training(settings, clock, TrainingToTarget)
    assert isinstance(training, TrainingToTarget)
    training.course = Course(target, clock)
    fit(training)
    return training.course.run(OURS, settings.seed)


# The Trainer --------------------------------------------------------------------------------------


class ListenerToTarget(Listener):
    """Measures the accuracy of what the Trainer trains."""

    def __init__(self, course: Course, clock: StepClock, held_out: "HeldOut") -> None:
        super().__init__(clock)
        self._course, self._held_out = course, held_out

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> TrainerControl:
        """Stamps the step, then looks."""
        super().on_step_end(args, state, control, **kwargs)
        network = kwargs["model"]
        if self._course.look(state.global_step, lambda: self._held_out.accuracy(network)):
            control.should_training_stop = True
        return control


class HeldOut:
    """The validation rows, as padded batches of like length."""

    def __init__(self, data: DataSet, rows: Sequence[tuple[str, str]]) -> None:
        tokenizer = transformers.AutoTokenizer.from_pretrained(data.model, local_files_only=True)
        ids = encode(tokenizer, [text for text, _ in rows], data.workload.max_length)
        truth = [("negative", "positive").index(label) for _, label in rows]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        self._batches: list[tuple[dict[str, torch.Tensor], torch.Tensor]] = []
        for start in range(0, len(order), 64):
            group = order[start : start + 64]
            padded = tokenizer.pad({"input_ids": [ids[i] for i in group]}, return_tensors="pt")
            self._batches.append((dict(padded), torch.tensor([truth[i] for i in group])))
        self._rows = len(ids)

    @torch.no_grad()
    def accuracy(self, network: Any) -> float:
        """The share of rows that a network gets right."""
        network.eval()
        right = sum(
            int((network(**inputs).logits.argmax(dim=1) == truth).sum())
            for inputs, truth in self._batches
        )
        network.train()
        return right / self._rows


# All together -------------------------------------------------------------------------------------


def run_all(arguments: argparse.Namespace, kept: Path) -> tuple[list[Run], float]:
    """Runs what is not kept yet, seed by seed; also measures a step of the true B0, in seconds."""
    data, held_out = rows_to_train_on()
    program = Program(FOLDER / "job-accuracy", data, held_out)
    baselines, judge = Baselines(data, CPU), HeldOut(data, held_out)
    known = read_kept(kept)
    for seed in arguments.seeds:
        settings = Settings(
            rows_per_step=WORKLOAD.rows_per_step,
            steps=TRAINING_ROWS // WORKLOAD.rows_per_step,
            epochs=EPOCHS,
            learning_rate=LEARNING_RATE,
            seed=seed,
        )
        for method in (OURS, B2_FP32.name, B0_UNPADDED.name):
            if any((r.method, r.seed, r.target) == (method, seed, arguments.target) for r in known):
                continue
            if method == OURS:
                run = run_ours(program, settings, arguments.target)
            else:
                clock = StepClock(CPU)
                course = Course(arguments.target, clock)
                baseline = B2_FP32 if method == B2_FP32.name else B0_UNPADDED
                baselines.train(baseline, settings, ListenerToTarget(course, clock, judge))
                run = course.run(method, seed)
            known.append(run)
            kept.write_text(json.dumps([asdict(each) for each in known], indent=1))
            print(f"seed {seed}, {method}: {run.steps} steps", flush=True)
    clock = StepClock(CPU)
    few = Settings(rows_per_step=WORKLOAD.rows_per_step, steps=arguments.b0_steps)
    baselines.train(B0, few, Listener(clock))
    return known, min(clock.steps().processor)


def rows_to_train_on() -> tuple[DataSet, list[tuple[str, str]]]:
    """The sentences to train on, and those to be judged by; the same for all seeds."""
    rows = reviews(WORKLOAD.source)
    random.Random(20_261_121).shuffle(rows)
    held_out = rows[TRAINING_ROWS : TRAINING_ROWS + VALIDATION_ROWS]
    return real_data_set(WORKLOAD, rows[:TRAINING_ROWS]), held_out


def read_kept(path: Path) -> list[Run]:
    """Runs of earlier times."""
    if not path.is_file():
        return []
    return [
        Run(**{**each, "accuracies": {int(s): a for s, a in each["accuracies"].items()}})
        for each in json.loads(path.read_text())
    ]


def accuracy_table(runs: Sequence[Run], b0_step_seconds: float) -> str:
    """Steps and time of each method; B0's time is its steps times a true B0 step."""
    lines = [
        "| method | steps to the target, seed by seed | mean ± s.d. | steps, B0 = 1 | "
        "processor s a step | processor s to the target | faster than B0 by |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    rivals = [run for run in runs if run.method == B0_UNPADDED.name and run.steps]
    b0_steps = statistics.mean(run.steps or 0 for run in rivals) if rivals else float("nan")
    for method in (OURS, B2_FP32.name, B0_UNPADDED.name):
        own = sorted((run for run in runs if run.method == method), key=lambda run: run.seed)
        reached = [run for run in own if run.steps]
        if not reached:
            continue
        steps = [run.steps or 0 for run in reached]
        mean = statistics.mean(steps)
        spread = statistics.stdev(steps) if len(steps) > 1 else float("nan")
        step_seconds = b0_step_seconds
        if method != B0_UNPADDED.name:
            step_seconds = sum(run.processor_seconds for run in reached) / sum(steps)
        each = ", ".join("not reached" if run.steps is None else str(run.steps) for run in own)
        title = "B0 (see above)" if method == B0_UNPADDED.name else method
        lines.append(
            f"| {title} | {each} | {mean:.0f} ± {spread:.0f} | {mean / b0_steps:.2f} | "
            f"{step_seconds:.2f} | {mean * step_seconds:,.0f} | "
            f"{b0_steps * b0_step_seconds / (mean * step_seconds):.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--target", type=float, default=0.80)
    parser.add_argument("--b0-steps", type=int, default=3, help="steps of the true B0 to time")
    parser.add_argument("--fresh", action="store_true", help="forget the runs that are kept")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    allocator = restart_with_allocator(FOLDER / "jemalloc")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # these are figures of one thread
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    kept = FOLDER / "accuracy.json"
    if arguments.fresh:
        kept.unlink(missing_ok=True)
    runs, b0_step_seconds = run_all(arguments, kept)
    runs = [run for run in runs if run.target == arguments.target and run.seed in arguments.seeds]
    text = (
        f"{datetime.now(UTC):%Y-%m-%d} UTC, {machine('cpu')}, allocator of all: {allocator}. "
        f"Target: {arguments.target:.0%} of {VALIDATION_ROWS:,} held-out sentences.\n\n"
        f"{accuracy_table(runs, b0_step_seconds)}\n"
    )
    (FOLDER / "accuracy.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nwritten to {FOLDER / 'accuracy.md'}")


if __name__ == "__main__":
    main()
