"""Reads captured requests into what is measured of them.

No text leaves this module but for ``texts_and_answers``: experiments list what models disagree on.

A line is what SageMaker's data capture writes. Bodies are those of the image's ``/invocations``:
its contract is in ``training_image/README.md``.
"""

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.text_measures import one_text, unknown_share

_LINES = ("application/jsonlines", "application/x-ndjson", "application/jsonl")
Answer = tuple[str, ...]


class UnreadableCaptureError(ValueError):
    """A line that cannot be measured. The message names the rule, and never what was sent."""


@dataclass(frozen=True)
class CapturedBody:
    """A request's or an answer's body."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Capture:
    """One request with its answer; the half that the capture leaves out is None."""

    event_id: str
    inference_id: str | None
    asked: CapturedBody | None
    answered: CapturedBody | None


@dataclass(frozen=True)
class Observation:
    """What is kept of one text. What the capture does not tell is None."""

    answer: Answer | None = None
    confidence: float | None = None
    truncated: bool | None = None
    characters: int | None = None
    unknown_words: float | None = None


def read_capture(line: bytes) -> Capture:
    """Reads one line of a captured file.

    Raises:
        UnreadableCaptureError: it is not what SageMaker writes.
    """
    whole = _mapping(_json(line, "the line"), "the line")
    data = _mapping(whole.get("captureData"), "captureData")
    event = _mapping(whole.get("eventMetadata"), "eventMetadata")
    event_id = event.get("eventId")
    if not isinstance(event_id, str) or not event_id:
        raise UnreadableCaptureError("eventMetadata has no eventId")
    inference_id = event.get("inferenceId")
    return Capture(
        event_id=event_id,
        inference_id=inference_id if isinstance(inference_id, str) and inference_id else None,
        asked=_body(data.get("endpointInput"), "endpointInput"),
        answered=_body(data.get("endpointOutput"), "endpointOutput"),
    )


def observe(capture: Capture, vocabulary: Collection[int] | None) -> tuple[Observation, ...]:
    """Returns what is measured of each text of a request.

    Args:
        capture: the request.
        vocabulary: the words that the model's training had; None where nobody knows.

    Raises:
        UnreadableCaptureError: a body is not what the image takes or gives, or a text has no
            answer.
    """
    texts = None if capture.asked is None else list(_texts(capture.asked))
    answers = None if capture.answered is None else list(_answers(capture.answered))
    if texts is None and answers is None:
        raise UnreadableCaptureError("neither input nor output was captured")
    if texts is not None and answers is not None and len(texts) != len(answers):
        raise UnreadableCaptureError(f"{len(texts)} texts have {len(answers)} answers")
    count = len(texts if texts is not None else answers or ())
    return tuple(
        _observation(
            None if texts is None else texts[place],
            None if answers is None else answers[place],
            vocabulary,
        )
        for place in range(count)
    )


def _observation(
    text: str | None, said: Mapping[str, Any] | None, vocabulary: Collection[int] | None
) -> Observation:
    answer, confidence = (None, None) if said is None else _said(said)
    truncated = None if said is None else said.get("truncated")
    return Observation(
        answer=answer,
        confidence=confidence,
        truncated=truncated if isinstance(truncated, bool) else None,
        characters=None if text is None else len(text),
        unknown_words=None
        if text is None or vocabulary is None
        else unknown_share(text, vocabulary),
    )


def _said(said: Mapping[str, Any]) -> tuple[Answer, float | None]:
    label, labels = said.get("label"), said.get("labels")
    if isinstance(label, str):
        return (label,), _probability(said.get("score"))
    if isinstance(labels, list) and all(isinstance(one, str) for one in labels):
        shares = said.get("probabilities")
        found = [_probability(one) for one in shares.values()] if isinstance(shares, dict) else []
        known = [max(one, 1 - one) for one in found if one is not None]
        sure = sum(known) / len(known) if known and len(known) == len(found) else None
        return tuple(labels), sure
    raise UnreadableCaptureError("an answer has neither label nor labels")


def _probability(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1.001 else None


def _texts(body: CapturedBody) -> Iterator[str]:
    for record in _records(body):
        if isinstance(record, str):
            yield record
            continue
        text, pair = _mapping(record, "a record").get("text"), record.get("text_pair")
        if not isinstance(text, str) or not (pair is None or isinstance(pair, str)):
            raise UnreadableCaptureError("a record has no text")
        yield one_text(text, pair)


def _records(body: CapturedBody) -> Iterator[Any]:
    if _is_lines(body):
        yield from _lines(body)
        return
    value = _json(body.data, "the input")
    form = next((one for one in ("inputs", "instances") if one in _mapping(value, "the input")), "")
    records = value[form] if form else [value]
    yield from records if isinstance(records, list) else [records]


def _answers(body: CapturedBody) -> Iterator[Mapping[str, Any]]:
    if _is_lines(body):
        values: Any = list(_lines(body))
    else:
        values = _json(body.data, "the output")
        if isinstance(values, dict) and "predictions" in values:
            values = values["predictions"]
        values = values if isinstance(values, list) else [values]
    for one in values if isinstance(values, list) else ():
        yield _mapping(one, "an answer")


def _is_lines(body: CapturedBody) -> bool:
    return body.content_type.partition(";")[0].strip().lower() in _LINES


def _lines(body: CapturedBody) -> Iterator[Any]:
    for line in body.data.split(b"\n"):
        if line.strip():
            yield _json(line, "a record")


def _body(value: Any, name: str) -> CapturedBody | None:
    if value is None:
        return None
    part = _mapping(value, name)
    data, encoding = part.get("data"), str(part.get("encoding", "")).upper()
    if isinstance(data, dict | list):
        return CapturedBody(_type_of(part), json.dumps(data).encode())
    if not isinstance(data, str):
        raise UnreadableCaptureError(f"{name} has no data")
    if encoding != "BASE64":
        return CapturedBody(_type_of(part), data.encode("utf-8", "surrogatepass"))
    try:
        return CapturedBody(_type_of(part), base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise UnreadableCaptureError(f"{name} is not base64") from None


def _type_of(part: Mapping[str, Any]) -> str:
    return str(part.get("observedContentType") or "application/json")


def _json(text: bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Nothing of it may reach a log: neither the text nor the error that quotes it.
        raise UnreadableCaptureError(f"{what} is not JSON") from None


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableCaptureError(f"{what} is not an object")
    return value


def texts_and_answers(capture: Capture) -> tuple[tuple[str, ...], tuple[Answer, ...]]:
    """Returns the texts of a request and what was answered to each; none of what was left out.

    Raises:
        UnreadableCaptureError: a body is not what the image takes or gives.
    """
    texts = () if capture.asked is None else tuple(_texts(capture.asked))
    answers = () if capture.answered is None else tuple(_answers(capture.answered))
    return texts, tuple(_said(one)[0] for one in answers)
