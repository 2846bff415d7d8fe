"""The ways of training that the defaults' benchmark compares, each with its scores and its price.

Our own run as the training program's jobs, with the hyperparameters that the plan gives a data set
of that size; the weights of every one are those of MiniLM-L6. A price is processor seconds, which a
neighbour on the machine does not change, of the training alone and of all together.
"""

import io
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.parquet as pq
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.defaults_data import Row, Sample
from benchmarks.defaults_results import Result
from benchmarks.training_data_sets import real_model
from thriftline.runs.domain.auto_training import ChosenTraining, DataShape, NamedSettings, choose
from thriftline.runs.domain.tokens import mean_tokens
from training_image.job import StopSignal
from training_image.train import main as train

WIDTH, BINS = 384, 10
GRID = {
    f"grid {rows} rows, {epochs} epochs, {rate:g}": {
        "batch_rows": rows,
        "epochs": epochs,
        "learning_rate": rate,
        "patience": 100,
    }
    for rows in (8, 32)
    for epochs in (3, 10)
    for rate in (2e-5, 5e-5, 1e-4)
}
BEFORE = {
    "epochs": 3,
    "learning_rate": 5e-5,
    "batch_tokens": 4096,
    "warmup_fraction": 0.06,
    "patience": 2,
}
"""The defaults until 2026-11-29."""
OURS = ("linear_head", "finetune")
# Pairs of each kind for each row, and rows a step: what Tunstall et al. 2022 have.
SETFIT_PAIRS, SETFIT_ROWS = 20, 16


def measure(method: str, sample: Sample, seed: int, max_length: int) -> Result:
    """Trains and tests by one method."""
    started = time.process_time()
    if method == "tfidf":
        result = tfidf(sample)
    elif method.startswith("setfit"):
        result = setfit(sample, int(method.partition(" ")[2] or SETFIT_PAIRS), seed, max_length)
    else:
        result = run(sample, settings(method, sample, max_length), seed, max_length)
    return {**result, "processor_seconds": time.process_time() - started}


def settings(method: str, sample: Sample, max_length: int) -> dict[str, Any]:
    """Returns the hyperparameters of one of our methods."""
    if method == "before":
        return BEFORE
    if method in GRID:
        return {**plan(sample, max_length, method="finetune"), **GRID[method]}
    return plan(sample, max_length, **({"method": method} if method in OURS else {}))


def plan(sample: Sample, max_length: int, **named: Any) -> dict[str, Any]:
    """Returns the hyperparameters of a run as Plan run chooses them where none are named."""
    tokens = mean_tokens(mean(len(text) for text, _ in sample.train), max_length)
    data = DataShape(len(sample.train), tokens, len(sample.labels), width=WIDTH)
    chosen: ChosenTraining = choose(data, NamedSettings(**named))
    return {name: value for name, value in asdict(chosen).items() if name != "steps"}


def tfidf(sample: Sample) -> Result:
    """Scikit-learn's TF-IDF and logistic regression, as they come."""
    words = TfidfVectorizer()
    texts = words.fit_transform([text for text, _ in sample.train])
    model = LogisticRegression(max_iter=1000).fit(texts, [label for _, label in sample.train])
    probabilities = model.predict_proba(words.transform([text for text, _ in sample.test]))
    return _figures_of(probabilities, model.classes_, sample)


def setfit(sample: Sample, pairs: int, seed: int, max_length: int) -> Result:
    """SetFit: the encoder learns which texts have the same label, then a logistic regression."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    model = SetFitModel.from_pretrained(str(real_model()), local_files_only=True)
    model.model_body.max_seq_length = max_length
    texts, labels = zip(*sample.train, strict=True)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=SETFIT_ROWS,
            num_epochs=1,
            num_iterations=pairs,
            seed=seed,
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        )
        rows = Dataset.from_dict({"text": list(texts), "label": list(labels)})
        trainer = Trainer(model=model, args=arguments, train_dataset=rows)
        started = time.process_time()
        with redirect_stdout(io.StringIO()):
            trainer.train()
        seconds = time.process_time() - started
    probabilities = model.predict_proba([text for text, _ in sample.test], as_numpy=True)
    return {
        **_figures_of(probabilities, model.model_head.classes_, sample),
        "training_processor_seconds": seconds,
    }


def run(sample: Sample, hyperparameters: dict[str, Any], seed: int, max_length: int) -> Result:
    """Runs the training program as a job in this process."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for split in ("train", "validation", "test"):
            _write(base / "input" / "data" / split, getattr(sample, split))
        (base / "input" / "data" / "model").symlink_to(real_model())
        texts = {name: str(value).lower() for name, value in hyperparameters.items()}
        fixed = {"base_model": "minilm", "max_length": str(max_length), "seed": str(42 + seed)}
        config = base / "input" / "config" / "hyperparameters.json"
        config.parent.mkdir()
        config.write_text(json.dumps({**fixed, **texts}))
        output = TimedOutput()
        with redirect_stdout(output), redirect_stderr(output):
            code = train({"SAGEMAKER_BASE_DIR": folder}, StopSignal())
        if code:
            raise SystemExit(output.getvalue()[-2000:])
        metrics = json.loads((base / "output" / "data" / "metrics.json").read_text())
        table = pq.read_table(base / "output" / "data" / "predictions.parquet").to_pylist()
    said = [(r["candidate_label"], max(r["candidate_probabilities"]), r["label"]) for r in table]
    return {
        **figures(said),
        "training_processor_seconds": output.training_seconds(),
        "steps": metrics["train"]["steps"],
        "temperature": metrics["train"]["temperature"],
        "hyperparameters": texts,
    }


class TimedOutput(io.StringIO):
    """What the training program prints, and the processor's time at each event."""

    def __init__(self) -> None:
        super().__init__()
        self._times: list[tuple[str, float]] = []

    def write(self, text: str) -> int:
        """Keeps the text; notes the time of a line of JSON."""
        if text.startswith('{"event"'):
            self._times.append((json.loads(text)["event"], time.process_time()))
        return super().write(text)

    def training_seconds(self) -> float:
        """Returns the time from the first step's begin to the last evaluation."""
        start = next(at for event, at in self._times if event == "start")
        return max(at for event, at in self._times if event == "evaluation") - start


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


def _figures_of(probabilities: Any, labels: Any, sample: Sample) -> Result:
    return figures(
        [
            (str(labels[row.argmax()]), float(row.max()), label)
            for row, (_, label) in zip(probabilities, sample.test, strict=True)
        ]
    )


def _write(folder: Path, rows: Iterable[Row]) -> None:
    folder.mkdir(parents=True)
    lines = (
        json.dumps({"id": str(number), "text": text, "label": label})
        for number, (text, label) in enumerate(rows)
    )
    (folder / "part-0.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
