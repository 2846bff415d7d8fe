"""Endpoints through the API: who may, what is answered, what is started, and once."""

import json
from datetime import timedelta
from typing import Any, cast

import boto3
import pytest

from tests.unit.api.api_world import ANN, BOB, NOW, ApiWorld
from tests.unit.api.serving_world import ENDPOINT, ServingWorld, preview, serving_world
from thriftline.core.aws.machines import Machines
from thriftline.serving.steps.ask_for_schedule import ScheduleMachine, begin_act
from thriftline.wiring import api as wiring

MEMBERS = json.dumps({"closed": [BOB]})


@pytest.fixture
def here(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> ServingWorld:
    world.set(PROJECT_MEMBERS=MEMBERS)
    made = serving_world(world, monkeypatch)
    made.endpoint(ENDPOINT, usd_per_hour="0.115", month_usd="167.90")
    made.endpoint("thriftline-closed", "closed")
    return made


def started(here: ServingWorld) -> list[tuple[str, dict[str, Any]]]:
    return [(one["name"], json.loads(one["input"])) for one in here.executions.executions.values()]


# ---- lists


def test_endpoints_are_listed_with_status_version_and_dollars(here: ServingWorld) -> None:
    here.endpoint("thriftline-night", asleep=True)
    here.endpoint("thriftline-gone")
    found = here.api.call("GET", "/endpoints").document
    rows = {one["endpoint"]: one for one in found["items"]}
    assert found["next_token"] is None
    assert list(rows) == ["thriftline-gone", "thriftline-night", ENDPOINT], "not the closed one"
    assert [one["status"] for one in rows.values()] == ["missing", "asleep", "InService"]
    shown = rows[ENDPOINT]
    assert (shown["registry_version"], shown["in_use"]) == (7, 1)
    assert (shown["usd_per_hour"], shown["month_usd"]) == ("0.115", "167.9")
    assert rows["thriftline-gone"]["month_usd"] is None, "not known, and not 0"
    everything = here.api.call("GET", "/endpoints", caller=BOB).document["items"]
    assert "thriftline-closed" in {one["endpoint"] for one in everything}
    assert len(here.api.call("GET", "/endpoints?project=none").document["items"]) == 0


def test_the_months_first_line_has_what_endpoints_bill_an_hour(here: ServingWorld) -> None:
    here.endpoint(ENDPOINT, usd_per_hour="0.115", instances=2)
    here.endpoint("thriftline-closed", "closed", usd_per_hour="1.5", instances=1)
    here.endpoint("thriftline-night", asleep=True, usd_per_hour="9", instances=1)
    here.endpoint("thriftline-gone", usd_per_hour="9", instances=1)
    here.api.add_run("reviews-1", state="Poll training", rate_usd_per_hour="0.5")
    month = here.api.call("GET", "/budget").document
    assert month["running_parts"]["unknown"] == []
    assert month["running_usd_per_hour"] == "2.23", "nothing of what sleeps or is not there"
    assert month["running_parts"]["endpoints_usd_per_hour"] == "1.73"
    assert month["running_parts"]["training_usd_per_hour"] == "0.5"
    assert month["running_parts"]["unknown"] == []


def test_an_endpoint_without_a_price_is_named_and_is_not_free(here: ServingWorld) -> None:
    here.endpoint("somebodys", kind="serverless", usd_per_hour="0", instances=1)
    here.endpoint(ENDPOINT, usd_per_hour="0.115", instances=2)
    month = here.api.call("GET", "/budget").document
    assert month["running_usd_per_hour"] is None
    assert month["running_parts"]["endpoints_usd_per_hour"] == "0.23"
    assert month["running_parts"]["unknown"] == ["somebodys", "1 of other projects"]


def test_lists_go_on_by_a_token_that_no_other_list_takes(here: ServingWorld) -> None:
    for number in range(5):
        here.deployment(number)
    path = f"/endpoints/{ENDPOINT}/deployments"
    first = here.api.call("GET", f"{path}?limit=3").document
    rest = here.api.call("GET", f"{path}?limit=3&next_token={first['next_token']}").document
    numbers = [one["registry_version"] for one in (*first["items"], *rest["items"])]
    assert numbers == [4, 3, 2, 1, 0]
    assert rest["next_token"] is None
    for other in ("/endpoints", f"/endpoints/{ENDPOINT}/quality"):
        wrong = here.api.call("GET", f"{other}?next_token={first['next_token']}")
        assert wrong.status == 400


def test_one_endpoint_is_shown_with_what_it_can_go_back_to(here: ServingWorld) -> None:
    here.table.update(ENDPOINT, "schedule", on="0 8 ? * * *", off="0 19 ? * * *", timezone="UTC")
    found = here.api.call("GET", f"/endpoints/{ENDPOINT}").document
    assert (found["status"], found["instance_type"]) == ("InService", "ml.m5.large")
    assert found["instances"] == {"main": 2}
    assert [one["registry_version"] for one in found["versions"]] == [7]
    assert found["schedule"]["off"] == "cron(0 19 ? * * *)"
    assert found["month_usd"] is None, "no deployment says what a month costs"


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "/deployments",
        "/deployments/d-20261130T120000-00000000",
        "/schedule/sleep-20261130T120000-00000000",
        "/quality",
        "/experiments/x-20261130T120000-00000000",
    ],
)
def test_a_closed_project_is_not_there_for_others(here: ServingWorld, rest: str) -> None:
    assert here.api.call("GET", f"/endpoints/thriftline-closed{rest}", caller=ANN).status == 404
    assert here.api.call("GET", f"/endpoints/nobody{rest}", caller=ANN).status == 404


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("POST", "/deployments", {}),
        ("POST", "/rollback", {}),
        ("POST", "/abort", {}),
        ("PUT", "/schedule", {"on": "cron(1)", "off": "cron(2)"}),
        ("DELETE", "/schedule", None),
        ("POST", "/schedule", {"action": "sleep"}),
        ("POST", "/experiments", {}),
        ("POST", "/experiments/x-1/stop", {}),
    ],
)
def test_who_is_no_member_changes_nothing(
    here: ServingWorld, method: str, rest: str, body: Any
) -> None:
    answer = here.api.call(method, f"/endpoints/thriftline-closed{rest}", body, caller=ANN)
    assert answer.status == 403
    assert (here.functions.asked, started(here)) == ([], [])


