"""Labels that arrive later, joined with what was answered: live accuracy, and how sure it is.

The format is SageMaker's for ground truth. A label names its request by the inference id that the
caller gave, else by the event id of the capture.
"""

import base64
import binascii
import csv
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.shares import wilson
from thriftline.serving.domain.captured_requests import Answer

Truth = tuple[Answer, ...]


class UnreadableLabelError(ValueError):
    """A line that is no label. The message names the rule."""


@dataclass(frozen=True)
class GroundTruth:
    """The labels of one request: one answer for each of its texts."""

    request: str
    truth: Truth


@dataclass(frozen=True)
class Said:
    """What one request was answered."""

    event_id: str
    inference_id: str | None
    variant: str
    answers: Truth

    @property
    def names(self) -> tuple[str, ...]:
        """What a label may call it, the stronger name first."""
        return (self.inference_id, self.event_id) if self.inference_id else (self.event_id,)


@dataclass(frozen=True)
class Judged:
    """How many of a request's texts were answered rightly. ``request`` is a digest of its name."""

    request: str
    variant: str
    right: int
    rows: int


@dataclass(frozen=True)
class LiveAccuracy:
    """The share that was right, with Wilson's 95 % interval."""

    right: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Right of all."""
        return self.right / self.rows


def read_ground_truth(line: bytes) -> GroundTruth:
    """Reads one line of a labels file.

    Raises:
        UnreadableLabelError: it is not in SageMaker's format.
    """
    try:
        whole = json.loads(line)
        event, data = whole["eventMetadata"], whole["groundTruthData"]
        request = event.get("inferenceId") or event["eventId"]
        text, encoding = data["data"], str(data.get("encoding", "CSV")).upper()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableLabelError("it has no groundTruthData and eventMetadata") from None
    if not isinstance(request, str) or not isinstance(text, str):
        raise UnreadableLabelError("eventId and data must be texts")
    return GroundTruth(request, _truth(text, encoding))


def _truth(text: str, encoding: str) -> Truth:
    if encoding == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, ValueError):
            raise UnreadableLabelError("data is not base64 of a text") from None
    if encoding == "JSON":
        return _json_truth(text)
    try:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        raise UnreadableLabelError("data is not CSV") from None
    if not rows:
        raise UnreadableLabelError("data has no label")
    return tuple(tuple(row) for row in rows)


def _json_truth(text: str) -> Truth:
    """Reads a label, a list with one for each text, or a list of lists of them."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableLabelError("data is not JSON") from None
    rows = value if isinstance(value, list) else [value]
    return tuple(_json_row(row) for row in rows)


def _json_row(row: Any) -> Answer:
    labels = row if isinstance(row, list) else [row]
    if not all(isinstance(one, str) for one in labels):
        raise UnreadableLabelError("a label must be a text")
    return tuple(labels)


def judge_request(said: Said, labels: GroundTruth) -> Judged | None:
    """Compares answers with labels; None where they are not of the same number of texts."""
    if len(said.answers) != len(labels.truth):
        return None
    right = sum(
        sorted(answer) == sorted(truth)
        for answer, truth in zip(said.answers, labels.truth, strict=True)
    )
    # The same digest whichever name the label took.
    return Judged(_digest(said.event_id), said.variant, right, len(said.answers))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def accuracy_of(judged: Mapping[str, Judged], variant: str) -> LiveAccuracy | None:
    """Returns the accuracy of a variant over requests, each of which counts once."""
    mine = [one for one in judged.values() if one.variant == variant]
    right, rows = sum(one.right for one in mine), sum(one.rows for one in mine)
    return LiveAccuracy(right, rows, *wilson(right, rows)) if rows else None
