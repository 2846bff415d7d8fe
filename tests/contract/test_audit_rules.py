"""The rules, their pages and their parameters agree: run `make docs` when the pages do not."""

import re
from dataclasses import fields

import pytest

from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.rules.registry import RULES, rule_of
from thriftline.audit.domain.rules.rule import Rule
from tools.write_rule_pages import PAGES, pages


def test_the_pages_are_those_of_the_registry() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert published == pages()


def test_every_rule_has_an_id_of_its_own() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"ml(\.[a-z0-9]+(-[a-z0-9]+)*){2,3}", one) for one in ids)
    assert all(rule_of(rule.id) is rule for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_every_parameter_that_it_has(rule: Rule) -> None:
    known = {field.name for field in fields(AuditParameters)}
    assert set(rule.thresholds) <= known
    spoken = set(re.findall(r"`([a-z_]+)`", f"{rule.how} {rule.change}"))
    assert spoken <= set(rule.thresholds)
    assert rule.needs_whole <= rule.needs


def test_a_misspelt_field_of_a_rule_is_refused() -> None:
    facts = {field.name: getattr(RULES[0], field.name) for field in fields(Rule)}
    with pytest.raises(TypeError, match="rational"):
        Rule(**{**facts, "rational": "because"})
