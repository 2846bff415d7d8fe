"""``preparation`` of ``result.json``: how raw data became the data set of the run."""

from datetime import datetime

from pydantic import Field

from thriftline.core.document import Document
from thriftline.money.usd import Usd


class PreparedStage(Document):
    """One stage of the program, and what it left of the rows."""

    name: str
    rows_in: int
    rows_out: int


class PreparationAttempt(Document):
    """One attempt at the preparation."""

    attempt: int
    status: str | None = Field(description="The engine's own word.")
    ending: str | None = Field(description="In Thriftline's words; null: it has not ended.")
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    usd: Usd | None = Field(description="What it was billed; null while that is not known.")


class ApprovedPreparation(Document):
    """The yes without which the preparation would not have started."""

    usd: Usd = Field(description="What all of its attempts might cost at the most.")
    by: str | None
    at: datetime | None


class ResultPreparation(Document):
    """Where the raw data was prepared and why there, what it cost, and what became of its rows."""

    engine: str
    engine_reason: str = Field(description="Why this engine, as a sentence for a person.")
    advice: str = Field(description="What would be better next time; empty for nothing.")
    left_out: dict[str, str] = Field(description="Why each other engine was not taken.")
    raw_files: int
    raw_bytes: int
    expected_usd: Usd | None
    worst_case_usd: Usd = Field(description="Of one attempt.")
    usd: Usd | None = Field(description="All attempts together; null while one is unknown.")
    approved: ApprovedPreparation | None = Field(
        None, description="Null when nobody was asked for it, or nobody said yes."
    )
    attempts: tuple[PreparationAttempt, ...]
    rows_read: int | None = Field(description="Null when it did not come to its end.")
    rows_written: int | None
    stages: tuple[PreparedStage, ...]
    report: str | None = Field(description="preparation.html: what was removed and why.")
