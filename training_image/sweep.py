"""A search for hyperparameters by successive halving, inside one job (Jamieson & Talwalkar 2016).

Of n trials all train to the first rung, the better half of them to the next, and so on for
h = ceil(log2 n) halvings, until one is left. Rung k = 1, 2, … ends at the share 2^(k-1-h) of each
trial's own steps, so that trials are compared at the same place of their learning-rate schedules.
n trials cost 1 + h/2 times the steps of one training at most, not n times.

Where fewer rungs are asked for, each keeps the same share of the trials: with r of them n^(-1/r),
and rung k ends at the share n^((k-1-r)/r) of the steps.

Where a job has several processes, each trial has one of them, with its GPU, and all train the best
one to its end together. They tell one another at each rung's end what their trials came to.

A trial leaves a rung as a run that SIGTERM interrupts, and goes on from its checkpoint. What it
scored at a rung changes nothing in it: the winner is the run that its hyperparameters alone give.
"""

import gc
import json
import math
import random
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from training_image.config import SIZES, TrainConfig, halvings
from training_image.data import Split
from training_image.evaluation import Scores
from training_image.job import DivergedError, Job, JobError, StopRequestedError, write_json
from training_image.parallel import ALONE, Ranks
from training_image.progress import Progress, say, warn, write_history
from training_image.schedule import Schedule
from training_image.training import Training

Row = dict[str, Any]
"""What one trial came to at one rung, as `sweep.jsonl` has it."""


Start = Callable[[Job, TrainConfig, Ranks], Training]
"""Makes a training of a config, from the newest of the job's checkpoints if there are any."""


@dataclass(frozen=True)
class Trial:
    """A combination of the values to try."""

    number: int
    values: dict[str, Any]
    config: TrainConfig
    job: Job
    total_steps: int

    def step_at(self, share: float) -> int:
        """Returns the step at which a rung ends."""
        return math.ceil(share * self.total_steps)

    @property
    def text(self) -> str:
        """Its values for a printed line, where no metric definition shall find numbers."""
        return ", ".join(f"{name}={value}" for name, value in self.values.items())


@dataclass(frozen=True)
class Rung:
    """How many trials train up to which share of their steps."""

    trials: int
    share: float


