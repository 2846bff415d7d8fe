"""``prepare`` of the run spec: how raw data is made into a data set before it is validated."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from thriftline.core.section import Section
from thriftline.core.text import has_hidden
from thriftline.runs.schemas.databricks_section import DatabricksSection

Column = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Language = Annotated[str, StringConstraints(min_length=2, max_length=2, pattern=r"^[a-z]{2}$")]
Uri = Annotated[str, StringConstraints(min_length=8, max_length=1024)]
HeldOut = Annotated[float, Field(gt=0, lt=1)]
Engine = Literal["auto", "local", "emr_serverless", "databricks", "sagemaker_processing"]
Personal = Literal["email", "card", "iban", "phone", "local_phone"]

# Where a node may be taken away while the work goes on.
_WITH_SPARE_CAPACITY = ("auto", "emr_serverless", "databricks")
_MOST_SOURCES = 20
_DIRECTORY_BUCKET = "--x-s3"


class RawColumns(Section):
    """What the raw data calls its columns; the prepared ones are text, text_pair and label."""

    text: Column = Field("text", description="The column that holds the text.")
    text_pair: Column | None = Field(None, description="The second text, for tasks on pairs.")
    label: Column = Field("label", description="The column that holds the label.")

    @model_validator(mode="after")
    def _are_different(self) -> "RawColumns":
        named = [name for name in (self.text, self.text_pair, self.label) if name]
        if len(set(named)) != len(named):
            raise ValueError("text, text_pair and label must name different columns")
        return self


class Filters(Section):
    """Which rows are kept by what their text is."""

    min_characters: int | None = Field(
        None, ge=1, le=1_000_000, description="Rows with a shorter text are removed."
    )
    max_characters: int | None = Field(
        None, ge=1, le=1_000_000, description="Rows with a longer text are removed."
    )
    languages: tuple[Language, ...] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Two-letter codes of the languages that are kept, such as en; detecting them "
        "costs about a CPU-second for each megabyte. All are kept when absent.",
    )

    @model_validator(mode="after")
    def _leave_something(self) -> "Filters":
        least, most = self.min_characters, self.max_characters
        if least is not None and most is not None and least > most:
            raise ValueError("min_characters must be at most max_characters")
        return self


class NearDuplicates(Section):
    """Texts that differ in little: one of them is kept; `near_duplicates: null` keeps them all."""

    threshold: float = Field(
        0.8,
        ge=0.5,
        le=1,
        description="Two texts are near-duplicates when they share so much of their sequences of "
        "three words (Jaccard similarity).",
    )


class Balance(Section):
    """How many rows a label may have."""

    max_per_label: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="A label with more rows is reduced to about so many, chosen by a hash of the "
        "text. No limit when absent.",
    )


class PreparedSplit(Section):
    """Shares of the rows that are held out; near-duplicates are never on both sides."""

    validation_fraction: HeldOut = Field(0.1, description="Share for validation.")
    test_fraction: HeldOut = Field(0.1, description="Share for the test.")

    @model_validator(mode="after")
    def _leaves_rows_to_train(self) -> "PreparedSplit":
        if self.validation_fraction + self.test_fraction > 0.9:
            raise ValueError("validation_fraction + test_fraction must leave 10 % to train on")
        return self


class PrepareSection(Section):
    """How raw data is made into the data set; with it, the files beside run.yaml are raw."""

    engine: Engine = Field(
        "auto",
        description="Where the preparation runs; auto takes the cheapest that the stack has for "
        "the size. local is the command thriftline prepare, on your own machine.",
    )
    source: tuple[Uri, ...] | None = Field(
        None,
        min_length=1,
        max_length=_MOST_SOURCES,
        description="Folders of raw data, s3://bucket/prefix/, in the data bucket outside "
        "datasets/ or in a bucket of the stack's parameter RawDataBuckets. When absent, the data "
        "files beside run.yaml.",
    )
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field(
        "auto", description="Format of the raw files; auto goes by their names."
    )
    columns: RawColumns = Field(default_factory=RawColumns)
    labels: dict[Label, Label] = Field(
        default_factory=dict,
        description="What a raw label becomes; several raw labels may become one.",
    )
    unmapped_labels: Literal["keep", "drop", "refuse"] = Field(
        "refuse",
        description="What happens to rows whose label is not in `labels`, where that names any.",
    )
    filters: Filters = Field(default_factory=Filters)
    near_duplicates: NearDuplicates | None = Field(default_factory=NearDuplicates)
    conflicts: Literal["drop", "majority", "refuse"] = Field(
        "drop",
        description="What happens to the same or nearly the same text with several labels: all "
        "such rows go, those of the most frequent label stay, or the run is refused.",
    )
    balance: Balance = Field(default_factory=Balance)
    redact: tuple[Personal, ...] = Field(
        (),
        max_length=5,
        description="What is replaced in the texts by a word such as <EMAIL>: the patterns are "
        "those by which the validation warns.",
    )
    split: PreparedSplit = Field(default_factory=PreparedSplit)
    max_vcpus: int = Field(
        16, ge=2, le=4000, description="Most virtual processors at a time, the driver included."
    )
    max_minutes: int = Field(
        60, ge=5, le=10_080, description="Longest time of an attempt; it is stopped then."
    )
    spot: bool = Field(
        False,
        description="Use spare capacity where the engine has it (Flex of EMR Serverless, Spot of "
        "Databricks): cheaper, slower to start; the dollars are held at the standard rate.",
    )
    max_usd: Decimal | None = Field(
        None,
        gt=0,
        le=1_000_000,
        description="What the preparation may cost at the worst, all attempts together; as much "
        "as the run when absent. It counts against budget.max_usd.",
    )
    databricks: DatabricksSection | None = Field(
        None, description="Workspace and cluster, for engine: databricks; none when absent."
    )

    @property
    def spare_capacity(self) -> bool:
        """Whether it may run on what can be taken away."""
        return self.spot

    @field_validator("source")
    @classmethod
    def _are_folders(cls, source: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for index, uri in enumerate(source or ()):
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            if not uri.startswith("s3://") or not bucket or not prefix.endswith("/"):
                raise _at(
                    (index,), "must be a folder such as s3://bucket/prefix/ with the last slash"
                )
            if bucket.endswith(_DIRECTORY_BUCKET):
                raise _at(
                    (index,),
                    f"{bucket} is a directory bucket (S3 Express One Zone): it sends no events and "
                    "keeps no versions, so no run starts from data there, and none reads them; "
                    "copy the data to a general purpose bucket",
                )
            if _has_odd_characters(uri):
                raise _at((index,), "must hold no space, no hidden sign and none of * ? { } [ ]")
            held = next((one for one in (source or ())[:index] if _overlap(one, uri)), None)
            if held:
                raise _at(
                    (index,),
                    f"holds the same files as {held}; a file is read once, so take one of them out",
                )
        return source

    @field_validator("redact")
    @classmethod
    def _is_named_once(cls, redact: tuple[Personal, ...]) -> tuple[Personal, ...]:
        return tuple(dict.fromkeys(redact))

    @field_validator("spot")
    @classmethod
    def _engine_has_spare_capacity(cls, spot: bool, info: ValidationInfo) -> bool:
        engine = info.data.get("engine")
        if spot and engine not in (None, *_WITH_SPARE_CAPACITY):
            raise ValueError(
                f"{engine} has no spare capacity; take spot out, or say engine: emr_serverless or "
                "databricks"
            )
        return spot

    @field_validator("databricks")
    @classmethod
    def _is_read(
        cls, databricks: DatabricksSection | None, info: ValidationInfo
    ) -> DatabricksSection | None:
        engine = info.data.get("engine")
        if databricks is not None and engine not in (None, "auto", "databricks"):
            raise ValueError(
                f"{engine} does not read it; take databricks out, or say engine: databricks"
            )
        return databricks


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _has_odd_characters(uri: str) -> bool:
    # Spark reads * ? { } [ ] in a path as a pattern, and takes a space for nothing it can name.
    return has_hidden(uri) or any(sign in uri for sign in " *?{}[]")


def _at(place: tuple[int, ...], rule: str) -> PydanticCustomError:
    return PydanticCustomError("source_folder", "{rule}", {"at": place, "rule": rule})
