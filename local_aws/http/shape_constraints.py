"""What a service's own model says about a request, checked where the service would check it."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape

_loading = Lock()
# Python's search tries every way to share out the hyphens; the second takes the same texts.
_AS_QUICK = {r"(-*[a-zA-Z0-9\+\-\.])*": r"[a-zA-Z0-9+\-.]*"}


@cache
def _loaded(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _model(service: str) -> Any:
    # SageMaker's takes a third of a second; sixteen first calls at once would each load it.
    with _loading:
        return _loaded(service)


@cache
def input_shape(service: str, operation: str) -> Any:
    """Return the shape of an operation's input out of botocore's model."""
    return _model(service).operation_model(operation).input_shape


@cache
def output_members(service: str, operation: str) -> frozenset[str]:
    """Return the names that an operation's answer may hold."""
    shape = _model(service).operation_model(operation).output_shape
    return frozenset(shape.members if shape else ())


def violations(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Return what is wrong with a value, in the words of the service.

    Checked are required members, enums, patterns, and the bounds of numbers and lengths.
    """
    found = [
        f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {broken}"
        for broken in _own_violations(shape, value)
    ]
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        found += _member_violations(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        for index, item in enumerate(value, start=1):
            found += violations(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, item in value.items():
            found += violations(shape.key, key, f"{path}.{key}.key")
            found += violations(shape.value, item, f"{path}.{key}.value")
    return found


def _member_violations(shape: StructureShape, value: Mapping[str, Any], path: str) -> list[str]:
    found = []
    for name, member in shape.members.items():
        member_path = _join(path, name)
        if value.get(name) is not None:
            found += violations(member, value[name], member_path)
        elif name in shape.required_members:
            found.append(
                f"Value null at '{member_path}' failed to satisfy constraint: "
                "Member must not be null"
            )
    return found


def _own_violations(shape: Shape, value: Any) -> list[str]:
    check = _CHECKS.get(shape.type_name)
    return check(shape.metadata, value) if check else []


def _text_violations(rules: Mapping[str, Any], value: Any) -> list[str]:
    if not isinstance(value, str):
        return ["Member must be a string"]
    broken = _bound_violations(rules, len(value), "length")
    if "enum" in rules and value not in rules["enum"]:
        broken.append(f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]")
    pattern = rules.get("pattern")
    if pattern and not _matches(pattern, value):
        broken.append(f"Member must satisfy regular expression pattern: {pattern}")
    return broken


def _number_violations(rules: Mapping[str, Any], value: Any) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ["Member must be a number"]
    return _bound_violations(rules, value, "value")


def _length_violations(rules: Mapping[str, Any], value: Any) -> list[str]:
    return _bound_violations(rules, len(value), "length")


def _bound_violations(rules: Mapping[str, Any], size: float, what: str) -> list[str]:
    broken = []
    if "min" in rules and size < rules["min"]:
        broken.append(f"Member must have {what} greater than or equal to {rules['min']}")
    if "max" in rules and size > rules["max"]:
        broken.append(f"Member must have {what} less than or equal to {rules['max']}")
    return broken


def _matches(pattern: str, value: str) -> bool:
    for slow, quick in _AS_QUICK.items():
        pattern = pattern.replace(slow, quick)
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        # The models' patterns are Java's; what Python cannot read is not checked.
        return True


_CHECKS: dict[str, Callable[[Mapping[str, Any], Any], list[str]]] = {
    "string": _text_violations,
    "integer": _number_violations,
    "long": _number_violations,
    "float": _number_violations,
    "double": _number_violations,
    "list": _length_violations,
    "map": _length_violations,
}


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
