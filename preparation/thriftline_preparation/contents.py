"""What a file's first bytes are where they are not what its name says, in words for a message."""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"
HEAD_BYTES = 4096
_BEGINNINGS = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a ZIP archive or an Excel file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PAR1", "Parquet"),
    (b"PARE", "encrypted Parquet"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"ARROW1\x00", "an Arrow file (Feather)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"BZh", "bzip2"),
    (b"%PDF", "PDF"),
)
_UNPACK = "Unpack or convert it, and name it after what it is."
_UTF8 = "Save it as UTF-8 (iconv -f {} -t UTF-8)."


def foreign(head: bytes) -> str | None:
    """Says what is wrong with a file that begins so, and what to do; None where it may be text."""
    wide = _wide(head)
    if wide:
        return f"its text is {wide}, not UTF-8. {_UTF8.format(wide)}"
    # Words may begin like an archive; no text comes with control characters.
    binary = any(byte < 9 or 13 < byte < 27 for byte in head)
    kind = next((kind for mark, kind in _BEGINNINGS if head.startswith(mark)), None)
    if kind and binary:
        return f"its bytes are {kind}. {_UNPACK}"
    if head[257:262] == b"ustar":
        return f"its bytes are a tar archive. {_UNPACK}"
    start = head.lstrip(BOM).lstrip()[:9].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "its text is HTML or XML. Download the data itself, as CSV or JSON lines."
    return None


def not_utf8(head: bytes) -> str:
    """Says what to do about text that is not UTF-8."""
    name = "ISO-8859-1" if b"\x00" not in head else "UTF-16"
    return f"it is not UTF-8. {_UTF8.format(name)}"


def _wide(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    for first in (0, 1):
        zeros, others = head[first::2], head[1 - first :: 2]
        if len(zeros) >= 4 and zeros.count(0) * 5 >= len(zeros) * 2 and not others.count(0):
            return "UTF-16"
    return None
