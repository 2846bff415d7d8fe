"""Events to other systems: each kind is a model, with a version in its detail."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class Event(BaseModel):
    """The detail of an event.

    A key may be added within version 1.0, so a subscriber ignores what it does not know; a key that
    goes or means something else makes a new version. What is unknown is null, never 0. Money is US
    dollars as decimal strings; times are UTC.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    SOURCE: ClassVar[str]
    DETAIL_TYPES: ClassVar[tuple[str, ...]]

    version: Literal["1.0"] = Field("1.0", description="Of the form of this detail.")

    @property
    def detail_type(self) -> str:
        """What EventBridge's rules match as detail-type."""
        return self.DETAIL_TYPES[0]
