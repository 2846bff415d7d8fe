"""What a view returns when its answer is no plain document."""

from dataclasses import field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.core.dataclass import dataclass


class Answer(BaseModel):
    """A document that the API answers with. What is unknown is null; times are UTC."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Ask(BaseModel):
    """What a caller sends; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Nothing(Ask):
    """An empty object."""


class Accepted(Answer):
    """Something was started; ``href`` is where to look how it goes, below the API's address."""

    id: str
    kind: Literal[
        "run", "estimate", "deployment", "experiment", "audit", "restore", "approval", "schedule"
    ]
    href: str = Field(description="Path below the API's address, such as /runs/reviews-1a2b.")


class PageAsk(Ask):
    """The parameters that every list takes."""

    limit: int = Field(50, ge=1, le=100, description="Most items of a page.")
    next_token: str | None = Field(
        None, min_length=1, max_length=2_000, description="As the page before this one gave it."
    )


@dataclass(frozen=True)
class RawDocument:
    """A document that is kept as it is: its bytes go out as they are."""

    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
