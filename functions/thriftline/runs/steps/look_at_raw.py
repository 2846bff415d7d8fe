"""Looks at the first bytes of raw files, so that what is no data is refused before it costs."""

import csv
import io
import zlib
from concurrent.futures import ThreadPoolExecutor

from thriftline.core.errors import (
    AccessDeniedError,
    DatasetChangedError,
    DatasetRejectedError,
)
from thriftline.core.text import plain
from thriftline.core.wording import counted
from thriftline.datasets.engine.contents import container_of, foreign_text, wide_encoding
from thriftline.datasets.engine.rules import DatasetRules, FileKind
from thriftline.datasets.names import columns_found
from thriftline.runs.domain.raw_data import kind_of, none_is_read
from thriftline.runs.domain.raw_heads import HEAD_BYTES, looked_at, said
from thriftline.runs.domain.raw_labels import Columns, uncovered
from thriftline.runs.schemas.prepare_section import PrepareSection, RawColumns
from thriftline.runs.schemas.run import DatasetFile
from thriftline.runs.steps.raw_sources import RawSources

_BOM = b"\xef\xbb\xbf"
_AT_ONCE = 16
_LABELS = 5


def refuse_what_is_no_data(
    files: tuple[DatasetFile, ...], prepare: PrepareSection, sources: RawSources
) -> None:
    """Reads the beginning of the largest files that the preparation reads.

    Raises:
        DatasetRejectedError: one of them is not what its name says, lacks a column, or has a label
            that the label map lacks where such labels are refused; or none of the files is read.
    """
    if problem := none_is_read([file.key for file in files], prepare.format):
        raise DatasetRejectedError(problem)
    kinds = {file.uri: kind_of(file.key, prepare.format) for file in files}
    by_uri = {file.uri: file for file in files if kinds[file.uri]}
    chosen = looked_at({uri: file.size for uri, file in by_uri.items()})

    def look(uri: str) -> str | None:
        file = by_uri[uri]
        kind, bucket = kinds[uri], sources.bucket(file.bucket)
        if kind is None or bucket is None:
            return None
        try:
            head = bucket.read_range(file.key, "", 0, HEAD_BYTES)
        except (AccessDeniedError, DatasetChangedError):
            # What this function may not read, or is gone by now, is the preparation's to judge.
            return None
        return head_problem(head, kind, prepare)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(chosen, pool.map(look, chosen), strict=True)
        problems = [(uri, problem) for uri, problem in found if problem]
    refusal = said(problems, len(chosen), len(by_uri))
    if refusal:
        raise DatasetRejectedError(refusal)


def head_problem(head: bytes, kind: FileKind, prepare: PrepareSection) -> str | None:
    """Says why a file that begins so is no data of this kind; None where it may be."""
    if kind.gzipped:
        if head and not head.startswith(b"\x1f\x8b"):
            return f"its bytes are {container_of(head) or 'no gzip'}; the name says .gz"
        head = _unpacked(head)
    inside = container_of(head)
    if kind.format == "parquet":
        return None if inside in ("Parquet", None) else f"its bytes are {inside}, not Parquet"
    if inside:
        return f"its bytes are {inside}; unpack or convert it"
    wide = wide_encoding(head)
    if wide:
        return f"not UTF-8; the file seems to be {wide}; save it as UTF-8"
    head = head.removeprefix(_BOM)
    foreign = foreign_text(head, kind.format)
    if foreign:
        return f"its text is {foreign}"
    problem = _header_problem(head, prepare.columns) if kind.format == "csv" else None
    return problem or _label_problem(head, kind, prepare)


def _label_problem(head: bytes, kind: FileKind, prepare: PrepareSection) -> str | None:
    """Names labels that the map surely lacks."""
    if prepare.unmapped_labels != "refuse":
        return None
    names = prepare.columns
    columns = Columns(names.text, names.text_pair, names.label)
    found = uncovered(head.decode(errors="replace"), kind.format, columns, prepare.labels)
    if not found:
        return None
    named = ", ".join(f"“{plain(one.label, 60)}” (line {one.line:,})" for one in found[:_LABELS])
    more = f" and {counted(len(found) - _LABELS, 'more label')}" if len(found) > _LABELS else ""
    return (
        f"prepare.labels has nothing for {named}{more} in the first {HEAD_BYTES // 1024} KB, and "
        "unmapped_labels is refuse; add what they become to prepare.labels, or say "
        "unmapped_labels: keep or drop"
    )


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _header_problem(head: bytes, columns: RawColumns) -> str | None:
    """Says which columns the header lacks or has twice."""
    records = csv.reader(io.StringIO(head.decode(errors="replace"), newline=None), strict=False)
    try:
        names = next(([name.strip() for name in one] for one in records if any(one)), None)
    except csv.Error:
        return None
    if names is None:
        return None
    rules = DatasetRules(columns.text, columns.text_pair, columns.label)
    for name in rules.columns:
        count = names.count(name)
        if not count:
            return f"it lacks the column '{name}': {columns_found(names, rules, 'prepare.')}"
        if count > 1:
            return f"{count} columns are called '{name}'; leave one of them"
    return None
