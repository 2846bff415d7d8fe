"""What an audit could have seen: only where it looked does silence mean something."""

from dataclasses import replace

import pytest

from tests.unit.audit.accounts import ACCOUNT, REGION, inventory
from thriftline.audit.domain.audit import Gap, audit
from thriftline.audit.domain.coverage import AuditCoverage
from thriftline.audit.domain.digest import Digest, digest_of
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.rules.registry import RULES
from thriftline.money.price_catalogue import price_catalogue

IDLE = "ml.sagemaker.endpoint.idle"


def _digest(*unknown: UnreadResource, gaps: tuple[Gap, ...] = ()) -> Digest:
    seen = digest_of(audit(inventory(), price_catalogue(), AuditParameters()), ())
    return replace(seen, unknown=unknown, gaps=gaps)


def _unread(kind: ResourceKind, resource: str) -> UnreadResource:
    return UnreadResource(kind, resource, "Describe", "AccessDenied")


def _id(resource: str = "chat", rule: str = IDLE, account: str = ACCOUNT) -> str:
    return f"{rule}|{account}|{REGION}|{resource}"


def test_what_was_read_could_be_seen_and_another_place_could_not() -> None:
    seen = AuditCoverage([_digest()], None)
    assert seen.could_see(_id())
    assert not seen.could_see(_id(account="999999999999"))
    assert not seen.could_see(_id(rule="ml.no.such-rule"))


@pytest.mark.parametrize("text", ["", IDLE, f"{IDLE}|{ACCOUNT}", f"{IDLE}|{ACCOUNT}|{REGION}"])
def test_an_id_that_is_cut_short_names_no_place_or_no_resource(text: str) -> None:
    assert AuditCoverage([_digest()], None).could_see(text) is (text.count("|") == 2)


def test_a_resource_may_have_a_bar_in_its_name() -> None:
    seen = AuditCoverage([_digest(_unread(ResourceKind.MODEL, "a|b"))], None)
    assert not seen.could_see(_id("a|b"))
    assert seen.could_see(_id("a"))
    assert seen.could_see(_id("b"))


def test_only_the_rules_that_were_asked_for_could_speak() -> None:
    seen = AuditCoverage([_digest()], {IDLE})
    assert seen.could_see(_id())
    assert not seen.could_see(_id(rule="ml.sagemaker.endpoint.failed"))


def test_a_rule_without_an_answer_saw_nothing_and_one_with_doubts_did() -> None:
    silent = AuditCoverage([_digest(gaps=(Gap(IDLE, False, ("not collected",)),))], None)
    partly = AuditCoverage([_digest(gaps=(Gap(IDLE, True, ("one is unread",)),))], None)
    assert not silent.could_see(_id())
    assert silent.could_see(_id(rule="ml.sagemaker.endpoint.failed"))
    assert partly.could_see(_id())


def test_a_kind_that_was_cut_short_hides_what_needs_it() -> None:
    seen = AuditCoverage([_digest(_unread(ResourceKind.ENDPOINT, "*"))], None)
    assert not seen.could_see(_id())
    beside = next(one.id for one in RULES if ResourceKind.ENDPOINT not in one.needs)
    assert seen.could_see(_id(rule=beside))


@pytest.mark.parametrize(
    ("unread", "finding", "visible"),
    [
        ("chat", "chat", False),
        ("chat", "other", True),
        # A metric is named by endpoint and variant.
        ("chat/all", "chat", False),
        ("chat/all/deep", "chat", False),
        ("chat/all/deep", "deep", False),
        ("chat/all/deep", "all", True),
        ("chat/all/deep", "chat/all", False),
        # A model is named by its ARN.
        ("arn:aws:bedrock:us-west-2:1:custom-model/tuned", "tuned", False),
        # A finding may be about a part of what was not read.
        ("chat", "chat/all", False),
        ("chat", "chat/all/deep", False),
        ("chat all", "chat", True),
        ("two", "chat all/two", True),
    ],
)
def test_a_resource_that_was_not_read_hides_what_is_about_it(
    unread: str, finding: str, visible: bool
) -> None:
    seen = AuditCoverage([_digest(_unread(ResourceKind.METRIC, unread))], None)
    assert seen.could_see(_id(finding)) is visible
