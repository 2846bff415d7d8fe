"""What a run would cost, before anything is uploaded."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import Field, model_validator

from thriftline.api.answers import Answer, Ask
from thriftline.api.schemas.runs import Project
from thriftline.money.usd import Usd


class EstimateAsk(Ask):
    """Figures of a data set; nobody reads it. `thriftline estimate` reads the files themselves."""

    project: Project
    rows: int = Field(ge=10, le=100_000_000)
    labels: int = Field(2, ge=2, le=1_000)
    characters: int = Field(200, ge=1, le=100_000, description="Of an average text.")
    longest: int | None = Field(
        None, ge=1, le=1_000_000, description="Of the longest text; null: four times the average."
    )
    run_yaml: str = Field("", max_length=65_536, description="What run.yaml would say.")

    @model_validator(mode="after")
    def _fit_together(self) -> "EstimateAsk":
        if self.longest is not None and self.longest < self.characters:
            raise ValueError("longest is at least characters")
        if self.labels > self.rows:
            raise ValueError("there are at least as many rows as labels")
        return self


class EstimatedChoice(Answer):
    """One way to train; what is not known is null."""

    trainer: str
    name: str
    chosen: bool
    low_usd: Usd | None
    likely_usd: Usd | None
    high_usd: Usd | None
    worst_case_usd: Usd
    likely_hours: Decimal | None
    within_cap: bool


class Estimate(Answer):
    """What the run would cost; no earlier run, budget or quota was asked."""

    id: str
    href: str
    project: str
    made_at: datetime
    region: str
    trainer: str
    base_model: str
    likely_usd: Usd | None
    low_usd: Usd | None
    high_usd: Usd | None
    worst_case_usd: Usd
    cap_usd: Usd
    likely_hours: Decimal | None
    reason: str = Field(description="What the estimate rests on, or why there is none.")
    refusal: str | None = Field(description="Why the run would not be started as it is.")
    price_source: str
    price_date: date
    choices: tuple[EstimatedChoice, ...]
    warnings: tuple[str, ...]
