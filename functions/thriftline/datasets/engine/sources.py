"""Reading bytes: from anything that answers range reads, streamed, and gunzipped under guard."""

import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from thriftline.datasets.engine.rules import DatasetRules


class ByteSource(Protocol):
    """A file of known size that is read in ranges."""

    @property
    def name(self) -> str:
        """How places name the file."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Returns ``length`` bytes from ``offset``, fewer only at the end."""


class BytesSource:
    """A file that is already in memory."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        """Returns a slice."""
        return self._data[offset : offset + length]


class LocalSource:
    """A file on disk."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.name = name or path.name
        self.size = path.stat().st_size
        self._file = path.open("rb", buffering=0)

    def read(self, offset: int, length: int) -> bytes:
        """Reads without moving a shared position, so threads may read side by side."""
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class DamagedStreamError(Exception):
    """A stream that cannot be read on; ``code`` is the check that it fails."""

    def __init__(self, code: str, rule: str) -> None:
        super().__init__(rule)
        self.code = code
        self.rule = rule


class UnusableFileError(Exception):
    """A file of which no row can be used, such as one without a required column."""


def iter_chunks(source: ByteSource, start: int, end: int, chunk_bytes: int) -> Iterator[bytes]:
    """Reads ``[start, end)`` in order, one chunk ahead of its user.

    The read ahead hides S3's latency behind the parsing; a GET releases the interpreter.
    """
    offsets = range(start, end, chunk_bytes)
    if len(offsets) <= 1:
        if offsets:
            yield source.read(start, end - start)
        return
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(source.read, start, min(chunk_bytes, end - start))
        for offset in offsets[1:]:
            chunk = ahead.result()
            ahead = reader.submit(source.read, offset, min(chunk_bytes, end - offset))
            yield chunk
        yield ahead.result()


def gunzip(chunks: Iterator[bytes], rules: DatasetRules, out_bytes: int) -> Iterator[bytes]:
    """Decompresses, members after the first too, and stops a bomb before it is unpacked.

    Raises:
        DamagedStreamError: If the data is no gzip, cut short, or grows beyond the limits.
    """
    taken = given = 0
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        taken += len(chunk)
        pending = chunk
        while pending:
            if stream.eof:
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            out = _inflate(stream, pending, out_bytes)
            given += len(out)
            _refuse_bomb(taken, given, rules)
            if out:
                yield out
            pending = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not stream.eof:
        raise DamagedStreamError("malformed_gzip", "the compressed data ends too early")


def _inflate(stream: "zlib._Decompress", data: bytes, out_bytes: int) -> bytes:
    try:
        return stream.decompress(data, out_bytes)
    except zlib.error:
        raise DamagedStreamError("malformed_gzip", "the file is not valid gzip") from None


def _refuse_bomb(taken: int, given: int, rules: DatasetRules) -> None:
    ratio = rules.max_decompression_ratio
    if given > rules.ratio_free_bytes and given > taken * ratio:
        raise DamagedStreamError(
            "decompression_bomb", f"it grows more than {ratio} times when it is decompressed"
        )
    if given > rules.max_decompressed_bytes:
        raise DamagedStreamError(
            "decompression_bomb",
            f"it is more than {rules.max_decompressed_bytes:,} bytes when it is decompressed",
        )
