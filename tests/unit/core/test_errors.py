"""Errors go from one function to another, and to Step Functions, as a name and one text."""

import json
from io import BytesIO
from typing import Any

import pytest

from thriftline.core import errors
from thriftline.core.aws.functions import Functions
from thriftline.core.errors import ThriftlineError
from thriftline.core.observability import LONGEST_MESSAGE, shortened

NAMES = sorted(
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, ThriftlineError)
)


class FailingLambda:
    """Answers as Lambda does for a function that raised."""

    def __init__(self, name: str, message: str) -> None:
        self._payload = {"errorType": name, "errorMessage": message}

    def invoke(self, **_: Any) -> dict[str, Any]:
        return {
            "FunctionError": "Unhandled",
            "Payload": BytesIO(json.dumps(self._payload).encode()),
        }


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_another_function_is_the_same_error_with_its_words(name: str) -> None:
    client: Any = FailingLambda(name, "It is so. Do this.")
    with pytest.raises(getattr(errors, name)) as caught:
        Functions(client).call("preview", {})
    assert str(caught.value) == "It is so. Do this."


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_a_long_text_keeps_its_name(name: str) -> None:
    found = shortened(getattr(errors, name)("a" * (LONGEST_MESSAGE + 1)))
    assert type(found).__name__ == name
    assert len(str(found)) == LONGEST_MESSAGE
