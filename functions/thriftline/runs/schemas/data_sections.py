"""``columns`` and ``dataset`` of the run spec: which data a run reads, and how."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from thriftline.core.section import Section
from thriftline.runs.schemas.auto_values import Fraction

Column = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^/]+$")]


class Columns(Section):
    """Which columns (keys of a JSON object) hold what."""

    text: Column = Field("text", description="The text to classify.")
    text_pair: Column | None = Field(None, description="The second text, for tasks on pairs.")
    label: Column = Field(
        "label", description="The label; with several labels a record, the list of them."
    )
    label_separator: Annotated[str, StringConstraints(min_length=1, max_length=8)] | None = Field(
        None,
        description="What stands between the labels where a file has them in one text, as CSV "
        "does; for multi-label-classification only.",
    )

    @model_validator(mode="after")
    def _are_different(self) -> "Columns":
        named = [name for name in (self.text, self.text_pair, self.label) if name]
        if len(set(named)) != len(named):
            raise ValueError("text, text_pair and label must name different columns")
        return self


class DatasetSection(Section):
    """Which files belong to the data set, and how one file is split."""

    train: tuple[Glob, ...] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Names of the training files beside run.yaml, * and ? allowed; "
        "when absent, those called train, train-1, train_00001-of-00008 and so on.",
    )
    validation: tuple[Glob, ...] | None = Field(
        None, min_length=1, max_length=1000, description="Likewise for validation."
    )
    test: tuple[Glob, ...] | None = Field(
        None, min_length=1, max_length=1000, description="Likewise for the test split."
    )
    validation_fraction: Fraction = Field(
        0.1, description="Share of the rows held out for validation where no file does it."
    )
    test_fraction: Fraction = Field(
        0.1, description="Share of the rows held out for the test where no file does it."
    )
    keep_splits: bool = Field(
        False,
        description="Keep the validated splits after the run, for 60 days from when they were "
        "made, so that a notebook can train and test on the very same records (docs/notebook.md).",
    )

    @model_validator(mode="after")
    def _leave_rows_to_train(self) -> "DatasetSection":
        if self.validation_fraction + self.test_fraction > 0.9:
            raise ValueError("validation_fraction + test_fraction must leave 10 % to train on")
        return self
