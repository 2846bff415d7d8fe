"""What another version of Thriftline has kept is refused with the fix, and is never a 5xx."""

import json

import boto3
import pytest

from tests.unit.api.api_world import NOW, ApiWorld
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept import reading

ASK = {"project": "reviews", "rows": 5_000, "labels": 4, "characters": 200}
NOT_JSON = b"{"
A_LIST = b"[]"
ANOTHER_FORM = b'{"schema_version": 99, "project": "reviews"}'
FORMS = [NOT_JSON, A_LIST, ANOTHER_FORM, b"\xff\xfe", b"null"]


def test_an_estimate_of_a_former_version_is_refused_with_the_fix(world: ApiWorld) -> None:
    made = world.call("POST", "/estimates", ASK)
    key = f"estimates/{made.document['id']}.json"
    kept = json.loads(world.s3.get_object(Bucket="artifacts", Key=key)["Body"].read())
    del kept["cap_usd"]
    world.s3.put_object(Bucket="artifacts", Key=key, Body=json.dumps(kept).encode())

    found = world.call("GET", f"/estimates/{made.document['id']}")

    assert found.status == 409, found.body
    assert "cap_usd" in found.detail
    assert found.detail.endswith("Estimate again.")


def test_an_estimate_that_cannot_be_read_is_no_fault_of_the_api(world: ApiWorld) -> None:
    for body in FORMS:
        world.s3.put_object(Bucket="artifacts", Key="estimates/reviews-1.json", Body=body)
        found = world.call("GET", "/estimates/reviews-1")
        assert found.status == 409, (body, found.body)
        assert "Estimate again." in found.detail


def test_an_estimate_of_another_project_says_nothing_of_what_is_wrong(world: ApiWorld) -> None:
    world.set(PROJECT_MEMBERS=json.dumps({"reviews": ["bob"]}))
    body = b'{"project": "reviews", "secret": 1}'
    world.s3.put_object(Bucket="artifacts", Key="estimates/reviews-1.json", Body=body)
    assert world.call("GET", "/estimates/reviews-1").status == 404


def test_an_estimate_of_a_project_that_cannot_be_read_is_nobodys(world: ApiWorld) -> None:
    for body in (b'{"project": ["secret"]}', b'{"project": ""}', b'{"secret": 1}'):
        world.s3.put_object(Bucket="artifacts", Key="estimates/reviews-1.json", Body=body)
        found = world.call("GET", "/estimates/reviews-1")
        assert found.status == 404, (body, found.body)
        assert "secret" not in found.body


def test_a_result_that_cannot_be_read_is_no_fault_of_the_api(world: ApiWorld) -> None:
    world.add_run("reviews-1", status="succeeded")
    for body in (NOT_JSON, b"[1]", b"\xff\xfe", b"7"):
        world.s3.put_object(Bucket="artifacts", Key="runs/reviews-1/result.json", Body=body)
        found = world.call("GET", "/runs/reviews-1")
        assert found.status == 409, (body, found.body)
        assert "result.json" in found.detail


def test_an_attempt_of_another_form_is_no_fault_of_the_api(world: ApiWorld) -> None:
    for attempt in ({"billed_usd": "much"}, {"interruptions": "some"}, {"status": {"a": "map"}}):
        world.add_run("reviews-1", status="succeeded", attempt_01=attempt)
        found = world.call("GET", "/runs/reviews-1")
        assert found.status == 409, (attempt, found.body)
        assert "The item of run reviews-1" in found.detail


@pytest.mark.parametrize("changed", [{"standing": "perhaps"}, {"tomorrows": "field"}])
def test_a_request_for_approval_of_another_form_is_no_fault_of_the_api(
    world: ApiWorld, changed: dict[str, str]
) -> None:
    world.add_run("reviews-1", status="waiting_for_approval")
    item = {
        "run_id": "approval#reviews-1",
        "run": "reviews-1",
        "asked_by": "arn",
        "task_token": "token",
        "standing": "waiting",
        "requested_at": NOW.isoformat(),
        "expires_at": NOW.isoformat(),
        "worst_case_usd": "3",
        "above_usd": "2",
        "month": "2026-11",
        "held_usd": "3",
        "left_usd": "9",
        **changed,
    }
    boto3.resource("dynamodb", region_name="us-east-1").Table("runs").put_item(Item=item)
    for method, path, body in (
        ("GET", "/runs/reviews-1", None),
        ("POST", "/approvals/reviews-1/approve", {"worst_case_usd": "3"}),
    ):
        found = world.call(method, path, body)
        assert found.status == 409, (path, found.body)
        assert "The request for approval of run reviews-1" in found.detail


def test_a_month_of_another_form_is_no_fault_of_the_api(world: ApiWorld) -> None:
    table = boto3.resource("dynamodb", region_name="us-east-1").Table("ledger")
    table.put_item(Item={"ledger_id": "2026-11", "committed_usd": 3})
    found = world.call("GET", "/budget")
    assert found.status == 409, found.body
    assert "2026-11" in found.detail


def test_an_answer_that_was_kept_in_another_form_is_not_done_again(world: ApiWorld) -> None:
    arn = world.run_that_goes_on("reviews-1")
    stop = ("POST", "/runs/reviews-1/stop", {"why": "wrong data"})
    assert world.call(*stop, key="one").status == 202
    table = boto3.resource("dynamodb", region_name="us-east-1").Table("requests")
    (item,) = table.scan()["Items"]
    for answer in ("{", '{"status": 200, "color": "red"}', "[1]"):
        table.put_item(Item={**item, "answer": answer})
        found = world.call(*stop, key="one")
        assert found.status == 409, (answer, found.body)
        assert "It was done then" in found.detail
    assert world.states.describe_execution(executionArn=arn)["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("on"), "on is missing."),
        (ValueError("no number"), "no number."),
        (TypeError("no map"), "no map."),
    ],
)
def test_what_is_wrong_is_named_with_the_place_and_the_fix(error: Exception, said: str) -> None:
    with (
        pytest.raises(UnreadableDocumentError, match=rf"^The plan cannot be read: {said}") as found,
        reading("The plan", "Plan again."),
    ):
        raise error
    assert str(found.value).endswith("Plan again.")
