"""Which raw files are looked at before a preparation is paid for, and how their faults are said."""

from collections.abc import Iterable, Mapping

# One small read each: seconds in all, and most of what is wrong with files is wrong with many.
MOST_LOOKED_AT = 200
HEAD_BYTES = 65_536
_NAMED = 3


def looked_at(sizes: Mapping[str, int]) -> list[str]:
    """Returns the files to look at: the largest ones, which cost the most."""
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_LOOKED_AT]


def said(problems: Iterable[tuple[str, str]], looked: int, files: int) -> str | None:
    """Returns the problems of files as one sentence each, None where there are none."""
    found = list(problems)
    if not found:
        return None
    shown = "; ".join(f"{name}: {problem}" for name, problem in found[:_NAMED])
    more = f" So are {len(found) - _NAMED:,} more files." if len(found) > _NAMED else ""
    unseen = f" {looked:,} of {files:,} files were looked at." if looked < files else ""
    return f"prepare: {shown}.{more}{unseen} Nothing was spent."
