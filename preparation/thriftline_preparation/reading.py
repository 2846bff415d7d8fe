"""Reads raw files: CSV after RFC 4180, JSON lines and Parquet, each file held to the columns."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql import types as T

from .contents import BOM, foreign, not_utf8
from .errors import PreparationError
from .file_faults import columns_error
from .places import literal
from .rows import Header, Row, RowWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from .config import Columns, Config
    from .listing import SourceFile

Seen = TypeVar("Seen")
ROWS = "file bigint, text string, text_pair string, label string, reason string, notes string"
_ARROW = pa.schema([("file", pa.int64()), *((name, pa.string()) for name in (*Row._fields,))])
# A file that one task has to read is spread afterwards, in pieces of about this size.
_PIECE_BYTES = 64 << 20
_HEADER_LINES = 20
_MOST_OF_A_LINE = 1 << 20
_AT_ONCE = 8
_LABEL_TYPES = (
    T.StringType, T.BooleanType, T.ByteType, T.ShortType, T.IntegerType, T.LongType,
)  # fmt: skip
# CSV after RFC 4180: a quote is doubled inside quotes, which may hold line breaks.
_CSV = {
    "header": "true",
    "quote": '"',
    "escape": '"',
    "multiLine": "true",
    "mode": "PERMISSIVE",
    "maxColumns": "100000",
    # A longer field is a quote that is not closed, and without a limit takes the memory.
    "maxCharsPerColumn": str(32 << 20),
    "columnNameOfCorruptRecord": "_corrupt",
}
# Names that Spark gives a meaning of its own.
_TAKEN = ("_corrupt", "_metadata")


def read_rows(spark: SparkSession, files: Sequence[SourceFile], config: Config) -> DataFrame:
    """Returns every raw row with what became of it: see `rows.Row`, and the hash of its file.

    Raises:
        PreparationError: a file lacks a column.
    """
    frames: list[DataFrame] = []
    for gzipped in (False, True):
        some = [file for file in files if file.gzipped == gzipped]
        frames += _jsonl(spark, [file for file in some if file.kind == "jsonl"], config)
        frames += _csv(spark, [file for file in some if file.kind == "csv"], config)
        frames += _parquet(spark, [file for file in some if file.kind == "parquet"], config)
    if not frames:
        names = ", ".join(file.name for file in files[:3])
        raise PreparationError(
            "empty", f"{names}: no file has a record. Upload them again with their rows."
        )
    every = frames[0]
    for frame in frames[1:]:
        every = every.unionByName(frame)
    return every


def file_hash() -> Column:
    """The column that names a row's file by a number."""
    return F.xxhash64(F.col("_metadata.file_path")).alias("file")


def _jsonl(spark: SparkSession, files: Sequence[SourceFile], config: Config) -> Iterator[DataFrame]:
    if files:
        # As bytes: what is not UTF-8 is found in its row, and fails no task.
        value = F.col("value").cast("binary").alias("value")
        frame = spark.read.text(_paths(files)).select(file_hash(), value)
        if files[0].gzipped:
            frame = _spread(frame, files)

        def judged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            work = RowWork(config)
            for batch in batches:
                rows = work.lines(batch.column(1).to_pylist())
                yield _batch(batch.column(0).to_pylist(), rows)

        yield frame.mapInArrow(judged, ROWS)


class _Form(NamedTuple):
    """How CSV files are written that can be read together."""

    header: tuple[str, ...]
    marked: bool
    line_end: str


def _csv(spark: SparkSession, files: Sequence[SourceFile], config: Config) -> Iterator[DataFrame]:
    groups: dict[_Form, list[SourceFile]] = {}
    headers: dict[str, Sequence[str]] = {}
    for file, head in _each(files, lambda file: first_lines(spark, file)):
        header = header_of(file, head)
        # A file without a line has no rows, and so no need of columns.
        if header:
            headers[file.name] = header
            form = _Form(tuple(header), head.startswith(BOM), _line_end(head))
            groups.setdefault(form, []).append(file)
    _require_columns(headers, config)
    for form, some in groups.items():
        frame = _spread(_csv_records(spark, form, some, config), some)
        label = form.header.index(config.columns.label)
        known = Header(len(form.header), label, as_bytes=not form.marked)

        def judged(
            work: RowWork, columns: list[list[str | None]], known: Header = known
        ) -> Iterable[Row | None]:
            return (work.fields(row[:3], row[3], known) for row in zip(*columns))

        yield _judged(frame, config, judged)


def _csv_records(
    spark: SparkSession, form: _Form, files: Sequence[SourceFile], config: Config
) -> DataFrame:
    header = form.header
    # Spark warns, with the header's content, where a file's names are not those of the schema.
    plain = all(header) and len({*header, *_TAKEN}) == len(header) + len(_TAKEN)
    names = header if plain else tuple(f"_c{number}" for number in range(len(header)))
    fields = [T.StructField(name, T.StringType()) for name in (*names, "_corrupt")]
    columns = [_column(names[header.index(name)]) for name in config.columns.wanted]
    # A byte order mark is a promise of UTF-8, which the parser would take over any other.
    encoding = "UTF-8" if form.marked else "ISO-8859-1"
    options = {**_CSV, "encoding": encoding, "lineSep": form.line_end}
    frame = spark.read.options(**options).schema(T.StructType(fields)).csv(_paths(files))
    return frame.select(file_hash(), *_named(columns, config.columns), "_corrupt")


