"""Several ranks train what one trains: the same order, the same result, nothing lost on the way."""

import contextlib
import json
import random
import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
from transformers import BertConfig

from tests.training.forked import MEMORY, PATIENCE, Attempt, Forks, Stop, forks
from tests.training.tiny import TINY, TinyJob, default_splits, make_base_model, records

pytestmark = pytest.mark.training
EVERY_STEP: dict[str, Any] = {"THRIFTLINE_CHECKPOINT_SECONDS": "0"}


def free_port() -> int:
    """Returns a port below those that the kernel gives to whoever asks for any.

    One of these may be another's before the ranks meet: the lead ends, and the other waits.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Pair:
    """Two ranks, on one machine or on two."""

    servers: tuple[Forks, Forks]
    scratch: Path

    def run(
        self,
        jobs: tuple[TinyJob, TinyJob],
        stops: tuple[Stop | None, Stop | None] = (None, None),
        memory: tuple[int, int] | None = None,
        **environment: str,
    ) -> tuple[Attempt, Attempt]:
        """Runs both until they end; two folders are two machines.

        ``memory`` is the tokens that each rank's memory holds.
        """
        machines = 1 if jobs[0].base == jobs[1].base else 2
        port = str(free_port())

        def run_rank(rank: int) -> Attempt:
            place = rank if machines == 1 else 0
            scratch = self.scratch / port / str(rank * (machines - 1))
            return self.servers[rank].run(
                jobs[rank].base,
                stops[rank],
                name=f"attempt-{rank}",
                RANK=str(rank),
                WORLD_SIZE="2",
                LOCAL_RANK=str(place),
                GROUP_RANK=str(rank * (machines - 1)),
                MASTER_ADDR="127.0.0.1",
                MASTER_PORT=port,
                THRIFTLINE_SCRATCH=str(scratch),
                **({MEMORY: str(memory[rank])} if memory else {}),
                **environment,
            )

        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(run_rank, (0, 1))
        return first, second


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with forks() as first, forks() as second:
        yield Pair((first, second), tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a model without dropout, whose draws would differ between ranks."""
    config = BertConfig(
        **TINY,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.1,
        hidden_dropout_prob=0.0,
    )
    return make_base_model(tmp_path_factory.mktemp("still") / "base", config)


@pytest.fixture(scope="module")
def alone(pair: Pair, base: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyJob:
    """Returns a job that one process has trained."""
    job = TinyJob.make(tmp_path_factory.mktemp("alone"), base)
    assert pair.servers[0].run(job.base).code == 0
    return job


@pytest.fixture(scope="module")
def together(pair: Pair, base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyJob:
    """Returns a job, with dropout, that two processes have trained without interruption."""
    job = TinyJob.make(tmp_path_factory.mktemp("together"), base_model)
    assert [each.code for each in pair.run((job, job))] == [0, 0]
    return job


def probabilities(job: TinyJob) -> npt.NDArray[np.float32]:
    table = pq.read_table(job.base / "output" / "data" / "predictions.parquet")
    return np.array(table["candidate_probabilities"].to_pylist(), dtype=np.float32)


def difference(first: TinyJob, second: TinyJob) -> float:
    """Between the predictions: weights without influence, as a key's bias, drift by rounding."""
    return float(np.abs(probabilities(first) - probabilities(second)).max())


def weights(job: TinyJob) -> bytes:
    return (job.base / "model" / "model.safetensors").read_bytes()


def metrics(job: TinyJob) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job.base / "output" / "data" / "metrics.json").read_text())
    return found


