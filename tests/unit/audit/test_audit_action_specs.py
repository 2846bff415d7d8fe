"""Every kind of action is one spec, and every spec can be done, told and counted."""

import inspect
from collections import Counter
from dataclasses import fields

import pytest

from tests.unit.audit.accounts import inventory
from thriftline.audit.domain.action_kinds import ACTION_SPECS, ActionOrder, ActionSpec, StepSpec
from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.steps.act_on_plan import code_of

SPECS = [pytest.param(spec, id=spec.kind) for spec in ACTION_SPECS]
STEPS = [
    pytest.param(step, id=f"{spec.kind}-{step.step}")
    for spec in ACTION_SPECS
    for step in spec.steps
]


def test_every_kind_has_one_spec() -> None:
    assert Counter(spec.kind for spec in ACTION_SPECS) == Counter(ActionKind)


def test_what_a_rule_asks_for_has_a_planner() -> None:
    planned = {spec.kind for spec in ACTION_SPECS if spec.planner is not None}
    assert {rule.action for rule in RULES if rule.action is not None} == planned


@pytest.mark.parametrize("step", STEPS)
def test_the_code_of_a_step_takes_the_action_alone(step: StepSpec) -> None:
    assert len(inspect.signature(code_of(step)).parameters) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_told_of_how_many(step: StepSpec) -> None:
    assert step.plan.count("{}") == step.past.count("{}") == 1
    assert "{" not in f"{step.noun}{step.message}{step.heading}"


@pytest.mark.parametrize("spec", SPECS)
def test_a_kind_is_capped_unless_it_only_takes_something_back(spec: ActionSpec) -> None:
    takes_back = {ActionKind.UNMARK_ENDPOINT, ActionKind.TAKE_EXPIRY_AWAY}
    assert (spec.population is None) is (spec.kind in takes_back)
    assert spec.population is None or spec.population(inventory()) == 0


@pytest.mark.parametrize("spec", SPECS)
def test_what_ends_an_endpoint_comes_last_and_can_be_put_back(spec: ActionSpec) -> None:
    assert (spec.turn is ActionOrder.END) is spec.ends_endpoint
    assert Step.WAIT not in {step.step for step in spec.steps}


def test_a_misspelt_field_of_a_spec_is_refused() -> None:
    facts = {field.name: getattr(ACTION_SPECS[0], field.name) for field in fields(ActionSpec)}
    with pytest.raises(TypeError, match="populaton"):
        ActionSpec(**{**facts, "populaton": None})
