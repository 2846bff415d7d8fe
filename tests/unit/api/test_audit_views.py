"""Audits, findings and restores through the API."""

import json
from datetime import UTC, datetime

import pytest

from tests.unit.api.api_world import ANN, BOB, ApiWorld
from tests.unit.api.serving_world import ServingWorld, serving_world
from tests.unit.audit.audit_reports import report_account_report
from thriftline.api.paging import next_token
from thriftline.api.views.findings import _FILTERS
from thriftline.audit.domain.layout import report_key, saved_endpoint_key
from thriftline.audit.steps.report_documents import move_latest
from thriftline.core.aws.buckets import Bucket

LIFE = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
ACCOUNT = "123456789012"


@pytest.fixture
def here(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> ServingWorld:
    return serving_world(world, monkeypatch)


@pytest.fixture
def reported(here: ServingWorld) -> ServingWorld:
    bucket, report = Bucket(here.api.s3, "artifacts"), report_account_report()
    bucket.write_json(report_key(report.audit_id, "json"), report.model_dump_json())
    move_latest(report, bucket)
    return here


def test_an_audit_is_started_once_and_listed(here: ServingWorld) -> None:
    body = {"mode": "report", "window_days": 7, "rules": ["ml.sagemaker.endpoint.idle"]}
    answer = here.api.call("POST", "/audits", body, key="one")
    assert answer.status == 202
    assert here.api.call("POST", "/audits", body, key="one").body == answer.body
    ((_, execution),) = here.executions.executions.items()
    assert json.loads(execution["input"]) == {**body, "scope": "account"}
    own = answer.document["id"]
    assert answer.document["href"] == f"/audits/{own}"
    (row,) = here.api.call("GET", "/audits").document["items"]
    assert (row["audit_id"], row["status"], row["findings"]) == (own, "running", None)
    assert here.api.call("GET", f"/audits/{own}").document["status"] == "running"
    assert here.api.call("GET", "/audits?scope=idle_endpoints").document["items"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"rules": ["ml.sagemaker.endpoint.idel"]}, "Did you mean ml.sagemaker.endpoint.idle"),
        ({"regions": ["moon"]}, "/regions/0"),
        ({"window_days": 0}, "/window_days"),
        ({"mode": "destroy"}, "/mode"),
        ({"moed": "act"}, "/moed"),
        ({"parameters": {"grace_ours": 1}}, "Did you mean grace_hours"),
    ],
)
def test_what_no_audit_can_be_asked_starts_none(
    here: ServingWorld, body: dict[str, object], word: str
) -> None:
    answer = here.api.call("POST", "/audits", body)
    assert (answer.status, word in answer.body) == (422, True)
    assert here.executions.executions == {}


def test_a_share_stays_a_number(here: ServingWorld) -> None:
    body = {"parameters": {"max_action_share": 0.25}}
    assert here.api.call("POST", "/audits", body).status == 202
    ((_, execution),) = here.executions.executions.items()
    assert json.loads(execution["input"])["parameters"] == {"max_action_share": 0.25}


def test_a_token_that_step_functions_forgot_is_refused(here: ServingWorld) -> None:
    for number in range(120):
        here.executions.add(f"audit-{number}")
    first = here.api.call("GET", "/audits?limit=100").document
    here.executions.forgets_tokens = True
    stale = here.api.call("GET", f"/audits?limit=100&next_token={first['next_token']}")
    assert (stale.status, stale.document["errors"][0]["pointer"]) == (400, "query:next_token")


def test_audits_go_on_by_a_token(here: ServingWorld) -> None:
    for number in range(5):
        here.api.call("POST", "/audits", {}, key=f"key-{number}")
    seen, token = [], ""
    for _ in range(3):
        page = here.api.call("GET", f"/audits?limit=2{token}").document
        seen += [one["audit_id"] for one in page["items"]]
        token = f"&next_token={page['next_token']}"
    assert page["next_token"] is None
    assert len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_an_audit_is_shown_with_its_report(reported: ServingWorld) -> None:
    report = report_account_report()
    found = reported.api.call("GET", f"/audits/{report.audit_id}").document
    assert found["report"]["totals"]["findings"] == report.totals.findings
    assert found["documents"][0]["uri"].endswith("/report.html")
    assert reported.api.call("GET", "/audits/none").status == 404