@pytest.mark.parametrize("sharding", ["replicate", "shard"])
def test_two_ranks_end_where_one_does(
    sharding: str, pair: Pair, base: Path, alone: TinyJob, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base, sharding=sharding)
    first, second = pair.run((job, job))
    assert (first.code, second.code) == (0, 0), first.events
    assert second.events == []  # the lead speaks for both
    assert difference(job, alone) < 1e-3
    for name in ("samples", "tokens", "steps"):
        assert metrics(job)["train"][name] == metrics(alone)["train"][name]
    scores = [metrics(each)["test"]["candidate"] for each in (job, alone)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


@pytest.mark.parametrize("method", ["linear_head", "head_first"])
def test_two_ranks_find_the_linear_head_of_one(
    method: str, pair: Pair, base: Path, tmp_path: Path
) -> None:
    # Few, small steps: the layer of the mean has weights of 1,000, which multiply what is rounded.
    small = {"method": method, "learning_rate": "0.0001", "epochs": "1"}
    alone = TinyJob.make(tmp_path / "alone", base, None, **small)
    assert alone.run_here().code == 0
    job = TinyJob.make(tmp_path / "two", base, None, **small)

    first, second = pair.run((job, job))

    assert (first.code, second.code) == (0, 0), first.events
    assert difference(job, alone) < 1e-3


def test_a_linear_head_of_a_sharded_network_is_refused(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base, method="linear_head", sharding="shard")

    first, second = pair.run((job, job))

    assert (first.code, second.code) == (1, 1)
    assert "sharding" in (job.base / "output" / "failure").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_of_two_ranks_ends_with_the_same_weights(
    how: int, pair: Pair, base_model: Path, together: TinyJob, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    draw = random.Random(int(how))
    for _ in range(2):
        stop = Stop("update", draw.randint(3, 9), how)
        stopped = pair.run((job, job), (stop, stop), **EVERY_STEP)
        expected = 143 if how == signal.SIGTERM else -signal.SIGKILL
        assert [each.code for each in stopped] == [expected, expected]
    last = pair.run((job, job))[0]
    assert last.code == 0, last.events
    assert last.resumed_from
    assert weights(job) == weights(together)


def test_a_sharded_run_that_was_interrupted_ends_with_the_same_weights(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    whole = TinyJob.make(tmp_path / "whole", base, sharding="shard", epochs="2")
    assert pair.run((whole, whole))[0].code == 0
    job = TinyJob.make(tmp_path / "cut", base, sharding="shard", epochs="2")
    stop = Stop("update", 13, signal.SIGTERM)
    assert [each.code for each in pair.run((job, job), (stop, stop))] == [143, 143]
    last = pair.run((job, job))[0]
    assert last.code == 0, last.events
    assert last.resumed_from
    assert weights(job) == weights(whole)


def test_a_run_of_two_ranks_goes_on_with_one(
    pair: Pair, base: Path, alone: TinyJob, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base)
    stop = Stop("update", 9, signal.SIGTERM)
    assert [each.code for each in pair.run((job, job), (stop, stop))] == [143, 143]
    assert pair.servers[0].run(job.base).code == 0
    assert difference(job, alone) < 1e-3


def test_a_stop_that_one_rank_hears_stops_both_at_the_same_step(
    pair: Pair, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    stopped = pair.run((job, job), (None, Stop("update", 5, signal.SIGTERM)))
    assert [each.code for each in stopped] == [143, 143]
    assert stopped[0].step == stopped[1].step


@pytest.mark.parametrize("stop", [None, Stop("update", 9, signal.SIGTERM)])
def test_the_network_is_gone_before_the_connections_that_it_uses(
    stop: Stop | None, pair: Pair, base: Path, tmp_path: Path
) -> None:
    """The other way round torch waited for ever, though rarely."""
    job = TinyJob.make(tmp_path, base, epochs="1")

    first, _ = pair.run((job, job), (stop, stop))

    assert first.code == (143 if stop else 0)
    assert [each["networks"] for each in first.events if each["event"] == "leave"] == [0]


def test_an_attempt_that_hangs_says_where(pair: Pair, base: Path, tmp_path: Path) -> None:
    """The other rank never comes."""
    job = TinyJob.make(tmp_path, base)
    alone: dict[str, Any] = {
        **{"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "GROUP_RANK": "0"},
        **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), PATIENCE: "5"},
    }

    with pytest.raises(AssertionError, match=r"attempt hung:(?s:.)+parallel.py"):
        pair.servers[0].run(job.base, **alone)


def test_machines_with_rows_of_their_own_train_all_of_them(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    """The labels of each machine are half of all."""
    jobs = []
    for rank, label in enumerate(("negative", "positive")):
        splits = {**default_splits(), "train": records(80, rank + 1, (label,))}
        jobs.append(TinyJob.make(tmp_path / label, base, splits))
    first, second = pair.run((jobs[0], jobs[1]))
    assert (first.code, second.code) == (0, 0), first.events
    found = metrics(jobs[0])
    assert found["labels"] == ["negative", "positive"]
    assert found["train"]["samples"] == 4 * 160
    assert found["test"]["candidate"]["accuracy"] > 0.9
    assert not (jobs[1].base / "model").exists()


def test_machines_that_differ_in_what_all_must_know_are_refused(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    splits = default_splits()
    other = {**splits, "validation": records(40, 99)}
    jobs = (TinyJob.make(tmp_path / "a", base, splits), TinyJob.make(tmp_path / "b", base, other))
    assert [each.code for each in pair.run(jobs)] == [1, 1]
    for job in jobs:
        failure = (job.base / "output" / "failure").read_text()
        assert failure.startswith("The channel validation differs between the instances")


def test_what_fails_on_one_machine_ends_both_with_its_sentence(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    jobs = (TinyJob.make(tmp_path / "a", base), TinyJob.make(tmp_path / "b", base))
    (jobs[1].base / "input" / "data" / "train" / "part-00001.jsonl").write_text("{}\n")
    assert [each.code for each in pair.run(jobs)] == [1, 1]
    failures = [(job.base / "output" / "failure").read_text() for job in jobs]
    assert failures[0] == failures[1]
    assert "part-00001.jsonl line 1" in failures[0]


def test_torchrun_is_started_stopped_and_started_again(
    base_model: Path, together: TinyJob, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    two = {"THRIFTLINE_PROCESSES": "2"}
    stopped = job.run_until(lambda line: line["event"] == "step", signal.SIGTERM, **two)
    assert stopped.code == 143, stopped.stderr
    assert stopped.of("interrupted")
    result = job.run(**two)
    assert result.code == 0, result.stderr
    assert result.of("start")[0]["processes"] == 2
    assert result.weights == weights(together)


def test_two_instances_meet_and_train_together(base: Path, alone: TinyJob, tmp_path: Path) -> None:
    hosts = ["127.0.0.1", "localhost"]
    port = {"THRIFTLINE_PORT": str(free_port())}
    jobs = []
    for host in hosts:
        job = TinyJob.make(tmp_path / host, base)
        path = job.base / "input" / "config" / "resourceconfig.json"
        path.write_text(json.dumps({"current_host": host, "hosts": hosts}))
        jobs.append(job)
    processes = [job.start(**port) for job in jobs]
    results = [job.end(process) for job, process in zip(jobs, processes, strict=True)]
    assert [each.code for each in results] == [0, 0], results[0].stderr
    assert difference(jobs[0], alone) < 1e-3
    shutil.rmtree(tmp_path)


def warnings(attempt: Attempt) -> list[str]:
    return [each["message"] for each in attempt.events if each["event"] == "warning"]


@pytest.mark.parametrize("machines", [1, 2])
def test_all_ranks_shrink_their_passes_when_one_of_them_runs_out_of_memory(
    machines: int, pair: Pair, base: Path, alone: TinyJob, tmp_path: Path
) -> None:
    jobs = [TinyJob.make(tmp_path / str(n), base) for n in range(machines)]
    both = (jobs[0], jobs[-1])

    first, second = pair.run(both, memory=(10_000, 40))

    assert (first.code, second.code) == (0, 0), first.events
    assert warnings(first)
    assert all("cannot hold a pass" in each for each in warnings(first))
    # More forward passes than updates on both, although only one has the small memory.
    assert all(each.forwards[-1] > len(each.forwards) for each in (first, second))
    assert difference(jobs[0], alone) < 1e-3
    for name in ("samples", "tokens", "steps"):
        assert metrics(jobs[0])["train"][name] == metrics(alone)["train"][name]


def test_a_row_that_no_pass_can_hold_ends_the_job_on_all_ranks_with_the_sentence(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base)

    attempts = pair.run((job, job), memory=(10_000, 3))

    assert [each.code for each in attempts] == [1, 1]
    assert "memory cannot hold one row of" in (job.base / "output" / "failure").read_text()


def test_a_gpu_that_runs_out_while_the_others_need_it_ends_the_job_on_all_with_the_sentence(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    """The weights are spread over both, so that every pass is an exchange."""
    job = TinyJob.make(tmp_path, base, sharding="shard")

    attempts = pair.run((job, job), memory=(10_000, 40))

    assert [each.code for each in attempts] == [1, 1]
    assert (job.base / "output" / "failure").read_text() == (
        "The GPU ran out of memory; a shorter max_length needs less."
    )


def test_care_without_need_changes_nothing(
    pair: Pair, base_model: Path, together: TinyJob, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)

    attempts = pair.run((job, job), memory=(10_000, 10_000))

    assert [each.code for each in attempts] == [0, 0]
    assert weights(job) == weights(together)


SWEEP: dict[str, Any] = {
    "sweep": json.dumps({"learning_rate": [1e-7, 2e-7, 0.01, 3e-7]}),
    "batch_tokens": "96",
    "warmup_fraction": "0",
}


def sweep_table(job: TinyJob) -> dict[str, Any]:
    table: dict[str, Any] = metrics(job)["sweep"]
    return {
        **table,
        "trials": [{**row, "seconds": 0, "rung_loss": 0} for row in table["trials"]],
    }


def test_a_sweep_gives_each_trial_one_rank_and_all_train_the_best(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    one = TinyJob.make(tmp_path / "one", base, **SWEEP)
    assert pair.servers[0].run(one.base).code == 0
    two = TinyJob.make(tmp_path / "two", base, **SWEEP)

    first, second = pair.run((two, two))

    assert (first.code, second.code) == (0, 0), first.events
    assert sweep_table(two) == sweep_table(one)
    assert metrics(two)["sweep"]["winner"]["trial"] == 2
    assert difference(two, one) < 1e-3
    # Each has trained its trials: neither has made all the updates.
    alone_updates = sum(row["steps"] for row in metrics(one)["sweep"]["trials"])
    assert all(0 < len(each.forwards) < alone_updates for each in (first, second))
    told = {(line["trial"], line["rung"]) for line in first.events if line["event"] == "trial"}
    assert len(told) == 4 + 2


def test_an_interrupted_sweep_of_two_ranks_goes_on_to_the_same_winner(
    pair: Pair, base: Path, tmp_path: Path
) -> None:
    whole = TinyJob.make(tmp_path / "whole", base, **SWEEP)
    assert pair.run((whole, whole))[0].code == 0
    job = TinyJob.make(tmp_path / "cut", base, **SWEEP)
    stop = Stop("update", 11, signal.SIGTERM)
    assert [each.code for each in pair.run((job, job), (stop, stop))] == [143, 143]

    last = pair.run((job, job))[0]

    assert last.code == 0, last.events
    assert sweep_table(job) == sweep_table(whole)
    assert weights(job) == weights(whole)
