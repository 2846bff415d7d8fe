"""Answers of AWS's JSON protocols, written at once: times as seconds, what is None left out."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any


def json_text(operation: Any, answer: Mapping[str, Any]) -> str:
    """Return the body of an answer; `operation` is botocore's model of it.

    Members of no value are not told, nor are those that the operation does not have.
    """
    shape = operation.output_shape
    members = shape.members if shape is not None else {}
    return json.dumps(_plain({key: answer[key] for key in answer if key in members}))


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, datetime):
        return _seconds(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return [_plain(each) for each in value]


def _seconds(moment: datetime) -> float:
    """Return seconds since 1970 with AWS's three places."""
    return int(moment.timestamp()) + moment.microsecond // 1000 / 1000
