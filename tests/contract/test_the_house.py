"""What CONTRIBUTING and the architecture say of this repository is so."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions/thriftline"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
# Names that stand for one of the reader's own.
OWN = ("verb_noun", "NAME", "GROUP")
# Machines whose every task the architecture shows, and where it starts to.
SHOWN = {
    "training": "## The flow",
    "cost_audit": "## The audit",
    "deploy_model": "## A deployment",
}


def test_every_place_that_the_recipes_name_exists() -> None:
    named = {name for name in re.findall(r"`([\w/.]+)`", CONTRIBUTING) if "/" in name}
    assert len(named) > 20
    assert [name for name in sorted(named) if not _exists(name)] == []


def test_every_name_of_the_code_in_the_recipes_is_in_the_code() -> None:
    recipes = CONTRIBUTING[CONTRIBUTING.index("## Recipes") : CONTRIBUTING.index("## Which target")]
    # Classes and constants; what a recipe tells the reader to make is not there yet.
    named = set(re.findall(r"`([A-Z]\w+)(?:\(…\))?`", recipes)) - {"VerbNounFunction"}
    source = "\n".join(path.read_text() for path in FUNCTIONS.rglob("*.py"))
    source += (ROOT / "template.yaml").read_text()
    assert {"Rule", "ROUTES", "ApiFunction", "ActionKind"} <= named
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", source)] == []


def test_every_place_that_the_architecture_names_exists() -> None:
    table = ARCHITECTURE[
        ARCHITECTURE.index("| you look for |") : ARCHITECTURE.index("## Where things lie")
    ]
    named = set(re.findall(r"`([\w/.]+/[\w/.]*)`", table))
    assert [name for name in sorted(named) if not _exists(name)] == []


def test_the_architecture_shows_every_room() -> None:
    tree = ARCHITECTURE[ARCHITECTURE.index("```\nfunctions/thriftline/") :]
    tree = tree[: tree.index("\n```", 4)]
    rooms = {*re.findall(r"^(?:  )?([\w/]+/)(?=\s)", tree, re.MULTILINE)}
    top = {name.partition("/")[0] for name in _tracked() if "/" in name}
    capabilities = {path.parent.name for path in FUNCTIONS.glob("*/__init__.py")} | {"data"}
    expected = {"functions/thriftline/"}
    expected |= {f"{name}/" for name in top if not name.startswith(".")} - {"functions/", "docs/"}
    expected |= {f"{name}/" for name in capabilities}
    assert rooms == expected


def test_the_architecture_draws_the_imports_that_are_held() -> None:
    held = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    by_name = {one["name"]: one for one in held["contracts"]}
    outer = by_name[
        "Imports in the functions point one way, and capabilities do not know each other"
    ]
    inner = by_name["Inside a capability the layers point one way"]
    drawn = ARCHITECTURE[ARCHITECTURE.index("Imports point one way, and") :]
    block = " ".join(drawn[drawn.index("```") + 3 :].partition("```")[0].split())
    assert _arrows(outer["layers"]) in block
    assert _arrows(inner["layers"]) in block


@pytest.mark.parametrize("machine", SHOWN)
def test_the_architecture_names_every_task_of_a_machine(machine: str) -> None:
    start = ARCHITECTURE.index(SHOWN[machine])
    section = ARCHITECTURE[start : ARCHITECTURE.index("\n## ", start)]
    definition = YAML(typ="safe").load(ROOT / f"statemachines/{machine}.asl.yaml")
    tasks = list(_tasks(definition["States"]))
    assert len(tasks) > 5
    assert [name for name in tasks if name not in section] == []


def test_the_architecture_has_every_event_and_every_schedule(template: dict[str, Any]) -> None:
    table = ARCHITECTURE[ARCHITECTURE.index("## Events") : ARCHITECTURE.index("## The code")]
    rules = schedules = 0
    for name, resource in template["Resources"].items():
        for event in (resource.get("Properties", {}).get("Events") or {}).values():
            if event["Type"] == "EventBridgeRule":
                rules += 1
                (row, *_) = [line for line in table.splitlines() if f"`{name}`" in line] or [""]
                pattern = event["Properties"]["Pattern"]
                assert all(f"`{source}`" in table for source in pattern["source"]), name
                assert all(kind in table for kind in pattern.get("detail-type", ())), name
                assert row, f"{name} is in no row of the events"
            elif event["Type"].startswith("Schedule"):
                schedules += 1
                plain = name.removesuffix("Function")
                assert plain in ARCHITECTURE or name == "CostAuditStateMachine", name
    assert (rules >= 8, schedules >= 6) == (True, True)


def test_the_targets_of_the_table_exist_and_each_stands_there_once() -> None:
    table = CONTRIBUTING[CONTRIBUTING.index("## Which target when") :]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `make")]
    named = [name for row in rows for name in re.findall(r"`make ([\w-]+)`", row)]
    assert len(named) == len(set(named)), sorted(named)
    tests = {name for name in _targets() if name.startswith(("test", "fuzz"))}
    assert tests - set(named) == set()
    assert set(named) - _targets() == set()


def test_every_target_that_a_document_names_exists() -> None:
    for name in (name for name in _tracked() if name.endswith(".md")):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = set(re.findall(r"`make ([a-z][\w-]*)", text))
        assert named - _targets() == set(), name


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def _targets() -> set[str]:
    """Returns the targets that `make help` shows."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = set(re.findall(r"^([a-z][\w-]*):.*##", makefile, re.MULTILINE))
    return shown | set(
        re.findall(r"^(static|unit|contract|integration|training|imports):", makefile, re.M)
    )


def _tasks(states: dict[str, Any]) -> Iterator[str]:
    """Yields the names of tasks, those inside of maps too."""
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name
        if "ItemProcessor" in state:
            yield from _tasks(state["ItemProcessor"]["States"])


def _arrows(layers: list[str]) -> str:
    """Returns layers as the architecture draws them."""
    rooms = [
        [re.sub(r"^thriftline\.|[()]", "", one) for one in layer.split(" | ")] for layer in layers
    ]
    return " → ".join(one[0] if len(one) == 1 else f"{{{' | '.join(one)}}}" for one in rooms)


def _exists(name: str) -> bool:
    capabilities = ("runs", "audit", "serving", "core")
    rooms = (ROOT, FUNCTIONS, *(FUNCTIONS / one for one in capabilities))
    pattern = re.sub("|".join(OWN), "*", name)
    return any(next(iter(room.glob(pattern.rstrip("/"))), None) for room in rooms)
