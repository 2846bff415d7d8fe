"""What the command line asks of the API, and what it makes of its answers."""

import json
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.fake_api import API_URL, Answer, FakeApi, page, problem
from thriftline_cli.api.address import api_base
from thriftline_cli.api.client import pool, segment
from thriftline_cli.api.problems import problem as in_words
from thriftline_cli.exits import CommandError, Exit

RUN = {
    "run_id": "shop-1",
    "project": "shop",
    "status": "running",
    "opened_at": "2026-11-30T03:00:00Z",
    "expected_usd": "0.13",
    "cost_usd": None,
    "model_version": None,
}


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})


def test_the_address_is_that_of_the_stack_or_a_path_of_the_embedded_aws() -> None:
    assert api_base({"ApiUrl": f"{API_URL}/"}, None) == API_URL
    embedded = api_base({"ApiUrl": API_URL}, "http://localhost:4566/")
    assert embedded == "http://localhost:4566/_aws/execute-api/a1b2c3/v1"
    with pytest.raises(CommandError, match="no output ApiUrl") as refused:
        api_base({}, None)
    assert refused.value.code == Exit.NOT_FOUND


def test_every_call_is_signed_for_the_api(api: FakeApi) -> None:
    api.routes["GET /runs"] = page(RUN)
    assert api.command("runs list --output json") == Exit.DONE
    (asked,) = api.asked
    assert "/execute-api/aws4_request" in asked.headers["Authorization"]
    assert asked.query == {"limit": "50"}
    assert api.answer == [RUN]


def test_what_the_api_could_not_read_is_said_beside_the_answer(api: FakeApi) -> None:
    unread = {"id": "shop-2", "problem": "The item of run shop-2 cannot be read.", "fix": "Update."}
    api.routes["GET /runs"] = {**page(RUN), "unreadable": [unread]}
    assert api.command("runs list --output json") == Exit.DONE
    assert api.answer == [RUN]
    assert "not read: The item of run shop-2 cannot be read. Update." in "\n".join(api.said)


def test_pages_are_read_until_there_is_no_more_or_enough(api: FakeApi) -> None:
    api.routes["GET /runs"] = lambda asked: (
        page(*[RUN] * 100, next_token="t") if "next_token" not in asked.query else page(RUN)
    )
    api.command("runs list --limit 150 --output json")
    assert len(api.answer) == 101
    assert [one.query.get("next_token") for one in api.asked] == [None, "t"]
    assert [one.query["limit"] for one in api.asked] == ["100", "50"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Exit.USAGE),
        (401, Exit.NOT_ALLOWED),
        (403, Exit.NOT_ALLOWED),
        (404, Exit.NOT_FOUND),
        (409, Exit.REFUSED),
        (422, Exit.USAGE),
        (429, Exit.FAILED),
        (500, Exit.FAILED),
    ],
)
def test_a_problem_is_a_sentence_and_an_exit_code(api: FakeApi, status: int, code: int) -> None:
    api.routes["GET /budget"] = problem(status, "It is so.", ("/files/0/name", "is none"))
    assert api.command("budget --output json") == code
    assert api.out == ""
    assert "It is so." in api.said[0]
    assert api.said[1] == "  files/0/name: is none"


def test_a_route_that_the_stack_lacks_is_no_lack_of_permission(api: FakeApi) -> None:
    """API Gateway answers a signed call of an unknown path as if it had no signature."""
    api.routes["GET /budget"] = problem(403, "Missing Authentication Token")
    assert api.command("budget") == Exit.NOT_FOUND
    assert "has no route GET /budget" in api.said[-1]
    assert "older than this command line" in api.said[-1]
    assert "not allowed" not in api.said[-1]


@given(st.integers(400, 599), st.binary(max_size=400))
def test_any_answer_of_whatever_stands_between_is_a_sentence(status: int, body: bytes) -> None:
    said = str(in_words(status, body, "GET /runs"))
    assert said
    assert said.replace("\n", "").isprintable()


def test_a_post_has_a_key_by_which_it_is_known_again(api: FakeApi) -> None:
    waiting = {**RUN, "status": "waiting_for_approval", "approval": {"worst_case_usd": "3.20"}}
    api.routes |= {
        "GET /runs/shop-1": waiting,
        "POST /approvals/shop-1/approve": {"run_id": "shop-1", "standing": "approved"},
    }
    assert api.command("approvals approve shop-1 --yes --output json") == Exit.DONE
    (asked,) = api.changes
    assert asked.headers["Idempotency-Key"] == "token"
    assert api.answer["standing"] == "approved"


def test_calls_are_repeated_by_the_connections(api: FakeApi) -> None:
    retries = pool().connection_pool_kw["retries"]
    assert isinstance(retries, urllib3.Retry)
    assert retries.total == 4
    assert retries.is_retry("POST", 503)
    assert not retries.is_retry("POST", 500)
    # The first try, which was cut off, is still at work.
    assert retries.is_retry("POST", 409, has_retry_after=True)
    assert not retries.is_retry("POST", 409)


def test_an_api_that_does_not_answer_is_one_line(api: FakeApi) -> None:
    def dead(_: Any) -> Any:
        raise urllib3.exceptions.HTTPError("connection refused")

    api.routes["GET /budget"] = dead
    assert api.command("budget") == Exit.NOT_FOUND
    assert api.said == [
        "thriftline: the API at http://127.0.0.1:4566/_aws/execute-api/a1b2c3/v1 does not answer: "
        "connection refused"
    ]


def test_a_dry_run_changes_nothing_and_says_what_would_be_sent(api: FakeApi) -> None:
    api.routes["GET /runs/shop-1"] = RUN
    assert api.command("runs stop shop-1 --dry-run --output json") == Exit.DONE
    assert api.changes == []
    assert api.answer == {"dry_run": True, "would": "POST /runs/shop-1/stop", "body": {}}


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "é", "x" * 129])
def test_a_name_that_no_route_takes_is_refused_here(name: str) -> None:
    with pytest.raises(CommandError) as refused:
        segment(name)
    assert refused.value.code == Exit.USAGE


def test_a_document_that_lies_elsewhere_is_fetched_without_our_signature(api: FakeApi) -> None:
    leads = Answer(303, b"", {"Location": "http://s3.test/signed"})
    api.routes |= {
        "GET /runs/shop-1/documents/report.html": leads,
        "GET /signed": Answer(200, b"<html>"),
    }
    assert api.command("runs get shop-1 --document report.html") == Exit.DONE
    assert api.out == "<html>"
    assert "Authorization" not in api.asked[1].headers


def test_a_query_takes_a_part_and_one_that_is_none_is_usage(api: FakeApi) -> None:
    api.routes["GET /runs"] = page(RUN, {**RUN, "run_id": "shop-2"})
    api.command(["runs", "list", "--query", "[].run_id", "--output", "json"])
    assert json.loads(api.out) == ["shop-1", "shop-2"]
    api.command(["runs", "list", "--query", "[].run_id", "--output", "text"])
    assert api.out == "shop-1\nshop-2\n"
    api.asked.clear()
    assert api.command(["runs", "list", "--query", "[["]) == Exit.USAGE
    assert api.asked == []
