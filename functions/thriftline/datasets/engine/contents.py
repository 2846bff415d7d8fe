"""What bytes are that are not what the file's name says: named, so that nobody has to guess."""

import re
from typing import Final

import orjson

from thriftline.datasets.engine.rules import FileFormat

HEAD_BYTES: Final = 4096
_BEGINNINGS: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"ARROW1\x00", "an Arrow file (Feather)"),
    (b"Obj\x01", "Avro"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (.xls, .doc)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "HDF5"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)
# Letters that a header may begin with too, as ORCID and PARENT do; no byte of text comes with them.
_LETTERS: Final = (
    (b"PAR1", "Parquet"),
    (b"PARE", "encrypted Parquet"),
    (b"FEA1", "an Arrow file (Feather)"),
    (b"ORC", "ORC"),
    (b"BZh", "bzip2"),
)
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_WIDE_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|svg|[a-z]+:)", re.IGNORECASE)
_SEPARATOR_LINE: Final = re.compile(rb'"?sep=[^\r\n]{0,3}\r?(?:\n|$)', re.IGNORECASE)


def is_foreign(head: bytes, wanted: FileFormat) -> bool:
    """Whether a file that begins so cannot be read as what its name says."""
    plain = head.removeprefix(b"\xef\xbb\xbf")
    return bool(container_of(head) or wide_encoding(head) or foreign_text(plain, wanted))


def container_of(head: bytes) -> str | None:
    """The kind of file that bytes are the beginning of, if it is one that holds no plain text."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    for letters, kind in _LETTERS:
        if head.startswith(letters) and _NO_TEXT.search(head):
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "an Excel file (.xlsx)" if b"xl/" in head else "a ZIP archive"
    if head[257:262] == b"ustar":
        return "a tar archive"
    return None


def wide_encoding(head: bytes) -> str | None:
    """The encoding of text that has more than one byte for each letter, marked or not."""
    for mark, name in _WIDE_MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2], head[1::2]
    for zeros, others in ((odd, even), (even, odd)):
        if len(zeros) >= 4 and zeros.count(0) * 5 >= len(zeros) * 2 and not others.count(0):
            return "UTF-16 without a byte order mark"
    return None


def foreign_text(head: bytes, wanted: FileFormat) -> str | None:
    """Says what text is that is neither JSON Lines nor CSV, or is the other one of them."""
    if _MARKUP.match(head):
        return "HTML or XML"
    first = head.lstrip().partition(b"\n")[0].strip()
    if wanted == "jsonl":
        return _not_json_lines(first)
    if _SEPARATOR_LINE.match(head):
        return "Excel's sep= line before the header; remove it, and separate fields by commas"
    if first.startswith(b"{") and is_json(first):
        return "JSON Lines; name the file .jsonl"
    return None


def _not_json_lines(first: bytes) -> str | None:
    if first in (b"{", b"["):
        return "one JSON document over several lines; write one object on each line"
    if first.startswith(b"["):
        return "one JSON array; write one object on each line"
    if b"," in first and b":" not in first and first[:1] != b"{" and not is_json(first):
        return "CSV; name the file .csv"
    return None


def is_json(line: bytes) -> bool:
    """Whether a line is a JSON value."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
