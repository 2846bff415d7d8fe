"""What an evaluated attempt says of the test split, in the documents that the evaluation reads."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from arro3.core import Array, DataType, Field, Schema, Table, list_array
from arro3.io import write_parquet

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.job_output import ANSWERS, HISTORY, METRICS, PREDICTIONS, JobOutput
from thriftline.runs.trainers.bedrock.answer_parts import AnswerParts, Question
from thriftline.runs.trainers.bedrock.answers import parse_answer
from thriftline.runs.trainers.bedrock.attempt_document import (
    CHAMPION,
    FEW_SHOT,
    TUNED,
    ZERO_SHOT,
    AttemptDocument,
)
from thriftline.runs.trainers.bedrock.evaluating import serving_of

_STEPS = "training_artifacts/step_wise_training_metrics.csv"
_VALIDATION = "validation_metrics.csv"
_COLUMNS = {
    TUNED: "candidate_label",
    ZERO_SHOT: "zero_shot_label",
    FEW_SHOT: "few_shot_label",
    CHAMPION: "champion_label",
}


def write_output(document: AttemptDocument, artifacts: Bucket, folder: Path) -> JobOutput:
    """Writes the documents of an evaluated attempt into a folder.

    Raises:
        EvaluationError: the attempt was not evaluated.
    """
    summary = artifacts.read(document.layout.summary)
    if summary is None:
        raise EvaluationError(f"The attempt {document.name} was not evaluated.")
    asked = int(json.loads(summary)["asked"])
    parts = AnswerParts(artifacts, document.layout)
    questions = parts.questions()[:asked]
    said = {target: _labels(document, parts, target, asked) for target in document.targets}
    history = _history(artifacts, document)
    (folder / ANSWERS).write_bytes(summary)
    (folder / METRICS).write_text(json.dumps(_metrics(document, questions, said, history)))
    _write_parquet(folder / PREDICTIONS, questions, said)
    if history:
        lines = "".join(f"{json.dumps(line)}\n" for line in history)
        (folder / HISTORY).write_text(lines)
    return JobOutput(
        folder / METRICS,
        folder / PREDICTIONS,
        folder / HISTORY if history else None,
        folder / ANSWERS,
    )


def _labels(
    document: AttemptDocument, parts: AnswerParts, target: str, asked: int
) -> list[str | None]:
    words = serving_of(document, target).label_words
    return [parse_answer(one.text, words) for one in parts.read(target)][:asked]


def _metrics(
    document: AttemptDocument,
    questions: Sequence[Question],
    said: Mapping[str, Sequence[str | None]],
    history: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    labels = list(document.serving.label_words)
    losses = [line["loss"] for line in history if line.get("loss") is not None]
    test = {"candidate": {"accuracy": _accuracy(questions, said[TUNED])}}
    metrics: dict[str, Any] = {
        "labels": labels,
        "train": {
            "samples": document.sample.train_records,
            "tokens": document.sample.tokens,
            "epochs_run": document.epochs,
            "steps": max((line["step"] for line in history), default=None),
            "final_loss": losses[-1] if losses else None,
            "method": "bedrock",
        },
        "test": test,
        "model": {"base_model": document.base_model},
    }
    if CHAMPION in said:
        test["champion"] = {"accuracy": _accuracy(questions, said[CHAMPION])}
        metrics["champion_labels"] = list(serving_of(document, CHAMPION).label_words)
    return metrics


def _accuracy(questions: Sequence[Question], said: Sequence[str | None]) -> float:
    right = sum(one.label == label for one, label in zip(questions, said, strict=True))
    return right / len(questions)


def _write_parquet(
    path: Path, questions: Sequence[Question], said: Mapping[str, Sequence[str | None]]
) -> None:
    columns: dict[str, Array] = {
        "id": Array([one.id for one in questions], DataType.utf8()),
        "label": Array([one.label for one in questions], DataType.utf8()),
    }
    for target, labels in said.items():
        columns[_COLUMNS[target]] = Array(list(labels), DataType.utf8())
    columns["candidate_probabilities"] = _no_probabilities(len(questions))
    if CHAMPION in said:
        columns["champion_probabilities"] = _no_probabilities(len(questions))
    fields = [Field(name, column.type) for name, column in columns.items()]
    table = Table.from_arrays(list(columns.values()), schema=Schema(fields))
    write_parquet(table, str(path))


def _no_probabilities(records: int) -> Any:
    """Returns an empty list for each record: Converse has no field for probabilities."""
    floats = DataType.list(Field("element", DataType.float32()))
    ends = Array([0] * (records + 1), DataType.int32())
    return list_array(ends, Array([], DataType.float32()), type=floats)


def _history(artifacts: Bucket, document: AttemptDocument) -> list[dict[str, Any]]:
    """Reads the job's metrics where they are found: their folder differs from what is written."""
    lines: list[dict[str, Any]] = []
    for found in artifacts.list(document.layout.job_output):
        name = found.key.rpartition("/")[2]
        if found.key.endswith(_STEPS):
            lines += _rows(artifacts, found.key, "loss", "training_loss")
        elif name.endswith(_VALIDATION):
            lines += _rows(artifacts, found.key, "validation_loss", "validation_loss")
    ordered = sorted(lines, key=lambda line: (line["step"], "loss" not in line))
    return _within_epochs(ordered, document.epochs)


def _within_epochs(lines: Sequence[dict[str, Any]], epochs: int) -> list[dict[str, Any]]:
    """Counts the epochs that a step has ended, as a fraction: Bedrock numbers whole ones only."""
    steps = max((line["step"] + 1 for line in lines if "loss" in line), default=None)
    if steps is None:
        return list(lines)
    return [
        {**line, "epoch": round(min(1.0, (line["step"] + 1) / steps) * epochs, 4)} for line in lines
    ]


def _rows(artifacts: Bucket, key: str, name: str, column: str) -> Iterator[dict[str, Any]]:
    body = artifacts.read(key) or b""
    for row in csv.DictReader(io.StringIO(body.decode("utf-8", "replace"))):
        try:
            yield {
                "step": int(row["step_number"]),
                "epoch": float(row["epoch_number"]),
                name: float(row[column]),
            }
        except (KeyError, TypeError, ValueError):
            # A row that was cut off says nothing of the others.
            continue
