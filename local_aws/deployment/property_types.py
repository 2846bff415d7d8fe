"""CloudFormation's properties as the parameters of a service's calls: names and types differ."""

from collections.abc import Mapping
from typing import Any

_NUMBERS = frozenset({"IdleTimeoutMinutes", "MaxConcurrentRuns", "QueueTimeoutMinutes"})


def application_arguments(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what EMR Serverless's CreateApplication is called with.

    CloudFormation writes names with a capital, maps as lists of pairs, and hands numbers and truths
    over as texts.
    """
    given = dict(properties)
    tags = {str(each["Key"]): str(each["Value"]) for each in given.pop("Tags", ())}
    return {**_lowered(given), **({"tags": tags} if tags else {})}


def _lowered(given: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{key[:1].lower()}{key[1:]}": _value(key, given[key]) for key in given}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _lowered(value)
    if isinstance(value, list):
        return [_value(name, each) for each in value]
    if name in _NUMBERS:
        return int(value)
    if name in ("Enabled", "StudioEnabled", "LivyEndpointEnabled"):
        return str(value).lower() == "true"
    # A size such as `Cpu: 16` may be a number in the template, and is a text to the service.
    return str(value)
