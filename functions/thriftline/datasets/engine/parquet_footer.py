"""Just enough of Parquet's footer to read some row groups of a file without the others.

arro3 reads a whole file; a file-like object whose footer lists only the wanted row groups makes
it read those alone. The footer is Thrift in its compact protocol; its row groups are one list,
whose elements are kept or left out as bytes.
"""

from collections.abc import Iterator

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.sources import ByteSource, DamagedStreamError

MAGIC = b"PAR1"
MAX_FOOTER_BYTES = 32 << 20
_MAX_DEPTH = 32
_VARINTS = frozenset({4, 5, 6})
PREFIXES = 7
"""The encoding DELTA_BYTE_ARRAY."""
_BINARY, _LIST, _SET, _STRUCT = 8, 9, 10, 12
_FIXED = {1: 0, 2: 0, 3: 1, 7: 8}


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """Where the pages of one column of a row group lie, as the footer says.

    ``uses_prefixes`` is true where a value may be stored as its difference from the one before,
    ``is_nested`` where a row may hold any number of values.
    """

    start: int
    end: int
    uses_prefixes: bool
    is_nested: bool = False
    values: int = 0


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group: its size, its columns, and where its description lies in the footer."""

    rows: int
    decoded_bytes: int
    start: int
    end: int
    chunks: tuple[ColumnChunk, ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """The footer's bytes, its row groups, and where their list lies."""

    data: bytes
    data_end: int
    list_start: int
    list_end: int
    groups: tuple[RowGroup, ...]

    def only(self, start: int, stop: int) -> bytes:
        """The end of a file that has the row groups ``[start, stop)`` only."""
        chosen = self.groups[start:stop]
        body = b"".join(self.data[group.start : group.end] for group in chosen)
        data = (
            self.data[: self.list_start]
            + _list_header(len(chosen))
            + body
            + self.data[self.list_end :]
        )
        return data + len(data).to_bytes(4, "little") + MAGIC


def read_footer(source: ByteSource) -> Footer:
    """Reads and walks the footer.

    Raises:
        DamagedStreamError: If this is no Parquet file.
    """
    tail = source.read(max(source.size - 8, 0), 8)
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < 8 or tail[4:] != MAGIC or length > source.size - 12:
        raise DamagedStreamError("malformed_parquet", "the file does not end as Parquet does")
    if length > MAX_FOOTER_BYTES:
        raise DamagedStreamError("malformed_parquet", "the footer is too large")
    data_end = source.size - 8 - length
    data = source.read(data_end, length)
    try:
        return _walk(data, data_end)
    except (IndexError, ValueError):
        raise DamagedStreamError("malformed_parquet", "the footer is damaged") from None


def _walk(data: bytes, data_end: int) -> Footer:
    walker = ThriftWalker(data)
    for field, kind in walker.fields():
        if field == 4 and kind == _LIST:
            start = walker.position
            groups = tuple(_row_groups(walker))
            return Footer(data, data_end, start, walker.position, groups)
        walker.skip(kind)
    raise ValueError("no row groups")


def _row_groups(walker: "ThriftWalker") -> Iterator[RowGroup]:
    size, kind = walker.list_header()
    if kind != _STRUCT:
        raise ValueError("row groups are structs")
    for _ in range(size):
        start = walker.position
        numbers = {2: 0, 3: 0}
        chunks: tuple[ColumnChunk, ...] = ()
        for field, field_kind in walker.fields():
            if field in numbers and field_kind == 6:
                numbers[field] = walker.zigzag()
            elif field == 1 and field_kind == _LIST:
                chunks = tuple(_column_chunks(walker))
            else:
                walker.skip(field_kind)
        yield RowGroup(numbers[3], numbers[2], start, walker.position, chunks)


def _column_chunks(walker: "ThriftWalker") -> Iterator[ColumnChunk]:
    size, kind = walker.list_header()
    if kind != _STRUCT:
        raise ValueError("column chunks are structs")
    for _ in range(size):
        for field, field_kind in walker.fields():
            if field == 3 and field_kind == _STRUCT:
                yield _column_chunk(walker)
            else:
                walker.skip(field_kind)


def _column_chunk(walker: "ThriftWalker") -> ColumnChunk:
    """Reads ColumnMetaData.

    2 encodings, 3 path, 5 values, 7 packed size, 9 first data page, 11 dictionary page.
    """
    numbers = {5: 0, 7: 0, 9: 0, 11: -1}
    encodings: list[int] = []
    names = 1
    for field, kind in walker.fields():
        if field in numbers and kind == 6:
            numbers[field] = walker.zigzag()
        elif field == 2 and kind == _LIST:
            encodings = walker.numbers()
        elif field == 3 and kind == _LIST:
            names = walker.skip_list()
        else:
            walker.skip(kind)
    start = numbers[11] if numbers[11] >= 0 else numbers[9]
    return ColumnChunk(
        start, start + numbers[7], PREFIXES in encodings, is_nested=names > 1, values=numbers[5]
    )


def _list_header(size: int) -> bytes:
    if size < 15:
        return bytes([size << 4 | _STRUCT])
    out = bytearray([0xF0 | _STRUCT])
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


class ThriftWalker:
    """Walks Thrift's compact protocol without building what it passes."""

    def __init__(self, data: bytes) -> None:
        self.position = 0
        self._data = data

    def _byte(self) -> int:
        value = self._data[self.position]
        self.position += 1
        return value

    def varint(self) -> int:
        """Reads a number of up to 64 bits."""
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def zigzag(self) -> int:
        """Reads a number that may be negative."""
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def numbers(self) -> list[int]:
        """Reads a list of numbers."""
        size, kind = self.list_header()
        if kind not in _VARINTS:
            raise ValueError("not a list of numbers")
        return [self.zigzag() for _ in range(size)]

    def list_header(self) -> tuple[int, int]:
        """Reads the length of a list and the kind of its elements."""
        head = self._byte()
        size = head >> 4
        if size == 15:
            size = self.varint()
        if size > len(self._data):
            raise ValueError("a list longer than the footer")
        return size, head & 0x0F

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yields the id and kind of each field; the user must read or skip its value."""
        field = 0
        while head := self._byte():
            delta = head >> 4
            field = field + delta if delta else self.zigzag()
            yield field, head & 0x0F

    def skip(self, kind: int, depth: int = 0) -> None:
        """Passes over a value of a kind."""
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        if kind in _FIXED:
            self._advance(_FIXED[kind])
        elif kind in _VARINTS:
            self.varint()
        elif kind == _BINARY:
            self._advance(self.varint())
        elif kind == _STRUCT:
            for _, field_kind in self.fields():
                self.skip(field_kind, depth + 1)
        elif kind in (_LIST, _SET):
            self.skip_list(depth)
        else:
            raise ValueError("not in Parquet's footer")

    def skip_list(self, depth: int = 0) -> int:
        """Passes over a list, and returns how many elements it has."""
        size, element = self.list_header()
        for _ in range(size):
            # A boolean is one byte in a list, and none as a field.
            if element in (1, 2):
                self._advance(1)
            else:
                self.skip(element, depth + 1)
        return size

    def _advance(self, count: int) -> None:
        self.position += count
        if self.position > len(self._data):
            raise ValueError("beyond the end")
