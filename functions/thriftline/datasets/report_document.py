"""``dataset.json``: what validation found, for programs; ``dataset.html`` shows the same."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Verdict = Literal["accepted", "accepted_with_warnings", "rejected"]
SplitName = Literal["train", "validation", "test"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def with_fix(finding: Any) -> Any:
    """Returns a finding with its ``fix``, which was called ``mend`` before version 2."""
    if isinstance(finding, dict) and "mend" in finding and "fix" not in finding:
        return {"fix" if name == "mend" else name: value for name, value in finding.items()}
    return finding


class Place(_Document):
    """Where something was found; for Parquet the line is the row's number, from 1."""

    file: str
    line: int | None = None
    column: int | None = Field(default=None, description="Position in the line, from 1.")
    field: str | None = Field(default=None, description="The column of the data set.")
    rule: str | None = Field(default=None, description="What exactly is wrong; never a value.")

    def __str__(self) -> str:
        """Reads as `reviews.csv, line 17, column 5: a quote is never closed`."""
        parts = [self.file]
        if self.line is not None:
            unit = "row" if ".parquet" in self.file.lower() else "line"
            parts.append(f"{unit} {self.line}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        if self.field is not None:
            parts.append(f"field {self.field}")
        return ", ".join(parts) + (f": {self.rule}" if self.rule else "")


class Finding(_Document):
    """One check that failed: how often, the first places, and what to do about it."""

    code: str
    severity: Literal["error", "warning"]
    title: str
    count: int
    detail: str | None = None
    fix: str
    places: list[Place] = Field(max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _read_former_version(cls, document: Any) -> Any:
        return with_fix(document)


class FileSummary(_Document):
    """One object that was read."""

    name: str
    version: str | None
    bytes: int
    rows: int
    split: SplitName | None = Field(description="None: its rows are split by the run.")


class LabelSetRows(_Document):
    """Rows that have exactly these labels."""

    labels: list[str]
    rows: int


class LabelSets(_Document):
    """The sets of labels that rows have, where a row may have several."""

    distinct: int
    labels_per_row: float | None = Field(description="Mean number of labels of a row.")
    rows_by_size: dict[int, int] = Field(description="Rows by their number of labels.")
    most_frequent: list[LabelSetRows] = Field(max_length=50)


class LengthBin(_Document):
    """Number of texts of a length in characters, ``below`` excluded."""

    start: int
    below: int
    texts: int


class Sampling(_Document):
    """Which rows the checks across rows have looked at."""

    exact: bool
    rows: int
    share: float
    statement: str


class DatasetReport(_Document):
    """All that validation says about a data set."""

    schema_version: Literal[1, 2] = 2
    verdict: Verdict
    summary: str
    rows: int = Field(description="Records that could be parsed.")
    bytes: int
    columns: list[str]
    text_columns: list[str]
    label_column: str
    seed: int
    labels: dict[str, int] = Field(description="Rows of each label, most frequent first.")
    label_sets: LabelSets | None = Field(
        default=None, description="Set where a row may have several labels."
    )
    characters: int = Field(description="In all texts; pairs count both.")
    text_length_mean: float | None
    text_length_median: int | None
    text_length_p95: int | None
    text_length_max: int | None
    text_length_histogram: list[LengthBin]
    splits: dict[SplitName, int] = Field(
        description="Rows that are used, once repeated and contradicting ones are left out."
    )
    split_labels: dict[SplitName, dict[str, int]]
    split_origins: dict[SplitName, Literal["files", "cut"]] = Field(
        description="Whether files brought the split, or the run cut it from the training rows."
    )
    sampling: Sampling
    findings: list[Finding]
    files: list[FileSummary]

    @property
    def codes(self) -> list[str]:
        """The codes of all findings, errors first."""
        return [finding.code for finding in self.findings]
