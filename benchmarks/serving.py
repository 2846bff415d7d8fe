"""`serve` beside a plain transformers pipeline behind the same server, with 32 clients.

    make bench-serving                                   # two kinds of text, three rounds
    make bench-serving BENCH="--requests 200 --rounds 1" # while tuning

Both serve MiniLM-L6 (real weights, a head of random ones) on the same number of threads, under the
same allocator, and are loaded in turns by a process of its own with real reviews: sentences of
Rotten Tomatoes, and IMDB's whole reviews. Before that their answers are compared. The table is of
all rounds together; processor time is the server's, and a busy machine disturbs it least.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.allocator import restart_with_allocator
from benchmarks.serving_clients import post
from benchmarks.training_data_sets import real_model, reviews

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".thriftline" / "bench" / "serving"
WORKLOADS = {"rotten_tomatoes": "sentences (Rotten Tomatoes)", "imdb": "reviews (IMDB)"}
OURS = "serve"


@dataclass
class Server:
    """A running server, and what was measured of it."""

    title: str
    port: int
    process: "subprocess.Popen[bytes]"
    seconds: float = 0.0
    processor_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def processor_time(self) -> float:
        """Seconds of processor that the process has used until now."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def measure(self, texts: Path, clients: int) -> None:
        """Loads it with texts, and adds what that took."""
        before = self.processor_time()
        command = [sys.executable, "-m", "benchmarks.serving_clients"]
        done = subprocess.run(
            [*command, str(self.port), str(clients), str(texts)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        found = json.loads(done.stdout)
        self.processor_seconds += self.processor_time() - before
        self.seconds += found["seconds"]
        self.latencies += found["latencies"]

    def answer(self, text: str) -> Any:
        """Returns what it says of a text."""

        async def ask() -> Any:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                return await post(reader, writer, text)
            finally:
                writer.close()

        return asyncio.run(ask())

    def clear(self) -> None:
        """Forgets what was measured."""
        self.seconds = self.processor_seconds = 0.0
        self.latencies = []


def write_model(base: Path) -> None:
    """Writes the model folder of a training job: MiniLM with a head for two labels."""
    if (base / "model" / "model.safetensors").is_file():
        return
    torch.manual_seed(0)
    names = {0: "negative", 1: "positive"}
    network = AutoModelForSequenceClassification.from_pretrained(real_model(), id2label=names)
    tokenizer = AutoTokenizer.from_pretrained(real_model(), model_max_length=512)
    tokenizer.save_pretrained(base / "model")
    network.save_pretrained(base / "model")


@contextlib.contextmanager
def running(title: str, command: list[str], threads: int, **environment: str) -> Iterator[Server]:
    """Starts a server at a free port, and waits until it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *(part.replace("PORT", str(port)) for part in command)],
        env={
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "true",
            "SAGEMAKER_BIND_TO_PORT": str(port),
            **environment,
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        while not ready(port):
            if process.poll() is not None:
                raise SystemExit(f"{title} did not start")
            time.sleep(0.2)
        yield Server(title, port, process)
    finally:
        process.terminate()
        process.wait()


def ready(port: int) -> bool:
    """Whether a server answers /ping with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def check_answers(servers: list[Server], texts: list[str]) -> None:
    """Ends the benchmark if two servers say different things."""
    for text in texts:
        expected, *others = (server.answer(text) for server in servers)
        for said in others:
            if said["label"] != expected["label"] or abs(said["score"] - expected["score"]) > 1e-5:
                raise SystemExit(f"{expected} and {said} are said of: {text[:200]}")


def table(servers: list[Server]) -> str:
    """The figures as a table for docs/benchmarks.md."""
    ours = next(server for server in servers if server.title == OURS)
    lines = [
        "| server | requests/s | p50 ms | p99 ms | processor ms a request | requests/s of serve | "
        "p99 of serve |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rate = len(ours.latencies) / ours.seconds
    p99 = np.percentile(ours.latencies, 99)
    for server in servers:
        its_rate = len(server.latencies) / server.seconds
        p50, its_p99 = np.percentile(server.latencies, [50, 99])
        processor = 1000 * server.processor_seconds / len(server.latencies)
        lines.append(
            f"| {server.title} | {its_rate:,.1f} | {1000 * p50:,.0f} | {1000 * its_p99:,.0f} | "
            f"{processor:,.1f} | {rate / its_rate:,.2f} x | {p99 / its_p99:,.2f} x |"
        )
    return "\n".join(lines)


def compare(arguments: argparse.Namespace, allocator: str) -> None:
    """Measures the servers in turns, one kind of text after another."""
    write_model(FOLDER)
    rival = str(ROOT / "benchmarks" / "serving_pipeline.py")
    model = str(FOLDER / "model")
    with contextlib.ExitStack() as stack:

        def start(title: str, *command: str, **environment: str) -> Server:
            run = running(title, list(command), arguments.threads, **environment)
            return stack.enter_context(run)

        launcher = str(ROOT / "training_image" / "serve")
        servers = [
            start(OURS, launcher, SAGEMAKER_BASE_DIR=str(FOLDER)),
            start("pipeline, a queue", rival, model, "PORT", "queue"),
            start("pipeline, a thread a request", rival, model, "PORT", "threads"),
        ]
        print(f"{arguments.threads} threads, {arguments.clients} clients, {allocator}\n")
        for source in arguments.texts:
            measure_texts(servers, source, arguments)


def measure_texts(servers: list[Server], source: str, arguments: argparse.Namespace) -> None:
    """Prints the table of one kind of text."""
    found = [text for text, _ in reviews(source)]
    order = np.random.default_rng(7).permutation(len(found))
    texts = itertools.cycle([found[i] for i in order])
    check_answers(servers, list(itertools.islice(texts, 8)))
    place = FOLDER / "texts.json"
    place.write_text(json.dumps(list(itertools.islice(texts, 2 * arguments.clients))))
    for server in servers:
        server.measure(place, arguments.clients)
        server.clear()
    for _ in range(arguments.rounds):
        place.write_text(json.dumps(list(itertools.islice(texts, arguments.requests))))
        for server in servers:
            server.measure(place, arguments.clients)
    print(f"{WORKLOADS[source]}, {arguments.rounds * arguments.requests:,} requests each:\n")
    print(table(servers) + "\n", flush=True)


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=640, help="of each round and server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of each server")
    parser.add_argument("--texts", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS))
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    compare(arguments, restart_with_allocator(FOLDER / "allocator"))


if __name__ == "__main__":
    main()
