"""Results of the defaults' benchmark: one line of JSON each, kept as soon as it is measured.

A line says what was measured, on which rows, with which seed, and by which version of the code that
decides it; the same is not measured again, whoever stopped the benchmark meanwhile, and however.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.defaults_data import Sample, Task

ROOT = Path(__file__).resolve().parents[1]
# What decides how a data set is trained, and with what result.
CODE = (
    "functions/thriftline/runs/domain/auto_training.py",
    "functions/thriftline/runs/domain/tokens.py",
    "training_image/*.py",
)
NOT_TRAINING = {"serve.py", "serving_batches.py", "serving_model.py", "serving_requests.py"}
PACKAGES = {"tfidf": ("scikit-learn",), "setfit": ("setfit", "sentence-transformers")}
Result = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One training of one data set."""

    task: Task
    rows: int
    method: str
    seed: int = 0


@dataclass(frozen=True)
class Key:
    """What a result is of."""

    task: str
    rows: int
    method: str
    seed: int
    data: str
    """Digest of the texts, labels and splits."""
    max_length: int
    version: str


def key_of(wanted: Wanted, sample: Sample, max_length: int) -> Key:
    """Returns the key of a training of this sample."""
    text = json.dumps([sample.train, sample.validation, sample.test])
    return Key(
        wanted.task.name,
        wanted.rows,
        wanted.method,
        wanted.seed,
        hashlib.sha256(text.encode()).hexdigest()[:8],
        max_length,
        version_of(wanted.method),
    )


def version_of(method: str) -> str:
    """Returns the version of what decides a method's results: packages, or this repository."""
    for name, packages in PACKAGES.items():
        if method.startswith(name):
            return " ".join(f"{each} {version(each)}" for each in packages)
    digest = hashlib.sha256()
    for pattern in CODE:
        for file in sorted(ROOT.glob(pattern)):
            if file.name not in NOT_TRAINING:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


class Results:
    """A file of results, which only grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[Key, Result] = {}
        if file.exists():
            # A line that was cut off by a kill is measured again.
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.endswith("}"):
                    parts = json.loads(line)
                    self._known[Key(**parts["of"])] = parts["result"]

    def get(self, key: Key) -> Result | None:
        """Returns what is known."""
        return self._known.get(key)

    def add(self, key: Key, result: Result) -> None:
        """Keeps a result on the disk."""
        self._known[key] = result
        self._file.parent.mkdir(parents=True, exist_ok=True)
        whole = not self._file.exists() or self._file.read_bytes().endswith(b"\n")
        with self._file.open("a", encoding="utf-8") as file:
            line = json.dumps({"of": asdict(key), "result": result})
            file.write(line + "\n" if whole else f"\n{line}\n")

    def __iter__(self) -> Iterator[tuple[Key, Result]]:
        """Yields the results in the order of their measurement."""
        yield from self._known.items()


def latest(results: Iterable[tuple[Key, Result]]) -> dict[tuple[str, int, int], dict[str, Result]]:
    """Returns the results by method for each task, rows and longest text, seeds apart.

    Of several versions of the code the one measured last counts; `of_version` says which it was.
    """
    found: dict[tuple[str, int, int], dict[str, Result]] = {}
    for key, result in results:
        methods = found.setdefault((key.task, key.rows, key.max_length), {})
        name = key.method if key.seed == 0 else f"{key.method}, seed {key.seed}"
        methods[name] = {**result, "of_version": key.version}
    return found
