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


class Budget(Answer):
    """A calendar month in UTC; dollars are decimal strings."""

    month: str = Field(description="Such as 2026-11.")
    as_of: datetime
    cap_usd: Usd
    spent_usd: Usd = Field(description="Settled runs, and what was spent outside Thriftline.")
    settled_usd: Usd
    external_usd: Usd = Field(description="Outside Thriftline, as Cost Explorer last said.")
    held_usd: Usd = Field(description="Kept for runs that have not been settled.")
    left_usd: Usd = Field(description="What new runs may hold.")
    running_usd_per_hour: Usd | None = Field(
        description="Of runs that prepare or train now, at their rates; null where one is unknown."
    )
    at_risk_usd: Usd | None = Field(
        description="Worst cases of the runs that prepare or train now; null where one is unknown."
    )
    running: int = Field(description="Runs that have not ended.")
    waiting_for_approval: int
    projects: tuple[ProjectBudget, ...]
