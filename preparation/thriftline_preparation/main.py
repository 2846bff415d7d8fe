"""The command: ``prepare.py --config URI [--s3-root DIR]``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING

from . import SCHEMA_VERSION
from .config import read_config
from .errors import PreparationError
from .places import Places, read_document, write_document
from .session import require_packages, start_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from .config import Config

USER_ERROR = 2
# What Spark says where a file is damaged or locked, rather than the cluster.
_UNREADABLE = (
    "is not a Parquet file",
    "not in gzip format",
    "Unexpected end of",
    "CANNOT_READ_FILE_FOOTER",
    "Could not read footer",
    "ZipException",
    "not a gzip file",
    "incorrect header check",
    "incorrect data check",
    "gzip stream",
    "DataFormatException",
    "invalid stored block lengths",
    "invalid block type",
    "invalid distance",
    "invalid code lengths",
    "invalid literal",
    "ParquetDecodingException",
    "Can not read value at",
    "could not read page",
    "CompressionCodec",
)
_DENIED = ("AccessDenied", "Access Denied")
_TOO_LONG = ("TextParsingException", "exceeds the maximum number of characters", "maxColumns")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0, or 2 where the input or the configuration is at fault."""
    given = _parsed(arguments)
    places = Places(given.s3_root)
    spark = output = None
    try:
        require_packages()
        spark = start_session()
        document = _config_text(spark, places.resolved(given.config))
        output = _output_of(document)
        _prepare(spark, read_config(document), places)
    except PreparationError as error:
        _report(error, spark, places, output)
        return USER_ERROR
    return 0


def _prepare(spark: SparkSession, config: Config, places: Places) -> None:
    from .pipeline import prepare

    try:
        prepare(spark, config, places)
    except PreparationError:
        raise
    except Exception as error:
        if fault := unreadable(str(error), places, config.sources):
            raise fault from error
        raise


def unreadable(
    message: str, places: Places, sources: Sequence[str] = ()
) -> PreparationError | None:
    """Returns the error of a file that is damaged or locked; None if the message is not of one.

    Spark 3.5 does not always name the file: then it is one of the sources'.
    """
    where = _file_of(message, places)
    unknown = f"a file of {', '.join(sources[:3])}" if sources else "a source file"
    if any(sign in message for sign in _TOO_LONG):
        what = (
            "a field of more than 32 MiB, or a record of more than 100,000 fields: a quote may be "
            'opened and not closed. Close it, or double it where it is part of a text ("").'
        )
        return PreparationError("unreadable", f"{where or unknown}: {what}")
    sign = next((sign for sign in (*_UNREADABLE, *_DENIED) if sign in message), None)
    if sign is None:
        return None
    if sign in _DENIED:
        where = where or "a source, or the output"
        what = (
            "access is denied. Give the role of the preparation the right to read its sources and "
            "to write its output."
        )
    else:
        what = f"Spark cannot read it ({sign}). Upload the file again."
        if where is None:
            what += " Of .gz, `gzip -t` tells which one it is."
    return PreparationError("unreadable", f"{where or unknown}: {what}")


def _file_of(message: str, places: Places) -> str | None:
    paths = re.findall(r"(?:file|s3a?|s3n|dbfs):/[^\s,;'\"]+", message)
    data = [path for path in paths if re.search(r"\.(csv|jsonl|ndjson|parquet)(\.gz)?\b", path)]
    return places.as_given(data[0].rstrip(".)]")) if data else None


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="prepare.py", description="Makes a data set out of raw files, with Spark."
    )
    parser.add_argument("--config", required=True, help="a path or URI of the configuration, JSON")
    parser.add_argument("--s3-root", help="a folder in which s3://b/k is the file b/k")
    return parser.parse_args(arguments)


def _config_text(spark: SparkSession, uri: str) -> str:
    try:
        return read_document(spark, uri)
    except Exception as error:
        first = str(error).splitlines()[0][:200]
        message = f"config: {uri} cannot be read: {first}. Correct the path or the rights."
        raise PreparationError("config", message) from None


def _output_of(document: str) -> str | None:
    """Returns where an error can be written although the configuration may be wrong."""
    try:
        output = json.loads(document)["output"]
    except (ValueError, KeyError, TypeError):
        return None
    return output.rstrip("/") if isinstance(output, str) and output.strip() else None


def _report(
    error: PreparationError, spark: SparkSession | None, places: Places, output: str | None
) -> None:
    """Says what is wrong: in ``error.json`` for an engine without logs, and as the last line."""
    if spark is not None and output is not None:
        document = {"schema_version": SCHEMA_VERSION, "code": error.code, "message": error.message}
        try:
            write_document(spark, f"{places.resolved(output)}/error.json", json.dumps(document))
        except Exception as other:
            sys.stderr.write(f"error.json was not written: {str(other).splitlines()[0]}\n")
        spark.stop()
    line = json.dumps({"code": error.code, "message": error.message})
    sys.stderr.write(f"PREPARATION_ERROR {line}\n")
    sys.stderr.flush()
