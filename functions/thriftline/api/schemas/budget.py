"""What a month may cost, has cost and may still cost."""

from datetime import datetime

from pydantic import Field

from thriftline.api.answers import Answer
from thriftline.money.usd import Usd


class ProjectBudget(Answer):
    """One project's share of the month."""

    project: str
    cap_usd: Usd | None = Field(description="Null: the project has no budget of its own.")
    committed_usd: Usd = Field(description="What its runs cost and may still cost.")
    left_usd: Usd = Field(description="What a new run of the project may hold.")


class RunningParts(Answer):
    """What is billed an hour now, by its kind; of each kind as much as is known."""

    training_usd_per_hour: Usd = Field(description="Of runs that train, at their rates.")
    preparation_usd_per_hour: Usd = Field(description="Of runs that prepare raw data.")
    endpoints_usd_per_hour: Usd = Field(
        description="Of endpoints that do not sleep, each with the most instances it may have."
    )
    unknown: tuple[str, ...] = Field(
        description="Runs and endpoints without a known price of an hour, such as those that this "
        "version cannot read; those of projects that the caller may not see, or that cannot be "
        "read, are counted in one entry."
    )


class Budget(Answer):
    """A calendar month in UTC; dollars are decimal strings."""

    month: str = Field(description="Such as 2026-11.")
    as_of: datetime
    cap_usd: Usd
    spent_usd: Usd = Field(description="Settled runs, and what was spent outside Thriftline.")
    settled_usd: Usd
    external_usd: Usd = Field(description="Outside Thriftline, as Cost Explorer last said.")
    held_usd: Usd = Field(
        description="Kept for runs that have not been settled: their worst cases, and what "
        "stopping a job at its limit and its upload may add."
    )
    left_usd: Usd = Field(description="What new runs may hold.")
    running_usd_per_hour: Usd | None = Field(
        description="Of training, preparation and endpoints together; null where one is unknown."
    )
    running_parts: RunningParts
    at_risk_usd: Usd | None = Field(
        description="Worst cases of the runs that prepare or train now; null where one is unknown."
    )
    running: int = Field(description="Runs that have not ended.")
    waiting_for_approval: int
    projects: tuple[ProjectBudget, ...]
