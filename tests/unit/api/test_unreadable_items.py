"""One thing that cannot be read never hides the rest, nor names another project's things."""

import json
from typing import Any, get_args

import boto3
import pytest

from tests.unit.api.api_world import ANN, BOB, ENVIRONMENT, NOW, ApiWorld
from tests.unit.api.serving_world import ENDPOINT, ServingWorld, serving_world
from tests.unit.core.fake_executions import BEGAN
from thriftline.api.schemas.runs import Status
from thriftline.audit.domain.layout import audit_id_of
from thriftline.audit.steps.list_restores import copies
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept_project import project_of, required_project
from thriftline.runs.domain.listed_runs import STATUSES, ListedRun

OTHER = "thriftline-other"
# SageMaker has it in service, so that it is billed.
SERVING = "thriftline-closed"
CLOSED = json.dumps({"closed": [ANN]})
SAVED = "saved/endpoints/123456789012/us-east-1/{}/20261130T060000000000.json"
UPDATE = "Update the stack to the version that wrote it."


@pytest.fixture
def here(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> ServingWorld:
    made = serving_world(world, monkeypatch)
    made.endpoint(ENDPOINT)
    return made


def listed(world: ApiWorld, path: str, **more: Any) -> tuple[list[Any], list[dict[str, str]]]:
    found = world.call("GET", path, **more)
    assert found.status == 200, found.body
    return found.document["items"], found.document["unreadable"]


def logged(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    """Returns what the log says under a name."""
    return [vars(one)[name] for one in caplog.records if name in vars(one)]


def runs_table() -> Any:
    return boto3.resource("dynamodb", region_name="us-east-1").Table("runs")


def ask(run_id: str, **changed: str) -> None:
    item = {
        "run_id": f"approval#{run_id}",
        "run": run_id,
        "asked_by": "arn",
        "task_token": "token",
        "standing": "waiting",
        "requested_at": NOW.isoformat(timespec="microseconds"),
        "expires_at": "2026-12-02T12:00:00+00:00",
        "answered_at": None,
        "worst_case_usd": "3",
        "above_usd": "2",
        "month": "2026-11",
        "held_usd": "3",
        "left_usd": "9",
        **changed,
    }
    runs_table().put_item(Item=item)
    runs_table().update_item(
        Key={"run_id": "approvals_pending"},
        UpdateExpression="ADD runs :run",
        ExpressionAttributeValues={":run": {run_id}},
    )


# ---- runs


@pytest.mark.parametrize(
    "changed", [{"opened_at": "long ago"}, {"ended_at": "yesterday"}, {"opened_at": "2026-13-01"}]
)
def test_a_run_whose_times_cannot_be_read_is_named_beside_the_others(
    world: ApiWorld, changed: dict[str, str]
) -> None:
    world.add_run("reviews-1")
    world.add_run("reviews-2", **changed)
    for path in ("/runs", "/runs?project=reviews", "/runs?status=running"):
        items, unread = listed(world, path)
        assert [one["run_id"] for one in items] == ["reviews-1"], path
        assert [one["id"] for one in unread] == ["reviews-2"], path
        assert "The item of run reviews-2 cannot be read" in unread[0]["problem"]
        assert unread[0]["fix"].startswith("Its documents can be read")
    found = world.call("GET", "/runs/reviews-2")
    assert found.status == 409, found.body
    assert "The item of run reviews-2" in found.detail


def test_a_run_without_a_time_is_refused_with_the_fix(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    runs_table().update_item(Key={"run_id": "reviews-1"}, UpdateExpression="REMOVE opened_at")
    found = world.call("GET", "/runs/reviews-1")
    assert found.status == 409, found.body
    assert "opened_at is missing" in found.detail


def test_a_run_of_a_status_that_is_not_known_is_named_beside_the_others(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    world.add_run("reviews-2", status="paused")
    items, unread = listed(world, "/runs")
    assert [one["run_id"] for one in items] == ["reviews-1"]
    assert [one["id"] for one in unread] == ["reviews-2"]
    assert "status is 'paused', none of running, waiting_for_approval" in unread[0]["problem"]
    assert world.call("GET", "/runs/reviews-2").status == 409


def test_the_api_has_a_word_for_each_status_of_the_table() -> None:
    assert get_args(Status) == STATUSES


@pytest.mark.parametrize("project", [["closed"], "", 5, None])
def test_a_run_of_a_project_that_is_no_text_cannot_be_read(project: object) -> None:
    item = {"run_id": "r-1", "status": "running", "opened_at": NOW.isoformat()}
    assert ListedRun.of({**item, "project": "reviews"}).project == "reviews"
    with pytest.raises(UnreadableDocumentError, match="run r-1 cannot be read: project is"):
        ListedRun.of({**item, "project": project})
    with pytest.raises(UnreadableDocumentError, match="project is missing"):
        ListedRun.of(item)
    assert project_of({"project": project}) is None
    with pytest.raises(TypeError, match="project is"):
        required_project({"project": project})


def test_a_run_that_cannot_be_read_can_be_stopped_and_its_documents_read(world: ApiWorld) -> None:
    arn = world.run_that_goes_on("reviews-1")
    runs_table().update_item(
        Key={"run_id": "reviews-1"},
        UpdateExpression="SET opened_at = :late",
        ExpressionAttributeValues={":late": "late"},
    )
    world.s3.put_object(Bucket="artifacts", Key="runs/reviews-1/run.json", Body=b"{}")
    assert world.call("GET", "/runs/reviews-1/documents/run.json").status == 200
    assert world.call("GET", "/runs/reviews-1/events").status == 200
    assert world.call("POST", "/runs/reviews-1/stop", {"why": "old"}).status == 202
    assert world.states.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_what_cannot_be_read_of_a_closed_project_is_said_to_its_members_alone(
    world: ApiWorld,
) -> None:
    world.add_run("closed-1", "closed", opened_at="secret time")
    world.set(PROJECT_MEMBERS=CLOSED)
    assert [one["id"] for one in listed(world, "/runs")[1]] == ["closed-1"]
    assert listed(world, "/runs?project=reviews")[1] == []
    assert listed(world, "/runs", caller=BOB) == ([], [])
    for path in ("/runs/closed-1", "/runs/closed-1/events"):
        found = world.call("GET", path, caller=BOB)
        assert found.status == 404, found.body
        assert "secret" not in found.body


# ---- the month


def test_the_month_names_what_it_cannot_price(
    here: ServingWorld, caplog: pytest.LogCaptureFixture
) -> None:
    here.endpoint(OTHER, lock_until="late")
    here.api.add_run("reviews-1", state="Poll training", rate_usd_per_hour="2")
    here.api.add_run("reviews-2", state="Poll training", opened_at="long ago")
    here.api.add_run("reviews-3", state="Check data", opened_at="long ago")
    found = here.api.call("GET", "/budget")
    assert found.status == 200, found.body
    month = found.document
    assert (month["running"], month["running_usd_per_hour"], month["at_risk_usd"]) == (
        3,
        None,
        None,
    )
    parts = month["running_parts"]
    assert parts["training_usd_per_hour"] == "2"
    assert {"reviews-2", OTHER} <= set(parts["unknown"])
    assert "reviews-3" not in parts["unknown"]
    assert logged(caplog, "id") == [OTHER, "reviews-2"]
    assert "Invalid isoformat string: 'long ago'" in logged(caplog, "reason")[1]


@pytest.mark.parametrize(
    "changed",
    [
        {"usd_per_hour": "NaN"},
        {"usd_per_hour": "Infinity"},
        {"usd_per_hour": "much"},
        {"month_usd": "-Infinity"},
    ],
)
def test_figures_of_an_endpoint_that_cannot_be_read_hide_nothing_else(
    here: ServingWorld, changed: dict[str, str]
) -> None:
    here.endpoint(SERVING, "reviews", **{"usd_per_hour": "1", **changed})
    found = here.api.call("GET", "/budget")
    assert found.status == 200, found.body
    assert SERVING in found.document["running_parts"]["unknown"]
    items, unread = listed(here.api, "/endpoints")
    assert [one["endpoint"] for one in items] == [ENDPOINT]
    assert [one["id"] for one in unread] == [SERVING]
    assert here.api.call("GET", f"/endpoints/{SERVING}").status == 409


def test_an_endpoint_of_instances_that_are_no_number_has_no_known_price(here: ServingWorld) -> None:
    here.endpoint(SERVING, usd_per_hour="1", instances="two")
    found = here.api.call("GET", "/budget")
    assert found.status == 200, found.body
    assert SERVING in found.document["running_parts"]["unknown"]
    # The index that lists are read from has no instances, and no list shows them.
    items, unread = listed(here.api, "/endpoints")
    assert ([one["endpoint"] for one in items], unread) == ([SERVING, ENDPOINT], [])
    assert here.api.call("GET", f"/endpoints/{SERVING}").status == 409


def test_the_month_counts_what_others_may_not_see_of_it(here: ServingWorld) -> None:
    here.endpoint(ENDPOINT, usd_per_hour="1", instances=1)
    here.endpoint("thriftline-closed", "closed", lock_until="late")
    here.api.set(PROJECT_MEMBERS=CLOSED)
    for caller, unknown in ((ANN, "thriftline-closed"), (BOB, "1 of other projects")):
        found = here.api.call("GET", "/budget", caller=caller)
        assert found.document["running_parts"]["unknown"] == [unknown]
        assert found.document["running_usd_per_hour"] is None


# ---- approvals


def test_requests_that_cannot_be_read_are_named_beside_the_others(world: ApiWorld) -> None:
    for run_id in ("reviews-1", "reviews-2"):
        world.add_run(run_id, status="waiting_for_approval")
    world.add_run("reviews-3", status="waiting_for_approval", opened_at="long ago")
    ask("reviews-1")
    ask("reviews-2", standing="perhaps")
    ask("reviews-3")
    items, unread = listed(world, "/approvals")
    assert [one["id"] for one in items] == ["reviews-1"]
    assert [one["id"] for one in unread] == ["reviews-2", "reviews-3"]
    assert unread[0]["problem"].startswith("The request for approval of run reviews-2")
    assert unread[0]["fix"] == "Stop the run and start it again."
    assert unread[1]["problem"].startswith("The item of run reviews-3")


def test_a_request_of_a_closed_project_says_nothing_to_others(world: ApiWorld) -> None:
    world.add_run("closed-1", "closed", status="waiting_for_approval")
    ask("closed-1", standing="perhaps")
    world.set(PROJECT_MEMBERS=CLOSED)
    assert [one["id"] for one in listed(world, "/approvals")[1]] == ["closed-1"]
    assert listed(world, "/approvals", caller=BOB) == ([], [])
    found = world.call("POST", "/approvals/closed-1/reject", {}, caller=BOB)
    assert found.status == 403, found.body
    assert "perhaps" not in found.body


def test_a_request_whose_run_cannot_be_read_can_be_rejected(world: ApiWorld) -> None:
    world.add_run("reviews-1", status="waiting_for_approval", opened_at="long ago")
    ask("reviews-1")
    assert world.call("POST", "/approvals/reviews-1/reject", {}).status == 200


# ---- endpoints


def test_an_endpoint_that_cannot_be_read_is_named_beside_the_others(here: ServingWorld) -> None:
    here.endpoint(OTHER, lock_until="late")
    items, unread = listed(here.api, "/endpoints")
    assert [one["endpoint"] for one in items] == [ENDPOINT]
    assert unread == [
        {
            "id": OTHER,
            "problem": f"The item of {OTHER} cannot be read: Invalid isoformat string: 'late'. "
            "Another version of Thriftline may have written it.",
            "fix": UPDATE,
        }
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"tomorrows": "field"},
        {"registry_version": "seven"},
        {"registry_version": None},
        {"number": "one"},
        {"who": ["ada"]},
    ],
)
def test_an_endpoint_is_listed_though_its_version_cannot_be_read(
    here: ServingWorld, changed: dict[str, Any]
) -> None:
    here.endpoint(OTHER)
    (item,) = here.table.items(OTHER, "version#")
    here.table.update(OTHER, str(item["item"]), **changed)
    items, unread = listed(here.api, "/endpoints")
    assert {one["endpoint"]: one["registry_version"] for one in items} == {OTHER: None, ENDPOINT: 7}
    assert [one["id"] for one in unread] == [OTHER]
    assert "version#" in unread[0]["problem"]
    assert here.api.call("GET", f"/endpoints/{OTHER}").status == 409


def test_an_endpoint_of_a_closed_project_says_nothing_to_others(here: ServingWorld) -> None:
    here.endpoint("thriftline-closed", "closed", lock_until="secret time")
    here.api.set(PROJECT_MEMBERS=CLOSED)
    assert [one["id"] for one in listed(here.api, "/endpoints")[1]] == ["thriftline-closed"]
    items, unread = listed(here.api, "/endpoints", caller=BOB)
    assert ([one["endpoint"] for one in items], unread) == ([ENDPOINT], [])
    asked = {"version": 7, "why": "x"}
    for method, path, body, status in (
        ("GET", "/endpoints/thriftline-closed", None, 404),
        ("GET", "/endpoints/thriftline-closed/deployments", None, 404),
        ("POST", "/endpoints/thriftline-closed/deployments", asked, 403),
    ):
        found = here.api.call(method, path, body, caller=BOB)
        assert found.status == status, (path, found.body)
        assert "secret" not in found.body


def test_an_endpoint_of_a_project_that_cannot_be_read_is_in_the_log_alone(
    here: ServingWorld, caplog: pytest.LogCaptureFixture
) -> None:
    here.table.update(OTHER, "endpoint", project=5)
    items, unread = listed(here.api, "/endpoints")
    assert ([one["endpoint"] for one in items], unread) == ([ENDPOINT], [])
    (reason,) = logged(caplog, "reason")
    assert f"The item of {OTHER} cannot be read: project is 5." in reason


@pytest.mark.parametrize("project", [["closed"], "", 5, None, "missing"])
def test_an_endpoint_of_a_project_that_cannot_be_read_is_nobodys(
    here: ServingWorld, project: Any, caplog: pytest.LogCaptureFixture
) -> None:
    known = {} if project == "missing" else {"project": project}
    here.table.update(OTHER, "endpoint", kind="real-time", in_use=1, **known)
    assert [one["endpoint"] for one in listed(here.api, "/endpoints")[0]] == [ENDPOINT]
    here.api.set(PROJECT_MEMBERS=CLOSED)
    asked = {"version": 7, "why": "x"}
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "", None),
        ("GET", "/deployments", None),
        ("GET", "/quality", None),
        ("POST", "/deployments", asked),
        ("POST", "/deployments", {**asked, "project": "reviews"}),
        ("POST", "/rollback", {"why": "x"}),
    ]
    for caller in (ANN, BOB):
        for method, path, body in calls:
            caplog.clear()
            found = here.api.call(method, f"/endpoints/{OTHER}{path}", body, caller=caller)
            assert found.status == 404, (path, found.body)
            assert found.detail == f"The endpoint {OTHER} is not there, or you may not see it."
            assert logged(caplog, "what") == [f"The endpoint {OTHER}"]
    assert not here.executions.executions


