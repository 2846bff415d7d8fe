"""Reads one range of a file of any format as blocks of records."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from thriftline.datasets.engine.blocks import Block
from thriftline.datasets.engine.columns import ColumnCensus
from thriftline.datasets.engine.contents import (
    HEAD_BYTES,
    container_of,
    foreign_text,
    wide_encoding,
)
from thriftline.datasets.engine.csv_reader import CsvReader
from thriftline.datasets.engine.findings import Findings
from thriftline.datasets.engine.jsonl_reader import JsonlReader
from thriftline.datasets.engine.parquet_reader import ParquetReader
from thriftline.datasets.engine.rules import DataFile, DatasetRules, FileKind, WorkLimits, kind_of
from thriftline.datasets.engine.sources import (
    ByteSource,
    DamagedStreamError,
    LocalSource,
    UnusableFileError,
    gunzip,
    iter_chunks,
)
from thriftline.datasets.engine.work import FileRange

OpenSource = Callable[[DataFile], ByteSource]
Reader = JsonlReader | CsvReader | ParquetReader
_GZIP_READ_BYTES = 1 << 20
# Parquet begins to be read at its end, so it is unpacked to the disk of a Lambda function first.
_MAX_UNPACKED_PARQUET = 1536 << 20
_BOM = b"\xef\xbb\xbf"


class RangeReader:
    """Reads a range; what cannot be read goes to the findings, never to an exception."""

    def __init__(
        self,
        part: FileRange,
        kind: FileKind,
        rules: DatasetRules,
        limits: WorkLimits,
        findings: Findings,
    ) -> None:
        self.census = ColumnCensus(rules, findings)
        self._part = part
        self._kind = kind
        self._rules = rules
        self._limits = limits
        self._findings = findings
        self._reader = self._make_reader()

    @property
    def lines(self) -> int:
        """Lines read so far; for Parquet, rows."""
        return self._reader.counter.lines

    def _make_reader(self) -> Reader:
        rules, findings = self._rules, self._findings
        if self._kind.format == "csv":
            header = None if self._part.header is None else list(self._part.header)
            return CsvReader(rules, findings, self.census, header)
        if self._kind.format == "jsonl":
            return JsonlReader(rules, findings, self.census)
        return ParquetReader(rules, findings, self.census)

    def blocks(self, source: ByteSource) -> Iterator[Block]:
        """Yields the range's records in order."""
        try:
            if isinstance(self._reader, ParquetReader):
                yield from self._parquet_blocks(source, self._reader)
            else:
                yield from self._reader.blocks(self._chunks(source), self._limits.block_bytes)
        except UnusableFileError:
            return
        except DamagedStreamError as damage:
            self._findings.add(damage.code, self._line_of_damage(damage), rule=damage.rule)

    def _line_of_damage(self, damage: DamagedStreamError) -> int | None:
        whole = self._kind.format == "parquet" or damage.code == "wrong_content"
        return None if whole else self.lines

    def _chunks(self, source: ByteSource) -> Iterator[bytes]:
        part, limits = self._part, self._limits
        end = min(part.end, source.size)
        if self._kind.gzipped:
            self._refuse_foreign(source, "gzip")
            packed = iter_chunks(source, part.start, end, _GZIP_READ_BYTES)
            chunks = gunzip(packed, self._rules, limits.read_bytes)
        else:
            chunks = iter_chunks(source, part.start, end, limits.read_bytes)
        return self._admitted(chunks) if part.start == 0 else chunks

    def _refuse_foreign(self, source: ByteSource, expected: str) -> None:
        """Refuses a file whose first bytes say that it is something else."""
        if self._part.start:
            return
        found = container_of(source.read(0, HEAD_BYTES))
        if found is not None and found != expected:
            raise DamagedStreamError("wrong_content", f"its bytes are {found}")

    def _admitted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Takes the byte order mark off, and refuses what is no text of this format."""
        first = next(chunks, b"")
        while len(first) < HEAD_BYTES:
            more = next(chunks, None)
            if more is None:
                break
            first += more
        head = first[:HEAD_BYTES]
        found = container_of(head)
        if found is not None:
            inside = "once more " if self._kind.gzipped and found == "gzip" else ""
            raise DamagedStreamError("wrong_content", f"its bytes are {inside}{found}")
        wide = wide_encoding(head)
        if wide is not None:
            raise DamagedStreamError("undecodable_bytes", f"not UTF-8; the file seems to be {wide}")
        head = head.removeprefix(_BOM)
        foreign = foreign_text(head, self._kind.format)
        if foreign is not None:
            raise DamagedStreamError("wrong_content", f"its text is {foreign}")
        yield first.removeprefix(_BOM)
        yield from chunks

    def _parquet_blocks(self, source: ByteSource, reader: ParquetReader) -> Iterator[Block]:
        part, step = self._part, self._limits.block_bytes
        if not self._kind.gzipped:
            self._refuse_foreign(source, "Parquet")
            yield from reader.blocks(source, part.start, part.end, step)
            return
        self._refuse_foreign(source, "gzip")
        with TemporaryDirectory() as folder:
            plain = Path(folder) / "plain.parquet"
            packed = iter_chunks(source, 0, source.size, _GZIP_READ_BYTES)
            most = min(self._rules.max_decompressed_bytes, _MAX_UNPACKED_PARQUET)
            rules = replace(self._rules, max_decompressed_bytes=most)
            with plain.open("wb") as file:
                for chunk in gunzip(packed, rules, _GZIP_READ_BYTES):
                    file.write(chunk)
            with closing(LocalSource(plain, source.name)) as unpacked:
                self._refuse_foreign(unpacked, "Parquet")
                yield from reader.blocks(unpacked, part.start, part.end, step)


def kind_of_file(file: DataFile) -> FileKind:
    """The kind of a file that planning has let through."""
    kind = kind_of(file.name)
    if kind is None:
        raise ValueError(f"{file.name} has no range to read")
    return kind
