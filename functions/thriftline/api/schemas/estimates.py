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


class EstimatedPreparation(Answer):
    """What it costs to make a data set of raw data; what is not known is null, never 0."""

    engine: str | None = Field(description="The engine that would be taken; null: none can.")
    reason: str
    likely_usd: Usd | None
    likely_minutes: int | None
    worst_usd: Usd | None = Field(description="Of one attempt.")
    most_usd: Usd | None = Field(description="Of all attempts, within the run's cap.")
    basis: str = Field(description="What the worst case is made of.")
    advice: str
    left_out: dict[str, str] = Field(description="Why each other engine was not taken.")


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
    worst_case_usd: Usd | None = Field(description="Null with prepare: no rows, no price.")
    cap_usd: Usd
    likely_hours: Decimal | None
    reason: str = Field(description="What the estimate rests on, or why there is none.")
    choice: str | None = Field(
        None, description="Why the cheapest choice is not the one that would be taken."
    )
    not_asked: str | None = Field(None, description="Why the run's own plan may differ.")
    refusal: str | None = Field(description="Why the run would not be started as it is.")
    price_source: str | None
    price_date: date | None
    choices: tuple[EstimatedChoice, ...]
    warnings: tuple[str, ...]
    preparation: EstimatedPreparation | None = Field(
        None, description="Where run.yaml has prepare: the raw data's part; null for clean rows."
    )
