"""Write report: four documents of all targets, whatever could not be read."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.unit.audit.audit_reports import AUDIT_ID, PARAMETERS, settings_for
from tests.unit.audit.audit_store import Store
from tests.unit.audit.report_account import report_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import LATEST, plan_key, report_key, result_key
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.core.errors import AccessDeniedError, AwsRequestError
from thriftline.money.price_catalogue import price_catalogue

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "schemas" / "report.schema.json").read_text("utf-8")
)
FOUND = report_account()
RESULT = result_key(AUDIT_ID, FOUND.account, FOUND.region)


def _put(store: Store, settings: AuditSettings, found: Inventory) -> None:
    said = audit(found, price_catalogue(), PARAMETERS)
    plan = plan_actions(said.findings, found, PARAMETERS, settings.mode)
    store.open(settings)
    store.put_result(settings, found, said, plan)


@pytest.fixture
def store() -> Store:
    made = Store()
    _put(made, settings_for(FOUND), FOUND)
    return made


def test_the_four_documents_lie_under_the_audit(store: Store) -> None:
    answer = store.write(AUDIT_ID)
    assert answer.report_uri == f"s3://artifacts/audits/{AUDIT_ID}/report.html"
    assert str(answer.monthly_usd) == "1744.47"
    assert (answer.findings, answer.unknown) == (37, 0)
    assert store.page(AUDIT_ID).startswith("<!DOCTYPE html>")
    assert store.page(AUDIT_ID, "md").startswith("# Cost audit")
    assert len(store.page(AUDIT_ID, "csv").splitlines()) >= 38
    Draft202012Validator(SCHEMA).validate(store.document(report_key(AUDIT_ID, "json")))


def test_a_repeated_step_writes_the_same(store: Store) -> None:
    store.write(AUDIT_ID)
    before = dict(store.objects)
    store.write(AUDIT_ID)
    assert store.objects == before


def _later(store: Store, **facts: object) -> str:
    """Runs the audit of the next day, with one endpoint less, and returns its id."""
    found = replace(
        FOUND, now=FOUND.now + timedelta(days=1), endpoints=FOUND.endpoints[1:], metrics={}
    )
    settings = settings_for(found, audit_id="later", **facts)
    _put(store, settings, found)
    store.write("later")
    return "later"


def test_the_next_audit_is_compared_with_the_last_whole_one_and_never_with_itself(
    store: Store,
) -> None:
    store.write(AUDIT_ID)
    later = _later(store)
    for _ in range(2):
        changed = store.report(later).difference
        assert changed is not None
        assert changed.last_audit_id == AUDIT_ID
        store.write(later)
    assert store.document(LATEST)["audit_id"] == later
    assert store.document(LATEST)["previous"]["audit_id"] == AUDIT_ID


@pytest.mark.parametrize("facts", [{"is_whole": False}, {"scope": Scope.IDLE_ENDPOINTS}])
def test_an_audit_of_a_part_leaves_the_last_report_alone(
    store: Store, facts: dict[str, object]
) -> None:
    store.write(AUDIT_ID)
    _later(store, **facts)
    assert store.document(LATEST)["audit_id"] == AUDIT_ID


def test_an_audit_that_ends_late_does_not_take_the_place_of_a_later_one(store: Store) -> None:
    _later(store)
    store.write(AUDIT_ID)
    assert store.document(LATEST)["audit_id"] == "later"


def test_a_target_that_is_missing_is_unknown_and_the_report_comes(store: Store) -> None:
    targets = (
        Target(account=FOUND.account, region=FOUND.region),
        Target(account="999999999999", region="eu-west-1"),
    )
    store.open(settings_for(FOUND, targets=targets))
    assert store.write(AUDIT_ID).unknown == 1
    report = store.report(AUDIT_ID)
    assert report.unknown[0].resource == "999999999999 eu-west-1"
    assert report.reconciliation.billed_usd is None
    assert "999999999999" in store.page(AUDIT_ID)


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError"])
def test_a_result_that_s3_does_not_give_is_unknown_and_the_report_comes(
    store: Store, code: str
) -> None:
    store.refused[RESULT] = code
    assert store.write(AUDIT_ID).findings == 0
    assert code in store.report(AUDIT_ID).unknown[0].error


def test_a_result_that_is_none_is_unknown(store: Store) -> None:
    store.objects[RESULT] = b'{"audit": 5}'
    store.write(AUDIT_ID)
    assert "is not a result" in store.report(AUDIT_ID).unknown[0].error


@pytest.mark.parametrize("body", [None, b"{"])
def test_without_a_plan_the_report_says_so(store: Store, body: bytes | None) -> None:
    if body is None:
        del store.objects[plan_key(AUDIT_ID)]
    else:
        store.objects[plan_key(AUDIT_ID)] = body
    store.write(AUDIT_ID)
    report = store.report(AUDIT_ID)
    assert report.planned_actions == ()
    assert any("no plan" in alert for alert in report.alerts)


def test_accepted_findings_with_a_mistake_are_told_and_change_nothing(store: Store) -> None:
    store.objects["audits/accepted_findings.yaml"] = b"- finding: x\n"
    assert store.write(AUDIT_ID).findings == 37
    report = store.report(AUDIT_ID)
    assert any("accepted_findings.yaml line 1" in alert for alert in report.alerts)


def test_an_accepted_finding_stays_quiet(store: Store) -> None:
    store.objects["audits/accepted_findings.yaml"] = (
        b"- finding: ml.sagemaker.endpoint.idle|123456789012|us-west-2|llama3-endpoint-1\n"
        b"  reason: kept for a demo\n  until: 2025-11-03\n"
    )
    assert store.write(AUDIT_ID).findings == 36
    assert "kept for a demo" in store.page(AUDIT_ID)


@pytest.mark.parametrize(
    "body", [b"{", b'{"audit_id": "old"}', b'{"audit_id": "o", "report_key": "audits/o/r.json"}']
)
def test_a_pointer_that_cannot_be_read_is_told_and_renewed(store: Store, body: bytes) -> None:
    store.objects[LATEST] = body
    store.write(AUDIT_ID)
    report = store.report(AUDIT_ID)
    assert report.difference is None
    assert [one.resource for one in report.unknown] == [f"s3://artifacts/{LATEST}"]
    assert store.document(LATEST)["audit_id"] == AUDIT_ID


def test_a_last_report_that_is_gone_or_broken_is_told(store: Store) -> None:
    store.write(AUDIT_ID)
    store.objects[report_key(AUDIT_ID, "json")] = b'{"findings": 5}'
    later = _later(store)
    assert store.report(later).difference is None
    assert store.report(later).unknown[0].resource.endswith(f"{AUDIT_ID}/report.json")


def test_a_last_report_that_may_not_be_read_is_told(store: Store) -> None:
    store.write(AUDIT_ID)
    store.refused[f"GetObject {report_key(AUDIT_ID, 'json')}"] = "AccessDenied"
    assert "AccessDenied" in store.report(_later(store)).unknown[0].error


def test_a_report_that_cannot_be_written_is_an_error(store: Store) -> None:
    store.refused["PutObject"] = "AccessDenied"
    with pytest.raises(AccessDeniedError):
        store.write(AUDIT_ID)


def test_an_audit_that_was_never_opened_is_an_error() -> None:
    with pytest.raises(AwsRequestError, match="Open audit writes it"):
        Store().write("nothing")
