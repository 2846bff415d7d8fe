"""``estimate.json``: what a run of some files would cost, before anything is uploaded."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.datasets.report_document import DatasetReport
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


class Guide(_Document):
    """What a usual case costs: some hours on a type."""

    name: str
    instance_type: str
    least_hours: int
    most_hours: int
    low_usd: Decimal
    high_usd: Decimal


class EstimateDocument(_Document):
    """The answer. ``refusal`` says why the run would not be started as it is."""

    schema_version: Literal["1.0"] = "1.0"
    data: EstimatedData
    plan: Plan
    refusal: str | None
