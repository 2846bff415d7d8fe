"""Calls of AWS that were made, as documents keep them."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class RecordedCall(BaseModel):
    """One call that was made; ``error`` is None when it succeeded."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    service: str
    operation: str
    parameters: dict[str, Any]
    error: str | None = None
