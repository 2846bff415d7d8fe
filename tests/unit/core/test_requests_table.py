"""Requests with a key: one's own claim is known, and a request is ended after the deadline too."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws
from moto.core.models import botocore_stubber

from tests.unit.api.api_world import make_tables
from tests.unit.lost_answers import lose_first_answer
from thriftline.core.aws.requests_table import ABANDONED, RequestsTable
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

    assert table.claim("one", "digest", NOW).former is None
    assert len(tries) == 2
    other = table.claim("one", "digest", NOW).former
    assert other is not None
    assert other.answer is None


@pytest.mark.parametrize("ends", ["keep", "release"])
def test_a_request_is_ended_where_no_other_call_is_made_any_more(
    make_client: Callable[[], Any], ends: str
) -> None:
    client = make_client()
    table = RequestsTable(client, "requests", last=make_client())
    mark = table.claim("one", "digest", NOW).mark

    def refuse(**_: Any) -> None:
        raise ServiceUnavailableError("0.0 s are left")

    client.meta.events.register_first("before-send", refuse)
    if ends == "keep":
        table.keep("one", mark, "an answer", NOW)
    else:
        table.release("one", mark)

    found = RequestsTable(make_client(), "requests").claim("one", "digest", NOW).former
    assert (found.answer if found else None) == ("an answer" if ends == "keep" else None)
    assert (found is None) is (ends == "release")


def test_a_claim_none_of_whose_tries_is_answered_is_taken_back(
    make_client: Callable[[], Any],
) -> None:
    client = make_client()

    def write_and_hang(event_name: str, request: Any, **given: Any) -> None:
        botocore_stubber(event_name, request, **given)
        raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register_first("before-send.dynamodb.PutItem", write_and_hang)
    client.meta.events.register_first("before-send.dynamodb.GetItem", write_and_hang)
    table = RequestsTable(client, "requests", last=make_client())
    with pytest.raises(ServiceUnavailableError, match="noting a request"):
        table.claim("one", "digest", NOW)

    again = RequestsTable(make_client(), "requests").claim("one", "digest", NOW)
    assert again.former is None


def test_a_claim_that_cannot_be_taken_back_is_still_the_error_of_the_claim(
    make_client: Callable[[], Any],
) -> None:
    client = make_client()
    client.meta.events.register_first("before-send", _hang)
    with pytest.raises(ServiceUnavailableError, match="noting a request"):
        RequestsTable(client, "requests").claim("one", "digest", NOW)


@pytest.mark.parametrize("late", ["keep", "release", "claim"])
def test_what_comes_late_leaves_the_claim_that_came_after_it(
    make_client: Callable[[], Any], late: str
) -> None:
    table = RequestsTable(make_client(), "requests")
    former = table.claim("one", "digest", NOW).mark
    then = NOW + ABANDONED
    assert table.claim("one", "digest", then).former is None

    if late == "keep":
        table.keep("one", former, "an answer of before", then)
    elif late == "release":
        table.release("one", former)
    else:
        client = make_client()
        client.meta.events.register_first("before-send.dynamodb.PutItem", _hang)
        with pytest.raises(ServiceUnavailableError):
            RequestsTable(client, "requests", last=make_client()).claim("one", "digest", then)

    found = table.claim("one", "digest", then).former
    assert found is not None
    assert found.answer is None


def _hang(**_: Any) -> None:
    raise ReadTimeoutError(endpoint_url="https://dynamodb")
