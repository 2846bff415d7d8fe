"""A default run beside TF-IDF with logistic regression, a linear head, and a grid of settings.

    make bench-defaults
    make bench-defaults BENCH="--sizes 200 600 --methods default linear_head"

Every run is the training program's own, with the hyperparameters that the plan gives a data set of
that size; the weights are those of MiniLM-L6. A result is kept in .thriftline/bench-defaults and
not measured again, smallest data sets first, so that a stopped benchmark goes on where it was.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.parquet as pq
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.defaults_data import SIZES, TASKS, Row, Sample, Task, draw
from benchmarks.training_data_sets import real_model
from thriftline.runs.domain.auto_training import ChosenTraining, DataShape, NamedSettings, choose
from thriftline.runs.domain.tokens import mean_tokens
from training_image.job import StopSignal
from training_image.train import main as train

METHODS = ("tfidf", "linear_head", "finetune", "default", "before", "grid")
MAX_LENGTH, WIDTH, BINS = 256, 384, 10
GRID = [
    {"batch_rows": rows, "epochs": epochs, "learning_rate": rate}
    for rows in (8, 32)
    for epochs in (3, 10)
    for rate in (2e-5, 5e-5, 1e-4)
]
BEFORE = {
    "epochs": 3,
    "learning_rate": 5e-5,
    "batch_tokens": 4096,
    "warmup_fraction": 0.06,
    "patience": 2,
}
"""The defaults until 2026-11-29."""
Result = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One training of one data set."""

    task: Task
    rows: int
    method: str

    @property
    def key(self) -> str:
        """Names it in the file of results."""
        return f"{self.rows} | {self.task.name} | {self.method}"


def measure(wanted: Wanted, sample: Sample) -> Result:
    """Trains and tests by one method; of the grid the best on the test rows."""
    if wanted.method == "tfidf":
        return tfidf(sample)
    if wanted.method == "grid":
        found = [
            run(sample, {**plan(sample, method="finetune"), **each, "patience": 100})
            for each in GRID
        ]
        best = max(found, key=lambda each: float(each["accuracy"]))
        return {**best, "seconds": sum(each["seconds"] for each in found)}
    if wanted.method == "before":
        return run(sample, BEFORE)
    if wanted.method in {"linear_head", "finetune"}:
        return run(sample, plan(sample, method=wanted.method))
    return run(sample, plan(sample))


def plan(sample: Sample, **named: Any) -> dict[str, Any]:
    """Returns the hyperparameters of a run as Plan run chooses them where none are named."""
    characters = mean(len(text) for text, _ in sample.train)
    data = DataShape(
        len(sample.train), mean_tokens(characters, MAX_LENGTH), len(sample.labels), width=WIDTH
    )
    chosen: ChosenTraining = choose(data, NamedSettings(**named))
    return {name: value for name, value in asdict(chosen).items() if name != "steps"}


def tfidf(sample: Sample) -> Result:
    """Scikit-learn's TF-IDF and logistic regression, as they come."""
    started = time.monotonic()
    words = TfidfVectorizer()
    texts = words.fit_transform([text for text, _ in sample.train])
    model = LogisticRegression(max_iter=1000).fit(texts, [label for _, label in sample.train])
    probabilities = model.predict_proba(words.transform([text for text, _ in sample.test]))
    said = [
        (str(model.classes_[row.argmax()]), float(row.max()), label)
        for row, (_, label) in zip(probabilities, sample.test, strict=True)
    ]
    return {**figures(said), "seconds": time.monotonic() - started}


