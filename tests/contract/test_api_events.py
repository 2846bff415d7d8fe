"""events/api_*.json: one call of each group of routes, as API Gateway sends it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.apigateway.documents import Route
from local_aws.apigateway.proxy_events import ApiRequest, proxy_event
from local_aws.apigateway.routing import Routes
from tests.contract.conftest import ROOT
from tests.unit.api.api_world import ApiWorld, api_world
from tests.unit.api.serving_world import serving_world
from thriftline.api.routes import ROUTES

EVENTS = sorted((ROOT / "events").glob("api_*.json"))
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiWorld]:
    with api_world(monkeypatch) as made:
        serving = serving_world(made, monkeypatch)
        serving.endpoint("reviews")
        serving.functions.answers["change-schedule"] = {
            "endpoint": "reviews",
            "outcome": "scheduled",
        }
        yield made


def event_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / f"events/{name}.json").read_text(encoding="utf-8"))
    return found


def test_each_group_of_routes_has_an_event_and_no_other() -> None:
    groups = {route.view.partition(".")[0] for route in ROUTES}

    assert {path.stem for path in EVENTS} == {f"api_{group}" for group in groups}


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_an_event_is_of_its_group_and_of_the_form_that_a_gateway_sends(name: str) -> None:
    event = event_of(name)
    called = (event["httpMethod"], event["resource"])
    (route,) = [each for each in ROUTES if (each.method, each.path) == called]
    assert name == f"api_{route.view.partition('.')[0]}"

    match = Routes([Route(*called, "arn", signed=True)]).find(route.method, event["path"])
    assert match is not None
    sent = proxy_event(
        ApiRequest(
            request_id="a-b",
            api_id="a",
            account="1",
            region="us-east-1",
            stage="v1",
            method=route.method,
            path=event["path"],
            query="",
            headers={"Host": "a.b"},
            body=b"",
            source_ip="203.0.113.7",
            port="443",
            received=datetime(2026, 11, 30, tzinfo=UTC),
        ),
        match,
        None,
        frozenset(),
    )
    assert set(sent) == set(event)
    for member in ("requestContext",):
        assert set(sent[member]) == set(event[member])
    assert set(sent["requestContext"]["identity"]) == set(event["requestContext"]["identity"])
    assert event["pathParameters"] == (match.parameters or None)


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_the_handler_answers_an_event_as_the_document_says(world: ApiWorld, name: str) -> None:
    event = event_of(name)

    answer = world.send(event)

    operation = DOCUMENT["paths"][event["resource"]][event["httpMethod"].lower()]
    assert str(answer.status) in operation["responses"]
    # What an event names may not be there; it is never refused for its form.
    assert answer.status not in (400, 415, 422)
    assert answer.status < 500
