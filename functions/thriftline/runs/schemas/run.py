"""``runs/{run_id}/run.json``: what a run is about, fixed when it starts.

A document without a version is of 1.0; versions 1.1 and 1.2 only add keys, whose defaults it reads
as. A run that prepares raw data has no files until that is done: the document is written once more
then, with the prepared files.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from thriftline.runs.domain.layout import SCRATCH, Upload
from thriftline.runs.schemas.run_spec import RunSpec, with_former_trainer

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class DatasetFile(BaseModel):
    """One object version of the data set. ``split`` is None when the rows are to be split."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    bucket: str
    key: str
    version_id: str
    size: int
    split: Split | None = None

    @property
    def name(self) -> str:
        """The last part of the key, as a person calls the file.

        Prepared files have names that are the same in every split, so they carry their split.
        """
        last = self.key.rsplit("/", 1)[-1]
        if not self.is_prepared or self.split is None or last.startswith(self.split):
            return last
        return f"{self.split}-{last}"

    @property
    def is_prepared(self) -> bool:
        """Whether a preparation wrote it, in the run's scratch."""
        return self.key.startswith(SCRATCH)

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


class RunPreparation(BaseModel):
    """What made the run's data set, and what it leaves of the dollars that the run holds.

    ``approved_usd`` is what a person said yes to before it started, None where nobody was asked.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    engine: str
    attempt: int
    rows: int
    held_usd: Decimal
    charged_usd: Decimal
    approved_usd: Decimal | None = None

    @property
    def left_usd(self) -> Decimal:
        """What the training may cost, with all that may come on top of it."""
        return self.held_usd - self.charged_usd


class Run(BaseModel):
    """One run: the upload that started it, its run spec and the objects that it reads.

    ``left_out`` are data files beside run.yaml that are in no split, or that Spark would not see,
    and ``raw_files`` what a preparation reads, where the run has one.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: Literal["1.0", "1.1", "1.2"] = "1.2"
    run_id: str
    project: str
    upload: Upload
    execution_arn: str
    opened_at: datetime
    spec: RunSpec
    files: tuple[DatasetFile, ...]
    left_out: tuple[str, ...] = ()
    raw_files: tuple[DatasetFile, ...] = ()
    preparation: RunPreparation | None = None

    @field_validator("spec", mode="before")
    @classmethod
    def _read_former_spec(cls, spec: Any) -> Any:
        return with_former_trainer(spec)
