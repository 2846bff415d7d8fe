"""Every kind of resource is one spec, and every spec can be used."""

import inspect
from collections import Counter
from dataclasses import fields

import pytest

from tests.unit.audit.accounts import inventory
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parts import Part
from thriftline.audit.domain.resource_kinds import KINDS, RESOURCE_SPECS, ResourceSpec
from thriftline.audit.domain.resources.bedrock import Bedrock
from thriftline.audit.reports.words import kind_name
from thriftline.audit.steps.collect_part import collector_of

SPECS = [pytest.param(spec, id=spec.kind) for spec in RESOURCE_SPECS]
# What an inventory says of itself, not of resources.
ABOUT = {"account", "region", "now", "window", "collected", "bedrock", "metrics", "unread"}


def test_every_kind_but_metrics_has_one_spec() -> None:
    kinds = Counter(spec.kind for spec in RESOURCE_SPECS)
    assert kinds == Counter(set(ResourceKind) - {ResourceKind.METRIC})
    assert set().union(*KINDS.values()) == set(kinds)
    assert set(KINDS) == set(Part)


def test_every_list_of_an_inventory_is_filled_by_a_spec() -> None:
    own = {field.name for field in fields(Inventory)} - ABOUT
    of_bedrock = {f"bedrock.{field.name}" for field in fields(Bedrock)}
    assert {spec.field for spec in RESOURCE_SPECS} == own | of_bedrock


@pytest.mark.parametrize("spec", SPECS)
def test_a_collector_takes_what_its_spec_asks_for(spec: ResourceSpec) -> None:
    clients, *rest = inspect.signature(collector_of(spec)).parameters
    assert clients == "clients"
    assert tuple(rest) == spec.asks


@pytest.mark.parametrize("spec", SPECS)
def test_a_kind_without_resources_lists_none(spec: ResourceSpec) -> None:
    assert spec.resources(inventory()) == ()


@pytest.mark.parametrize("spec", SPECS)
def test_a_kind_has_a_plural_of_its_own(spec: ResourceSpec) -> None:
    assert kind_name(spec.kind, 1) != kind_name(spec.kind, 2)
