"""`serve` with an exported model beside a plain transformers pipeline behind the same server.

    make bench-cpu-serving                                    # two models, two kinds of text
    make bench-cpu-serving BENCH="--models minilm --rounds 1" # while tuning

The models are trained by the image's own program, with `export` set to `int8`: MiniLM-L6 (real
weights) on sentences of Rotten Tomatoes and whole reviews of IMDB, and a BERT of the base size,
whose random weights are for the time that its products take and for nothing else. All servers have
the same number of threads and the same allocator, and are loaded in turns by a process of its own.
The table is of all rounds together. Whether the labels are the same was judged by the job on its
test records (0.5 % may differ), and is counted here again.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoTokenizer, BertConfig, BertModel

from benchmarks.allocator import restart_with_allocator
from benchmarks.serving import ROOT, WORKLOADS, Server, running
from benchmarks.training_data_sets import real_model, reviews

FOLDER = ROOT / ".thriftline" / "bench" / "cpu-serving"
MODELS = ("minilm", "base")
SPLITS = {
    "minilm": {"train": (2000, 300), "validation": (300, 50), "test": (1500, 200)},
    "base": {"train": (150, 0), "validation": (30, 0), "test": (300, 20)},
}
"""Sentences and reviews of each split."""
LIKE, RIVALS = "pipeline, a queue", ("pipeline, a queue", "pipeline, a thread a request")
EXPORTED = "serve, exported"
REQUESTS = {"rotten_tomatoes": 1.0, "imdb": 0.5}
BARS = {"rotten_tomatoes": 3.0, "imdb": 2.0}


def texts_of(source: str) -> list[tuple[str, str]]:
    """Texts and labels of a source, in an order that is always the same."""
    found = [(text, str(label)) for text, label in reviews(source)]
    return [found[i] for i in np.random.default_rng(7).permutation(len(found))]


def trained(model: str) -> Path:
    """Returns the folder of a job that has trained a model and exported it; runs it once."""
    base = FOLDER / model
    if (base / "output" / "data" / "metrics.json").is_file():
        return base
    shutil.rmtree(base, ignore_errors=True)
    sources = [iter(texts_of("rotten_tomatoes")), iter(texts_of("imdb"))]
    for name, counts in SPLITS[model].items():
        rows = [
            row
            for source, count in zip(sources, counts, strict=True)
            for row in itertools.islice(source, count)
        ]
        folder = base / "input" / "data" / name
        folder.mkdir(parents=True)
        lines = (
            json.dumps({"id": f"{name}:{number}", "text": text, "label": label}) + "\n"
            for number, (text, label) in enumerate(rows)
        )
        (folder / "part.jsonl").write_text("".join(lines))
    encoder = base / "input" / "data" / "model"
    if model == "minilm":
        shutil.copytree(real_model(), encoder)
    else:
        AutoTokenizer.from_pretrained(real_model(), model_max_length=512).save_pretrained(encoder)
        BertModel(BertConfig()).save_pretrained(encoder)
    config = base / "input" / "config"
    config.mkdir()
    told = {"base_model": model, "epochs": "2", "max_length": "512", "export": "int8"}
    (config / "hyperparameters.json").write_text(json.dumps(told))
    subprocess.run(
        [sys.executable, str(ROOT / "training_image" / "train")],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return base


def labels_of(server: Server, texts: list[str]) -> list[str]:
    """What a server says of texts."""
    return [str(server.answer(text)["label"]) for text in texts]


def table(servers: list[Server], source: str) -> tuple[str, float]:
    """The figures as a table for docs/benchmarks.md, and how much faster the exported form is.

    The rival is the faster of the two pipelines.
    """
    rates = {each.title: len(each.latencies) / each.seconds for each in servers}
    lines = [
        "| texts | server | requests/s | p50 ms | p99 ms | processor ms a request | exported is "
        "faster by | in processor time by |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    costs = {each.title: 1000 * each.processor_seconds / len(each.latencies) for each in servers}
    for server in servers:
        p50, p99 = np.percentile(server.latencies, [50, 99])
        title = server.title
        lines.append(
            f"| {WORKLOADS[source]} | {title} | {rates[title]:,.1f} | {1000 * p50:,.0f} | "
            f"{1000 * p99:,.0f} | {costs[title]:,.1f} | {rates[EXPORTED] / rates[title]:,.2f} | "
            f"{costs[title] / costs[EXPORTED]:,.2f} |"
        )
    return "\n".join(lines), rates[EXPORTED] / max(rates[title] for title in RIVALS)


@contextlib.contextmanager
def started(base: Path, threads: int) -> Iterator[list[Server]]:
    """Starts the servers of a trained model."""
    launcher = str(ROOT / "training_image" / "serve")
    rival = str(ROOT / "benchmarks" / "serving_pipeline.py")
    model = str(base / "model")
    with contextlib.ExitStack() as stack:

        def start(title: str, *command: str, **environment: str) -> Server:
            run = running(title, list(command), threads, **environment)
            return stack.enter_context(run)

        yield [
            start(
                EXPORTED, launcher, SAGEMAKER_BASE_DIR=str(base), THRIFTLINE_ENGINE="onnxruntime"
            ),
            start(
                "serve, plain", launcher, SAGEMAKER_BASE_DIR=str(base), THRIFTLINE_ENGINE="torch"
            ),
            start(RIVALS[0], rival, model, "PORT", "queue"),
            start(RIVALS[1], rival, model, "PORT", "threads"),
        ]


def measure(servers: list[Server], source: str, arguments: argparse.Namespace) -> bool:
    """Prints the table of one kind of text; returns whether the bars are met."""
    # Those that no split has: the splits begin at the other end.
    texts = itertools.cycle([text for text, _ in reversed(texts_of(source)[3800:])])
    requests = max(arguments.clients, int(arguments.requests * REQUESTS[source]))
    place = FOLDER / "texts.json"
    compared = list(itertools.islice(texts, requests))
    said = {each.title: labels_of(each, compared) for each in servers}
    place.write_text(json.dumps(list(itertools.islice(texts, 2 * arguments.clients))))
    for server in servers:
        server.measure(place, arguments.clients)
        server.clear()
    for _ in range(arguments.rounds):
        place.write_text(json.dumps(list(itertools.islice(texts, requests))))
        for server in servers:
            server.measure(place, arguments.clients)
    shown, ratio = table(servers, source)
    different = sum(a != b for a, b in zip(said[EXPORTED], said[LIKE], strict=True))
    print(f"{arguments.rounds * requests:,} requests each, {arguments.clients} clients:\n\n{shown}")
    print(
        f"\n{ratio:.2f} times the faster pipeline (bar: {BARS[source]:g}); {different} of "
        f"{requests:,} labels differ\n",
        flush=True,
    )
    return ratio >= BARS[source]


def main() -> None:
    """Parses the command line; exit code 1 where a bar is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=640, help="of each round and server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of each server")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--texts", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS))
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    allocator = restart_with_allocator(FOLDER / "allocator")
    met: dict[str, Any] = {}
    for model in arguments.models:
        base = trained(model)
        export = json.loads((base / "output" / "data" / "metrics.json").read_text())["export"]
        print(f"{model}: {export['reason']} {arguments.threads} threads, {allocator}\n", flush=True)
        if not export["kept"]:
            raise SystemExit(f"{model}: the export was not kept")
        with started(base, arguments.threads) as servers:
            for source in arguments.texts:
                met[f"{model}, {source}"] = measure(servers, source, arguments)
    if not all(met.values()):
        raise SystemExit(f"missed: {', '.join(name for name, good in met.items() if not good)}")


if __name__ == "__main__":
    main()
