"""What `/invocations` takes and gives: media types, the forms of a body, and the answers.

Standard library only. Each refusal is a sentence that names the place, the rule and the mend.
"""

import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_BODY_BYTES = 6 * 1024**2
"""Of a real-time InvokeEndpoint call (`Body` in the SageMaker Runtime API)."""
MAX_ROWS = 1000
JSON = "application/json"
LINES = ("application/jsonlines", "application/x-ndjson", "application/jsonl")
THRESHOLD = 0.5
"""From this probability on, a model of several labels a text says that a label holds."""

Answer = dict[str, Any]


class RequestError(Exception):
    """A request that cannot be answered; the message is the sentence that the client gets."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Text(NamedTuple):
    """One text, or two, to be classified."""

    text: str
    text_pair: str | None = None


@dataclass(frozen=True)
class Invocation:
    """What a body asks for, and the form that the answers take."""

    texts: tuple[Text, ...]
    detailed: tuple[bool, ...]
    """For each text, whether the probabilities of all labels are wanted."""
    form: Callable[[list[Answer]], Any]
    """Turns the answers into what a JSON response holds."""


# ---- Media types


def request_type(header: str | None) -> str:
    """Returns the media type of a body; without a Content-Type it is JSON.

    Raises:
        RequestError: 415.
    """
    media_type, _, parameters = (header or JSON).partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace('"', "").replace(" ", "")
    if media_type not in (JSON, *LINES):
        raise RequestError(
            415, f"Content-Type is {media_type!r}; send {JSON}, or {LINES[0]} with a record a line."
        )
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise RequestError(415, f"Content-Type names the charset of {header!r}; send UTF-8.")
    return media_type


def response_type(accept: str | None, asked_in: str) -> str:
    """Returns the media type that the client likes best, the request's own if it likes that.

    Raises:
        RequestError: 406.
    """
    likes = dict(_accepted(accept or "*/*"))

    def liking(media_type: str) -> float:
        for pattern in (media_type, "application/*", "*/*"):
            if pattern in likes:
                return likes[pattern]
        return 0.0

    best = max((asked_in, JSON, *LINES), key=liking)
    if liking(best) <= 0:
        raise RequestError(406, f"Accept is {accept!r}; answers are {JSON} or {LINES[0]}.")
    return best


def _accepted(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            yield media_type, float(weight)
        except ValueError:
            raise RequestError(406, f"Accept has the weight {weight!r}, not a number.") from None


# ---- Bodies


def parse(
    body: bytes, media_type: str, text_pair: bool | None, max_rows: int | None = MAX_ROWS
) -> Invocation:
    """Reads a body.

    Args:
        body: as it came.
        media_type: one that `request_type` returned.
        text_pair: whether the model reads pairs of texts; None where that is not known.
        max_rows: the most texts; None for any number.

    Raises:
        RequestError: 400, or 413 for too many rows.
    """
    if media_type == JSON:
        return _parse_json(_decoded(body, "The body"), text_pair, max_rows)
    texts, detailed = list[Text](), list[bool]()
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            _check_count(len(texts) + 1, max_rows)
            place = f"line {number}"
            value = _object(_decoded(line, place.capitalize()), place)
            _check_fields(value, ("text", "text_pair", "probabilities"), place)
            texts.append(_text(value, place, text_pair))
            detailed.append(_wants_probabilities(value, place))
    if not texts:
        raise RequestError(400, "The body has no records; send one JSON object a line.")
    return Invocation(tuple(texts), tuple(detailed), lambda answers: {"predictions": answers})


def _parse_json(value: Any, text_pair: bool | None, max_rows: int | None) -> Invocation:
    place = "the body"
    value = _object(value, place)
    forms = [name for name in ("text", "inputs", "instances") if name in value]
    if len(forms) != 1:
        has = " and ".join(forms) if forms else "none of them"
        raise RequestError(
            400, f"{place.capitalize()} must have text, inputs or instances, and has {has}."
        )
    form = forms[0]
    detailed = _wants_probabilities(value, place)
    if form == "text":
        _check_fields(value, ("text", "text_pair", "probabilities"), place)
        text = _text(value, place, text_pair)
        return Invocation((text,), (detailed,), lambda answers: answers[0])
    _check_fields(value, (form, "probabilities"), place)
    texts = _texts(value[form], form, text_pair, max_rows)
    shaped: Callable[[list[Answer]], Any] = (
        (lambda answers: {"predictions": answers}) if form == "instances" else (lambda each: each)
    )
    return Invocation(texts, (detailed,) * len(texts), shaped)


def _texts(value: Any, name: str, text_pair: bool | None, max_rows: int | None) -> tuple[Text, ...]:
    """Reads what stands under `inputs` or `instances`: texts or records, one or a list of them."""
    if name == "inputs" and not isinstance(value, list):
        return (_text_or_record(value, name, text_pair),)
    if not isinstance(value, list) or not value:
        raise RequestError(400, f"{name} must be a list with a text or more; it is {_kind(value)}.")
    _check_count(len(value), max_rows)
    return tuple(
        _text_or_record(each, f"{name}[{row}]", text_pair) for row, each in enumerate(value)
    )


def _text_or_record(value: Any, place: str, text_pair: bool | None) -> Text:
    if isinstance(value, str):
        return _text({"text": value}, place, text_pair)
    if not isinstance(value, dict):
        raise RequestError(400, f'{place} must be a text or {{"text": …}}; it is {_kind(value)}.')
    _check_fields(value, ("text", "text_pair"), place)
    return _text(value, place, text_pair)


def _text(value: dict[str, Any], place: str, text_pair: bool | None) -> Text:
    first = _string(value, "text", place)
    if value.get("text_pair") is None:
        if text_pair:
            raise RequestError(
                400, f"{place}: text_pair is missing; this model reads two texts, so send both."
            )
        return Text(first)
    if text_pair is False:
        raise RequestError(
            400,
            f"{place}: text_pair is not known to this model, which reads one text; leave it out.",
        )
    return Text(first, _string(value, "text_pair", place))


def _string(value: dict[str, Any], name: str, place: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise RequestError(400, f"{place}: {name} must be a string; it is {_kind(text)}.")
    if not text.strip():
        raise RequestError(400, f"{place}: {name} is blank; send a text with letters in it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            400, f"{place}: {name} has half of a surrogate pair at {error.start}; send whole ones."
        ) from None
    return text


def _wants_probabilities(value: dict[str, Any], place: str) -> bool:
    wanted = value.get("probabilities", False)
    if not isinstance(wanted, bool):
        raise RequestError(
            400, f"{place}: probabilities must be true or false; it is {_kind(wanted)}."
        )
    return wanted


def _decoded(text: bytes, place: str) -> Any:
    try:
        return json.loads(text.decode())
    except RecursionError:
        raise RequestError(400, f"{place} is nested too deeply; send flat records.") from None
    except ValueError as error:
        raise RequestError(400, f"{place} is not JSON in UTF-8: {error}.") from None


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RequestError(
            400,
            f'{place.capitalize()} must be a JSON object, such as {{"text": "…"}}; '
            f"it is {_kind(value)}.",
        )
    return value


def _check_fields(value: dict[str, Any], known: Sequence[str], place: str) -> None:
    for name in value:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}."
            raise RequestError(400, f"{place}: {name[:50]!r} is not a known field; {hint}")


def _check_count(rows: int, most: int | None) -> None:
    if most is not None and rows > most:
        raise RequestError(
            413, f"The body has more than {most:,} texts; send them in several requests."
        )


def _kind(value: Any) -> str:
    if value is None:
        return "missing or null"
    if value == []:
        return "an empty list"
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "a number")


# ---- Answers


def answer(
    labels: Sequence[str],
    probabilities: Sequence[float],
    *,
    multi_label: bool,
    detailed: bool,
    truncated: bool,
) -> Answer:
    """Returns what is said about one text.

    Args:
        labels: of the model.
        probabilities: of the labels, in the same order.
        multi_label: whether any number of labels can hold; all probabilities are given then.
        detailed: whether all probabilities are wanted.
        truncated: whether the text was longer than the model reads.
    """
    named = dict(zip(labels, probabilities, strict=True))
    if multi_label:
        holding = [label for label, each in named.items() if each >= THRESHOLD]
        return {"labels": holding, "probabilities": named, "truncated": truncated}
    label = max(named, key=named.__getitem__)
    said: Answer = {"label": label, "score": named[label], "truncated": truncated}
    return {**said, "probabilities": named} if detailed else said


def render(invocation: Invocation, answers: list[Answer], media_type: str) -> bytes:
    """Returns the body of a response: JSON, or one answer a line."""
    if media_type == JSON:
        return json.dumps(invocation.form(answers), ensure_ascii=False).encode()
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in answers).encode()