def run(sample: Sample, hyperparameters: dict[str, Any]) -> Result:
    """Runs the training program as a job in this process."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for split in ("train", "validation", "test"):
            write(base / "input" / "data" / split, getattr(sample, split))
        (base / "input" / "data" / "model").symlink_to(real_model())
        texts = {name: str(value).lower() for name, value in hyperparameters.items()}
        config = base / "input" / "config" / "hyperparameters.json"
        config.parent.mkdir()
        config.write_text(json.dumps({"base_model": "minilm", "max_length": "256", **texts}))
        output = io.StringIO()
        started = time.monotonic()
        with redirect_stdout(output), redirect_stderr(output):
            code = train({"SAGEMAKER_BASE_DIR": folder}, StopSignal())
        if code:
            raise SystemExit(output.getvalue()[-2000:])
        seconds = time.monotonic() - started
        metrics = json.loads((base / "output" / "data" / "metrics.json").read_text())
        table = pq.read_table(base / "output" / "data" / "predictions.parquet").to_pylist()
    said = [(r["candidate_label"], max(r["candidate_probabilities"]), r["label"]) for r in table]
    return {
        **figures(said),
        "seconds": seconds,
        "steps": metrics["train"]["steps"],
        "temperature": metrics["train"]["temperature"],
        "hyperparameters": texts,
    }


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Writes a channel."""
    folder.mkdir(parents=True)
    lines = (
        json.dumps({"id": str(number), "text": text, "label": label})
        for number, (text, label) in enumerate(rows)
    )
    (folder / "part-0.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def figures(said: list[tuple[str, float, str]]) -> Result:
    """Accuracy, and expected calibration error over ten bins."""
    gaps = [0.0] * BINS
    for label, confidence, truth in said:
        gaps[min(BINS - 1, int(confidence * BINS))] += confidence - (label == truth)
    return {
        "accuracy": mean(label == truth for label, _, truth in said),
        "calibration_error": sum(map(abs, gaps)) / len(said),
        "majority": Counter(truth for _, _, truth in said).most_common(1)[0][1] / len(said),
    }


def wanted_of(
    sizes: Iterable[int], methods: Iterable[str], tasks: Iterable[Task]
) -> Iterator[Wanted]:
    """Yields what to measure, the smallest data sets first, the shortest texts first."""
    tasks, methods = list(tasks), list(methods)
    for rows in sorted(sizes):
        for task in tasks:
            for method in methods:
                yield Wanted(task, rows, method)


def table(results: dict[str, Result]) -> str:
    """Returns the results as Markdown, and what they come to against the bars."""
    rows: dict[str, dict[str, Result]] = {}
    for key, result in results.items():
        size, task, method = key.split(" | ")
        rows.setdefault(f"{size} | {task}", {})[method] = result
    lines = [
        "| rows | task | majority | TF-IDF + LR | linear head | fine-tuned | default | before "
        "| best of 12 | calibration error | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in rows.items():
        default = found.get("default", {})
        cells = [found.get(m, {}).get("accuracy") for m in METHODS]
        lines.append(
            f"| {name} | {next(iter(found.values()))['majority']:.3f} | "
            + " | ".join("" if cell is None else f"{cell:.3f}" for cell in cells)
            + f" | {default.get('calibration_error', float('nan')):.3f}"
            + f" | {default.get('seconds', float('nan')):.0f} |"
        )
    return "\n".join([*lines, "", *summary(list(rows.values()))])


def summary(rows: list[dict[str, Result]]) -> Iterator[str]:
    """Says what the sets come to together."""
    for method in ("default", "linear_head", "finetune", "before"):
        both = [row for row in rows if method in row and "tfidf" in row]
        if both:
            won = sum(row[method]["accuracy"] >= row["tfidf"]["accuracy"] for row in both)
            error = mean(row[method]["calibration_error"] for row in both)
            accuracy = mean(row[method]["accuracy"] for row in both)
            yield (
                f"- {method}: at least TF-IDF's accuracy on {won} of {len(both)} sets; mean "
                f"accuracy {accuracy:.3f}; mean calibration error {error:.3f}"
            )
    grids = [row for row in rows if "grid" in row and "default" in row]
    if grids:
        gap = mean(row["grid"]["accuracy"] - row["default"]["accuracy"] for row in grids)
        yield f"- the best of 12 is {100 * gap:.1f} points above the default on {len(grids)} sets"


def main() -> None:
    """Measures what is not known yet and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--tasks", nargs="+", help="parts of the tasks' names")
    parser.add_argument("--test-rows", type=int, help="fewer test rows, for a slow machine")
    parser.add_argument("--results", default=".thriftline/bench-defaults/results.json")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    file = Path(options.results)
    file.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Result] = json.loads(file.read_text()) if file.exists() else {}
    tasks = [t for t in TASKS if not options.tasks or any(p in t.name for p in options.tasks)]
    for wanted in wanted_of(options.sizes, options.methods, tasks):
        if wanted.key in results:
            continue
        sample = draw(wanted.task, wanted.rows)
        if sample is None:
            continue
        sample = replace(sample, test=sample.test[: options.test_rows])
        same = replace(wanted, method=plan(sample)["method"])
        known = results.get(same.key) if wanted.method == "default" else None
        results[wanted.key] = known or measure(wanted, sample)
        file.write_text(json.dumps(results, indent=1))
        said = results[wanted.key]
        print(f"{wanted.key}: {said['accuracy']:.3f}, {said['seconds']:.0f} s", file=sys.stderr)
    print(table(results))


if __name__ == "__main__":
    main()
