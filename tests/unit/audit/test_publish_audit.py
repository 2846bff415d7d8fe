"""Publish audit: figures, one event, one message; what was done is in the report."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.audit.accounts import endpoint, inventory, measured
from tests.unit.audit.audit_reports import AUDIT_ID, PARAMETERS, report_for, settings_for
from tests.unit.audit.audit_store import Store
from tests.unit.audit.report_account import report_account
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import record_key
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.metrics import metrics_of
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.core.errors import AccessDeniedError, AwsRequestError, ThrottledError
from thriftline.money.price_catalogue import price_catalogue

IDLE_RULE = ("ml.sagemaker.endpoint.idle",)


def written(
    found: Inventory, mode: Mode, scope: Scope = Scope.ACCOUNT, store: Store | None = None
) -> Store:
    """Returns a store in which an audit has got as far as its report."""
    store = store or Store()
    rules = IDLE_RULE if scope is Scope.IDLE_ENDPOINTS else None
    settings = settings_for(found, mode=mode, scope=scope, rules=rules)
    said = audit(found, price_catalogue(), PARAMETERS, rules)
    store.open(settings)
    store.put_result(settings, found, said, plan_actions(said.findings, found, PARAMETERS, mode))
    store.write(AUDIT_ID)
    return store


def _act(store: Store, outcome: str = "done") -> None:
    report = store.report(AUDIT_ID)
    for one in report.planned_actions:
        if one.executes:
            record = ActionRecord.model_validate(
                {
                    "audit_id": AUDIT_ID,
                    "index": one.index,
                    "action": one.action,
                    "step": one.step,
                    "account": one.account,
                    "region": one.region,
                    "resource_type": one.resource_type,
                    "resource": one.resource,
                    "finding": one.finding,
                    "planned_because": one.reason,
                    "outcome": outcome,
                    "reason": "as planned",
                    "started": report.generated_at,
                    "ended": report.generated_at,
                    "calls": (),
                    "saved_uri": None,
                    "undo": one.undo,
                }
            )
            store.objects[record_key(AUDIT_ID, one.index)] = record.model_dump_json().encode()


def _body(store: Store) -> str:
    (message,) = store.messages
    return message["Message"]


def test_the_message_is_ten_lines_that_a_manager_understands() -> None:
    store = written(report_account(), Mode.REPORT)
    answer = store.publish_report(AUDIT_ID)
    (message,) = store.messages
    assert message["Subject"] == "Thriftline: $1,744.47 a month to save, 37 findings"
    body = message["Message"]
    assert "Machine learning was billed $9,345.49 in the 30 days to 2025-11-02" in body
    assert "$1,105.95 a month  Idle endpoint: llama3-endpoint-1 (us-west-2)" in body
    assert "Everything that was asked for could be read." in body
    assert f"Report: {answer.report_uri}" in body
    assert len(body.splitlines()) <= 15


def test_the_event_has_the_figures_and_the_place_of_the_rest() -> None:
    store = written(report_account(), Mode.REPORT)
    store.publish_report(AUDIT_ID)
    (event,) = store.events
    assert (event["Source"], event["DetailType"]) == ("thriftline.audit", "CostAuditCompleted")
    detail = json.loads(event["Detail"])
    assert detail["totals"]["sure_monthly_usd"] == "1744.47"
    assert detail["billed_usd"] == "9345.49"
    assert detail["report_uri"].endswith("report.html")


def test_the_figures_are_measured() -> None:
    store = written(report_account(), Mode.REPORT)
    store.publish_report(AUDIT_ID)
    told = dict(store.measured)
    assert told["AuditFindings"] == 37
    assert told["AuditSureSavingsUsd"] == 1744.47
    assert told["AuditBilledUsd"] == 9345.49
    assert told["StorageBytes"] == 306_410_000_000
    assert told["EndpointsIdle"] == 1
    assert (told["TrainingJobsCompleted"], told["TrainingJobsFailed"]) == (1, 0)
    assert told["AuditActionsFailed"] == 0
    assert len(told) == len(store.measured)
    # The bill of that account is one sum: no day of it is known.
    assert "SpendYesterdayUsd" not in told


def test_the_spend_of_the_last_day_is_measured_once_it_is_known() -> None:
    found = wasteful_account()
    assert metrics_of(report_for(found))["SpendYesterdayUsd"] == 5000
    early = replace(found, costs=found.costs[:-1])
    assert "SpendYesterdayUsd" not in metrics_of(report_for(early))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (ResourceKind.COST, {"AuditBilledUsd", "AuditResidualUsd", "SpendYesterdayUsd"}),
        (ResourceKind.BUCKET, {"StorageBytes"}),
        (ResourceKind.ENDPOINT, {"EndpointsIdle", "EndpointsInService", "EndpointInvocations"}),
        (ResourceKind.TRAINING_JOB, {"TrainingJobsFailed", "TrainingHours"}),
        (ResourceKind.BEDROCK_MODEL, {"BedrockTokensIn", "BedrockInvocations"}),
    ],
)
def test_a_figure_that_is_not_known_is_not_measured(kind: ResourceKind, names: set[str]) -> None:
    assert names <= metrics_of(report_for(wasteful_account())).keys()
    unread = (UnreadResource(kind, "*", "List", "AccessDenied"),)
    told = metrics_of(report_for(replace(wasteful_account(), unread=unread)))
    assert not names & told.keys()


def test_what_was_done_is_in_report_message_and_figures() -> None:
    store = written(report_account(), Mode.ACT)
    _act(store)
    answer = store.publish_report(AUDIT_ID)
    assert answer.done_actions == 4
    report = store.report(AUDIT_ID)
    assert [one.result.outcome for one in report.planned_actions if one.result] == ["done"] * 4
    assert "Thriftline marked 1 idle endpoint for termination" in _body(store)
    assert "What Thriftline did" in store.page(AUDIT_ID)
    assert "done: as planned" in store.page(AUDIT_ID, "md")
    assert dict(store.measured)["AuditActionsDone"] == 4


def test_an_action_without_a_record_did_not_succeed() -> None:
    store = written(report_account(), Mode.ACT)
    assert store.publish_report(AUDIT_ID).done_actions == 0
    assert dict(store.measured)["AuditActionsFailed"] == 4
    assert "4 actions did not succeed." in _body(store)


def test_a_record_that_cannot_be_read_leaves_the_outcome_unknown() -> None:
    store = written(report_account(), Mode.ACT)
    _act(store)
    first, second, *_ = [
        one.index for one in store.report(AUDIT_ID).planned_actions if one.executes
    ]
    store.refused[record_key(AUDIT_ID, first)] = "AccessDenied"
    store.objects[record_key(AUDIT_ID, second)] = b"{"
    assert store.publish_report(AUDIT_ID).done_actions == 2


def test_a_repeated_step_tells_nobody_twice() -> None:
    store = written(report_account(), Mode.ACT)
    _act(store)
    first = store.publish_report(AUDIT_ID)
    before = dict(store.objects)
    assert store.publish_report(AUDIT_ID) == first
    assert store.objects == before
    assert (len(store.messages), len(store.events)) == (1, 1)
    assert len({name for name, _ in store.measured}) == len(store.measured)


@pytest.mark.parametrize(("down", "left"), [("PutEvents", "messages"), ("Publish", "events")])
def test_when_one_of_two_is_away_the_other_is_told_and_a_retry_sends_the_rest(
    down: str, left: str
) -> None:
    store = written(report_account(), Mode.REPORT)
    store.refused[down] = "ThrottlingException"
    with pytest.raises(ThrottledError):
        store.publish_report(AUDIT_ID)
    assert len(getattr(store, left)) == 1
    store.refused.clear()
    store.publish_report(AUDIT_ID)
    assert (len(store.messages), len(store.events)) == (1, 1)


def test_a_report_that_may_not_be_read_is_an_error() -> None:
    store = written(report_account(), Mode.REPORT)
    store.refused["GetObject"] = "AccessDenied"
    with pytest.raises(AccessDeniedError):
        store.publish_report(AUDIT_ID)
    with pytest.raises(AwsRequestError, match="Write report writes it"):
        Store().publish_report("nothing")


def _endpoints(*names: str) -> Inventory:
    return measured(inventory(endpoints=tuple(endpoint(name) for name in names)))


def _hourly(store: Store, found: Inventory, mode: Mode = Mode.REPORT) -> int:
    """Runs the hourly audit afresh, and returns how many messages there are now."""
    for key in [key for key in store.objects if key.startswith(f"audits/{AUDIT_ID}/")]:
        del store.objects[key]
    written(found, mode, Scope.IDLE_ENDPOINTS, store)
    store.publish_report(AUDIT_ID)
    return len(store.messages)


def test_the_hourly_audit_tells_of_an_idle_endpoint_once() -> None:
    store = Store()
    assert _hourly(store, inventory()) == 0
    assert _hourly(store, _endpoints("one")) == 1
    assert store.messages[0]["Subject"] == "Thriftline: 1 idle endpoint"
    assert "mark 1 idle endpoint for termination" in store.messages[0]["Message"]
    assert _hourly(store, _endpoints("one")) == 1
    assert _hourly(store, _endpoints("one", "two")) == 2
    assert _hourly(store, inventory()) == 2
    assert _hourly(store, _endpoints("two")) == 3
    assert len(store.events) == 6


def test_the_hourly_audit_tells_again_when_it_cannot_know_what_it_told() -> None:
    store = Store()
    assert _hourly(store, _endpoints("one")) == 1
    store.objects["audits/told_of_endpoints.json"] = b"{"
    assert _hourly(store, _endpoints("one")) == 2


def test_the_hourly_audit_tells_what_it_did() -> None:
    store = Store()
    found = _endpoints("one")
    written(found, Mode.MARK, Scope.IDLE_ENDPOINTS, store)
    _act(store)
    store.publish_report(AUDIT_ID)
    assert store.messages[0]["Subject"] == "Thriftline: marked 1 idle endpoint for termination"


def test_what_only_waits_is_no_news() -> None:
    store = Store()
    marked = (("thriftline:marked-idle-at", (inventory().now - timedelta(hours=5)).isoformat()),)
    found = measured(inventory(endpoints=(endpoint("one", tags=marked),)))
    assert _hourly(store, found) == 0
    assert store.report(AUDIT_ID).planned_actions[0].step == "wait"


def test_the_hourly_audit_measures_endpoints_and_actions_only() -> None:
    store = Store()
    _hourly(store, _endpoints("one"))
    names = {name for name, _ in store.measured}
    assert {"EndpointsIdle", "AuditActionsDone"} <= names
    assert not {"AuditFindings", "AuditBilledUsd", "StorageBytes"} & names
