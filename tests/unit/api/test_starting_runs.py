"""Uploads, and runs that are started and stopped by the API."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.models import botocore_stubber

from tests.unit.api.api_world import ANN, BOB, MACHINE, NOW, ApiWorld
from tests.unit.lost_answers import lose_first_answer
from thriftline.core.aws import clients
from thriftline.core.aws.requests_table import ABANDONED
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.wiring import api as wiring

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "datasets/reviews/reviews.csv"
ASK = {"project": "reviews", "key": KEY}
MEMBERS = '{"reviews": ["arn:aws:sts::*:assumed-role/Operators/*"]}'


def executions(world: ApiWorld) -> list[dict[str, Any]]:
    machine = world.states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    found: list[dict[str, Any]] = world.states.list_executions(stateMachineArn=machine)[
        "executions"
    ]
    return found


def test_a_run_of_the_bucket_has_the_id_that_its_upload_would_give(world: ApiWorld) -> None:
    version = world.upload(KEY)
    answer = world.call("POST", "/runs", ASK)
    run_id = run_id_of(Upload("data", KEY, version), "reviews")
    assert answer.status == 202
    assert answer.document == {"id": run_id, "kind": "run", "href": f"/runs/{run_id}"}
    # From /v1/runs, whatever stage or proxy stands before it.
    assert answer.headers["Location"] == f"runs/{run_id}"
    (execution,) = executions(world)
    given = json.loads(
        world.states.describe_execution(executionArn=execution["executionArn"])["input"]
    )
    assert given["detail"]["object"]["version-id"] == version
    assert given["detail"]["requester"] == ANN


def test_the_same_run_is_asked_for_as_often_as_one_likes(world: ApiWorld) -> None:
    world.upload(KEY)
    answers = {world.call("POST", "/runs", ASK).body for _ in range(3)}
    assert len(answers) == 1
    assert len(executions(world)) == 1


def test_a_run_that_is_not_open_yet_is_starting(world: ApiWorld) -> None:
    world.upload(KEY)
    href = world.call("POST", "/runs", ASK).document["href"]
    run = world.call("GET", href).document
    assert (run["status"], run["project"], run["key"]) == ("starting", "reviews", KEY)
    world.set(PROJECT_MEMBERS=MEMBERS)
    assert world.call("GET", href, caller=BOB).status == 404


def test_a_run_again_is_of_a_version_of_its_own(world: ApiWorld) -> None:
    version = world.upload(KEY)
    first = world.call("POST", "/runs", ASK).document["id"]
    again = world.call("POST", "/runs", {**ASK, "again": True, "version_id": version}, key="k")
    assert again.document["id"] != first
    repeated = world.call("POST", "/runs", {**ASK, "again": True, "version_id": version}, key="k")
    assert repeated.document == again.document
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert len(world.s3.list_object_versions(Bucket="data")["Versions"]) == 2


def test_a_copy_whose_run_was_not_started_is_not_made_twice(world: ApiWorld) -> None:
    version = world.upload(KEY)
    world.set(TRAINING_MACHINE_ARN=f"{MACHINE}-that-is-away")
    ask = {**ASK, "again": True, "version_id": version}
    assert world.call("POST", "/runs", ask, key="k").status >= 400
    world.set(TRAINING_MACHINE_ARN=MACHINE)
    assert world.call("POST", "/runs", ask, key="k").status == 202
    assert len(world.s3.list_object_versions(Bucket="data")["Versions"]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "datasets/reviews/none.csv"}, "is not there"),
        ({"key": "datasets/tickets/reviews.csv"}, "lies in project tickets"),
        ({"key": "datasets/reviews/reviews.xlsx"}, "save the sheet as CSV"),
        ({"key": "secrets/x"}, "is not of the form"),
        ({"version_id": "gone"}, "upload it again"),
        ({"project": "-x"}, "/project"),
        ({"unknown": 1}, "/unknown"),
    ],
)
def test_what_cannot_be_run_is_refused(world: ApiWorld, change: dict[str, Any], said: str) -> None:
    world.upload(KEY)
    answer = world.call("POST", "/runs", {**ASK, **change})
    assert answer.status == 422
    assert said in answer.document["detail"]
    assert executions(world) == []


def test_who_is_no_member_starts_and_stops_nothing(world: ApiWorld) -> None:
    world.upload(KEY)
    world.run_that_goes_on("reviews-1")
    world.set(PROJECT_MEMBERS=MEMBERS)
    files = {"project": "reviews", "files": [{"name": "reviews.csv"}]}
    for path, body in (("/runs", ASK), ("/runs/reviews-1/stop", {}), ("/uploads", files)):
        answer = world.call("POST", path, body, caller=BOB)
        assert answer.status == 403, path
        assert "ProjectMembers" in answer.document["detail"]
    assert len(executions(world)) == 1


def test_a_stopped_run_says_who_stopped_it_and_why(world: ApiWorld) -> None:
    arn = world.run_that_goes_on("reviews-1")
    answer = world.call("POST", "/runs/reviews-1/stop", {"why": "wrong labels"})
    assert answer.status == 202
    assert answer.headers["Location"] == "../../runs/reviews-1"
    stopped = world.states.describe_execution(executionArn=arn)
    assert stopped["status"] == "ABORTED"
    again = world.call("POST", "/runs/reviews-1/stop", {})
    assert again.status == 409


def test_a_run_that_has_ended_is_not_stopped(world: ApiWorld) -> None:
    world.add_run("reviews-1", status="succeeded")
    answer = world.call("POST", "/runs/reviews-1/stop", {})
    assert (answer.status, answer.document["detail"]) == (
        409,
        "Run reviews-1 has ended: succeeded.",
    )


def test_events_are_few_words_and_the_newest_first(world: ApiWorld) -> None:
    world.run_that_goes_on("reviews-1")
    page = world.call("GET", "/runs/reviews-1/events").document
    assert {one["what"] for one in page["items"]} <= {
        "entered",
        "left",
        "failed",
        "started",
        "ended",
    }


def test_a_document_is_sent_as_it_is_and_a_page_may_run_nothing(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    world.s3.put_object(Bucket="artifacts", Key="runs/reviews-1/plan.json", Body=b'{"a": 1.10}')
    world.s3.put_object(Bucket="artifacts", Key="runs/reviews-1/report.html", Body=b"<p>page")
    plan = world.call("GET", "/runs/reviews-1/documents/plan.json")
    assert (plan.status, plan.body, plan.headers["Content-Type"]) == (
        200,
        '{"a": 1.10}',
        "application/json",
    )
    page = world.call("GET", "/runs/reviews-1/documents/report.html")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "script" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["none.json", "model.tar.gz", "run.exe"])
def test_what_is_no_document_is_not_found(world: ApiWorld, name: str) -> None:
    world.add_run("reviews-1")
    assert world.call("GET", f"/runs/reviews-1/documents/{name}").status == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fsecrets", "a%00b", "x" * 129])
def test_a_name_that_leads_elsewhere_is_refused(world: ApiWorld, name: str) -> None:
    world.add_run("reviews-1")
    assert world.call("GET", f"/runs/reviews-1/documents/{name}").status == 400


def test_an_upload_is_signed_for_one_key_and_so_many_bytes(world: ApiWorld) -> None:
    files = [{"name": "train.csv", "size_bytes": 1000}, {"name": "run.yaml"}]
    answer = world.call("POST", "/uploads", {"project": "reviews", "files": files})
    assert answer.status == 200
    first, second = answer.document["uploads"]
    assert (first["key"], first["max_bytes"]) == ("datasets/reviews/train.csv", 1000)
    assert first["fields"]["key"] == first["key"]
    assert second["max_bytes"] == 5 * 1024**3


def test_a_form_is_posted_to_the_region_of_its_bucket(world: ApiWorld) -> None:
    """The global address redirects, which no browser follows with a form."""
    world.set(AWS_DEFAULT_REGION="eu-west-1", AWS_REGION="eu-west-1")
    ask = {"project": "reviews", "files": [{"name": "train.csv"}]}
    (form,) = world.call("POST", "/uploads", ask).document["uploads"]
    assert form["url"] == "https://data.s3.eu-west-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("files", "pointer"),
    [
        ([{"name": "a.xlsx"}], "/files/0/name"),
        ([{"name": "../x.csv"}], "/files/0/name"),
        ([{"name": "a.csv"}, {"name": "a.csv"}], "/files/1/name"),
        ([{"name": "a.csv", "size_bytes": 0}], "/files/0/size_bytes"),
        ([], "/files"),
        ([{"name": f"{n}.csv"} for n in range(51)], "/files"),
    ],
)
def test_files_that_are_none_of_a_data_set_get_no_form(
    world: ApiWorld, files: list[Any], pointer: str
) -> None:
    answer = world.call("POST", "/uploads", {"project": "reviews", "files": files})
    assert answer.status == 422
    assert answer.document["errors"][0]["pointer"] == pointer


def a_minute_later(world: ApiWorld) -> None:
    world.monkeypatch.setattr(wiring, "now", lambda: NOW + ABANDONED)


def versions_of(world: ApiWorld) -> list[Any]:
    found: list[Any] = world.s3.list_object_versions(Bucket="data", Prefix=KEY)["Versions"]
    return found


def test_a_copy_whose_answer_is_late_is_made_once(world: ApiWorld) -> None:
    """S3 goes on with a copy that it does not answer, and each copy starts a run."""
    world.upload(KEY)
    patient = lose_first_answer(clients.interactive_client("s3"), "CopyObject")
    once = lose_first_answer(clients.interactive_client_without_retries("s3"), "CopyObject")

    assert world.call("POST", "/runs", {**ASK, "again": True}, key="one").status == 503
    assert len(patient + once) == 1
    a_minute_later(world)
    assert world.call("POST", "/runs", {**ASK, "again": True}, key="one").status == 202
    assert len(versions_of(world)) == 2


def test_a_copy_that_s3_is_still_at_work_on_is_not_asked_for_again_within_a_minute(
    world: ApiWorld,
) -> None:
    world.upload(KEY)
    ends: list[Callable[[], Any]] = []

    def begin(event_name: str, request: Any, **given: Any) -> None:
        ends.append(lambda: botocore_stubber(event_name, request, **given))
        raise ReadTimeoutError(endpoint_url=request.url)

    client = clients.interactive_client_without_retries("s3")
    client.meta.events.register_first("before-send.s3.CopyObject", begin)
    ask = {**ASK, "again": True}

    first = world.call("POST", "/runs", ask, key="one")
    assert (first.status, first.headers["Retry-After"]) == (503, "60")
    assert "in a minute, with the same Idempotency-Key" in first.detail
    soon = world.call("POST", "/runs", ask, key="one")
    assert (soon.status, len(ends), len(versions_of(world))) == (409, 1, 1)

    for end in ends:
        assert end().status_code == 200
    a_minute_later(world)
    last = world.call("POST", "/runs", ask, key="one")
    assert (last.status, len(ends), len(versions_of(world))) == (202, 1, 2)
    assert len(executions(world)) == 1


@pytest.mark.parametrize(
    ("refused", "operation"),
    [
        (ServiceUnavailableError("0.0 s are left"), "CopyObject"),
        (ConnectTimeoutError(endpoint_url="https://s3"), "CopyObject"),
        (ReadTimeoutError(endpoint_url="https://s3"), "HeadObject"),
    ],
)
def test_a_copy_that_was_not_begun_may_be_asked_for_at_once(
    world: ApiWorld, refused: Exception, operation: str
) -> None:
    world.upload(KEY)
    errors = [refused]

    def refuse(**_: Any) -> None:
        if errors:
            raise errors.pop()

    client = clients.interactive_client_without_retries("s3")
    client.meta.events.register_first(f"before-send.s3.{operation}", refuse)
    ask = {**ASK, "again": True}
    first = world.call("POST", "/runs", ask, key="one")
    assert (first.status, first.headers["Retry-After"]) == (503, "10")
    assert world.call("POST", "/runs", ask, key="one").status == 202
    assert len(versions_of(world)) == 2