# ---- restores


@pytest.mark.parametrize(
    ("body", "items", "unread"),
    [
        (b"{", 0, 0),
        (b"[1]", 0, 0),
        (b"\xff\xfe", 0, 0),
        (b'{"endpoint": 1}', 0, 0),
        (b'{"endpoint": {"tags": {"thriftline:project": ["closed"]}}}', 0, 0),
        (b'{"endpoint": {"tags": {"thriftline:project": 0}}}', 0, 0),
        (b'{"endpoint": {"tags": {"thriftline:project": ""}}}', 1, 0),
        (b'{"config": {"description": []}}', 1, 0),
        (b'{"config": {"description": [1]}}', 0, 0),
        (b'{"endpoint": {"tags": {"thriftline:project": "reviews"}}, "config": 1}', 0, 1),
    ],
)
def test_a_saved_endpoint_that_cannot_be_read_hides_no_other(
    here: ServingWorld, body: bytes, items: int, unread: int
) -> None:
    here.api.s3.put_object(Bucket="artifacts", Key=SAVED.format("other"), Body=b"{}")
    here.api.s3.put_object(Bucket="artifacts", Key=SAVED.format("reviews"), Body=body)
    found, others = listed(here.api, "/restores")
    assert [one["endpoint"] for one in found] == ["other", "reviews"][: 1 + items]
    assert [one["id"] for one in others] == [SAVED.format("reviews")[len("saved/endpoints/") :]][
        :unread
    ]
    assert all("cannot be read" in one["problem"] for one in others)


