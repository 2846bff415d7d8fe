"""Where things lie: a path of this machine, or a URI that only Spark can reach."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

# Each costs a call into the JVM.
_MOST_LISTED = 20_000
_S3 = ("s3://", "s3a://", "s3n://")


@dataclass(frozen=True)
class Places:
    """Resolves URIs. With ``s3_root`` an object ``s3://b/k`` is the file ``s3_root/b/k``."""

    s3_root: str | None = None

    def resolved(self, uri: str) -> str:
        """Returns what Spark is to be given."""
        for scheme in _S3 if self.s3_root is not None else ():
            if uri.startswith(scheme):
                return str(Path(self.s3_root or "").absolute() / uri[len(scheme) :])
        return uri if is_remote(uri) else str(Path(local_path(uri)).absolute())

    def as_given(self, path: str) -> str:
        """Returns the URI of a path that Spark reports, as the configuration would name it."""
        if is_remote(path):
            return path
        path = local_path(path)
        if self.s3_root is None:
            return path
        root = f"{Path(self.s3_root).absolute()}/"
        return f"s3://{path[len(root) :]}" if path.startswith(root) else path


def is_remote(uri: str) -> bool:
    """Whether only Spark can reach a place."""
    return ("://" in uri and not uri.startswith("file:")) or uri.startswith("dbfs:")


def local_path(uri: str) -> str:
    """Returns a path without its scheme."""
    return f"/{uri[len('file:') :].lstrip('/')}" if uri.startswith("file:") else uri


def literal(path: str) -> str:
    """Returns a path for Spark to read as it is, and not as a pattern of paths."""
    return "".join(f"\\{mark}" if mark in "[]{}*?\\" else mark for mark in path)


def read_document(spark: SparkSession, uri: str) -> str:
    """Returns a document's text."""
    if is_remote(uri):
        return str(spark.read.text(literal(uri), wholetext=True).collect()[0][0])
    return Path(local_path(uri)).read_text(encoding="utf-8")


def write_document(spark: SparkSession, uri: str, text: str) -> None:
    """Writes a document: one file where the place is a path, else Spark's folder of one part."""
    if is_remote(uri):
        frame = spark.createDataFrame([(text,)], "value string").coalesce(1)
        frame.write.mode("overwrite").text(uri)
        return
    path = Path(local_path(uri))
    path.parent.mkdir(parents=True, exist_ok=True)
    # A reader sees the whole document or none.
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def every_file(spark: SparkSession, uri: str) -> Iterator[tuple[str, int]]:
    """Yields every file at or below a place with its size, also those that Spark does not read.

    Nothing where this place gives no way to look; on a remote one at most so many.
    """
    if not is_remote(uri):
        path = Path(local_path(uri))
        files = (one for one in (path, *path.rglob("*")) if one.is_file())
        yield from ((str(one), one.stat().st_size) for one in files)
        return
    try:
        found = _file_system(spark, uri).listFiles(spark._jvm.org.apache.hadoop.fs.Path(uri), True)
        for _ in range(_MOST_LISTED):
            if not found.hasNext():
                return
            one = found.next()
            yield one.getPath().toString(), one.getLen()
    except Exception:
        return


def _file_system(spark: SparkSession, uri: str) -> Any:
    """Hadoop's client of a place; an error on a shared cluster of Databricks, which has none."""
    settings = spark._jsparkSession.sessionState().newHadoopConf()
    return spark._jvm.org.apache.hadoop.fs.Path(uri).getFileSystem(settings)


def remove(spark: SparkSession, uri: str) -> bool:
    """Deletes a folder or a document; False where this place gives no way to, and it stays."""
    if not is_remote(uri):
        path = Path(local_path(uri))
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return True
    try:
        path = spark._jvm.org.apache.hadoop.fs.Path(uri)
        return bool(_file_system(spark, uri).delete(path, True))
    except Exception:
        return False