# ---- changes


def test_a_deployment_is_priced_and_started_once(here: ServingWorld) -> None:
    body = {"version": 8, "why": "better", "overrides": {"rollout": {"type": "canary"}}}
    path = f"/endpoints/{ENDPOINT}/deployments"
    answer = here.api.call("POST", path, body, key="once")
    again = here.api.call("POST", path, body, key="once")
    assert (answer.status, again.status, answer.body) == (202, 202, again.body)
    found = answer.document
    assert (found["kind"], found["endpoint"], found["version"]) == ("deployment", ENDPOINT, 8)
    assert found["href"] == f"{path}/{found['id']}"
    assert (found["price"]["rollout_usd"], found["price"]["month_usd"]) == ("0.0575", None)
    ((name, given),) = started(here)
    assert name == found["id"]
    assert given["requested_by"] == ANN
    assert (given["project"], given["endpoint"], given["registry_version"]) == (
        "reviews",
        ENDPOINT,
        8,
    )
    assert given["overrides"] == body["overrides"]


def test_a_caller_with_a_long_name_is_recorded_in_short(here: ServingWorld) -> None:
    caller = f"arn:aws:iam::123456789012:user/{'team/' * 100}ann"
    answer = here.api.call("POST", f"/endpoints/{ENDPOINT}/deployments", {}, caller=caller)
    assert answer.status == 202, "and not 500"
    ((_, given),) = started(here)
    assert given["requested_by"].endswith("/ann")


