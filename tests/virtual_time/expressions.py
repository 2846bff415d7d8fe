"""Templates of JSONata as the embedded AWS evaluates them, each expression parsed once."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from local_aws.stepfunctions.jsonata import parsed, result_of

Variables = Mapping[str, Any]
Template = Callable[[Variables], Any]
_parsed = cache(parsed)


def template(document: Any) -> Template:
    """Makes a function of a document in which texts between {% and %} are expressions.

    It raises ``JsonataError`` where one of them fails, or gives nothing.
    """
    if isinstance(document, str) and document.startswith("{%"):
        expression = document.removeprefix("{%").removesuffix("%}").strip()
        return lambda variables: result_of(_parsed(expression), variables)
    if isinstance(document, Mapping):
        members = {name: template(one) for name, one in document.items()}
        return lambda variables: {name: one(variables) for name, one in members.items()}
    if isinstance(document, list):
        parts = [template(one) for one in document]
        return lambda variables: [one(variables) for one in parts]
    return lambda _: document
