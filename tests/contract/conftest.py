"""What the contract tests read: the template and the state machines, as data."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


class _Intrinsic:
    """Any ``!Ref``-like tag, kept as its tag and value."""

    def __init__(self, tag: str, value: Any) -> None:
        self.tag = tag
        self.value = value


def _construct(loader: Any, suffix: str, node: Any) -> _Intrinsic:
    if hasattr(node, "value") and isinstance(node.value, str):
        return _Intrinsic(suffix, node.value)
    build = loader.construct_sequence if isinstance(node.value, list) else loader.construct_mapping
    return _Intrinsic(suffix, build(node, deep=True))


def load_cloudformation(path: Path) -> dict[str, Any]:
    """Reads a template; intrinsics become objects with ``tag`` and ``value``."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_multi_constructor("!", _construct)
    loaded: dict[str, Any] = yaml.load(path.read_text())
    return loaded


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return load_cloudformation(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def training_text() -> str:
    return (ROOT / "statemachines/training.asl.yaml").read_text()


@pytest.fixture(scope="session")
def training(training_text: str) -> dict[str, Any]:
    machine: dict[str, Any] = YAML(typ="safe").load(training_text)
    return machine
