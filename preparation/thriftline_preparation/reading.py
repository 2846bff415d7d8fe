"""Reads raw files: CSV after RFC 4180, JSON lines and Parquet, each file held to the columns."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable, TypeVar

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql import types as T

from .errors import PreparationError
from .places import literal
from .redaction import Redaction
from .rows import Row, RowWork, removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from .config import Columns, Config
    from .listing import SourceFile

Seen = TypeVar("Seen")
ROWS = "file bigint, text string, text_pair string, label string, reason string, notes string"
_ARROW = pa.schema([("file", pa.int64()), *((name, pa.string()) for name in (*Row._fields,))])
# A file that one task has to read is spread afterwards, in pieces of about this size.
_PIECE_BYTES = 64 << 20
_HEADER_LINES = 20
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
    "maxColumns": "20480",
    "columnNameOfCorruptRecord": "_corrupt",
}


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
    every = frames[0]
    for frame in frames[1:]:
        every = every.unionByName(frame)
    return every


def file_hash() -> Column:
    """The column that names a row's file by a number."""
    return F.xxhash64(F.col("_metadata.file_path")).alias("file")


def _jsonl(spark: SparkSession, files: Sequence[SourceFile], config: Config) -> Iterator[DataFrame]:
    if files:
        frame = spark.read.text(_paths(files)).select(file_hash(), "value")
        if files[0].gzipped:
            frame = _spread(frame, files)

        def judged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            work = RowWork(config)
            for batch in batches:
                rows = work.lines(batch.column(1).to_pylist())
                yield _batch(batch.column(0).to_pylist(), rows)

        yield frame.mapInArrow(judged, ROWS)


def _csv(spark: SparkSession, files: Sequence[SourceFile], config: Config) -> Iterator[DataFrame]:
    groups: dict[tuple[str, ...], list[SourceFile]] = {}
    for file, first in _each(files, lambda file: _header(spark, file)):
        groups.setdefault(tuple(first), []).append(file)
    _require_columns(
        {file.name: header for header, some in groups.items() for file in some}, config
    )
    for header, some in groups.items():
        # Spark warns, with the header's content, where a file's names are not those of the schema.
        plain = len({*header, "_corrupt"}) == len(header) + 1 and all(header)
        names = header if plain else tuple(f"_c{number}" for number in range(len(header)))
        fields = [T.StructField(name, T.StringType()) for name in (*names, "_corrupt")]
        columns = [F.col(f"`{names[header.index(name)]}`") for name in config.columns.wanted]
        frame = spark.read.options(**_CSV).schema(T.StructType(fields)).csv(_paths(some))
        frame = frame.select(file_hash(), *_named(columns, config.columns), "_corrupt")
        yield _judged(_spread(frame, some), config)


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
        columns = [F.col(f"`{name}`").cast("string") for name in config.columns.wanted]
        frame = frame.select(file_hash(), *_named(columns, config.columns))
        yield _judged(frame.withColumn("_corrupt", F.lit(None).cast("string")), config)


def _judged(frame: DataFrame, config: Config) -> DataFrame:
    """Judges rows whose columns are file, text, text_pair, label and what could not be parsed."""

    def judged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        work = RowWork(config)
        for batch in batches:
            ids, *columns = (column.to_pylist() for column in batch.columns)
            rows = (
                work.judged(text, pair, label)
                if corrupt is None
                else removed("unreadable", corrupt)
                for text, pair, label, corrupt in zip(*columns)
            )
            yield _batch(ids, rows)

    return frame.mapInArrow(judged, ROWS)


def _batch(files: Sequence[int], rows: Iterable[Row | None]) -> pa.RecordBatch:
    kept = [(file, *row) for file, row in zip(files, rows) if row is not None]
    columns = list(zip(*kept)) if kept else [()] * len(_ARROW)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _ARROW)]
    return pa.RecordBatch.from_arrays(arrays, schema=_ARROW)


def _named(columns: list[Column], names: Columns) -> list[Column]:
    pair = columns[1] if names.text_pair else F.lit(None).cast("string")
    return [columns[0].alias("text"), pair.alias("text_pair"), columns[-1].alias("label")]


def _spread(frame: DataFrame, files: Sequence[SourceFile]) -> DataFrame:
    """Spreads rows of files that one task each has to read, where these are too few or too big."""
    size = sum(file.unpacked_bytes for file in files)
    pieces = -(-size // _PIECE_BYTES)
    return frame.repartition(pieces) if pieces > len(files) else frame


def _header(spark: SparkSession, file: SourceFile) -> list[str]:
    """The first record of a CSV file."""
    lines = [row.value for row in spark.read.text(_paths([file])).head(_HEADER_LINES)]
    text = "\n".join(lines).lstrip("\ufeff")
    return next(csv.reader(io.StringIO(text), strict=False), [])


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


def columns_error(
    faults: dict[str, list[str]], headers: Mapping[str, Sequence[str] | None], config: Config
) -> PreparationError:
    """Returns the error of files that differ from the configuration, and from each other."""
    parts = []
    for what, names in faults.items():
        more = f" and {len(names) - 3:,} more files" if len(names) > 3 else ""
        has = headers.get(names[0])
        shown = f" (its columns: {_shown_header(has, config)})" if has is not None else ""
        parts.append(f"{', '.join(names[:3])}{more} {what}{shown}")
    lacking = {name for names in faults.values() for name in names}
    others = [name for name in headers if name not in lacking]
    differs = f"; {others[0]} has it, so the files differ" if others else ""
    return PreparationError(
        "columns",
        f"columns: {'; '.join(parts)}{differs}. Name the columns as the files do, or give files "
        "with the same columns.",
    )


def _shown_header(header: Sequence[str], config: Config) -> str:
    """Column names for a message. A file without a header has data there, which is not shown."""
    redaction = Redaction(config.patterns)
    looks_like_data = any(len(name) > 64 or redaction.redacted(name)[1] for name in header)
    if looks_like_data:
        return "not shown, they look like data: a header line may be missing"
    return ", ".join(header[:20]) or "none"


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
