"""From what a Describe call answers to the request that makes the same thing again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def plain(value: Any) -> Any:
    """Returns an answer as JSON has it: times as ISO text, without botocore's own metadata."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def request_of(client: Any, operation: str, description: Mapping[str, Any]) -> dict[str, Any]:
    """Returns of a description what an operation takes, by botocore's own model of the service.

    So a member that AWS adds to both is kept without a change here.
    """
    shape = client.meta.service_model.operation_model(operation).input_shape
    request: dict[str, Any] = _pruned(shape, description)
    return {name: value for name, value in request.items() if value not in ({}, [], "")}


def _pruned(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {
            name: _pruned(shape.members[name], one)
            for name, one in value.items()
            if name in shape.members and one is not None
        }
    if shape.type_name == "list":
        return [_pruned(shape.member, one) for one in value]
    return value
