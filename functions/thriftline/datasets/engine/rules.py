"""What a data set is held to, and the files that it is made of."""

from typing import Final, Literal, cast

from thriftline.core.dataclass import dataclass

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
FileFormat = Literal["jsonl", "csv", "parquet"]

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class DatasetRules:
    """The run spec's part that validation needs, and the limits of every data set."""

    text_column: str = "text"
    text_pair_column: str | None = None
    label_column: str = "label"
    multi_label: bool = False
    label_separator: str | None = None
    validation_fraction: float = 0.1
    test_fraction: float = 0.1
    seed: int = 42
    minimum_test_rows: int = 0
    max_record_bytes: int = MIB
    max_labels: int = 1000
    max_label_sets: int = 65_536
    max_label_characters: int = 256
    max_errors: int = 10_000
    max_conflict_share: float = 0.01
    max_leakage_share: float = 0.01
    imbalance_ratio: float = 20.0
    max_decompression_ratio: int = 200
    ratio_free_bytes: int = 64 * MIB
    max_decompressed_bytes: int = 32 * GIB
    exact_rows: int = 50_000_000

    @property
    def max_classes(self) -> int:
        """How many different values the label column may have."""
        return self.max_label_sets if self.multi_label else self.max_labels

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns whose text is checked."""
        pair = self.text_pair_column
        return (self.text_column,) if pair is None else (self.text_column, pair)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a record must have."""
        return (*self.text_columns, self.label_column)


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """How work is cut; no setting here may change what a data set's report says.

    A block is what is parsed at once: small enough for its objects to stay in the processor's
    cache, which is worth more than fewer, larger steps.
    """

    read_bytes: int = 4 * MIB
    block_bytes: int = MIB // 4
    single_pass_bytes: int = GIB
    range_bytes: int = 256 * MIB
    max_groups: int = 150
    spill_rows: int = 1 << 18
    shard_bytes: int = 16 * MIB
    read_threads: int = 16


@dataclass(frozen=True, slots=True)
class DataFile:
    """One object of the data set; ``split`` is None where its name names none."""

    name: str
    size: int
    split: Split | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file's name says about its content."""

    format: FileFormat
    gzipped: bool


def kind_of(name: str) -> FileKind | None:
    """Reads format and compression off the name; None is a type that is not supported."""
    stem = name.lower()
    gzipped = stem.endswith(".gz")
    suffix = stem.removesuffix(".gz").rpartition(".")[2]
    suffix = "jsonl" if suffix == "ndjson" else suffix
    if suffix not in ("jsonl", "csv", "parquet"):
        return None
    return FileKind(cast("FileFormat", suffix), gzipped)


_ADVICE: Final = {
    "tsv": "write it with commas and name it .csv",
    "tab": "write it with commas and name it .csv",
    "txt": "write it as CSV or JSON Lines, and name it so",
    "json": "write one object on each line and name it .jsonl",
    "xlsx": "save the sheet as CSV (UTF-8)",
    "xls": "save the sheet as CSV (UTF-8)",
    "ods": "save the sheet as CSV (UTF-8)",
    "zip": "unpack it and upload the file that is in it",
    "bz2": "pack it with gzip instead",
    "xz": "pack it with gzip instead",
    "zst": "pack it with gzip instead",
}


def unsupported_rule(name: str) -> str | None:
    """What to do about a file whose name says that it cannot be read."""
    if name != name.strip():
        return "the name begins or ends with a space; upload the file under a name without it"
    stem = name.lower().removesuffix(".gz")
    return _ADVICE.get(stem.rpartition(".")[2])


def split_of(name: str) -> Split | None:
    """``train*``, ``validation*`` and ``test*`` are splits; any other name is none."""
    base = name.rpartition("/")[2].lower()
    return next((split for split in SPLITS if base.startswith(split)), None)
