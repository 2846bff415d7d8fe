"""``estimate.json``: what a run of some files would cost, before anything is uploaded."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.datasets.report_document import DatasetReport
from thriftline.money.usd import Usd
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run_yaml import Defaults


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EstimateRequest(_Document):
    """What is to be estimated: files on this machine, and what the stack's parameters say."""

    files: tuple[Path, ...] = Field(min_length=1)
    run_yaml: Path | None = None
    base_model: str
    instance_type: str
    max_usd: Decimal
    trainers: tuple[str, ...] = Field(min_length=1)
    engines: tuple[str, ...] = ()
    preparation_max_vcpus: int = 64
    spark_processing_image: str = ""

    def defaults(self, registered: tuple[str, ...]) -> Defaults:
        """Returns what the stack's parameters say where ``run.yaml`` is silent."""
        allowed = tuple(name for name in registered if name in self.trainers)
        return Defaults(self.base_model, self.instance_type, self.max_usd, registered, allowed)


class EstimatedData(_Document):
    """The data set, as validation found it."""

    files: tuple[str, ...]
    rows: int
    bytes: int
    labels: int
    splits: dict[str, int]
    text_length_median: int | None
    warnings: tuple[str, ...] = Field(description="What validation warns of, one sentence each.")

    @classmethod
    def of(cls, report: DatasetReport) -> "EstimatedData":
        """Returns what an estimate says of its data."""
        return cls(
            files=tuple(file.name for file in report.files),
            rows=report.rows,
            bytes=report.bytes,
            labels=len(report.labels),
            splits=dict(report.splits),
            text_length_median=report.text_length_median,
            warnings=tuple(f"{one.title}. {one.fix}" for one in report.findings),
        )


class EstimatedPreparation(_Document):
    """What it costs to make a data set of the raw files; what is not known is null, never 0."""

    engine: str | None = Field(description="The engine that would be taken; null: none can.")
    reason: str
    advice: str
    left_out: dict[str, str] = Field(description="Why each other engine was not taken.")
    likely_usd: Usd | None
    likely_minutes: int | None
    worst_usd: Usd | None = Field(description="Of one attempt.")
    most_usd: Usd | None = Field(description="Of all attempts, within the run's cap.")
    basis: str = Field(description="What the worst case is made of.")
    warnings: tuple[str, ...]
    files: int
    stored_bytes: int
    size: str
    training_unknown: str = Field(description="What is unknown of the training until then.")


class Guide(_Document):
    """What a usual case costs: some hours on a type."""

    name: str
    instance_type: str
    least_hours: int
    most_hours: int
    low_usd: Decimal
    high_usd: Decimal


class EstimateDocument(_Document):
    """The answer. ``refusal`` says why the run would not be started as it is.

    Raw data that is prepared has no ``data`` and no ``plan``: its rows are not known yet.
    """

    schema_version: Literal["1.0"] = "1.0"
    data: EstimatedData | None
    plan: Plan | None
    preparation: EstimatedPreparation | None = None
    refusal: str | None
    choice: str | None = Field(None, description="Why the cheapest choice is not the planned one.")
    not_asked: str | None = Field(None, description="Why a run's own plan may differ.")
