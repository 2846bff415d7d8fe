"""What a client gets of a function's answer: the Lambda proxy integration, payload 1.0."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
# API Gateway gives these itself, and keeps a function's own under another name.
_REMAPPED = frozenset(
    {"connection", "content-length", "date", "server", "transfer-encoding", "www-authenticate"}
)


class MalformedAnswerError(ValueError):
    """A function's answer is not of the form that the proxy integration wants."""


@dataclass(frozen=True)
class ProxyAnswer:
    """An answer for the client."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read_answer(payload: bytes, accept: str, binary_types: frozenset[str]) -> ProxyAnswer:
    """Read what a function returned.

    Raises:
        MalformedAnswerError: it is not of the form.
    """
    answer = _parsed(payload)
    status = _status(answer.get("statusCode"))
    headers = tuple(_headers(answer))
    if all(name.lower() != "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", "application/json"))
    encoded = answer.get("isBase64Encoded") or False
    text = answer.get("body")
    if not isinstance(encoded, bool) or not (text is None or isinstance(text, str)):
        raise MalformedAnswerError("the body is no text")
    body = (text or "").encode()
    if encoded and _wants_binary(accept, binary_types):
        body = _decoded(body)
    return ProxyAnswer(status, headers, body)


def _parsed(payload: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("the answer is no JSON") from error
    if not isinstance(answer, Mapping):
        raise MalformedAnswerError("the answer is no object")
    if unknown := set(answer) - _MEMBERS:
        raise MalformedAnswerError(f"the answer has {', '.join(sorted(unknown))}")
    return answer


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise MalformedAnswerError("statusCode is no number") from None
    if isinstance(value, bool) or not 100 <= status <= 599:
        raise MalformedAnswerError("statusCode is none of HTTP")
    return status


def _headers(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    single, several = _object(answer, "headers"), _object(answer, "multiValueHeaders")
    lists = {**{name: [value] for name, value in single.items()}, **several}
    for name, values in lists.items():
        if not isinstance(values, list):
            raise MalformedAnswerError(f"the values of the header {name} are no list")
        for value in values:
            yield _named(name), _header(name, value)


def _object(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = answer.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedAnswerError(f"{name} is no object")
    return value


def _named(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _header(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        text = str(value)
        if "\r" not in text and "\n" not in text:
            return text
    raise MalformedAnswerError(f"the header {name} is no text")


def _wants_binary(accept: str, binary_types: frozenset[str]) -> bool:
    first = accept.partition(",")[0].partition(";")[0].strip().lower()
    return bool(binary_types & {first, "*/*"})


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedAnswerError("the body is not encoded in base64") from error
