"""The list of accepted findings, as its schema describes it.

The schema is data that `make docs` writes from the functions' own model: the entries, where the
file lies, and the rules that there are. A test holds this reader and the functions' equal.
"""

import difflib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

_SCHEMA = Path(__file__).with_name("accepted_findings.schema.json")
_NAME = "accepted_findings.yaml"
_SHOWN = 80


class AcceptedFindingsError(ValueError):
    """The file cannot be used; a line for each problem, with its place and its rule."""


@dataclass(frozen=True)
class Acceptance:
    """A finding that somebody lives with, why, and to which day (inclusive)."""

    finding: str
    reason: str
    until: date
    accepted_by: str | None = None
    on: date | None = None


@cache
def schema() -> Mapping[str, Any]:
    """Return the schema."""
    document: dict[str, Any] = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    return document


def parse_accepted_findings(text: bytes) -> tuple[Acceptance, ...]:
    """Return the entries, in the order of the file.

    Raises:
        AcceptedFindingsError: with line, key, what was given and what is allowed.
    """
    document = _loaded(text)
    if document is None:
        return ()
    if not isinstance(document, CommentedSeq):
        raise AcceptedFindingsError(
            f"{_NAME} line 1: the file must hold a list; begin each entry with '- finding: …'."
        )
    plain = _stripped(json.loads(json.dumps(document, default=str)))
    problems = [_sentence(each, document) for each in _validator().iter_errors(plain)]
    if not problems:
        problems = _wrong_days(plain, document)
    if problems:
        raise AcceptedFindingsError("\n".join(problems))
    return tuple(_acceptance(entry) for entry in plain)


def _loaded(text: bytes) -> Any:
    most = schema()["x-most-bytes"]
    if len(text) > most:
        raise AcceptedFindingsError(f"{_NAME} has {len(text):,} bytes; {most:,} are allowed.")
    try:
        return YAML(typ="rt").load(io.StringIO(text.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise AcceptedFindingsError(f"{_NAME} line {line}: not UTF-8; save it so.") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" line {mark.line + 1}" if mark else ""
        raise AcceptedFindingsError(f"{_NAME}{place}: {error.problem or 'not YAML'}.") from error
    except (YAMLError, ValueError) as error:
        raise AcceptedFindingsError(f"{_NAME}: not YAML: {error}") from error


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def _stripped(entries: list[Any]) -> list[Any]:
    """Return the entries without the spaces around what people wrote."""
    for entry in entries:
        for key in ("reason", "accepted_by"):
            if isinstance(entry, dict) and isinstance(entry.get(key), str):
                entry[key] = entry[key].strip()
    return entries


def _sentence(error: ValidationError, document: CommentedSeq) -> str:
    index = error.absolute_path[0] if error.absolute_path else 0
    place = f"{_NAME} line {document.lc.item(index)[0] + 1}"
    if error.validator == "additionalProperties":
        known = schema()["items"]["properties"]
        unknown = next(key for key in document[index] if key not in known)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        line = document[index].lc.key(unknown)[0] + 1
        return f"{_NAME} line {line}: unknown key {unknown}; allowed are {', '.join(known)}.{hint}"
    key = f" {error.absolute_path[1]}:" if len(error.absolute_path) > 1 else ""
    said = error.message
    if len(said) > _SHOWN * 2:
        said = f"{said[: _SHOWN * 2]}…"
    return f"{place}:{key} {said}."


def _wrong_days(entries: Any, document: CommentedSeq) -> list[str]:
    problems = []
    for index, entry in enumerate(entries):
        for key in ("until", "on"):
            if entry.get(key) is not None and _day(entry[key]) is None:
                line = document[index].lc.key(key)[0] + 1
                given = str(entry[key])[:_SHOWN]
                problems.append(f"{_NAME} line {line}: {key} {given} is not a day like 2026-12-31.")
    return problems


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _acceptance(entry: Mapping[str, Any]) -> Acceptance:
    return Acceptance(
        finding=entry["finding"],
        reason=entry["reason"],
        until=date.fromisoformat(entry["until"]),
        accepted_by=entry.get("accepted_by"),
        on=date.fromisoformat(entry["on"]) if entry.get("on") else None,
    )