def test_a_saved_endpoint_whose_restores_cannot_be_read_is_named(here: ServingWorld) -> None:
    body = json.dumps({"endpoint": {"tags": {"thriftline:project": "closed"}}}).encode()
    here.api.s3.put_object(Bucket="artifacts", Key=SAVED.format("reviews"), Body=body)
    record = "restores/123456789012/us-east-1/reviews/1.json"
    here.api.s3.put_object(Bucket="artifacts", Key=record, Body=b"{}")
    here.api.set(PROJECT_MEMBERS=CLOSED)
    items, unread = listed(here.api, "/restores")
    assert items == []
    assert "created is missing" in unread[0]["problem"]
    assert listed(here.api, "/restores", caller=BOB) == ([], [])


def test_a_restore_of_a_copy_whose_project_cannot_be_read_says_nothing_of_it(
    here: ServingWorld,
) -> None:
    for body in (b'["secret"]', b'{"endpoint": {"tags": {"thriftline:project": ["secret"]}}}'):
        here.api.s3.put_object(Bucket="artifacts", Key=SAVED.format("reviews"), Body=body)
        found = here.api.call("POST", "/restores", {"endpoint": "reviews", "dry_run": True})
        assert found.status == 404, found.body
        assert "secret" not in found.body
        assert "123456789012" not in found.body


