"""Every route by every caller, exactly as the table of permissions says."""

import json
from pathlib import Path

import pytest

from tests.integration.api.permissions import ENDPOINT, TABLE, WORST_CASE
from tests.integration.api.world import CLOSED, ApiWorld
from tests.integration.workflow.test_approval import Waiting

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text())
METHODS = {"get", "put", "post", "delete", "patch"}
# Who may change something comes last, so that the others meet the run as it was.
CALLERS = ("unsigned", "wrong_secret", "read", "foreign", "operate")


@pytest.fixture(scope="module")
def waiting(world: ApiWorld) -> Waiting:
    world.aws.client("dynamodb").put_item(
        TableName=world.aws.outputs["EndpointsTableName"],
        Item={
            "endpoint": {"S": ENDPOINT},
            "item": {"S": "endpoint"},
            "project": {"S": CLOSED},
            "kind": {"S": "real-time"},
        },
    )
    return world.waiting(CLOSED)


@pytest.fixture(scope="module")
def run_id(waiting: Waiting) -> str:
    return str(waiting.run_id)


def test_the_table_has_every_route_of_the_document() -> None:
    routes = {
        (method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method in METHODS & set(item)
    }

    assert {(row.method, row.path) for row in TABLE} == routes


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_gets_what_the_table_says(
    world: ApiWorld, waiting: Waiting, caller: str
) -> None:
    before = world.quiet_state()

    answers = {}
    for row in TABLE:
        body = None if row.method == "GET" else row.body
        if WORST_CASE in row.body.values():
            body = waiting.yes()
        answer = world.callers[caller](row.method, row.at.replace("{run}", waiting.run_id), body)
        answers[row.method, row.path] = answer
        if answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", row
            assert answer.json["status"] == answer.status, row

    statuses = {route: answer.status for route, answer in answers.items()}
    assert statuses == {(row.method, row.path): row.expected(caller) for row in TABLE}
    if caller != "operate":
        assert world.state() == before


def test_lists_leave_out_what_a_stranger_may_not_see(world: ApiWorld, run_id: str) -> None:
    def runs(caller: str) -> set[str]:
        items = world.callers[caller]("GET", "/runs").json["items"]
        return {item["run_id"] for item in items}

    assert run_id in runs("read")
    assert run_id not in runs("foreign")
