"""EventBridge event patterns.

A pattern is an object of the event's shape whose leaves are lists: a field matches if any entry
of its list does. An entry is a value or one operator, such as `{"prefix": "a"}`.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class InvalidPatternError(ValueError):
    """A pattern that EventBridge would refuse."""


def validate(pattern: Any) -> None:
    """Raise InvalidPatternError unless `pattern` is one that EventBridge accepts."""
    if not isinstance(pattern, dict) or not pattern:
        raise InvalidPatternError("Event pattern must be a JSON object that is not empty")
    for key, value in pattern.items():
        _validate_field(key, value)


def _validate_field(key: str, value: Any) -> None:
    if key == "$or" and isinstance(value, list):
        for alternative in value:
            validate(alternative)
    elif isinstance(value, dict):
        validate(value)
    elif not isinstance(value, list) or not value:
        raise InvalidPatternError(f'"{key}" must be an object or an array that is not empty')
    else:
        for entry in value:
            _validate_entry(entry)


def _validate_entry(entry: Any) -> None:
    if isinstance(entry, list):
        raise InvalidPatternError("an array inside of a pattern's array is not allowed")
    if isinstance(entry, dict) and (len(entry) != 1 or next(iter(entry)) not in _OPERATORS):
        raise InvalidPatternError(f"Unrecognized match type {json.dumps(entry)}")


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether `event` has every field of `pattern`."""
    return all(_field_matches(key, wanted, event) for key, wanted in pattern.items())


def _field_matches(key: str, wanted: Any, event: Any) -> bool:
    if key == "$or" and isinstance(wanted, list):
        return any(matches(alternative, event) for alternative in wanted)
    if isinstance(wanted, dict):
        return any(matches(wanted, child) for child in _children(event, key))
    found = list(_values(event, key))
    return any(_entry_matches(entry, found) for entry in wanted)


def _objects(event: Any) -> Iterator[dict[str, Any]]:
    if isinstance(event, dict):
        yield event
    elif isinstance(event, list):
        for item in event:
            yield from _objects(item)


def _children(event: Any, key: str) -> Iterator[Any]:
    """Yield what stands at `key`; an absent object still lets `exists: false` match inside."""
    present = [node[key] for node in _objects(event) if key in node]
    yield from present or [{}]


def _values(event: Any, key: str) -> Iterator[Any]:
    for node in _objects(event):
        if key in node:
            yield from _leaves(node[key])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif not isinstance(value, dict):
        yield value


def _entry_matches(entry: Any, found: list[Any]) -> bool:
    if not isinstance(entry, dict):
        return any(_same(entry, value) for value in found)
    operator, argument = next(iter(entry.items()))
    if operator == "exists":
        return bool(found) is argument
    return any(_OPERATORS[operator](argument, value) for value in found)


def _same(left: Any, right: Any) -> bool:
    # In JSON, unlike in Python, true is not 1.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _one_of(test: Callable[[Any, str], bool]) -> Callable[[Any, Any], bool]:
    def matcher(argument: Any, value: Any) -> bool:
        wanted = argument if isinstance(argument, list) else [argument]
        return isinstance(value, str) and any(test(each, value) for each in wanted)

    return matcher


def _affix(argument: Any, value: str, method: str) -> bool:
    if isinstance(argument, dict):
        wanted = argument["equals-ignore-case"]
        return bool(getattr(value.lower(), method)(wanted.lower()))
    return bool(getattr(value, method)(argument))


def _wildcard(argument: str, value: str) -> bool:
    tokens = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", argument)
    expression = "".join(
        ".*" if token == "*" else re.escape(token[1] if token in (r"\*", r"\\") else token)
        for token in tokens
    )
    return re.fullmatch(expression, value, re.DOTALL) is not None


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def _numeric(argument: list[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(_COMPARISONS[operator](value, bound) for operator, bound in pairs)


def _cidr(argument: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument)
    except ValueError:
        return False


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        operator, inner = next(iter(argument.items()))
        return not _OPERATORS[operator](inner, value)
    unwanted = argument if isinstance(argument, list) else [argument]
    return not any(_same(each, value) for each in unwanted)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": _one_of(lambda argument, value: _affix(argument, value, "startswith")),
    "suffix": _one_of(lambda argument, value: _affix(argument, value, "endswith")),
    "equals-ignore-case": _one_of(lambda argument, value: argument.lower() == value.lower()),
    "wildcard": _one_of(_wildcard),
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
    "exists": lambda _argument, _value: True,
}
