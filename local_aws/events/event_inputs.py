"""What an EventBridge rule hands to its target: the event, a part, a constant or a template."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.ext.parser import parse as parse_path

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """Return the text that `target` of the rule gets for `event`."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(select(target["InputPath"], event))
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {
            name: select(path, event) for name, path in transformer.get("InputPathsMap", {}).items()
        }
        return render(transformer["InputTemplate"], {**values, **_reserved(event, rule_arn)})
    return json.dumps(event)


def _reserved(event: Mapping[str, Any], rule_arn: str) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event["time"],
    }


def select(path: str, event: Mapping[str, Any]) -> Any:
    """Return what JSONPath `path` finds in `event`, or None."""
    found = parse_path(_quoted(path)).find(event)
    return found[0].value if found else None


def _quoted(path: str) -> str:
    # A field such as detail-type would read as a subtraction.
    return re.sub(r"\.([A-Za-z0-9_]*-[A-Za-z0-9_-]*)", r'."\1"', path)


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill `<name>` in a template: as JSON where it stands alone, as text inside a string."""
    parts: list[str] = []
    position = 0
    inside = False
    for match in _PLACEHOLDER.finditer(template):
        if match[1] not in values:
            continue
        literal = template[position : match.start()]
        inside = _ends_inside_string(literal, inside)
        value = values[match[1]]
        parts += [literal, _as_text(value) if inside else json.dumps(value)]
        position = match.end()
    return "".join([*parts, template[position:]])


def _ends_inside_string(literal: str, inside: bool) -> bool:
    for quote in re.findall(r'\\.|"', literal):
        if quote == '"':
            inside = not inside
    return inside


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return json.dumps(text)[1:-1]
