"""YAML that people write, read so that every mistake can be named with its line.

The parser's events are looked at before anything is built of them, so that no trick of a file
costs time or memory: no anchors, aliases or tags, bounded depth, number and length.
"""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    ScalarEvent,
)
from ruamel.yaml.reader import ReaderError

from thriftline.core.text import has_hidden, plain

_DEEPEST = 12
_MOST_VALUES = 6_000
_LONGEST_VALUE = 2_000
# What a parser that was written for well-meant files raises on others.
_STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


class YamlProblemError(ValueError):
    """A text is no YAML that is read here; the message has the file's name, line and column."""


def load_yaml(text: bytes, name: str) -> Any:
    """Returns what ruamel's round-trip loader makes of a file, None for an empty one.

    Raises:
        YamlProblemError: with the place in the file ``name``.
    """
    try:
        decoded = text.decode("utf-8")
        _refuse_tricks(decoded, name)
        document = YAML(typ="rt").load(io.StringIO(decoded))
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise YamlProblemError(f"{name} line {line}: not UTF-8; save it as UTF-8.") from error
    except YamlProblemError:
        raise
    except (DuplicateKeyError, MarkedYAMLError) as error:
        raise YamlProblemError(_problem(error, name)) from error
    except ReaderError as error:
        line = decoded.count("\n", 0, error.position) + 1
        shown = plain(decoded[error.position])
        raise YamlProblemError(f"{name} line {line}: the character {shown} is not read.") from error
    except (YAMLError, *_STUMBLES) as error:
        reason = plain(str(error).partition("\n")[0] or type(error).__name__)
        raise YamlProblemError(f"{name}: not YAML: {reason}") from error
    _refuse_other_keys(document, name)
    return document


def _refuse_tricks(text: str, name: str) -> None:
    """Reads the events one by one and stops at the first that is not for a file of settings."""
    depth = values = 0
    for event in YAML(typ="rt", pure=True).parse(io.StringIO(text)):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        values += isinstance(event, (ScalarEvent, CollectionStartEvent))
        rule = _rule_against(event, depth, values)
        if rule:
            mark = event.start_mark
            raise YamlProblemError(f"{name} line {mark.line + 1}, column {mark.column + 1}: {rule}")


def _rule_against(event: Event, depth: int, values: int) -> str | None:
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
        return "anchors and aliases (& and *) are not read; write the value out."
    if getattr(event, "tag", None):
        return "tags (!) are not read; take it out, and quote a text that begins with one."
    if depth > _DEEPEST:
        return f"more than {_DEEPEST} levels of nesting."
    if values > _MOST_VALUES:
        return f"more than {_MOST_VALUES:,} keys and values."
    if isinstance(event, ScalarEvent):
        if len(event.value) > _LONGEST_VALUE:
            return f"a text of {len(event.value):,} characters; {_LONGEST_VALUE:,} are allowed."
        if has_hidden(event.value.replace("\n", "").replace("\t", "")):
            return f"characters that do not print: {plain(event.value, 80)}"
    return None


def _refuse_other_keys(node: Any, name: str) -> None:
    """A key that is no text, such as a list or a date, is no key of settings."""
    if isinstance(node, CommentedMap):
        for key in node:
            if not isinstance(key, str):
                line = node.lc.key(key)[0] + 1
                raise YamlProblemError(
                    f"{name} line {line}: the key {_shown_key(key)} is not a text; quote it if it "
                    "is meant as one."
                )
            _refuse_other_keys(node[key], name)
    elif isinstance(node, CommentedSeq):
        for item in node:
            _refuse_other_keys(item, name)


def _shown_key(key: Any) -> str:
    """Returns a key in YAML's words."""
    if key is None or isinstance(key, bool):
        return "null" if key is None else str(key).lower()
    return "of several values" if isinstance(key, (tuple, Mapping)) else plain(key, 80)


def _problem(error: MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = str(error.problem or error.context or "not YAML").splitlines()[0]
    return f"{name} {place}{plain(problem)}."


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