def test_a_dry_run_answers_what_a_deployment_would_and_starts_nothing(here: ServingWorld) -> None:
    check = {"name": "quota", "passed": False, "sentence": "Too few.", "fix": "ask for more"}
    here.functions.answers["preview"] = preview(
        would_deploy=False, reason="Too few. Fix: ask for more.", checks=[check]
    )
    path = f"/endpoints/{ENDPOINT}/deployments"
    dry = here.api.call("POST", path, {"dry_run": True})
    assert (dry.status, dry.document["would_deploy"]) == (200, False)
    wet = here.api.call("POST", path, {})
    assert (wet.status, wet.document["detail"]) == (409, dry.document["reason"])
    assert wet.document["errors"] == [
        {"pointer": "check:quota", "detail": "Too few. Fix: ask for more."}
    ]
    assert started(here) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("NothingToRollBackToError", 409),
        ("DeploymentRefusedError", 422),
        ("InvalidServeSpecError", 422),
        ("KeyError", 503),
    ],
)
def test_what_the_preview_refuses_is_not_started(
    here: ServingWorld, error: str, status: int
) -> None:
    here.functions.refusals["preview"] = (error, "serve.yaml line 3: no")
    answer = here.api.call("POST", f"/endpoints/{ENDPOINT}/rollback", {"to_version": 1})
    assert answer.status == status
    assert ("line 3" in answer.body) == (status < 500)
    assert started(here) == []


def test_a_new_endpoint_needs_a_project_and_a_name_that_can_be(here: ServingWorld) -> None:
    nameless = here.api.call("POST", "/endpoints/new/deployments", {})
    assert (nameless.status, nameless.document["errors"][0]["pointer"]) == (422, "/project")
    wrong = here.api.call("POST", "/endpoints/a.b_c/deployments", {"project": "reviews"})
    assert (wrong.status, wrong.document["errors"][0]["pointer"]) == (422, "path:name")
    closed = here.api.call("POST", "/endpoints/new/deployments", {"project": "closed"}, caller=ANN)
    assert closed.status == 403
    other = here.api.call("POST", f"/endpoints/{ENDPOINT}/deployments", {"project": "films"})
    assert other.status == 409
    foreign = here.api.call("POST", "/endpoints/somebodys/deployments", {"project": "reviews"})
    assert (foreign.status, "did not make" in foreign.body) == (409, True)
    assert started(here) == []
    here.functions.answers["preview"] = preview(endpoint="new")
    good = here.api.call("POST", "/endpoints/new/deployments", {"project": "reviews"})
    assert good.status == 202
    shown = here.api.call("GET", good.document["href"]).document
    assert (shown["endpoint"], shown["state"], shown["ending"]) == ("new", "opening", None)
    assert here.api.call("GET", "/endpoints/new/deployments").document["items"] == [], "it is there"
    assert here.api.call("GET", "/endpoints/new").document["in_use"] is None


def test_a_project_is_deployed_where_its_serve_yaml_says(here: ServingWorld) -> None:
    here.functions.answers["preview"] = preview(endpoint="from-yaml")
    path = "/projects/reviews/deployments"
    dry = here.api.call("POST", path, {"dry_run": True})
    assert (dry.status, dry.document["endpoint"], started(here)) == (200, "from-yaml", [])
    answer = here.api.call("POST", path, {"version": 8}, key="once")
    assert here.api.call("POST", path, {"version": 8}, key="once").body == answer.body
    assert (answer.status, answer.document["endpoint"]) == (202, "from-yaml")
    ((_, given),) = started(here)
    assert (given["endpoint"], given["registry_version"]) == ("from-yaml", 8)
    here.functions.answers["preview"] = preview(endpoint="somebodys")
    assert here.api.call("POST", path, {}).status == 409, "Thriftline did not make it"
    assert here.api.call("POST", "/projects/closed/deployments", {}, caller=ANN).status == 403
    assert here.api.call("POST", "/projects/a_b/deployments", {}).status == 404


