"""Decisions of a line or two, at the edges where they turn."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta, timezone
from decimal import Decimal

import pytest

from tests.unit.audit.accounts import NOW, bucket, inventory
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Effort, Finding, Severity
from thriftline.audit.domain.guard import refusal
from thriftline.audit.domain.history import Acceptance, difference, sort_out
from thriftline.audit.domain.lifecycle import (
    abort_rule,
    expiration_rule,
    expiring_prefix,
    has,
    has_everywhere,
    merge_rules,
    noncurrent_rule,
    without_rule,
)
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.questions import bedrock_metric, mantle_model
from thriftline.audit.domain.rules.hosting import hosting_rule
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject
from thriftline.audit.domain.use_signals import component_metric, variant_metric
from thriftline.money.price_catalogue import price_catalogue

PARAMETERS = AuditParameters()


@pytest.mark.parametrize(
    ("value", "keeps"),
    [
        (NOW.date().isoformat(), True),
        ((NOW.date() - timedelta(days=1)).isoformat(), False),
        (NOW.isoformat(), True),
        ((NOW - timedelta(seconds=1)).isoformat(), False),
        ((NOW + timedelta(hours=1)).replace(tzinfo=None).isoformat(), True),
        ((NOW - timedelta(hours=1)).replace(tzinfo=None).isoformat(), False),
        # In Tokyo it is later already: the same clock's time there is nine hours over.
        (NOW.replace(tzinfo=timezone(timedelta(hours=9))).isoformat(), False),
        ("for ever", True),
    ],
)
def test_a_keep_tag_holds_to_its_day_or_instant(value: str, keeps: bool) -> None:
    said = refusal((("thriftline:keep", value),), NOW, PARAMETERS)
    assert said == (f"It is tagged thriftline:keep={value}." if keeps else None)


@pytest.mark.parametrize(
    ("value", "is_production"),
    [("prod-eu-1", True), ("prod eu", True), ("eu-prod", False), ("production", True), ("", False)],
)
def test_the_first_word_of_a_tag_says_production(value: str, is_production: bool) -> None:
    said = refusal((("stage", value),), NOW, PARAMETERS)
    assert said == (f"It is tagged stage={value}: report only." if is_production else None)


def _findings(*dollars: Decimal | None) -> tuple[Finding, ...]:
    (one, *_) = audit(wasteful_account(), price_catalogue(), PARAMETERS).findings
    return tuple(
        replace(one, resource=f"r{number}", monthly_usd=usd) for number, usd in enumerate(dollars)
    )


def test_what_became_dearer_and_cheaper_is_summed_apart_to_the_cent() -> None:
    findings = _findings(Decimal("3.5"), Decimal("1.2"), Decimal(7), None, Decimal(4))
    ids = [one.id for one in findings]
    last = dict(zip(ids, (Decimal(3), Decimal(2), Decimal(7), Decimal(1), None), strict=True))
    now = sort_out(findings, (), date(2026, 11, 22))
    told = difference(last, now, lambda _: True)
    assert (told.dearer_usd, told.cheaper_usd) == (Decimal("0.5"), Decimal("0.8"))
    assert (told.new, told.gone, told.unseen, told.accepted) == ((), (), (), ())
    nothing = difference({}, sort_out((), (), date(2026, 11, 22)), lambda _: True)
    assert str(nothing.dearer_usd) == str(nothing.cheaper_usd) == "0"
    assert isinstance(nothing.dearer_usd, Decimal)
    assert isinstance(nothing.cheaper_usd, Decimal)


def test_what_is_gone_unseen_and_accepted_is_told_apart() -> None:
    spoken, accepted = _findings(Decimal(1), Decimal(2))
    until = date(2026, 11, 22)
    acceptances = [
        Acceptance(accepted.id, "needed", until),
        Acceptance(spoken.id, "was needed", until - timedelta(days=1)),
    ]
    now = sort_out((spoken, accepted), acceptances, until)
    assert now.spoken == (spoken,)
    assert [one.finding for one in now.accepted] == [accepted]
    assert now.expired == (acceptances[1],)
    last = {"gone": Decimal(1), "hidden": None, accepted.id: Decimal(2)}
    told = difference(last, now, lambda one: one == "gone")
    assert (told.new, told.gone, told.unseen, told.accepted) == (
        (spoken.id,),
        ("gone",),
        ("hidden",),
        (accepted.id,),
    )


def test_a_model_of_bedrock_mantle_is_its_project_and_model() -> None:
    dimensions = {"Model": "openai/gpt", "Project": "default"}
    name = mantle_model(dimensions)
    assert name == "bedrock-mantle/default/openai/gpt"
    assert bedrock_metric(name, "Inferences").dimensions == tuple(dimensions.items())
    assert mantle_model({"Model": "openai/gpt"}) is None
    assert mantle_model({"Project": "default"}) is None
    assert mantle_model({**dimensions, "More": "x"}) is None


def test_requests_are_sums_by_the_period_that_is_asked_for() -> None:
    of_component = component_metric("part", "Invocations", period_seconds=3600)
    assert (of_component.stat, of_component.period_seconds) == ("Sum", 3600)
    assert component_metric("part", "Invocations").period_seconds == 86_400
    of_variant = variant_metric("chat", "all", "Invocations", period_seconds=3600)
    assert (of_variant.stat, of_variant.period_seconds) == ("Sum", 3600)


def _look(_: Subject) -> Iterator[Observation]:
    return iter(())


def test_a_rule_on_hosting_has_its_own_texts_and_what_all_have_in_common() -> None:
    rule = hosting_rule("new", "A title", _look, ("why", "how", "evidence", "change"), "a", "b")
    assert rule == Rule(
        id="ml.sagemaker.endpoint.new",
        title="A title",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale="why",
        how="how",
        evidence="evidence",
        change="change",
        undo="The old endpoint or config stays until the new one serves.",
        thresholds=("a", "b"),
        needs=frozenset({ResourceKind.ENDPOINT, ResourceKind.METRIC}),
        look=_look,
    )


def test_an_empty_account_has_nothing_to_say() -> None:
    told = audit(inventory(), price_catalogue(), PARAMETERS)
    assert (told.findings, told.gaps, told.unknown, told.costs) == ((), (), (), ())


def test_an_old_prefix_becomes_a_filter_and_a_filter_stays() -> None:
    ours = [noncurrent_rule(30)]
    old = {"ID": "old", "Status": "Enabled", "Prefix": "raw/", "Expiration": {"Days": 9}}
    new = {"ID": "new", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Prefix": "b/"}
    assert merge_rules([old, new], ours) == [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "raw/"}, "Expiration": {"Days": 9}},
        new,
        noncurrent_rule(30),
    ]
    assert merge_rules([old], []) == [old]
    assert noncurrent_rule(30) == {
        "ID": "thriftline-expire-noncurrent-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    }


def test_only_an_enabled_rule_counts_and_only_one_for_all_counts_everywhere() -> None:
    rule = abort_rule(7)
    member = "AbortIncompleteMultipartUpload"
    assert has([json.dumps(rule)], member)
    assert not has([json.dumps({**rule, "Status": "Disabled"})], member)
    assert not has([json.dumps({key: rule[key] for key in rule if key != "Status"})], member)
    assert not has([json.dumps(rule)], "Expiration")
    assert has_everywhere([json.dumps(rule)], member)
    for part in ({"Filter": {"Prefix": "a/"}}, {"Prefix": "a/"}, {"Status": "Disabled"}):
        assert not has_everywhere([json.dumps({**rule, **part})], member)


def test_the_last_expiry_rule_that_goes_takes_the_configuration_with_it() -> None:
    ours = expiration_rule("ckpt/a/")
    models = bucket("models", lifecycle_size_default="varies_by_storage_class")
    assert expiring_prefix(ours) == "ckpt/a/"
    assert expiring_prefix({**ours, "ID": "theirs"}) is None
    assert expiring_prefix({"ID": ours["ID"], "Filter": {"Prefix": "ckpt/a/"}}) is None
    assert expiring_prefix({"Expiration": {"Days": 1}}) is None
    assert without_rule(models, [ours], "ckpt/a/") == ApiCall(
        "s3", "DeleteBucketLifecycle", {"Bucket": "models"}
    )
    left = without_rule(models, [ours, abort_rule(7)], "ckpt/a/")
    assert left == ApiCall(
        "s3",
        "PutBucketLifecycleConfiguration",
        {
            "Bucket": "models",
            "LifecycleConfiguration": {"Rules": [abort_rule(7)]},
            "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
        },
    )