def test_findings_are_filtered_paged_and_accepted(reported: ServingWorld) -> None:
    first = reported.api.call("GET", "/findings?limit=2").document
    rest = reported.api.call("GET", f"/findings?limit=2&next_token={first['next_token']}").document
    ids = [one["id"] for one in (*first["items"], *rest["items"])]
    assert ids == [one.id for one in report_account_report().findings[:4]]
    assert isinstance(first["items"][0]["monthly_usd"], str)
    key = first["items"][0]["key"]
    done = reported.api.call(
        "POST", f"/findings/{key}/accept", {"reason": "a demo", "until": "2026-12-31"}
    )
    assert done.status == 200
    assert done.document["accepted"]["accepted_by"] == ANN
    (accepted,) = reported.api.call("GET", "/findings?accepted=true").document["items"]
    assert accepted["id"] == ids[0]
    other = reported.api.call("GET", f"/findings?severity=low&next_token={first['next_token']}")
    assert other.status == 400, "the token is of other filters"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x", "until": "2026-11-29"}, "/until"),
        ({"reason": " ", "until": "2026-12-31"}, "/reason"),
        ({"reason": "x"}, "/until"),
        ({"reason": "x", "until": "soon"}, "/until"),
    ],
)
def test_an_acceptance_needs_a_reason_and_a_day_to_come(
    reported: ServingWorld, body: dict[str, str], pointer: str
) -> None:
    answer = reported.api.call("POST", "/findings/f-0/accept", body)
    assert (answer.status, answer.document["errors"][0]["pointer"]) == (422, pointer)


def test_a_finding_that_is_none_is_not_there(reported: ServingWorld) -> None:
    body = {"reason": "x", "until": "2026-12-31"}
    assert reported.api.call("POST", "/findings/f-0/accept", body).status == 404
    assert reported.api.call("GET", "/findings?audit_id=none").status == 404


@pytest.mark.parametrize("audit", ["../../runs/x", "a/b", "x" * 65])
def test_a_token_names_an_audit_and_no_other_key(reported: ServingWorld, audit: str) -> None:
    filters = {"list": "findings", "audit": None} | dict.fromkeys(_FILTERS)
    token = next_token({"audit": audit, "at": "0"}, filters)
    answer = reported.api.call("GET", f"/findings?next_token={token}")
    assert (answer.status, answer.document["errors"][0]["detail"]) == (400, "has no audit")


def test_what_is_accepted_is_listed_and_taken_back(reported: ServingWorld) -> None:
    ids = [one["key"] for one in reported.api.call("GET", "/findings?limit=2").document["items"]]
    body = {"reason": "a demo", "until": "2026-12-31"}
    for key in ids:
        assert reported.api.call("POST", f"/findings/{key}/accept", body).status == 200
    first = reported.api.call("GET", "/acceptances?limit=1").document
    rest = reported.api.call("GET", f"/acceptances?next_token={first['next_token']}").document
    assert [one["key"] for one in (*first["items"], *rest["items"])] == ids
    assert (first["items"][0]["accepted_by"], first["items"][0]["is_over"]) == (ANN, False)
    gone = reported.api.call("DELETE", f"/findings/{ids[0]}/accept", key="k")
    assert (gone.status, gone.document["key"]) == (200, ids[0])
    again = reported.api.call("DELETE", f"/findings/{ids[0]}/accept", key="k")
    assert again.body == gone.body
    (left,) = reported.api.call("GET", "/acceptances").document["items"]
    assert left["key"] == ids[1]
    assert reported.api.call("DELETE", f"/findings/{ids[0]}/accept").status == 404


def test_a_list_with_a_mistake_is_left_alone(reported: ServingWorld) -> None:
    reported.api.s3.put_object(
        Bucket="artifacts", Key="audits/accepted_findings.yaml", Body=b"- nonsense: 1\n"
    )
    for method, path in (("GET", "/acceptances"), ("DELETE", "/findings/f-0/accept")):
        answer = reported.api.call(method, path)
        assert (answer.status, "line 1" in answer.body) == (409, True)


