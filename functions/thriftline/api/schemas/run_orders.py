"""What a caller says to start or stop a run, and what a run did."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from thriftline.api.answers import Answer, Ask
from thriftline.api.schemas.runs import Project

LONGEST_KEY = 1_024
Why = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class RunAsk(Ask):
    """A data set that lies in the data bucket."""

    project: Project
    key: str = Field(
        min_length=1,
        max_length=LONGEST_KEY,
        description="Its key, such as datasets/reviews/reviews.csv; of several files any one.",
    )
    version_id: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[!-~]+$",
        description="Null: the newest version.",
    )
    again: bool = Field(
        False, description="A run of its own, though this version has one: it is copied for it."
    )


class StopAsk(Ask):
    """Why a run is stopped."""

    why: Why = Field("", description="Kept with the run.")


class RunEvent(Answer):
    """One step of the workflow."""

    number: int
    at: datetime
    what: Literal["entered", "left", "failed", "started", "ended"]
    state: str | None = Field(description="State of the workflow; null for the run as a whole.")
    error: str | None = Field(description="Name of the error.")


class RunEventPage(Answer):
    """What a run did, the newest first."""

    items: tuple[RunEvent, ...]
    next_token: str | None
