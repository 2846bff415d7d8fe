"""The words of the command line are those of the workflow and the API."""

from argparse import Namespace
from pathlib import Path
from typing import Any, get_args

from ruamel.yaml import YAML

from thriftline.api.schemas.prices import Component
from thriftline.api.schemas.runs import EarlyStatus, Status
from thriftline.serving.domain.names import component_name
from thriftline_cli.commands import prices, runs
from thriftline_cli.endpoints.invoking import _target
from thriftline_cli.runs.states import EARLY, ENDED, STATES, TRAINING, WAITING

ROOT = Path(__file__).parents[2]


def test_the_states_that_are_followed_are_the_machines() -> None:
    text = (ROOT / "statemachines/training.asl.yaml").read_text(encoding="utf-8")
    machine: Any = YAML(typ="safe").load(text)
    assert [name for name in STATES if name not in machine["States"]] == []
    tasks = [name for name, state in machine["States"].items() if state["Type"] == "Task"]
    assert [name for name in tasks if name not in STATES] == []
    assert set(STATES) >= TRAINING


def test_the_statuses_are_those_of_the_api() -> None:
    early = get_args(EarlyStatus)
    known = {*get_args(Status), *early}
    assert set(runs.STATUSES) == set(get_args(Status))
    assert {*ENDED, EARLY, WAITING, "running"} == known


def test_what_a_rate_is_for_is_what_the_api_takes() -> None:
    assert get_args(Component) == prices._COMPONENTS


def test_a_component_is_asked_by_the_name_that_the_stack_gives_it() -> None:
    for name in ("thriftline-shop", "a" * 63, f"{'a' * 56}-bcdef"):
        target = _target({"endpoint": name, "kind": "component"}, Namespace(model=None))
        assert target["InferenceComponentName"] == component_name(name)