def test_a_deployment_is_shown_until_its_end(here: ServingWorld) -> None:
    answer = here.api.call("POST", f"/endpoints/{ENDPOINT}/deployments", {"version": 8})
    href = answer.document["href"]
    opening = here.api.call("GET", href).document
    assert (opening["state"], opening["requested_by"], opening["error"]) == ("opening", ANN, None)
    (arn,) = here.executions.executions
    cause = json.dumps({"errorMessage": "d-1 has the endpoint"})
    here.executions.end(arn, "FAILED", error="DeploymentInProgressError", cause=cause)
    refused = here.api.call("GET", href).document
    assert (refused["state"], refused["error"]) == ("refused", "DeploymentInProgressError")
    assert refused["reason"] == "d-1 has the endpoint"
    here.executions.end(arn, "SUCCEEDED", output='{"ending": "ended", "reason": "it is stopped"}')
    stopped = here.api.call("GET", href).document
    assert (stopped["state"], stopped["ending"], stopped["reason"]) == (
        "ended",
        "ended",
        "it is stopped",
    )
    other = href.replace(ENDPOINT, "thriftline-closed")
    assert here.api.call("GET", other, caller=BOB).status == 404, "it is of another endpoint"


def test_a_deployment_that_was_opened_is_shown_from_its_document(here: ServingWorld) -> None:
    own = "d-20261130T120000-00000000"
    document = {
        "deployment_id": own,
        "endpoint": ENDPOINT,
        "project": "reviews",
        "action": "deploy",
        "kind": "real-time",
        "requested_by": ANN,
        "why": "",
        "token": "t",
        "execution_arn": "arn",
        "opened_at": NOW.isoformat(),
        "spec": {},
        "version": {
            "model_package_arn": "arn/8",
            "number": 8,
            "image": "i",
            "artifact_uri": "s3://b/k",
        },
        "price": {"rollout_usd": "0.5", "new_fleet_seconds": 3},
        "watch": {"invocations": 120, "stages": ["Creating"]},
        "ending": "rolled_back",
        "reason": "errors",
    }
    key = f"serving/{ENDPOINT}/deployments/{own}.json"
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=json.dumps(document).encode())
    here.table.update(ENDPOINT, f"deployment#{own}", aborted_by=BOB)
    shown = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments/{own}").document
    assert (shown["state"], shown["ending"], shown["requests"]) == ("ended", "rolled_back", 120)
    assert (shown["price"]["rollout_usd"], shown["stages"]) == ("0.5", ["Creating"])
    assert (shown["aborted_by"], shown["document_uri"]) == (BOB, f"s3://artifacts/{key}")
    here.table.update(ENDPOINT, f"deployment#{own}", aborted_by=[BOB])
    found = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments/{own}")
    assert found.status == 409, found.body
    assert "aborted_by" in found.detail


def test_a_rollback_goes_to_an_entry_of_the_history(here: ServingWorld) -> None:
    here.functions.answers["preview"] = preview(action="rollback", version=7)
    answer = here.api.call("POST", f"/endpoints/{ENDPOINT}/rollback", {"to_version": 1})
    assert answer.status == 202
    ((_, given),) = started(here)
    assert (given["action"], given["to_version"]) == ("rollback", 1)


def lock(here: ServingWorld, owner: str) -> None:
    until = (NOW + timedelta(hours=1)).isoformat(timespec="microseconds")
    here.table.update(ENDPOINT, "endpoint", lock_owner=owner, lock_until=until)


def test_an_abort_stops_what_is_under_way_and_nothing_else(here: ServingWorld) -> None:
    path = f"/endpoints/{ENDPOINT}/abort"
    assert here.api.call("POST", path, {}).status == 409
    own = here.deployment(3)
    lock(here, own)
    assert here.api.call("POST", path, {}).status == 409, "its execution is dead"
    here.executions.start_execution(
        stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:deploy",
        name=own,
        input="{}",
    )
    answer = here.api.call("POST", path, {"why": "errors"})
    assert (answer.status, answer.document["id"]) == (202, own)
    (shown,) = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments").document["items"]
    assert shown["aborted_by"] == ANN
    lock(here, "x-20261130T120000-00000000")
    comparing = here.api.call("POST", path, {})
    assert (comparing.status, "comparison" in comparing.body) == (409, True)


