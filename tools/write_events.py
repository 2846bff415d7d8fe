"""Writes the JSON Schemas of the events that Thriftline sends, and the page that lists them.

make docs
"""

import importlib
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path

import thriftline
from thriftline.core.events import Event

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "docs" / "schemas" / "events"
SAMPLES = ROOT / "events" / "published"
PAGE = ROOT / "docs" / "events.md"
_MODULES = "schemas.events"

_INTRODUCTION = """\
# Events

Thriftline puts what happened on the account's default bus of EventBridge, for other programs.
People get [messages](messages.md).

Each detail has a `version`. Within 1.0 keys are added, never taken away and never given another
meaning, so ignore keys that you do not know. What is unknown is null, never 0. Money is US dollars
as decimal strings; times are UTC. An event may come twice.

| source | detail-type | what | schema | sample |
| --- | --- | --- | --- | --- |
"""
_EXAMPLE = """
## Subscribing

A rule of yours in the same account and region, here for runs that failed or were rejected:

```yaml
FailedRuns:
  Type: AWS::Events::Rule
  Properties:
    EventPattern:
      source: [thriftline.training]
      detail-type: [TrainingFailed, TrainingRejected]
      detail:
        version: ["1.0"]
        project: [reviews]
    Targets:
      - Id: queue
        Arn: !GetAtt FailedRunsQueue.Arn
```

The stack itself listens too: `PublishEndpointPageFunction` writes an endpoint's page anew after
each event of `thriftline.serving`.
"""


def events() -> Mapping[str, type[Event]]:
    """Returns the model of each detail-type, out of every capability's schemas/events.py."""
    found: dict[str, type[Event]] = {}
    for package in pkgutil.iter_modules(thriftline.__path__):
        folder = Path(thriftline.__path__[0]) / package.name
        if (folder / "schemas" / "events.py").exists():
            module = importlib.import_module(f"thriftline.{package.name}.{_MODULES}")
            for model in vars(module).values():
                if isinstance(model, type) and issubclass(model, Event):
                    found |= dict.fromkeys(getattr(model, "DETAIL_TYPES", ()), model)
    return dict(sorted(found.items(), key=lambda one: (one[1].SOURCE, one[0])))


def schema(detail_type: str, model: type[Event]) -> str:
    """Returns the JSON Schema of a detail."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:thriftline:schemas:events:{detail_type}:1.0",
        **model.model_json_schema(mode="serialization"),
        "title": detail_type,
        "description": f"Detail of {model.SOURCE}: {_about(model)}",
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Returns docs/events.md."""
    rows = [
        f"| `{model.SOURCE}` | `{name}` | {_about(model)} "
        f"| [schema](schemas/events/{name}.schema.json) "
        f"| [sample](../events/published/{name}.json) |\n"
        for name, model in events().items()
    ]
    return _INTRODUCTION + "".join(rows) + _EXAMPLE


def _about(model: type[Event]) -> str:
    return " ".join((model.__doc__ or "").split())


def main() -> None:
    """Writes them all."""
    SCHEMAS.mkdir(parents=True, exist_ok=True)
    for name, model in events().items():
        (SCHEMAS / f"{name}.schema.json").write_text(schema(name, model), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
