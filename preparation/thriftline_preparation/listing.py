"""Which files the sources hold, and which of them can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import PreparationError
from .places import every_file, is_remote, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from .config import Config
    from .places import Places

GIB = 1 << 30
MOST_GZIP_BYTES = 10 * GIB
# How many bytes of text a packed one holds, about.
UNPACKED = 4
_KINDS = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet"}
# Beside data, and no data itself, whatever the format is said to be.
_NO_DATA = ("yaml", "yml", "md", "html", "json", "py")
_NAMED = 5


@dataclass(frozen=True)
class SourceFile:
    """One file: its path as Spark reports it, its name as the configuration would give it.

    ``number`` is the hash by which a row names its file.
    """

    path: str
    name: str
    size: int
    kind: str
    gzipped: bool
    number: int = 0

    @property
    def unpacked_bytes(self) -> int:
        """About what it is when it is read: Parquet is packed as well."""
        return self.size * (UNPACKED if self.gzipped or self.kind == "parquet" else 1)


@dataclass(frozen=True)
class Listing:
    """The files that are read, and the names of those that are passed over.

    ``empty`` files would be read if they held a byte; ``hidden`` ones are data by their names,
    which begin with a sign that keeps Spark from seeing them.
    """

    files: tuple[SourceFile, ...]
    ignored: tuple[str, ...]
    empty: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Their size as they are stored."""
        return sum(file.size for file in self.files)

    @property
    def unpacked_bytes(self) -> int:
        """About what they are when they are read."""
        return sum(file.unpacked_bytes for file in self.files)


def list_files(spark: SparkSession, config: Config, places: Places) -> Listing:
    """Returns the data files below the sources, in the order of their paths.

    Raises:
        PreparationError: a source is not there, none has a data file, or one is too large.
    """
    found: dict[str, tuple[int, int]] = {}
    for source in config.sources:
        found.update(_listed(spark, source, places))
    # A preparation that was made before may lie below its own source.
    own = f"{places.as_given(places.resolved(config.output))}/"
    files, ignored = [], []
    for path, (size, number) in sorted(found.items()):
        name = places.as_given(path)
        kind, gzipped = kind_of(name, config.format)
        if name.startswith(own):
            continue
        if kind is None:
            ignored.append(name)
        else:
            files.append(SourceFile(path, name, size, kind, gzipped, number))
    seen = {*ignored, *(file.name for file in files)}
    empty, hidden = (
        tuple(name for name in names if name not in seen and not name.startswith(own))
        for names in _unseen(spark, config, places)
    )
    _check(files, [*ignored, *empty, *hidden], config.sources)
    return Listing(tuple(files), tuple(ignored), empty, hidden)


def kind_of(name: str, format_: str) -> tuple[str | None, bool]:
    """Returns format and whether it is gzipped; None as the format where it is no data file."""
    base = name.rpartition("/")[2].lower()
    gzipped = base.endswith(".gz")
    if gzipped:
        base = base[: -len(".gz")]
    suffix = base.rpartition(".")[2] if "." in base else ""
    kind = _KINDS.get(suffix)
    if kind == "parquet" and gzipped:
        return None, gzipped
    if format_ == "auto":
        return kind, gzipped
    # A format that is named holds for every file that does not say another one.
    fits = kind == format_ or (kind is None and suffix not in _NO_DATA)
    return (format_ if fits else None), gzipped


def _listed(spark: SparkSession, source: str, places: Places) -> dict[str, tuple[int, int]]:
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions as F

    try:
        frame = (
            spark.read.format("binaryFile")
            .option("recursiveFileLookup", "true")
            .load(literal(places.resolved(source)))
            .select("path", "length", F.xxhash64(F.col("_metadata.file_path")).alias("number"))
        )
        rows = frame.collect()
    except AnalysisException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        raise PreparationError(
            "no_files",
            f"sources: {source} is not there. Correct the path, or upload the files first.",
        ) from None
    return {row.path: (row.length, row.number) for row in rows}


def _unseen(spark: SparkSession, config: Config, places: Places) -> tuple[list[str], list[str]]:
    """Returns data files that Spark passes over without a word: empty ones, and hidden ones."""
    empty: set[str] = set()
    hidden: set[str] = set()
    for source in config.sources:
        root = places.resolved(source)
        for path, size in every_file(spark, root):
            # What is above the source may be called as it likes.
            below = path[len(root) :] if path != root else path.rpartition("/")[2]
            name = places.as_given(path)
            if kind_of(name, "auto")[0] and any(map(is_hidden, below.split("/"))):
                hidden.add(name)
            elif kind_of(name, config.format)[0] and not size:
                empty.add(name)
    return sorted(empty), sorted(hidden)


def is_hidden(name: str) -> bool:
    """Whether Spark passes over a file or folder of this name."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _check(files: Sequence[SourceFile], ignored: Sequence[str], sources: Sequence[str]) -> None:
    if not files:
        others = f" It holds {_few(ignored)}." if ignored else ""
        raise PreparationError(
            "no_files",
            f"sources: no file that ends in .csv, .jsonl or .parquet (or .csv.gz, .jsonl.gz) and "
            f"holds anything lies below {_few(sources)}.{others} Name another folder or `format`.",
        )
    for file in files:
        base = file.path.rpartition("/")[2]
        if ":" in base and not is_remote(file.path):
            raise PreparationError(
                "unreadable",
                f"{file.name}: Spark cannot open a file of this machine with a colon in its name. "
                "Rename it.",
            )
        if file.gzipped and file.size > MOST_GZIP_BYTES:
            raise PreparationError(
                "file_too_large",
                f"{file.name}: one .gz of {file.size / GIB:,.1f} GiB is read by a single task, "
                f"hours on its own; at most {MOST_GZIP_BYTES / GIB:,.0f} GiB are. Split it into "
                "files of about 1 GiB, or upload it unpacked.",
            )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