def save(here: ServingWorld, account: str = ACCOUNT) -> None:
    key = saved_endpoint_key(account, "us-east-1", "old", LIFE)
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=b"{}")


def test_a_restore_says_what_it_would_do_and_is_started_once(here: ServingWorld) -> None:
    here.functions.answers["restore"] = {
        "endpoint": "old",
        "saved_uri": "s3://artifacts/saved",
        "outcome": "would_restore",
        "steps": ["CreateEndpoint old"],
        "left": [],
    }
    body = {"endpoint": "old"}
    assert here.api.call("POST", "/restores", body).status == 404, "nothing was saved"
    save(here)
    dry = here.api.call("POST", "/restores", {**body, "dry_run": True})
    assert (dry.status, dry.document["steps"]) == (200, ["CreateEndpoint old"])
    naive = {**body, "created": f"{LIFE:%Y-%m-%dT%H:%M:%S.%f}", "dry_run": True}
    assert here.api.call("POST", "/restores", naive).status == 200, "a time is UTC"
    assert here.executions.executions == {}
    answer = here.api.call("POST", "/restores", body, key="k")
    href = answer.document["href"]
    assert (answer.status, href) == (202, f"/restores/{answer.document['id']}")
    assert here.api.call("POST", "/restores", body, key="k").body == answer.body
    assert here.api.call("POST", "/restores", body).status == 409, "it is under way"
    (shown,) = here.api.call("GET", "/restores?endpoint=old").document["items"]
    assert (shown["state"], shown["account"], shown["month_usd"]) == ("restoring", ACCOUNT, None)
    assert here.api.call("GET", href).document["outcome"] == "restoring"
    (arn,) = here.executions.executions
    done = {"outcome": "restored", "saved_uri": "s3://a/b", "steps": ["CreateEndpoint old"]}
    here.executions.end(arn, "SUCCEEDED", output=json.dumps(done))
    ended = here.api.call("GET", href).document
    assert (ended["outcome"], ended["endpoint"], ended["steps"]) == (
        "restored",
        "old",
        ["CreateEndpoint old"],
    )
    here.executions.end(arn, "FAILED", error="QuotaExceededError", cause='{"errorMessage": "no"}')
    assert here.api.call("GET", href).document["reason"] == "no"
    assert here.api.call("GET", "/restores/none").status == 404


def test_an_endpoint_of_a_closed_project_is_not_restored_by_others(here: ServingWorld) -> None:
    here.api.set(PROJECT_MEMBERS=json.dumps({"closed": [BOB]}))
    saved = {"endpoint": {"description": {}, "tags": {"thriftline:project": "closed"}}}
    key = saved_endpoint_key(ACCOUNT, "us-east-1", "old", LIFE)
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=json.dumps(saved).encode())
    assert here.api.call("GET", "/restores", caller=ANN).document["items"] == []
    assert here.api.call("POST", "/restores", {"endpoint": "old"}, caller=ANN).status == 403
    (shown,) = here.api.call("GET", "/restores", caller=BOB).document["items"]
    assert shown["project"] == "closed"
    started = here.api.call("POST", "/restores", {"endpoint": "old"}, caller=BOB)
    assert started.status == 202
    href = started.document["href"]
    assert here.api.call("GET", href, caller=ANN).status == 404
    assert here.api.call("GET", href, caller=BOB).status == 200


def test_a_restore_needs_one_place_and_a_stack_that_may(here: ServingWorld) -> None:
    save(here)
    save(here, "999999999999")
    unclear = here.api.call("POST", "/restores", {"endpoint": "old"})
    assert (unclear.status, "999999999999/us-east-1" in unclear.body) == (422, True)
    clear = here.api.call("POST", "/restores", {"endpoint": "old", "account": ACCOUNT})
    assert clear.status == 202
    here.api.set(RESTORE_MACHINE_ARN="", RESTORE_FUNCTION="")
    own = {"endpoint": "old", "account": ACCOUNT}
    assert here.api.call("POST", "/restores", own).status == 409
    assert here.api.call("POST", "/restores", {"endpoint": "nosuch"}).status == 404
    assert len(here.api.call("GET", "/restores").document["items"]) == 2
