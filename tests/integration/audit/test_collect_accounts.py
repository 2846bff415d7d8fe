"""Other accounts are reached by their role; one that refuses is unknown, not empty."""

from collections.abc import Iterator

import pytest

from local_aws.server import EmbeddedAws
from tests.integration.audit.auditing import Auditor
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import (
    ACCOUNT,
    NOW,
    REGION,
    endpoint,
    small,
    variant,
)
from thriftline.audit.domain.facts import ResourceKind
from thriftline.core.aws import clients as own_clients

MEMBER = "222233334444"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    home = small(ACCOUNT, REGION, endpoints=[endpoint("at-home", variant("all"))])
    member = small(
        MEMBER,
        REGION,
        endpoints=[endpoint("of-member", variant("all"))],
        costs=[
            {"service": "Amazon SageMaker", "usd": 30, "start": "2025-10-25", "end": "2025-11-03"}
        ],
    )
    with EmbeddedAws(options_of(home, member)) as embedded:
        monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint)
        own_clients.client.cache_clear()
        own_clients._session.cache_clear()
        yield embedded
        own_clients.client.cache_clear()
        own_clients._session.cache_clear()


def test_an_account_is_collected_through_its_role(aws: EmbeddedAws) -> None:
    role = f"arn:aws:iam::{MEMBER}:role/thriftline-audit"
    found = Auditor(aws, OnceClients(REGION, role), MEMBER, NOW).inventory()
    assert [one.name for one in found.endpoints] == ["of-member"]
    assert sum(line.usd for line in found.costs) == 30
    assert found.unread == ()


def test_an_account_whose_role_cannot_be_assumed_is_unknown_in_every_kind(
    aws: EmbeddedAws,
) -> None:
    role = "arn:aws:iam::999999999999:role/thriftline-audit"
    found = Auditor(aws, OnceClients(REGION, role), "999999999999", NOW).inventory()
    assert found.endpoints == ()
    unknown = {one.kind for one in found.unread if one.operation == "AssumeRole"}
    # Settled runs are the stack's own, and are read where the stack lies alone.
    of_the_stack = {
        ResourceKind.SETTLED_RUN,
        ResourceKind.RUN_BILL,
        ResourceKind.SERVED_ENDPOINT,
    }
    assert unknown == frozenset(ResourceKind) - {ResourceKind.METRIC} - of_the_stack
    assert all("AccessDenied" in one.error for one in found.unread)
