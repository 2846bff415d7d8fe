"""YAML files of settings that a model reads, or that are answered line by line.

``run.yaml`` and ``serve.yaml`` are read alike: every problem names the line, the key, what was
given and what is allowed.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap

from thriftline.core.errors import ThriftlineError
from thriftline.core.text import plain
from thriftline.core.wording import counted
from thriftline.core.yaml_documents import YamlProblemError, line_of, load_yaml

MAX_BYTES = 65_536
_SHOWN = 80
_MOST_PROBLEMS = 20


def read_document(
    text: bytes | None, name: str, keys: Sequence[str], error: type[ThriftlineError]
) -> CommentedMap:
    """Returns the keys of a file, none when there is no file or an empty one.

    Args:
        text: the file's bytes; None when there is none.
        name: the file's, for what is said about it.
        keys: what it may hold at the top.
        error: the class that says what is wrong.
    """
    if text is None:
        return CommentedMap()
    if len(text) > MAX_BYTES:
        raise error(
            f"{name} has {len(text):,} bytes; {MAX_BYTES:,} are allowed. Does it hold data?"
        )
    try:
        document = load_yaml(text, name)
    except YamlProblemError as problem:
        raise error(str(problem)) from problem
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise error(
            f"{name} line 1: the file holds a list or a single value; it must hold keys such as "
            f"{', '.join(keys)}."
        )
    return document


def plain_values(document: CommentedMap) -> dict[str, Any]:
    """Returns a document's values without their places; a date becomes a text."""
    values: dict[str, Any] = json.loads(json.dumps(document, default=str))
    return values


def problems_of(
    error: ValidationError,
    document: CommentedMap,
    name: str,
    model: type[BaseModel],
    pattern_rules: Mapping[str, str],
) -> str:
    """Returns a line for each problem.

    Args:
        error: what the model said.
        document: the file, for the lines.
        name: the file's.
        model: what read it, for the keys that are allowed.
        pattern_rules: a key's pattern in words.
    """
    # As a person reads the file; what has no place of its own comes first.
    details = sorted(error.errors(include_url=False), key=lambda one: _line(one, document))
    problems = [
        _sentence(detail, document, name, model, pattern_rules)
        for detail in details[:_MOST_PROBLEMS]
    ]
    if len(details) > _MOST_PROBLEMS:
        problems.append(f"{name}: and {counted(len(details) - _MOST_PROBLEMS, 'more problem')}.")
    return "\n".join(problems)


def _sentence(
    detail: ErrorDetails,
    document: CommentedMap,
    name: str,
    model: type[BaseModel],
    pattern_rules: Mapping[str, str],
) -> str:
    path, takes_auto = _path(detail)
    key = plain(".".join(str(part) for part in path), _SHOWN)
    where = place_of(path, document, name)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key {key}; {_allowed_keys(path, model)}"
    given = json.dumps(_given(detail), default=str)
    if len(given) > _SHOWN:
        given = given[:_SHOWN] + "…"
    rule = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if detail["type"] == "string_pattern_mismatch":
        rule = pattern_rules.get(key.rpartition(".")[2], rule)
    rule = f"{rule}, or auto" if takes_auto else rule
    where = f"{where}: {key}" if key else where
    return f"{where}: {plain(rule)}; given was {given}."


def _path(detail: ErrorDetails) -> tuple[list[int | str], bool]:
    """Returns the keys to what is wrong, and whether `auto` would do there too."""
    path = [part for part in detail["loc"] if not str(part).startswith("function-")]
    takes_auto = path[-1:] == ["value"]  # the tag of what is not `auto`
    path = path[:-1] if takes_auto else path
    return [*path, *detail.get("ctx", {}).get("at", ())], takes_auto


def _given(detail: ErrorDetails) -> Any:
    """Returns what stands there; of a section with one key at fault that key's value."""
    given: Any = detail["input"]
    for part in detail.get("ctx", {}).get("at", ()):
        known = isinstance(given, dict) and part in given
        if not known and not (isinstance(given, (list, tuple)) and isinstance(part, int)):
            return None
        given = given[part]
    return given


def _line(detail: ErrorDetails, document: CommentedMap) -> int:
    return line_of(_path(detail)[0], document) or 0


def place_of(path: Sequence[int | str], document: CommentedMap, name: str) -> str:
    """Returns the file and the line of a key, the file alone for a default."""
    line = line_of(list(path), document)
    return f"{name} line {line}" if line else name


def _allowed_keys(path: list[int | str], model: type[BaseModel]) -> str:
    for part in path[:-1]:
        model = _model_of(model.model_fields, str(part)) or model
    allowed = list(model.model_fields)
    near = difflib.get_close_matches(str(path[-1]), allowed, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"allowed are {', '.join(allowed)}.{hint}"


def _model_of(fields: Mapping[str, Any], name: str) -> type[BaseModel] | None:
    return _model_in(fields[name].annotation) if name in fields else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the section that a key holds, itself or a list of such."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
