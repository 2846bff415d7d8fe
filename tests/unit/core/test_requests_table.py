"""Requests with a key: one's own claim is known, and a request is ended after the deadline too."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from tests.unit.api.api_world import make_tables
from tests.unit.lost_answers import lose_first_answer
from thriftline.core.aws.requests_table import RequestsTable
from thriftline.core.errors import ServiceUnavailableError

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def make_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    tried = Config(retries={"mode": "standard", "total_max_attempts": 3})
    with mock_aws():
        make_tables(boto3.client("dynamodb"))
        yield lambda: boto3.client("dynamodb", config=tried)


def test_a_claim_whose_answer_was_lost_is_ones_own(make_client: Callable[[], Any]) -> None:
    client = make_client()
    tries = lose_first_answer(client, "PutItem")
    table = RequestsTable(client, "requests")

    assert table.claim("one", "digest", NOW) is None
    assert len(tries) == 2
    other = table.claim("one", "digest", NOW)
    assert other is not None
    assert other.answer is None


@pytest.mark.parametrize("ends", ["keep", "release"])
def test_a_request_is_ended_where_no_other_call_is_made_any_more(
    make_client: Callable[[], Any], ends: str
) -> None:
    client = make_client()
    table = RequestsTable(client, "requests", last=make_client())
    table.claim("one", "digest", NOW)

    def refuse(**_: Any) -> None:
        raise ServiceUnavailableError("0.0 s are left")

    client.meta.events.register_first("before-send", refuse)
    if ends == "keep":
        table.keep("one", "an answer", NOW)
    else:
        table.release("one")

    found = RequestsTable(make_client(), "requests").claim("one", "digest", NOW)
    assert (found.answer if found else None) == ("an answer" if ends == "keep" else None)
    assert (found is None) is (ends == "release")
