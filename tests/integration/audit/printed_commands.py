"""Reads a printed line of the AWS CLI as the CLI would: the call that it makes."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape
from botocore.session import get_session

# The names that the CLI has for services that botocore names otherwise.
_SERVICES = {"s3api": "s3"}
_GLOBAL = {"region"}
_SCALARS: dict[str, Any] = {"integer": int, "long": int, "float": float, "double": float}


@dataclass(frozen=True, slots=True)
class PrintedCall:
    """One call of an API, as a command line makes it."""

    service: str
    operation: str
    region: str
    parameters: dict[str, Any]


def parse_command(line: str) -> PrintedCall:
    """Returns the call of ``aws SERVICE COMMAND --option value ...``.

    Raises ValueError for what the CLI would refuse: an unknown command or option.
    """
    words = shlex.split(line)
    if words[0] != "aws" or len(words) < 3:
        raise ValueError(f"no command of the AWS CLI: {line}")
    service = _SERVICES.get(words[1], words[1])
    operation = _operation(service, words[2])
    given = _options(words[3:])
    members = operation.input_shape.members if operation.input_shape else {}
    shapes = {xform_name(name, "-"): (name, shape) for name, shape in members.items()}
    if unknown := given.keys() - shapes.keys() - _GLOBAL:
        raise ValueError(f"{words[2]} has no option {sorted(unknown)}: {line}")
    parameters = {
        shapes[name][0]: _value(values, shapes[name][1])
        for name, values in given.items()
        if name not in _GLOBAL
    }
    return PrintedCall(service, operation.name, given["region"][0], parameters)


def _operation(service: str, command: str) -> OperationModel:
    model = get_session().get_service_model(service)
    for name in model.operation_names:
        if xform_name(name, "-") == command:
            return model.operation_model(name)
    raise ValueError(f"the AWS CLI has no command {service} {command}")


def _options(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, is_joined, value = word[2:].partition("=")
            found[name] = [value] if is_joined else []
        elif name:
            found[name].append(word)
        else:
            raise ValueError(f"{word} belongs to no option")
    return found


def _value(values: list[str], shape: Shape) -> Any:
    if isinstance(shape, ListShape) and shape.member.type_name == "string":
        return values
    (value,) = values
    if shape.type_name in ("structure", "list", "map"):
        return json.loads(value)
    return _SCALARS.get(shape.type_name, str)(value)
