"""The whole audit of two accounts, to the letter, and what each threshold changes of it.

What a test of a single rule leaves out is held here: every sentence, signal, call and dollar. After
a change that is meant, write the files anew and read the difference:

    REWRITE_GOLDEN=1 .venv/bin/pytest tests/unit/audit/test_audit_golden.py
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.unit.audit.accounts import NOW
from tests.unit.audit.endpoint_histories import history
from tests.unit.audit.mixed_account import mixed_account
from tests.unit.audit.report_account import report_account
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import Audit, audit
from thriftline.audit.domain.digest import digest_of
from thriftline.audit.domain.idle import assess_endpoint
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.domain.termination import may_mark, may_plan_termination, may_terminate
from thriftline.money.price_catalogue import price_catalogue

_GOLDEN = Path(__file__).parent / "golden"
_ACCOUNTS: dict[str, Callable[[], Inventory]] = {
    "wasteful_account": wasteful_account,
    "report_account": report_account,
}


def _plain(value: Any) -> Any:
    """Returns JSON's own types; a set in order, so that the same audit is the same text."""
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value))
    return str(value)


def _hold(name: str, document: Any) -> None:
    text = json.dumps(document, default=_plain, indent=1, sort_keys=True) + "\n"
    path = _GOLDEN / f"{name}.json"
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(text)
    assert text.splitlines() == path.read_text().splitlines()


@pytest.mark.parametrize("name", _ACCOUNTS)
def test_an_audit_says_every_word_and_dollar_as_before(name: str) -> None:
    inventory, parameters = _ACCOUNTS[name](), AuditParameters()
    told = audit(inventory, price_catalogue(), parameters)
    document = asdict(told)
    document["findings"] = [
        {**asdict(one), "id": one.id, "cli": [call.cli(one.region) for call in one.change.calls]}
        for one in told.findings
    ]
    _hold(name, document)


@pytest.mark.parametrize("name", _ACCOUNTS)
def test_the_same_actions_are_planned_and_the_same_metrics_are_asked(name: str) -> None:
    inventory, parameters = _ACCOUNTS[name](), AuditParameters()
    told = audit(inventory, price_catalogue(), parameters)
    asked = sorted(map(str, metrics_needed(inventory)))
    plan = asdict(plan_actions(told.findings, inventory, parameters, Mode.ACT))
    _hold(f"{name}_plan", {"plan": plan, "metrics": asked})


def _other_values(name: str, value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float | Decimal):
        kind = type(value)
        share = name.endswith("share") or name == "failure_rate"
        for factor in ("0.25", "0.5", "1.5", "4"):
            other = kind(Decimal(str(value)) * Decimal(factor))
            yield min(other, kind(1)) if share else max(other, kind(1))


def _brief(inventory: Inventory, parameters: AuditParameters) -> set[str]:
    told = audit(inventory, price_catalogue(), parameters)
    return {
        f"{one.rule} | {one.resource} | {one.monthly_usd} | {one.severity.name} | "
        f"{one.confidence.name} | {one.summary}"
        for one in told.findings
    }


def test_a_threshold_changes_what_it_did_before() -> None:
    inventory = wasteful_account()
    usual = AuditParameters()
    before = _brief(inventory, usual)
    changes = {}
    for field in fields(AuditParameters):
        for other in _other_values(field.name, getattr(usual, field.name)):
            after = _brief(inventory, AuditParameters(**{field.name: other}))
            if after != before:
                changes[f"{field.name}: {other}"] = {
                    "goes": sorted(before - after),
                    "comes": sorted(after - before),
                }
    _hold("thresholds", changes)


def _digest(value: Any) -> str:
    text = json.dumps(asdict(value), default=_plain, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:12]


def _kept_for_a_report(told: Audit, inventory: Inventory) -> Iterator[str]:
    kept = digest_of(told, inventory.costs)
    assert (kept.findings, kept.gaps, kept.unknown) == (told.findings, told.gaps, told.unknown)
    assert (kept.account, kept.region) == (told.account, told.region)
    assert (kept.overview, kept.reconciliation) == (told.overview, told.reconciliation)
    still_open = sorted(map(str, kept.estimated))
    yield f"bill {kept.has_bill}, undated {kept.undated_usd}, open {still_open}"
    yield from (f"{one.kind}: {one.usd} of {one.priced}, {one.unpriced}" for one in kept.costs)
    yield from (f"{day} {name}: {usd}" for (day, name), usd in sorted(kept.days.items()))


@pytest.mark.parametrize("seed", range(6))
def test_accounts_drawn_by_chance_are_judged_as_before(seed: int) -> None:
    """The digest beside each line stands for all that the line leaves out."""
    inventory = mixed_account(seed)
    parameters = AuditParameters(
        required_tags=("team",) if seed % 2 else (), default_tags=(("team", "ml"), ("by", "us"))
    )
    told = audit(inventory, price_catalogue(), parameters)
    plan = plan_actions(told.findings, inventory, parameters, list(Mode)[seed % 3])
    lines = [
        *(
            f"{one.rule} | {one.resource} | {one.confidence.name} | {one.monthly_usd} | "
            f"{one.summary} | {_digest(one)}"
            for one in told.findings
        ),
        *(f"{one.endpoint}: {one.verdict} | {_digest(one)}" for one in told.idleness),
        *(f"{one.kind} {one.resource}: {one.usd} | {_digest(one)}" for one in told.costs),
        *(f"gap {one.rule} | {_digest(one)}" for one in told.gaps),
        *(f"unknown {one.kind} {one.resource} | {_digest(one)}" for one in told.unknown),
        f"overview {_digest(told.overview)}",
        f"reconciliation {_digest(told.reconciliation)}",
        *(f"{one.step} {one.action} {one.resource} | {_digest(one)}" for one in plan.actions),
        *(f"refused {one.action} {one.resource} | {_digest(one)}" for one in plan.refused),
        *plan.alerts,
        *_kept_for_a_report(told, inventory),
    ]
    _hold(f"mixed_account_{seed}", lines)


def test_endpoints_of_any_past_are_judged_in_the_same_words() -> None:
    parameters = AuditParameters()
    lines = []
    for seed in range(150):
        one = history(Random(seed), f"endpoint-{seed}")
        said = assess_endpoint(one.endpoint, one.series, NOW, parameters)
        may = may_plan_termination(one.endpoint, one.series, NOW, parameters)
        ends = may_terminate(one.endpoint, one.series, NOW, parameters)
        marks = may_mark(one.endpoint, one.series, NOW, parameters)
        lines.append(
            f"{seed} {said.verdict}: {' '.join(said.reasons)} | {marks.allowed} {may.allowed} "
            f"{ends.allowed} {' '.join(ends.reasons)} | {_digest(said)} {_digest(may)}"
        )
    _hold("histories", lines)