def test_a_restore_that_ended_in_another_form_is_refused_to_those_who_may_see_it(
    here: ServingWorld,
) -> None:
    body = json.dumps({"endpoint": {"tags": {"thriftline:project": "closed"}}}).encode()
    here.api.s3.put_object(Bucket="artifacts", Key=SAVED.format("reviews"), Body=body)
    (copy,) = copies(Bucket(here.api.s3, "artifacts"))
    own = f"restore-{copy.digest}-0123456789ab"
    arn = here.executions.start_execution(
        stateMachineArn=ENVIRONMENT["RESTORE_MACHINE_ARN"], name=own, input='{"endpoint": "secret"}'
    )["executionArn"]
    here.api.set(PROJECT_MEMBERS=CLOSED)
    for status, output in (("RUNNING", "{}"), ("SUCCEEDED", "{}"), ("SUCCEEDED", "[1]")):
        here.executions.end(arn, status, output=output)
        found = here.api.call("GET", f"/restores/{own}")
        assert found.status == 409, (output, found.body)
        assert found.detail.startswith(f"The restore {own} cannot be read")
        found = here.api.call("GET", f"/restores/{own}", caller=BOB)
        assert found.status == 404, found.body
        assert "secret" not in found.body


# ---- audits


def test_an_audit_that_ended_in_another_form_is_named_beside_the_others(
    here: ServingWorld,
) -> None:
    machine = ENVIRONMENT["AUDIT_MACHINE_ARN"]
    arns = [
        here.executions.start_execution(stateMachineArn=machine, name=name, input="{}")[
            "executionArn"
        ]
        for name in ("first", "second")
    ]
    here.executions.end(arns[0], "SUCCEEDED", output='{"findings": "many", "mode": "dream"}')
    items, unread = listed(here.api, "/audits")
    own = audit_id_of(BEGAN, arns[0])
    assert [one["status"] for one in items] == ["running"]
    assert [one["id"] for one in unread] == [own]
    assert unread[0]["fix"] == UPDATE
    assert here.api.call("GET", f"/audits/{own}").document["status"] == "succeeded"