def test_a_schedule_is_set_and_taken_away(here: ServingWorld) -> None:
    here.functions.answers["change-schedule"] = {"endpoint": ENDPOINT, "outcome": "scheduled"}
    hours = {"on": "cron(0 8 ? * * *)", "off": "cron(0 19 ? * * *)", "timezone": "Europe/Berlin"}
    path = f"/endpoints/{ENDPOINT}/schedule"
    assert here.api.call("PUT", path, hours).status == 200
    assert here.api.call("DELETE", path).status == 200
    first, second = (one for _, one in here.functions.asked)
    assert first == {"endpoint": ENDPOINT, "requested_by": ANN, **hours}
    assert (second["on"], second["off"]) == (None, None)
    here.functions.refusals["change-schedule"] = ("DeploymentRefusedError", "minute 61")
    refused = here.api.call("PUT", path, hours)
    assert (refused.status, refused.document["detail"]) == (422, "minute 61")
    assert here.api.call("PUT", path, {"on": "cron(0 8 ? * * *)"}).document["errors"] == [
        {"pointer": "/off", "detail": "Field required"}
    ]


def test_a_sleep_that_is_asked_for_again_is_one_act(
    here: ServingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try was cut off after the start: its answer was not kept."""
    path = f"/endpoints/{ENDPOINT}/schedule"
    here.table.update(ENDPOINT, "schedule", on="0 8 ? * * *", off="0 19 ? * * *", timezone="UTC")
    requests = boto3.resource("dynamodb", region_name="us-east-1").Table("requests")

    def ask(action: str, key: str, after: timedelta) -> str:
        monkeypatch.setattr(wiring, "now", lambda: NOW + after)
        for item in requests.scan()["Items"]:
            requests.delete_item(Key={"request_id": item["request_id"]})
        return str(here.api.call("POST", path, {"action": action}, key=key).document["id"])

    first = ask("sleep", "one", timedelta(0))
    here.executions.end(started_arn(here, first), "SUCCEEDED")
    woken = ask("wake", "two", timedelta(seconds=30))
    assert ask("sleep", "one", timedelta(seconds=61)) == first
    assert [name for name, _ in started(here)] == [first, woken]
    assert ask("sleep", "another", timedelta(seconds=62)) != first
    assert ask("sleep", "one", timedelta(hours=25)) != first, "a key is kept for a day"


def test_an_act_is_looked_for_by_its_key_and_by_its_endpoint(here: ServingWorld) -> None:
    looked: list[str] = []

    class Watched(Machines):
        def newest(self, machine_arn: str, limit: int, token: str | None) -> Any:
            looked.append(machine_arn)
            return super().newest(machine_arn, limit, token)

    machine = ScheduleMachine(
        Watched(cast("Any", here.executions)), wiring.settings().schedule_machine_arn
    )

    def begin(endpoint: str, *, may_be_begun: bool, after: int) -> str:
        now = NOW + timedelta(seconds=after)
        return begin_act(endpoint, "sleep", "t", machine, may_be_begun=may_be_begun, now=now)

    first = begin("one", may_be_begun=False, after=0)
    assert looked == [], "a token that is fresh is looked for nowhere"
    other = begin("other", may_be_begun=True, after=1)
    assert other != first, "the same eight digits, and another endpoint"
    assert begin("one", may_be_begun=True, after=2) == first
    assert begin("other", may_be_begun=True, after=3) == other


def started_arn(here: ServingWorld, name: str) -> str:
    return next(arn for arn, one in here.executions.executions.items() if one["name"] == name)


def test_an_endpoint_sleeps_and_wakes_as_by_its_schedule(here: ServingWorld) -> None:
    path = f"/endpoints/{ENDPOINT}/schedule"
    assert here.api.call("POST", path, {"action": "sleep"}).status == 409, "it has no schedule"
    here.table.update(ENDPOINT, "schedule", on="0 8 ? * * *", off="0 19 ? * * *", timezone="UTC")
    answer = here.api.call("POST", path, {"action": "sleep"}, key="k")
    assert here.api.call("POST", path, {"action": "sleep"}, key="k").body == answer.body
    ((name, given),) = started(here)
    assert (answer.document["id"], given["action"]) == (name, "sleep")
    href = answer.document["href"]
    assert here.api.call("GET", href).document["outcome"] == "waiting"
    (arn,) = here.executions.executions
    done = {"outcome": "asleep", "reason": "Its copy is saved.", "left": []}
    here.executions.end(arn, "SUCCEEDED", output=json.dumps(done))
    assert here.api.call("GET", href).document["outcome"] == "asleep"
    here.executions.end(arn, "TIMED_OUT")
    assert here.api.call("GET", href).document["outcome"] == "reported"
    other = href.replace(ENDPOINT, "thriftline-closed")
    assert here.api.call("GET", other, caller=BOB).status == 404
    assert here.api.call("GET", f"{path}/sleep-1").status == 404


# ---- comparisons


def test_a_comparison_is_started_shown_and_stopped(here: ServingWorld) -> None:
    path = f"/endpoints/{ENDPOINT}/experiments"
    answer = here.api.call("POST", path, {"version": 8, "kind": "ab", "weight_percent": 10})
    own = answer.document["id"]
    assert (answer.status, answer.document["href"]) == (202, f"{path}/{own}")
    ((name, given),) = started(here)
    assert (name, given["overrides"]) == (own, {"kind": "ab", "weight_percent": 10})
    assert here.api.call("GET", f"{path}/{own}").document["state"] == "opening"
    assert here.api.call("POST", f"{path}/{own}/stop", {}).status == 409, "not open yet"
    here.table.put_first(
        ENDPOINT,
        f"experiment#{own}",
        {"state": "running", "kind": "ab", "deadline": NOW.isoformat(), "execution_arn": "arn"},
    )
    lock(here, own)
    assert here.api.call("POST", path, {}).status == 409, "one at a time"
    shown = here.api.call("GET", f"{path}/{own}").document
    assert (shown["state"], shown["result"]) == ("running", None)
    assert here.api.call("POST", f"{path}/{own}/stop", {"why": "enough"}).status == 202
    _, (_, asked) = started(here)
    assert (asked["action"], asked["experiment_id"]) == ("stop", own)
    here.table.update(ENDPOINT, f"experiment#{own}", state="ended")
    assert here.api.call("POST", f"{path}/{own}/stop", {}).status == 409


def test_a_comparison_that_was_refused_says_why(here: ServingWorld) -> None:
    path = f"/endpoints/{ENDPOINT}/experiments"
    own = here.api.call("POST", path, {}).document["id"]
    ((arn, _),) = here.executions.executions.items()
    cause = json.dumps({"errorMessage": "version 8 is Rejected"})
    here.executions.end(arn, "FAILED", error="ExperimentRefusedError", cause=cause)
    shown = here.api.call("GET", f"{path}/{own}").document
    assert (shown["state"], shown["reason"]) == ("refused", "version 8 is Rejected")
    assert here.api.call("GET", f"{path}/x-20261130T120000-ffffffff").status == 404


@pytest.mark.parametrize(
    ("value", "word"), [({"asleep": True}, "sleeps"), ({"in_use": None}, "yet")]
)
def test_what_serves_nothing_is_not_compared(
    here: ServingWorld, value: dict[str, Any], word: str
) -> None:
    here.table.update(ENDPOINT, "endpoint", **value)
    answer = here.api.call("POST", f"/endpoints/{ENDPOINT}/experiments", {})
    assert (answer.status, word in answer.body) == (409, True)


# ---- quality


def quality(here: ServingWorld, hours: int) -> None:
    hour = NOW - timedelta(hours=hours)
    document = {
        "endpoint": ENDPOINT,
        "project": "reviews",
        "hour": hour.isoformat(),
        "state": "done",
        "runs": 1,
        "version": hours,
        "variants": {},
    }
    key = f"serving/{ENDPOINT}/quality/{hour:%Y-%m-%dT%H}.json"
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=json.dumps(document).encode())


def test_quality_is_listed_hour_by_hour_the_newest_first(here: ServingWorld) -> None:
    for hours in (1, 2, 3, 24 * 40):
        quality(here, hours)
    key = f"serving/{ENDPOINT}/quality/said/2026/11/30/11/a.jsonl"
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=b"[]")
    path = f"/endpoints/{ENDPOINT}/quality"
    first = here.api.call("GET", f"{path}?limit=2").document
    rest = here.api.call("GET", f"{path}?limit=2&next_token={first['next_token']}").document
    assert [one["version"] for one in first["items"]] == [1, 2]
    assert [one["version"] for one in rest["items"]] == [3]
