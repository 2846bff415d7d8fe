"""What a preparation on this machine left: its report, its files, and how they are submitted."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from thriftline_cli.answers import as_table, as_text
from thriftline_cli.exits import CommandError, Exit

_MANIFEST = "manifest.json"
_REPORT = "preparation.json"
_PAGE = "index.html"
_SPEC = "run.yaml"
_HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Prepared:
    """The report, the same for a person, and the command that trains on it."""

    document: Mapping[str, Any]
    page: str
    command: str


def read(folder: Path, spec: Path, width: int) -> Prepared:
    """Reads what lies in a folder; leaves a run.yaml there for what is left to do.

    Raises:
        CommandError: the program left no manifest, which it writes last.
    """
    manifest, report = _document(folder / _MANIFEST), _document(folder / _REPORT)
    files: dict[str, list[Path]] = {}
    for one in manifest["files"]:
        files.setdefault(one["split"], []).append(folder / one["path"])
    left = _left_to_do(folder, spec)
    return Prepared(report, _page(folder, report, files, width), _command(files, left))


def _document(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{path} is not there or not whole: the preparation did not end well", Exit.FAILED
        ) from error
    return found


def _page(
    folder: Path, report: Mapping[str, Any], files: Mapping[str, list[Path]], width: int
) -> str:
    facts = {
        "rows read": f"{report['rows_read']:,}",
        "rows written": f"{report['rows_written']:,}",
        **{f"{split} files": f"{len(paths):,}" for split, paths in files.items()},
        "report": str(folder / _PAGE),
    }
    removed = list(_removed(report))
    parts = [as_text(facts)]
    if removed:
        columns = ("stage", "rows", "why")
        parts.append(as_table(removed, columns, cut=("why",), width=width))
    parts += report.get("notes", ())
    return "\n\n".join(parts)


def _removed(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for stage in report["stages"]:
        for one in stage["removed"]:
            yield {
                "stage": stage["name"].replace("_", " "),
                "rows": f"{one['rows']:,}",
                "why": one["why"],
            }


def _left_to_do(folder: Path, spec: Path) -> Path | None:
    """Writes run.yaml without ``prepare``; its comments stay. Returns None for a configuration."""
    if spec.suffix.lower() == ".json":
        return None
    from ruamel.yaml import YAML

    yaml = YAML()
    document = yaml.load(spec.read_text(encoding="utf-8")) or {}
    document.pop("prepare", None)
    text = StringIO()
    if document:
        yaml.dump(document, text)
    path = folder / _SPEC
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _command(files: Mapping[str, list[Path]], spec: Path | None) -> str:
    words = ["thriftline", "runs", "submit", *map(str, files.get("train", ()))]
    words += ["--project", "PROJECT"]
    words += ["--spec", str(spec)] if spec and spec.stat().st_size else []
    for split in _HELD_OUT:
        for path in files.get(split, ()):
            words += [f"--{split}", str(path)]
    return shlex.join(words)
