"""What an error may be that a handler raises: Step Functions ends an execution on a longer one."""

import json
from typing import Any, cast

import pytest
from pydantic import BaseModel

from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.observability import LONGEST_MESSAGE, entry_point


class Asked(BaseModel):
    """An event."""

    what: str


class Answered(BaseModel):
    """An answer."""

    text: str


class Context:
    """What Lambda gives beside the event."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"


@entry_point(Asked)
def handler(request: Asked) -> Answered:
    if request.what == "ours":
        raise InvalidRunSpecError("x" * 1_000_000)
    if request.what == "theirs":
        raise KeyError("x" * 1_000_000)
    if request.what == "deep":
        return Answered(text=str(_deep(500)))
    if request.what == "large":
        return Answered(text="x" * 1_000_000)
    return Answered(text=request.what)


def _deep(levels: int) -> int:
    return _deep(levels - 1) if levels else 1 // 0


def call(event: dict[str, Any]) -> dict[str, Any]:
    return handler(event, cast("Any", Context()))


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"what": "ours"}, "InvalidRunSpecError"),
        ({"what": "theirs"}, "KeyError"),
        ({"what": "deep"}, "ZeroDivisionError"),
        ({"what": "large"}, "ValueError"),
        ({"wrong": "x" * 1_000_000}, "ValidationError"),
    ],
)
def test_an_error_keeps_its_name_and_is_short(event: dict[str, Any], name: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(event)
    assert type(caught.value).__name__ == name
    assert len(str(caught.value)) <= LONGEST_MESSAGE
    assert len(caught.traceback) < 70


def test_an_answer_comes_back_as_json() -> None:
    assert json.dumps(call({"what": "hello"})) == '{"text": "hello"}'
