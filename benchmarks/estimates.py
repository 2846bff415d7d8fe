"""Estimates against what real trainings took, on the embedded AWS and this machine's processors.

Twenty data sets of different size go through the whole workflow, one after the other, on a type
without a GPU: nothing is known of its speed but what finished runs say. Every second run calibrates
the estimate, the others are held back; the two sorts take turns, so that a neighbour that comes or
goes disturbs both. The bars: half of the held back runs are within 15 % of the likely time, and
nine of ten inside the range.

    PYTHONPATH=functions:. .venv/bin/python benchmarks/estimates.py
    ... --records .thriftline/bench-estimate/runs.json    # judges a former run's records again
"""

import argparse
import json
import os
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from laptop import sample_data, stack
from laptop.demo_error import DemoError
from laptop.follow import Follower, execution_of
from local_aws.options import ROOT, Options
from local_aws.server import EmbeddedAws
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.trainers.sagemaker.estimate import Job, estimate
from thriftline.runs.trainers.sagemaker.lessons import Lesson, lessons
from thriftline.runs.trainers.sagemaker.priced_instances import priced

PROJECT = "bench"
INSTANCE_TYPE = "ml.m5.xlarge"
RECORDS = ROOT / ".thriftline/bench-estimate/runs.json"
MOST_ERROR, LEAST_INSIDE = 0.15, 0.90
_VALIDATION_ROWS, _TEST_ROWS = 30, 60
_ROWS = (60, 100, 150, 220, 320, 460)
_EPOCHS = (1, 2, 3)
_TIME_SCALE = 20.0
_LIMIT_SECONDS = 10_000_000


@dataclass(frozen=True)
class Size:
    """How much one run trains."""

    rows: int
    epochs: int

    @property
    def run_yaml(self) -> str:
        """Its settings; on demand, so that all of its seconds are billed.

        The method is named, since a linear head, the default for so few rows, knows no epochs.
        """
        return (
            f"hyperparameters:\n  method: finetune\n  epochs: {self.epochs}\n"
            "  batch_tokens: 448\n  max_length: 64\n"
            f"training:\n  instance_type: {INSTANCE_TYPE}\n  spot: false\n"
            "budget:\n  max_usd: 1.00\n"
        )


def sizes(count: int, seed: int) -> list[Size]:
    """Returns different sizes in a random order."""
    every = [Size(rows, epochs) for rows in _ROWS for epochs in _EPOCHS]
    chooser = random.Random(seed)
    return chooser.sample(every * (1 + count // len(every)), count)


def train(count: int, seed: int) -> tuple[FinishedRun, ...]:
    """Sends the data sets through the workflow; keeps what is known after each."""
    with EmbeddedAws(stack.with_own_stack(Options(time_scale=_TIME_SCALE))) as aws:
        stack.upload_base_model(aws)
        held_out = sample_data.held_out_rows(_VALIDATION_ROWS + _TEST_ROWS)
        _put(aws, "validation.csv", sample_data.as_csv(held_out[:_VALIDATION_ROWS]))
        _put(aws, "test.csv", sample_data.as_csv(held_out[_VALIDATION_ROWS:]))
        table = FinishedRuns(aws.client("dynamodb"), aws.outputs["RunsTableName"])
        for number, size in enumerate(sizes(count, seed), start=1):
            # Another file each time: the same one again would be no new data set.
            rows = sample_data.train_rows(size.rows + 2 * number)
            _put(aws, "train.csv", sample_data.as_csv(rows))
            _run(aws, _put(aws, "run.yaml", f"seed: {number}\n{size.run_yaml}".encode()))
            found = table.of(PROJECT)
            _keep(found)
            took = found[-1].seconds if found else None
            _say(f"{number}/{count}: {len(rows)} rows, {size.epochs} epochs: {took} s")
        return table.of(PROJECT)


def _put(aws: EmbeddedAws, name: str, body: bytes) -> str:
    put = aws.client("s3").put_object(
        Bucket=aws.outputs["DataBucketName"], Key=f"datasets/{PROJECT}/{name}", Body=body
    )
    return str(put["VersionId"])


def _run(aws: EmbeddedAws, version_id: str) -> None:
    arn = execution_of(aws, aws.outputs["TrainingStateMachineArn"], version_id)
    snapshots = list(Follower(aws, arn).snapshots())
    if not snapshots or snapshots[-1].status != "SUCCEEDED":
        raise DemoError(f"a run ended as {snapshots[-1].status if snapshots else 'none'}")


def _keep(finished: Sequence[FinishedRun]) -> None:
    RECORDS.parent.mkdir(parents=True, exist_ok=True)
    RECORDS.write_text(json.dumps([asdict(one) for one in finished], indent=1), encoding="utf-8")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Judged:
    """A run that was held back, and what was expected of it."""

    seconds: float
    expected: Expectation

    @property
    def error(self) -> float:
        """By how much the likely time was off, as a share of the true one."""
        return abs((self.expected.seconds or 0) - self.seconds) / self.seconds

    @property
    def is_inside(self) -> bool:
        """Whether the true time is in the range."""
        low, high = self.expected.low, self.expected.high
        return bool(low and high and low.seconds <= self.seconds <= high.seconds)


def judge(record: Sequence[Lesson]) -> Iterator[Judged]:
    """Estimates every second run by the others."""
    known, held_back = record[::2], record[1::2]
    for one in held_back:
        instances = priced(
            price_catalogue(),
            "us-east-1",
            instance_type=one.instance_type,
            instance_count=one.instance_count,
            volume_gib=30,
        )
        job = Job(one.workload, one.encoder, "MiniLM-L6", lessons=known)
        yield Judged(one.seconds, estimate(instances, job, max_runtime_seconds=_LIMIT_SECONDS))


def table(judged: Sequence[Judged], record: Sequence[Lesson]) -> str:
    """Returns the runs that were held back as a table, and whether the bars are reached."""
    lines = ["| rows | epochs | took s | low | likely | high | error |", "|" + " ---: |" * 7]
    for one, lesson in zip(judged, record[1::2], strict=True):
        low, high = one.expected.low, one.expected.high
        assert low is not None
        assert high is not None
        work = lesson.workload
        lines.append(
            f"| {work.train_rows} | {work.epochs} | {one.seconds:.0f} | {low.seconds} | "
            f"{one.expected.seconds} | {high.seconds} | {one.error:.0%} |"
        )
    error = statistics.median(one.error for one in judged)
    inside = sum(one.is_inside for one in judged) / len(judged)
    load = " ".join(f"{value:.0f}" for value in os.getloadavg())
    return "\n".join(
        [
            *lines,
            "",
            f"median error {error:.1%} (bar {MOST_ERROR:.0%}), inside the range {inside:.0%} "
            f"(bar {LEAST_INSIDE:.0%}), {len(judged)} runs held back, load now {load}",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when both bars are reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=Path, help="judge these records and train nothing")
    given = parser.parse_args(arguments)
    finished = _read(given.records) if given.records else train(given.runs, given.seed)
    record = lessons(finished, "sagemaker")
    judged = list(judge(record))
    sys.stdout.write(f"{table(judged, record)}\n")
    error = statistics.median(one.error for one in judged)
    inside = sum(one.is_inside for one in judged) / len(judged)
    return 0 if error <= MOST_ERROR and inside >= LEAST_INSIDE else 1


def _read(path: Path) -> list[FinishedRun]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [FinishedRun(**one) for one in found]


if __name__ == "__main__":
    sys.exit(main())
