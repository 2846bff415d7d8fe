"""What another version kept of endpoints and audits is refused with the fix, never a 5xx."""

from typing import Any

import pytest

from tests.unit.api.api_world import NOW, ApiWorld
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


def test_a_deployments_item_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    changes: list[dict[str, Any]] = [{"opened_at": "long ago"}, {"ending": ["x"]}]
    for number, facts in enumerate(changes):
        own = here.deployment(number, **facts)
        found = here.api.call("GET", f"/endpoints/{ENDPOINT}/deployments?limit=1")
        assert found.status == 409, (facts, found.body)
        assert own in found.detail


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
        assert found.status == 409, (body, found.body)
        assert "Delete it" in found.detail


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
    for changed in ({"lock_until": "late"}, {"lock_until": None, "usd_per_hour": "some"}):
        here.endpoint("thriftline-other", **changed)
        for path in ("/endpoints", "/endpoints/thriftline-other", "/budget"):
            found = here.api.call("GET", path)
            assert found.status == 409, (changed, path, found.body)
            assert "thriftline-other" in found.detail


def test_a_version_of_another_form_is_no_fault_of_the_api(here: ServingWorld) -> None:
    (item,) = here.table.items(ENDPOINT, "version#")
    here.table.update(ENDPOINT, str(item["item"]), tomorrows="field")
    for path in ("/endpoints", f"/endpoints/{ENDPOINT}"):
        found = here.api.call("GET", path)
        assert found.status == 409, (path, found.body)


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


def test_a_saved_endpoint_that_cannot_be_read_is_no_fault_of_the_api(here: ServingWorld) -> None:
    key = "saved/endpoints/123456789012/us-east-1/reviews/20261130T060000000000.json"
    for body in (b"{", b"[1]", b"\xff\xfe", b'{"endpoint": 1}', b'{"config": {"description": []}}'):
        put(here, key, body)
        found = here.api.call("GET", "/restores")
        assert found.status in (200, 409), (body, found.body)
