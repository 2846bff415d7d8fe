"""YAML that people write, read so that every mistake can be told with its line."""

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class YamlProblemError(ValueError):
    """A text is not YAML, or not UTF-8; the message has the file's name, and line and column."""


def load_yaml(text: bytes, name: str) -> Any:
    """Returns what ruamel's round-trip loader makes of a file, None for an empty one.

    Raises:
        YamlProblemError: with the place in the file ``name``.
    """
    try:
        return YAML(typ="rt").load(io.StringIO(text.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise YamlProblemError(f"{name} line {line}: not UTF-8; save it as UTF-8.") from error
    except (DuplicateKeyError, MarkedYAMLError) as error:
        raise YamlProblemError(_problem(error, name)) from error
    except (YAMLError, ValueError) as error:
        raise YamlProblemError(f"{name}: not YAML: {error}") from error


def _problem(error: MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = str(error.problem or error.context or "not YAML").splitlines()[0]
    return f"{name} {place}{problem}."


def line_of(path: list[int | str], document: Any) -> int | None:
    """Returns the line of the deepest part of a path that the file holds, None for a default."""
    node: Any = document
    line = None
    for part in path:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
        else:
            break
        node = node[part]
    return line
