"""Faults of whole files, told from those of single rows by what became of each file's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .contents import foreign, not_utf8
from .errors import PreparationError
from .redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .config import Config
    from .listing import SourceFile

Counts = dict[str, int]
# A few bytes of another encoding are dirt; so many are a file in that encoding.
_MOST_NOT_UTF8 = 0.1
_NAMED = 3


def check_files(
    files: Sequence[SourceFile],
    by_file: Mapping[int, Counts],
    config: Config,
    look: Callable[[SourceFile], bytes],
) -> None:
    """Raises an error for files of which the rows cannot be used for a reason of the file.

    Args:
        files: All that were read.
        by_file: How many rows of each file have each reason; "" is none.
        config: The configuration.
        look: Returns a file's first bytes.
    """
    read = [(file, by_file[file.number]) for file in files if by_file.get(file.number)]
    _refuse_lacking(
        [file for file, counts in read if _only(counts, "missing_column")], config, files
    )
    unclosed = [file for file, counts in read if counts.get("unclosed_quote")]
    if unclosed:
        raise _unreadable(
            unclosed,
            "a quote is opened and not closed, so that the rows after it are part of one field. "
            'Close it, or double it where it is part of a text ("").',
        )
    strange = [file for file, counts in read if _is_not_utf8(counts)]
    if strange:
        head = look(strange[0])
        raise _unreadable(strange, foreign(head) or not_utf8(head))
    damaged = [file for file, counts in read if _only(counts, "unreadable")]
    if damaged:
        raise _unreadable(damaged, foreign(look(damaged[0])) or _NO_RECORD)


_NO_RECORD = (
    "no record can be read. JSON lines hold one object a line; CSV has as many fields in each "
    "record as in its header."
)


def _refuse_lacking(
    lacking: Sequence[SourceFile], config: Config, files: Sequence[SourceFile]
) -> None:
    if lacking:
        columns = " or ".join(f"`{name}`" for name in config.columns.wanted)
        raise columns_error(
            {f"has no record with all of {columns}": [file.name for file in lacking]},
            {file.name: None for file in files},
            config,
        )


def _only(counts: Counts, reason: str) -> bool:
    return counts.get(reason, 0) == sum(counts.values())


def _is_not_utf8(counts: Counts) -> bool:
    return counts.get("undecodable_bytes", 0) > _MOST_NOT_UTF8 * sum(counts.values())


def _unreadable(files: Sequence[SourceFile], rule: str) -> PreparationError:
    names = ", ".join(file.name for file in files[:_NAMED])
    more = f" and {len(files) - _NAMED:,} more files" if len(files) > _NAMED else ""
    return PreparationError("unreadable", f"{names}{more}: {rule}")


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
