"""What another version kept of endpoints and audits is refused with the fix, never a 5xx."""

import json
from typing import Any

import pytest

from tests.unit.api.api_world import ENVIRONMENT, NOW, ApiWorld
from tests.unit.api.serving_world import ENDPOINT, ServingWorld, serving_world
from thriftline.serving.domain.capture_layout import quality_key
from thriftline.serving.domain.experiment_names import experiment_item, result_key
from thriftline.serving.domain.schedules import SCHEDULE_ITEM
from thriftline.serving.schemas.deployment import deployment_key

DEPLOYMENT = "d-20261130T120000-00000000"
EXPERIMENT = "e-20261130T120000-00000000"
FORMS = [b"{", b"[]", b'{"schema_version": 99}', b"\xff\xfe", b"null"]


@pytest.fixture
def here(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> ServingWorld:
    made = serving_world(world, monkeypatch)
    made.endpoint(ENDPOINT)
    return made


def put(here: ServingWorld, key: str, body: bytes) -> None:
    here.api.s3.put_object(Bucket="artifacts", Key=key, Body=body)


def test_a_deployment_that_cannot_be_read_is_no_fault_of_the_api(here: ServingWorld) -> None:
    own = here.deployment(0)
    for body in FORMS:
        put(here, deployment_key(ENDPOINT, own), body)
        found = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments/{own}")
        assert found.status == 409, (body, found.body)
        assert own in found.detail
    assert here.api.call("GET", f"/endpoints/{ENDPOINT}").status == 200
    assert here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments").status == 200


@pytest.mark.parametrize(
    "asked", [{"action": "canary"}, {"registry_version": "v8"}, {"why": ["x"]}]
)
def test_a_deployment_that_another_version_asked_for_is_no_fault_of_the_api(
    here: ServingWorld, asked: dict[str, Any]
) -> None:
    href = here.api.call("POST", f"/endpoints/{ENDPOINT}/deployments", {"version": 8}).document[
        "href"
    ]
    (known,) = here.executions.executions.values()
    known["input"] = json.dumps({**json.loads(known["input"]), **asked})
    found = here.api.call("GET", href)
    assert found.status == 409, found.body
    assert href.rpartition("/")[2] in found.detail
    (name,) = asked
    assert name in found.detail


def test_a_deployments_item_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    changes: list[dict[str, Any]] = [{"opened_at": "long ago"}, {"ending": ["x"]}]
    for number, facts in enumerate(changes):
        own = here.deployment(number, **facts)
        found = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments?limit=1")
        assert found.status == 200, (facts, found.body)
        assert found.document["items"] == []
        (unread,) = found.document["unreadable"]
        assert unread["id"] == own
        assert own in unread["problem"]


def test_an_experiment_that_cannot_be_read_is_no_fault_of_the_api(here: ServingWorld) -> None:
    here.table.put_first(
        ENDPOINT,
        experiment_item(EXPERIMENT),
        {"state": "ended", "kind": "shadow", "deadline": NOW.isoformat(), "execution_arn": "arn"},
    )
    path = f"/endpoints/{ENDPOINT}/experiments/{EXPERIMENT}"
    for body in FORMS:
        put(here, result_key(ENDPOINT, EXPERIMENT), body)
        found = here.api.call("GET", path)
        assert found.status == 409, (body, found.body)
        assert "result.json" in found.detail
    here.api.s3.delete_object(Bucket="artifacts", Key=result_key(ENDPOINT, EXPERIMENT))
    assert here.api.call("GET", path).status == 200
    here.table.update(ENDPOINT, experiment_item(EXPERIMENT), state="unheard of")
    found = here.api.call("GET", path)
    assert found.status == 409, found.body
    assert EXPERIMENT in found.detail


def test_an_hour_that_cannot_be_read_is_no_fault_of_the_api(here: ServingWorld) -> None:
    for body in FORMS:
        put(here, quality_key(ENDPOINT, NOW), body)
        found = here.api.call("GET", f"/endpoints/{ENDPOINT}/quality")
        assert found.status == 200, (body, found.body)
        assert found.document["items"] == []
        (unread,) = found.document["unreadable"]
        assert unread["id"] == f"{NOW:%Y-%m-%dT%H}"
        assert unread["fix"] == "Delete it, and the watch makes it anew."


def test_a_schedule_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    for item in ({"phase": "dreaming"}, {"phase": "awake", "changed_at": "late"}):
        here.table.update(ENDPOINT, SCHEDULE_ITEM, **item)
        found = here.api.call("GET", f"/endpoints/{ENDPOINT}")
        assert found.status == 409, (item, found.body)
        assert "Set the schedule again." in found.detail
    here.table.update(ENDPOINT, SCHEDULE_ITEM, phase="dreaming")
    found = here.api.call("POST", f"/endpoints/{ENDPOINT}/schedule", {"action": "wake"})
    assert found.status == 409, found.body


def test_an_item_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    for changed in (
        {"lock_until": "late"},
        {"lock_until": None, "usd_per_hour": "some"},
        {"usd_per_hour": None, "kind": 5},
        {"kind": "real-time", "in_use": "first"},
    ):
        here.endpoint("thriftline-other", **changed)
        found = here.api.call("GET", "/endpoints/thriftline-other")
        assert found.status == 409, (changed, found.body)
        assert "thriftline-other" in found.detail


def test_a_version_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    (item,) = here.table.items(ENDPOINT, "version#")
    here.table.update(ENDPOINT, str(item["item"]), tomorrows="field")
    found = here.api.call("GET", f"/endpoints/{ENDPOINT}")
    assert found.status == 409, found.body
    assert str(item["item"]) in found.detail


def test_a_report_that_cannot_be_read_is_no_fault_of_the_api(here: ServingWorld) -> None:
    own = "2026-11-30T060000Z-0123456789ab"
    for key, path in (
        (f"audits/{own}/report.json", f"/audits/{own}"),
        ("audits/latest.json", "/findings"),
    ):
        for body in FORMS:
            put(here, key, body)
            found = here.api.call("GET", path)
            assert found.status == 409, (body, path, found.body)
            assert "Run an audit" in found.detail


def test_an_act_of_a_schedule_that_ended_in_another_form_is_refused(here: ServingWorld) -> None:
    own = "sleep-20261130T060000-01234567"
    arn = here.executions.start_execution(
        stateMachineArn=ENVIRONMENT["SCHEDULE_MACHINE_ARN"],
        name=own,
        input=json.dumps({"endpoint": ENDPOINT, "action": "sleep"}),
    )["executionArn"]
    path = f"/endpoints/{ENDPOINT}/schedule/{own}"
    assert here.api.call("GET", path).document["outcome"] == "waiting"
    for output in ("{}", "[1]", '{"outcome": "dreaming", "reason": ""}', '{"outcome": "asleep"}'):
        here.executions.end(arn, "SUCCEEDED", output=output)
        found = here.api.call("GET", path)
        assert found.status == 409, (output, found.body)
        assert found.detail.startswith(f"{own} of {ENDPOINT} cannot be read")