def _parquet(
    spark: SparkSession, files: Sequence[SourceFile], config: Config
) -> Iterator[DataFrame]:
    groups: dict[T.StructType, list[SourceFile]] = {}
    schemas = list(_each(files, lambda file: spark.read.parquet(*_paths([file])).schema))
    _require_columns({file.name: schema.names for file, schema in schemas}, config)
    for file, schema in schemas:
        _require_types(file, schema, config.columns)
        wanted = T.StructType([schema[name] for name in config.columns.wanted])
        groups.setdefault(_nullable(wanted), []).append(file)
    for schema, some in groups.items():
        frame = spark.read.schema(schema).parquet(*_paths(some))
        columns = [_column(name).cast("string").cast("binary") for name in config.columns.wanted]
        frame = frame.select(file_hash(), *_named(columns, config.columns, "binary"))
        yield _judged(frame, config, lambda work, columns: map(work.values, zip(*columns)))


def _judged(
    frame: DataFrame,
    config: Config,
    judge: Callable[[RowWork, list[list[Any]]], Iterable[Row | None]],
) -> DataFrame:
    """Judges rows by their columns, of which the first is the file."""

    def judged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        work = RowWork(config)
        for batch in batches:
            ids, *columns = (column.to_pylist() for column in batch.columns)
            yield _batch(ids, judge(work, columns))

    return frame.mapInArrow(judged, ROWS)


def _batch(files: Sequence[int], rows: Iterable[Row | None]) -> pa.RecordBatch:
    kept = [(file, *row) for file, row in zip(files, rows) if row is not None]
    columns = list(zip(*kept)) if kept else [()] * len(_ARROW)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _ARROW)]
    return pa.RecordBatch.from_arrays(arrays, schema=_ARROW)


def _column(name: str) -> Column:
    """A column by its name, whatever signs are in it."""
    quoted = name.replace("`", "``")
    return F.col(f"`{quoted}`")


def _named(columns: list[Column], names: Columns, kind: str = "string") -> list[Column]:
    pair = columns[1] if names.text_pair else F.lit(None).cast(kind)
    return [columns[0].alias("text"), pair.alias("text_pair"), columns[-1].alias("label")]


def _spread(frame: DataFrame, files: Sequence[SourceFile]) -> DataFrame:
    """Spreads rows of files that one task each has to read, where these are too few or too big."""
    size = sum(file.unpacked_bytes for file in files)
    pieces = -(-size // _PIECE_BYTES)
    return frame.repartition(pieces) if pieces > len(files) else frame


def first_lines(spark: SparkSession, file: SourceFile) -> bytes:
    """Returns a file's first lines, unpacked where it is packed."""
    value = F.col("value").cast("binary").alias("value")
    lines = spark.read.text(_paths([file]), lineSep="\n").select(value).head(_HEADER_LINES)
    return b"\n".join(bytes(row.value)[:_MOST_OF_A_LINE] for row in lines)


def _line_end(head: bytes) -> str:
    """The sign that ends a file's lines; for CRLF, and a mixture, it is the line feed.

    Told to find it out, the parser takes the first one for all.
    """
    return "\r" if b"\r" in head and b"\n" not in head else "\n"


def header_of(file: SourceFile, head: bytes) -> list[str]:
    """Returns the first record of a CSV file that begins so; none where it has no line.

    Raises:
        PreparationError: it is no CSV.
    """
    problem = foreign(head)
    try:
        text = head.removeprefix(BOM).decode() if problem is None else ""
    except UnicodeDecodeError as error:
        first = head[: error.start].count(b"\n") == 0
        problem = f"line 1: {not_utf8(head)}" if first else None
        text = head.decode("utf-8", "replace").lstrip("\ufeff")
    if problem:
        raise PreparationError("unreadable", f"{file.name}: {problem}")
    if _line_end(head) == "\r":
        text = text.replace("\r", "\n")
    records = csv.reader(io.StringIO(text), strict=False)
    return [name.strip() for name in next((record for record in records if any(record)), [])]


def _each(
    files: Sequence[SourceFile], look: Callable[[SourceFile], Seen]
) -> list[tuple[SourceFile, Seen]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(zip(files, pool.map(look, files)))


def _require_columns(headers: dict[str, Sequence[str]], config: Config) -> None:
    """Raises an error that names the files which lack a column, or have it twice."""
    faults: dict[str, list[str]] = {}
    for name, header in headers.items():
        for column in config.columns.wanted:
            count = list(header).count(column)
            if count != 1:
                what = "lacks the column" if not count else f"has {count} columns named"
                faults.setdefault(f"{what} `{column}`", []).append(name)
    if faults:
        raise columns_error(faults, headers, config)


def _require_types(file: SourceFile, schema: T.StructType, columns: Columns) -> None:
    for name in columns.wanted:
        allowed = _LABEL_TYPES if name == columns.label else (T.StringType,)
        kind = schema[name].dataType
        if not isinstance(kind, allowed):
            wanted = "texts, whole numbers or true and false" if name == columns.label else "texts"
            raise PreparationError(
                "column_type",
                f"{file.name}: the column `{name}` holds {kind.simpleString()}, not {wanted}. "
                "Convert it, or name another column.",
            )


def _nullable(schema: T.StructType) -> T.StructType:
    return T.StructType([T.StructField(field.name, field.dataType, True) for field in schema])


def _paths(files: Sequence[SourceFile]) -> list[str]:
    return [literal(file.path) for file in files]