def rungs(trials: int, wanted: int | None = None) -> list[Rung]:
    """Returns the rungs of so many trials; the last has one trial, and its end is the run's."""
    most = halvings(trials)
    wanted = min(wanted or most, most)
    if wanted == most:
        return [Rung(-(-trials // 2**k), 2.0 ** (k - most)) for k in range(most + 1)]
    factor = trials ** (1 / wanted)
    return [
        Rung(math.ceil(trials / factor**k - 1e-9), factor ** (k - wanted))
        for k in range(wanted + 1)
    ]


def combinations(sweep: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """Returns all combinations of a sweep's values, or as many of them as it says, drawn."""
    values = {name: each for name, each in sweep.items() if name not in SIZES}
    count = math.prod(len(each) for each in values.values())
    numbers: Iterable[int] = range(count)
    if sweep.get("trials", count) < count:
        numbers = sorted(random.Random(seed).sample(range(count), sweep["trials"]))
    return [_combination(number, values) for number in numbers]


def _combination(number: int, values: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    chosen = {}
    for name, each in values.items():
        number, place = divmod(number, len(each))
        chosen[name] = each[place]
    return chosen


def merit(row: Row, metric: str) -> tuple[float, float, int]:
    """Sorts rows of a rung from worst to best: by the metric, the loss, then the first named."""
    if row["rung_loss"] is None:
        return -math.inf, -math.inf, -row["trial"]
    return row[f"rung_{metric}"], -row["rung_loss"], -row["trial"]


class Sweep:
    """The trials of one job, from the first or from where an interrupted attempt left them."""

    def __init__(
        self,
        job: Job,
        config: TrainConfig,
        splits: Mapping[str, Split],
        start: Start,
        ranks: Ranks = ALONE,
    ) -> None:
        assert config.sweep is not None
        self._metric, self._start, self._ranks = config.eval_metric, start, ranks
        self._output = job.output / "data" / "sweep.jsonl"
        folder = job.checkpoints / "sweep"
        # Each process writes down what its own trials come to; at a rung's end the lead has all.
        self._file = folder / ("sweep.json" if ranks.leads else f"sweep-{ranks.rank}.json")
        self._files = sorted(folder.glob("sweep*.json"))
        self._resumed = bool(max(ranks.gather(folder.exists())))
        self._spec = {
            **config.spec,
            "sweep": config.sweep,
            "train data": splits["train"].digest,
            "validation data": splits["validation"].digest,
        }
        self._rows = self._read()
        self.trials = [
            _trial(number, values, job, config, splits["train"])
            for number, values in enumerate(combinations(config.sweep, config.seed))
        ]
        self.rungs = rungs(len(self.trials), config.sweep.get("rungs"))

    def search(self) -> Training:
        """Trains all trials but one as far as they go; returns that one, yet to be finished.

        Raises:
            JobError: no trial's loss stayed a number.
            StopRequestedError: SIGTERM came; what was trained is in checkpoints.
        """
        self._announce()
        left = self.trials
        for number, rung in enumerate(self.rungs[:-1], 1):
            left = self._halved(left, number, rung)
        if self._ranks.leads:
            write_history(self._output, self._rows)
        winner = self._start(left[0].job, left[0].config, self._ranks)
        if not self._resumed:
            winner.resumed_from_step = None  # it went on from a rung, and was not interrupted
        return winner

    def table(self) -> dict[str, Any]:
        """Returns, for `metrics.json`, the last row of each trial and the winner."""
        last = {row["trial"]: row for row in self._rows}
        end = len(self.rungs) - 1
        winner = max(
            (row for row in self._rows if row["rung"] == end),
            key=lambda row: merit(row, self._metric),
        )
        return {
            "trials": [
                {**row, "dropped_at": None if row is winner else row["rung"]}
                for _, row in sorted(last.items())
            ],
            "winner": {name: winner[name] for name in ("trial", "hyperparameters")},
        }

    def _announce(self) -> None:
        """Prints what the search will cost at most, with the longest trials going on."""
        before = [0.0, *(rung.share for rung in self.rungs)]
        parts = list(zip(self.rungs, before, strict=False))
        steps = epochs = 0.0
        for rung, start in parts:
            of_rung = [each.step_at(rung.share) - each.step_at(start) for each in self.trials]
            steps += sum(sorted(of_rung)[-rung.trials :])
            passes = sorted(each.config.epochs for each in self.trials)
            epochs += (rung.share - start) * sum(passes[-rung.trials :])
        say(
            "sweep",
            trials=[each.text for each in self.trials],
            rungs=[asdict(rung) for rung in self.rungs],
            at_most_steps=int(steps),
            at_most_epochs=round(epochs, 4),
        )

    def _halved(self, trials: Sequence[Trial], number: int, rung: Rung) -> list[Trial]:
        """Trains trials to a rung's end; returns the better ones, as many as go on."""
        kept = min(len(trials), self.rungs[number].trials)
        mine = trials[self._ranks.rank :: self._ranks.world]
        failed: JobError | StopRequestedError | None = None
        try:
            self._train_all(mine, number, rung, kept)
        except (JobError, StopRequestedError) as error:
            failed = error
        self._ranks.raise_any(failed)
        self._share_rows()
        best = sorted(
            ((self._row(trial, number), trial) for trial in trials),
            key=lambda each: merit(each[0], self._metric),
            reverse=True,
        )
        if self._ranks.leads:
            for _, dropped in best[kept:]:
                shutil.rmtree(dropped.job.checkpoints, ignore_errors=True)
        if best[0][0]["rung_loss"] is None:
            raise JobError("The loss of every trial of the sweep is not a number any more.")
        goes_on = sorted(trial.number for row, trial in best[:kept] if row["rung_loss"] is not None)
        say("rung", rung=number, go_on=goes_on)
        return [trial for trial in trials if trial.number in goes_on]

    def _train_all(self, trials: Sequence[Trial], number: int, rung: Rung, kept: int) -> None:
        """Trains this process's trials of a rung, and removes what cannot go on."""
        best: list[tuple[Row, Trial]] = []
        for trial in trials:
            row = self._found(trial, number)
            row = row or self._train(trial, number, trial.step_at(rung.share))
            best.append((row, trial))
            best.sort(key=lambda each: merit(each[0], self._metric), reverse=True)
            for _, dropped in best[kept:]:  # whatever the others come to: its disk space is wanted
                shutil.rmtree(dropped.job.checkpoints, ignore_errors=True)

    def _share_rows(self) -> None:
        """Gives every process all rows; the lead writes them down, and prints the others'."""
        if self._ranks.world == 1:
            return
        known = {(row["trial"], row["rung"]) for row in self._rows}
        for rows in self._ranks.gather(list(self._rows)):
            for row in rows:
                if (row["trial"], row["rung"]) not in known:
                    known.add((row["trial"], row["rung"]))
                    self._rows.append(row)
                    say_row(row, self.trials[row["trial"]])
        self._rows.sort(key=lambda row: (row["rung"], row["trial"]))
        if self._ranks.leads:
            write_json(self._file, {"spec": self._spec, "rows": self._rows})

    def _train(self, trial: Trial, rung: int, until: int) -> Row:
        """Trains one trial to a rung's end, scores it there, and keeps its state."""
        gc.collect()  # the trial before, which may fill a GPU
        # Trained further than is known of: the list of results is older than the checkpoints.
        _remove(trial.job.checkpoints, lambda step: step > until)
        training = self._start(trial.job, trial.config, ALONE)
        try:
            training.fit(until, teller(trial.number, rung))
            scores: Scores | None = training.validate()
            training.save_last()
        except StopRequestedError:
            training.save_last()
            raise
        except DivergedError as error:
            training.recovery.checkpoints.finish()
            warn(f"Trial {trial.number} of the sweep is dropped. {error}")
            scores = None
        _remove(trial.job.checkpoints, lambda step: step < training.progress.step)
        row = row_of(trial, rung, training.progress, scores)
        self._rows.append(row)
        write_json(self._file, {"spec": self._spec, "rows": self._rows})
        say_row(row, trial)
        return row

    def _found(self, trial: Trial, number: int) -> Row | None:
        """Returns what a trial came to at a rung, if it has got there."""
        found = (row for row in self._rows if (row["trial"], row["rung"]) == (trial.number, number))
        return next(found, None)

    def _row(self, trial: Trial, number: int) -> Row:
        row = self._found(trial, number)
        assert row is not None
        return row

    def _read(self) -> list[Row]:
        """Reads the rows of an interrupted attempt, whichever process wrote them.

        Raises:
            JobError: they are of another sweep.
        """
        rows: dict[tuple[int, int], Row] = {}
        for file in self._files:
            for row in self._read_file(file):
                rows.setdefault((row["trial"], row["rung"]), row)
        return list(rows.values())

    def _read_file(self, file: Path) -> list[Row]:
        try:
            found = json.loads(file.read_bytes())
            spec, rows = found["spec"], list(found["rows"])
        except (ValueError, KeyError, TypeError):
            warn(f"checkpoints/sweep/{file.name} is damaged; its trials are trained anew.")
            return []
        differences = [name for name, value in self._spec.items() if spec.get(name) != value]
        if differences:
            raise JobError(
                f"checkpoints/sweep is of another run: {', '.join(differences)} differ. "
                "Start this one with an empty checkpoint folder."
            )
        return rows


def _trial(
    number: int, values: dict[str, Any], job: Job, config: TrainConfig, train: Split
) -> Trial:
    if "batch_tokens" in values:
        config = replace(config, batch_rows=None)  # what is tried must set the rows of a step
    config = replace(config, sweep=None, **values)
    schedule = Schedule(
        len(train),
        len(train.tokens),
        config.batch_tokens,
        config.epochs,
        config.seed,
        config.batch_rows,
    )
    return Trial(
        number, values, config, replace(job, trial=f"trial-{number:02d}"), schedule.total_steps
    )


def row_of(trial: Trial, rung: int, progress: Progress, scores: Scores | None) -> Row:
    """Returns what a trial came to; its scores are null where its loss is not a number."""
    values = asdict(scores) if scores else dict.fromkeys(("accuracy", "macro_f1", "loss"))
    return {
        "trial": trial.number,
        "hyperparameters": trial.values,
        "rung": rung,
        "steps": progress.step,
        **{f"rung_{name}": value for name, value in values.items()},
        "seconds": progress.seconds,
    }


def say_row(row: Row, trial: Trial) -> None:
    """Prints a row, under names that no metric definition knows."""
    say("trial", **{**row, "hyperparameters": trial.text})


def teller(trial: int, rung: int) -> Callable[..., None]:
    """Returns what prints a trial's lines under names of their own: curves are the winner's."""

    def tell(event: str, **values: object) -> None:
        renamed = {f"trial_{name}": value for name, value in values.items()}
        say(f"trial_{event}", trial=trial, rung=rung, **renamed)

    return tell


def _remove(checkpoints: Path, unwanted: Callable[[int], bool]) -> None:
    for path in checkpoints.glob("step-*"):
        if unwanted(int(path.name.removeprefix("step-"))):
            shutil.rmtree(path)
