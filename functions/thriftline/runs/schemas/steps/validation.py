"""The validation of a data set, and the Maps over its parts."""

from typing import Literal

from pydantic import Field

from thriftline.core.payload import Payload


class IndexRequest(Payload):
    """One item of a Map over byte ranges or parts."""

    run_id: str
    index: int = Field(ge=0)


class IndexResponse(Payload):
    """An item of a Map that is done."""

    index: int


class ValidationResponse(Payload):
    """``ranges`` > 0 asks the machine for a Map over byte ranges and a merge; else it is done."""

    mode: Literal["done", "ranges"]
    ranges: int = 0
    parts: int = 0
    verdict: Literal["accepted", "accepted_with_warnings"] | None = None
