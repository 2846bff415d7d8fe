"""What every published document is made of."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A part of a published document: refuses unknown keys, never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
