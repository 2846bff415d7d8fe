"""Whether the API answers, and what it can."""

import json

from thriftline.api.answers import Answer, RawDocument
from thriftline.api.requests import Call
from thriftline.api.routes import VERSION
from thriftline.wiring import api as wiring


class Health(Answer):
    """The API answers."""

    status: str
    version: str
    stack: str


def health(_call: Call) -> Health:
    """Says that the API answers; nothing behind it is asked."""
    return Health(status="ok", version=VERSION, stack=wiring.settings().stack_name)


def openapi(_call: Call) -> RawDocument:
    """Returns the document of this API."""
    from thriftline.api.openapi import openapi_document

    return RawDocument(json.dumps(openapi_document()).encode(), "application/json")
