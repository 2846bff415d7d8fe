"""Writes what a training job would leave: predictions, metrics, history, packed like SageMaker."""

import io
import json
import tarfile
from collections.abc import Collection
from itertools import accumulate
from typing import Any

from arro3.core import Array, DataType, Field, Schema, Table, list_array
from arro3.io import write_parquet

LABELS = ("negative", "positive")
_TEXT = DataType.utf8()
_FLOATS = DataType.list(Field("element", DataType.float32()))
_TEXTS = DataType.list(Field("element", DataType.utf8()))
COLUMNS = {
    "id": _TEXT,
    "label": _TEXT,
    "candidate_label": _TEXT,
    "candidate_probabilities": _FLOATS,
    "champion_label": _TEXT,
    "champion_probabilities": _FLOATS,
}


def parquet(
    rows: list[dict[str, Any]], without: Collection[str] = (), columns: dict[str, Any] = COLUMNS
) -> bytes:
    """Returns predictions.parquet of these rows, as the training program writes it."""
    kinds = {name: kind for name, kind in columns.items() if name not in without}
    if any("baseline_label" in one for one in rows):
        kinds["baseline_label"] = kinds["label"]
    table = Table.from_arrays(
        [_array([one.get(name) for one in rows], kind) for name, kind in kinds.items()],
        schema=Schema([Field(name, kind) for name, kind in kinds.items()]),
    )
    target = io.BytesIO()
    write_parquet(table, target, compression="zstd(1)")
    return target.getvalue()


def label_sets(rows: list[dict[str, Any]]) -> bytes:
    """Returns predictions.parquet where a record has any number of labels."""
    lists = {name: _TEXTS if kind == _TEXT else kind for name, kind in COLUMNS.items()}
    return parquet(rows, columns={**lists, "id": _TEXT})


def _array(values: list[Any], kind: Any) -> Any:
    if not DataType.is_list(kind):
        return Array(values, kind)
    # arro3 makes no lists with nulls; no probabilities at all is an empty list.
    ends = [0, *accumulate(len(value or ()) for value in values)]
    flat = [each for value in values for each in value or ()]
    return list_array(Array(ends, DataType.int32()), Array(flat, kind.value_type), type=kind)


def set_row(
    number: int, labels: list[str], said: list[str], sure: float = 0.9, **more: Any
) -> dict[str, Any]:
    """One test record with any number of the labels a, b and c."""
    return {
        "id": f"mails.csv:{number}",
        "label": labels,
        "candidate_label": said,
        "candidate_probabilities": [sure if one in said else 1 - sure for one in "abc"],
        **more,
    }


def row(
    number: int, label: str, said: str | None, sure: float = 0.9, **more: Any
) -> dict[str, Any]:
    """One test record."""
    probabilities = None
    if said in LABELS:
        probabilities = [sure, 1 - sure] if said == LABELS[0] else [1 - sure, sure]
    return {
        "id": f"reviews.csv:{number}",
        "label": label,
        "candidate_label": said,
        "candidate_probabilities": probabilities,
        **more,
    }


def rows(records: int, wrong: int, champion_wrong: int | None = None) -> list[dict[str, Any]]:
    """Test records of two labels by turns; the first few are wrong."""
    found = []
    for number in range(records):
        label, other = LABELS[number % 2], LABELS[1 - number % 2]
        one = row(number, label, other if number < wrong else label)
        if champion_wrong is not None:
            said = other if number < champion_wrong else label
            one["champion_label"] = said
            one["champion_probabilities"] = [0.8, 0.2] if said == LABELS[0] else [0.2, 0.8]
        found.append(one)
    return found


def metrics(accuracy: float, *, champion: bool = False, **changes: Any) -> dict[str, Any]:
    """Returns metrics.json."""
    return {
        "labels": list(LABELS),
        "champion_labels": list(LABELS) if champion else None,
        "train": {
            "samples": 300,
            "tokens": 9000,
            "steps": 12,
            "epochs_run": 3.0,
            "seconds": 4.5,
            "final_loss": 0.3,
            "best_epoch": 2.0,
            "resumed_from_step": None,
        },
        "validation": {"accuracy": 0.8, "macro_f1": 0.8, "loss": 0.4},
        "test": {
            "candidate": {"accuracy": accuracy, "macro_f1": accuracy, "loss": 0.4},
            "champion": None,
        },
        "model": {
            "base_model": "org/base",
            "base_model_revision": "a" * 40,
            "parameters": 1000,
            "architecture": "Bert",
        },
        "software": {"torch": "2.13.0"},
    } | changes


HISTORY = "\n".join(
    json.dumps(line)
    for line in (
        {"step": 1, "epoch": 0.25, "loss": 0.7, "seconds": 1},
        {"step": 2, "epoch": 0.5, "loss": 0.6, "seconds": 2},
        {"step": 4, "epoch": 1.0, "validation_loss": 0.5, "validation_accuracy": 0.75,
         "validation_macro_f1": 0.74, "seconds": 4},
    )
)  # fmt: skip


def archive(**files: bytes) -> bytes:
    """Returns output.tar.gz; ``metrics`` stands for metrics.json and so on."""
    names = {
        "metrics": "metrics.json",
        "predictions": "predictions.parquet",
        "history": "history.jsonl",
    }
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as packed:
        for name, body in files.items():
            member = tarfile.TarInfo(names.get(name, name))
            member.size = len(body)
            packed.addfile(member, io.BytesIO(body))
    return target.getvalue()
