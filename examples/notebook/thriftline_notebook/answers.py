"""What a job's model answers on the test split, out of the job's output.tar.gz."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from thriftline_notebook.places import Place
from thriftline_notebook.problems import RetrainingError

_METRICS, _PREDICTIONS = "metrics.json", "predictions.parquet"
_COLUMNS = ("id", "label", "candidate_label", "champion_label")
Label = str | tuple[str, ...] | None


@dataclass(frozen=True)
class TestScores:
    """A model's scores on the test split, as the training program reports them."""

    __test__ = False

    accuracy: float
    macro_f1: float

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> "TestScores":
        """Read them of a part of metrics.json."""
        return cls(accuracy=figures["accuracy"], macro_f1=figures["macro_f1"])


@dataclass(frozen=True)
class Answers:
    """Records by their ids: what is true, what the model says, and what the champion says."""

    labels: tuple[str, ...]
    champion_labels: tuple[str, ...] | None
    truth: Mapping[str, Label]
    said: Mapping[str, Label]
    champion_said: Mapping[str, Label]
    scores: TestScores
    champion_scores: TestScores | None
    metrics: Mapping[str, Any]

    @property
    def multi_label(self) -> bool:
        """Whether a record has any number of labels."""
        return any(isinstance(label, tuple) for label in self.truth.values())


def read_output(s3: Any, place: Place) -> Answers:
    """Read the output of a job that completed.

    Raises:
        RetrainingError: it has no output, or not all of it.
    """
    body = s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
    files = _unpacked(body)
    if {_METRICS, _PREDICTIONS} - files.keys():
        raise RetrainingError(f"{place.uri} has no {_METRICS} or no {_PREDICTIONS}.")
    # Only here: the rest needs neither pyarrow nor pandas.
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(files[_PREDICTIONS]))
    columns = {name: table[name].to_pylist() for name in _COLUMNS if name in table.column_names}
    return answers_of(json.loads(files[_METRICS]), columns)


def answers_of(metrics: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> Answers:
    """Return what metrics.json and the columns of predictions.parquet say together."""
    ids = columns["id"]
    champion = metrics["test"].get("champion")
    champion_labels = metrics.get("champion_labels")
    return Answers(
        labels=tuple(metrics["labels"]),
        champion_labels=tuple(champion_labels) if champion_labels else None,
        truth=_by_id(ids, columns["label"]),
        said=_by_id(ids, columns["candidate_label"]),
        champion_said=_by_id(ids, columns["champion_label"]) if champion else {},
        scores=TestScores.of(metrics["test"]["candidate"]),
        champion_scores=TestScores.of(champion) if champion else None,
        metrics=metrics,
    )


def _by_id(ids: Sequence[str], labels: Sequence[Any]) -> dict[str, Label]:
    return {
        name: tuple(sorted(label)) if isinstance(label, list) else label
        for name, label in zip(ids, labels, strict=True)
    }


def _unpacked(body: bytes) -> dict[str, bytes]:
    """Return the files that are known; no path or link of the archive is followed."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        for member in archive:
            source = archive.extractfile(member) if member.isfile() else None
            if source is not None:
                files[str(PurePosixPath(member.name))] = source.read()
    return files
