"""Reads the records of a channel, one line at a time, and says what is wrong with which line.

A shard is read once, from its start to its end, and nothing is asked of it before: so it may as
well be a stream (SageMaker's FastFile mode), and of several instances each may see shards of its
own (`ShardedByS3Key`).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from training_image.job import JobError

MAX_LINE_BYTES = 16 * 2**20  # bounds the memory; a text has a thousandth of it


class Record(NamedTuple):
    """One labelled example, and where it stands."""

    id: str
    text: str
    text_pair: str | None
    labels: tuple[str, ...]
    """One; with multi_label any number of different ones, in the order of the line."""
    place: str


def read_records(
    folder: Path, channel: str, text_pair: bool, multi_label: bool = False
) -> Iterator[Record]:
    """Yields the records of a channel's `*.jsonl` shards, in order of their names.

    Raises:
        JobError: there are none, or a line is not the record that the contract asks for.
    """
    shards = sorted(folder.rglob("*.jsonl"))
    if not shards:
        raise JobError(f"The channel {channel} holds no .jsonl file.")
    labels_of = _labels if multi_label else _label
    empty = True
    for shard in shards:
        with shard.open("rb", buffering=2**20) as file:
            name = f"{channel}/{shard.relative_to(folder)}"
            for number, line in enumerate(_lines(file.readline), start=1):
                empty = False
                yield _record(line, text_pair, labels_of, f"{name} line {number}")
    if empty:
        raise JobError(f"The channel {channel} holds no records.")


def _lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(lambda: readline(MAX_LINE_BYTES + 1), b"")


def _record(
    line: bytes,
    text_pair: bool,
    labels_of: Callable[[dict[str, Any], str], tuple[str, ...]],
    place: str,
) -> Record:
    value = _json_object(line, place)
    name = _text(value, "id", place)
    text = _text(value, "text", place)
    pair = _text(value, "text_pair", place) if text_pair else None
    if not text_pair and value.get("text_pair") is not None:
        raise JobError(f"{place} has a text_pair, but the hyperparameter text_pair is false.")
    return Record(name, text, pair, labels_of(value, place), place)


def _json_object(line: bytes, place: str) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise JobError(f"{place} is longer than {MAX_LINE_BYTES // 2**20} MiB.")
    try:
        value = orjson.loads(line)
    except ValueError as error:
        raise JobError(f"{place} {_fault(line, error)}.") from error
    if not isinstance(value, dict):
        raise JobError(f"{place} must be a JSON object.")
    return value


def _fault(line: bytes, error: ValueError) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as unreadable:
        return f"is not UTF-8: {unreadable.reason} at byte {unreadable.start + 1}"
    return f"is not JSON: {error}"


def _text(value: dict[str, Any], name: str, place: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise JobError(f"{place} must have a string under {name!r}.")
    if not text or text.isspace():
        raise JobError(f"{place} has nothing but blanks under {name!r}.")
    return text


def _label(value: dict[str, Any], place: str) -> tuple[str, ...]:
    if "label" not in value and "labels" in value:
        raise JobError(
            f"{place} has 'labels', but the hyperparameter multi_label is false; "
            "then a record has one string under 'label'."
        )
    return (_text(value, "label", place),)


def _labels(value: dict[str, Any], place: str) -> tuple[str, ...]:
    labels = value.get("labels")
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        raise JobError(
            f"{place} must have a list of strings under 'labels' (it may be empty), because "
            "the hyperparameter multi_label is true."
        )
    if any(not each or each.isspace() for each in labels):
        raise JobError(f"{place} has a label of nothing but blanks under 'labels'.")
    if len(set(labels)) < len(labels):
        twice = next(each for each in labels if labels.count(each) > 1)
        raise JobError(f"{place} has the label {twice!r} more than once under 'labels'.")
    return tuple(labels)
