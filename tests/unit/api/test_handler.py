"""The handler around Chalice's app: whatever happens is a problem, and nothing of it leaks."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.api.api_world import ANN, ApiWorld, rest_event
from thriftline.core.aws.requests_table import ABANDONED, RequestsTable
from thriftline.core.errors import (
    AccessDeniedError,
    DeploymentInProgressError,
    InvalidRunSpecError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThrottledError,
)
from thriftline.wiring import api as wiring

SECRET = "arn:aws:s3:::secret-bucket/key"


def is_problem(headers: Mapping[str, str], body: str, status: int) -> bool:
    document = json.loads(body)
    return (
        headers["Content-Type"] == "application/problem+json"
        and document["status"] == status
        and {"type", "title", "status", "detail", "instance"} <= set(document)
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError(SECRET), 500),
        (RecursionError(SECRET), 500),
        (AccessDeniedError(SECRET), 500),
        (ThrottledError(SECRET), 429),
        (ServiceUnavailableError(SECRET), 503),
        (QuotaExceededError(SECRET), 409),
    ],
)
def test_what_aws_says_stays_in_the_log(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail() -> Any:
        raise error

    monkeypatch.setattr(wiring, "run_lists", fail)
    answer = world.call("GET", "/runs")
    assert is_problem(answer.headers, answer.body, status)
    assert SECRET not in answer.body
    assert ("Retry-After" in answer.headers) == (status in (429, 503))


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidRunSpecError("epochs: too many"), 422), (DeploymentInProgressError("wait"), 409)],
)
def test_what_thriftline_says_is_for_the_caller(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail() -> Any:
        raise error

    monkeypatch.setattr(wiring, "run_lists", fail)
    answer = world.call("GET", "/runs")
    assert (answer.status, answer.detail) == (status, str(error))


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({}, 500),
        ({"requestContext": None}, 500),
        ({"requestContext": {"resourcePath": "/none", "httpMethod": "GET"}}, 404),
        ({"version": "2.0", "requestContext": {"http": {"method": "GET"}}}, 500),
    ],
)
def test_an_event_of_another_form_is_a_problem(
    world: ApiWorld, event: dict[str, Any], status: int
) -> None:
    answer = world.send(event)
    assert is_problem(answer.headers, answer.body, status)


def test_an_event_without_its_optional_parts_is_answered(world: ApiWorld) -> None:
    event = rest_event("GET", "/runs")
    for name in ("multiValueQueryStringParameters", "pathParameters", "stageVariables", "headers"):
        del event[name]
    assert world.send(event).status == 200


def test_another_method_is_told_which_there_are(world: ApiWorld) -> None:
    event = rest_event("GET", "/health")
    event["requestContext"]["httpMethod"] = "DELETE"
    answer = world.send(event)
    assert is_problem(answer.headers, answer.body, 405)
    assert answer.headers["Allow"] == "GET"


def test_a_body_of_another_type_is_refused(world: ApiWorld) -> None:
    answer = world.call("POST", "/runs", {}, headers={"Content-Type": "text/xml"})
    assert is_problem(answer.headers, answer.body, 415)


def test_a_query_where_none_is_taken_is_refused(world: ApiWorld) -> None:
    assert world.call("GET", "/health?x=1").status == 400


def test_who_has_not_signed_changes_nothing(world: ApiWorld) -> None:
    event = rest_event("POST", "/estimates", {"project": "reviews", "rows": 100})
    del event["requestContext"]["identity"]["userArn"]
    answer = world.send(event)
    assert is_problem(answer.headers, answer.body, 403)


def test_an_answer_that_lambda_cannot_send_is_a_problem(world: ApiWorld) -> None:
    world.add_run("reviews-1", status="succeeded")
    world.s3.put_object(
        Bucket="artifacts",
        Key="runs/reviews-1/result.json",
        Body=json.dumps({"text": "x" * 6_000_000}).encode(),
    )
    answer = world.call("GET", "/runs/reviews-1")
    assert is_problem(answer.headers, answer.body, 413)


def test_a_request_that_is_being_worked_on_is_not_done_twice(world: ApiWorld) -> None:
    ask = {"project": "reviews", "rows": 5000}
    claimed: list[str] = []

    class Requests(RequestsTable):
        def claim(self, request_id: str, *rest: Any) -> Any:
            claimed.append(request_id)
            return super().claim(request_id, *rest)

        def keep(self, request_id: str, *rest: Any) -> None:
            """The function ends here."""

    table = Requests(world.dynamodb, "requests")
    world.monkeypatch.setattr(wiring, "requests_table", lambda: table)
    assert world.call("POST", "/estimates", ask, key="k").status == 200
    second = world.call("POST", "/estimates", ask, key="k")
    assert second.status == 409
    assert second.headers["Retry-After"] == "2"
    # What was begun and never answered is taken over, with the same token.
    later = wiring.now() + ABANDONED
    world.monkeypatch.setattr(wiring, "now", lambda: later)
    assert world.call("POST", "/estimates", ask, key="k").status == 200
    assert len(set(claimed)) == 1


def test_what_was_refused_may_be_asked_again_with_its_key(world: ApiWorld) -> None:
    ask = {"project": "reviews", "key": "datasets/reviews/a.csv"}
    assert world.call("POST", "/runs", ask, key="k").status == 422
    world.upload("datasets/reviews/a.csv")
    assert world.call("POST", "/runs", ask, key="k").status == 202


def test_a_get_changes_nothing(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    before = _all(world)
    for path in ("/runs", "/runs/reviews-1", "/budget", "/approvals", "/projects", "/prices"):
        assert world.call("GET", path, key="k", caller=ANN).status == 200, path
    assert _all(world) == before


def _all(world: ApiWorld) -> list[Any]:
    tables = [world.dynamodb.scan(TableName=one)["Items"] for one in ("runs", "ledger", "requests")]
    objects = [
        world.s3.list_objects_v2(Bucket=one).get("KeyCount") for one in ("data", "artifacts")
    ]
    return [*tables, *objects]
