"""What Thriftline puts on EventBridge: each has a model, a schema, a sample, a row of the page."""

import ast
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from thriftline.core.events import Event
from tools import write_events

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions" / "thriftline"
EVENTS = write_events.events()
FIX = "run `make docs` (tools/write_events.py)"


def _models(model: type[Event]) -> list[type[Event]]:
    return [one for child in model.__subclasses__() for one in (child, *_models(child))]


def test_every_event_that_the_code_can_send_is_in_the_list() -> None:
    """The bus takes an Event and nothing else, and every Event is in a schemas/events.py."""
    declared = {
        (path.relative_to(FUNCTIONS).as_posix(), node.name)
        for path in FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(re.fullmatch(r"Event|_\w+Event", ast.unparse(base)) for base in node.bases)
    }
    models = {model.__name__ for model in EVENTS.values()}
    concrete = {(path, name) for path, name in declared if not name.startswith("_")}
    assert {name for _, name in concrete} == models
    assert all(path.endswith("/schemas/events.py") for path, _ in concrete)


def test_nobody_speaks_to_eventbridge_but_the_bus() -> None:
    speakers = [
        path.name for path in FUNCTIONS.rglob("*.py") if "put_events(" in path.read_text("utf-8")
    ]
    assert speakers == ["event_bus.py"]


def test_the_schemas_and_the_page_are_those_of_the_models() -> None:
    written = {
        path.name.removesuffix(".schema.json"): path.read_text("utf-8")
        for path in write_events.SCHEMAS.glob("*.json")
    }
    expected = {name: write_events.schema(name, model) for name, model in EVENTS.items()}
    assert written == expected, FIX
    assert write_events.PAGE.read_text("utf-8") == write_events.page(), FIX


@pytest.mark.parametrize("name", EVENTS)
def test_the_sample_is_one_and_names_its_version(name: str) -> None:
    sample = json.loads((write_events.SAMPLES / f"{name}.json").read_text("utf-8"))
    model = EVENTS[name]
    assert (sample["source"], sample["detail-type"]) == (model.SOURCE, name)
    assert sample["detail"]["version"] == "1.0"
    Draft202012Validator(json.loads(write_events.schema(name, model))).validate(sample["detail"])
    parsed = model.model_validate_json(json.dumps(sample["detail"]))
    assert parsed.detail_type == name
    assert json.loads(parsed.model_dump_json()) == sample["detail"]
    with pytest.raises(ValidationError):
        model.model_validate({**sample["detail"], "version": "2.0"})


def test_there_is_no_sample_of_what_is_not_sent() -> None:
    assert {path.stem for path in write_events.SAMPLES.glob("*.json")} == set(EVENTS)
