"""Which labels at the beginning of a raw file a label map surely lacks.

The program that prepares finds a label by its exact spelling, then cleaned, then without regard to
case. Here two spellings are one label far sooner, and a row that the program might read in another
way is not looked at: what is said to be missing is missing there too. What comes later in a file,
and what is missing by the program's finer rules, the program finds.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from thriftline.core.dataclass import dataclass

# Control, format, surrogate, and the three kinds of separators: nothing of a label's name.
_NOTHING = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
_SEEN = ("L", "N")
# Letters, marks and signs that show nothing; a text or label of nothing else is blank.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U000e0000-\U000e0fff]"
)
_UNDECODED = "\ufffd"


@dataclass(frozen=True)
class Columns:
    """What a file calls the columns that are looked at; ``pair`` is None where there is none."""

    text: str
    pair: str | None
    label: str

    @property
    def wanted(self) -> tuple[str, ...]:
        """Those that each row has."""
        return tuple(name for name in (self.text, self.pair, self.label) if name)


@dataclass(frozen=True)
class UncoveredLabel:
    """A label that the map lacks, and the line of the file (from 1) where it comes first."""

    label: str
    line: int


def uncovered(
    head: str, kind: str, columns: Columns, labels: Mapping[str, str]
) -> tuple[UncoveredLabel, ...]:
    """Returns the labels that the map lacks, each where it comes first.

    Args:
        head: the text at the beginning of a file; its last line may be cut.
        kind: csv or jsonl; others are not looked at.
        columns: of the file.
        labels: what a raw label becomes; where it is empty, no label is missing.
    """
    readers = {"csv": _csv, "jsonl": _jsonl}
    if not labels or kind not in readers:
        return ()
    known = {_loose(name) for name in (*labels, *labels.values())}
    whole = head[: head.rfind("\n") + 1]
    found: dict[str, UncoveredLabel] = {}
    for line, label in readers[kind](whole, columns):
        key = _loose(label)
        if key and key not in known:
            found.setdefault(key, UncoveredLabel(label, line))
    return tuple(found.values())


def _loose(label: str) -> str:
    """Returns the same text for all spellings that the program might take for one."""
    text = _BLANK.sub("", label)
    text = "".join(one for one in text if unicodedata.category(one) not in _NOTHING)
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text.casefold())
    return text


def _jsonl(head: str, columns: Columns) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(head.split("\n"), 1):
        if _UNDECODED in line:
            continue
        try:
            record = json.loads(line, object_pairs_hook=_named_once)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and all(name in record for name in columns.wanted):
            label = _text_of(record[columns.label])
            if label and all(_is_seen(record[name]) for name in columns.wanted[:-1]):
                yield number, label


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    record = dict(pairs)
    return record if len(record) == len(pairs) else None


def _text_of(label: Any) -> str | None:
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, int):
        return str(label)
    return label if isinstance(label, str) and _UNDECODED not in label else None


def _is_seen(text: Any) -> bool:
    """Whether a text surely holds something; one that is not UTF-8 loses its row."""
    if not isinstance(text, str) or _UNDECODED in text:
        return False
    return any(unicodedata.category(one)[0] in _SEEN for one in _BLANK.sub("", text))


def _csv(head: str, columns: Columns) -> Iterator[tuple[int, str]]:
    records = _records(head)
    header = next((record for _, record in records if any(record)), [])
    names = [name.strip() for name in header]
    if any(names.count(name) != 1 for name in columns.wanted):
        return
    places = [names.index(name) for name in columns.wanted]
    for line, record in records:
        if not record:
            continue
        if len(record) != len(names) or any("\n" in value for value in record):
            # A quote that is not closed takes the rows behind it with it.
            return
        *texts, label = (record[place] for place in places)
        if (
            [value.strip() for value in (*texts, label)] != list(columns.wanted)
            and _is_plain(label)
            and all(map(_is_seen, texts))
        ):
            yield line, label


def _records(head: str) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with its line, up to the first that is none."""
    text = head.replace("\r\n", "\n")
    if "\r" in text:
        # Which sign ends a line is the program's to find out.
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=False)
    before = 0
    try:
        for record in reader:
            yield before + 1, record
            before = reader.line_num
    except csv.Error:
        return


def _is_plain(label: str) -> bool:
    return bool(label.strip()) and '"' not in label and _UNDECODED not in label
