"""What is planned, what is held back, and what is asked again before something ends."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import (
    MIDNIGHT,
    NOW,
    bucket,
    endpoint,
    inventory,
    measured,
    series,
    through_today,
    variant,
)
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import ActionPlan, PlannedAction, Step
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import Tags, Unread, tags_of
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import MetricKey, MetricSeries
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.notebooks import Notebook
from thriftline.audit.domain.resources.storage import BucketPrefix, IncompleteUpload
from thriftline.audit.domain.termination import may_terminate
from thriftline.audit.domain.use_signals import variant_metric
from thriftline.money.price_catalogue import price_catalogue

INVOCATIONS = variant_metric("chat", "AllTraffic", "Invocations")
MARK = "thriftline:marked-idle-at"
TERMINATE = ActionKind.TERMINATE_ENDPOINT
LIFECYCLE = ActionKind.APPLY_LIFECYCLE_RULES


def _plan(found: Inventory, mode: Mode = Mode.ACT, **parameters: Any) -> ActionPlan:
    chosen = AuditParameters(**parameters)
    told = audit(found, price_catalogue(), chosen)
    return plan_actions(told.findings, found, chosen, mode)


def _only(plan: ActionPlan, kind: ActionKind = TERMINATE) -> PlannedAction:
    (one,) = [one for one in plan.actions if one.action is kind]
    return one


def _marked(hours: float) -> Tags:
    return ((MARK, (NOW - timedelta(hours=hours)).isoformat()),)


def _idle(**facts: Any) -> Inventory:
    return measured(inventory(endpoints=(endpoint(**facts),)))


def test_an_idle_endpoint_is_marked_first_with_the_end_of_its_grace() -> None:
    one = _only(_plan(_idle()))
    assert (one.step, one.executes, one.due) == (Step.MARK, True, NOW + timedelta(hours=72))
    (call,) = one.calls
    assert call.operation == "AddTags"
    assert call.parameters["Tags"] == [{"Key": MARK, "Value": NOW.isoformat()}]


@pytest.mark.parametrize(
    ("hours", "step", "executes"), [(71.9, Step.WAIT, False), (72, Step.EXECUTE, True)]
)
def test_a_marked_endpoint_waits_for_its_grace_to_the_hour(
    hours: float, step: Step, executes: bool
) -> None:
    one = _only(_plan(_idle(tags=_marked(hours))))
    assert (one.step, one.executes) == (step, executes)
    assert [call.operation for call in one.calls] == ["DeleteEndpoint"]


@pytest.mark.parametrize(
    ("mode", "marks", "ends"),
    [(Mode.REPORT, False, False), (Mode.MARK, True, False), (Mode.ACT, True, True)],
)
def test_a_mode_allows_no_more_than_its_name(mode: Mode, marks: bool, ends: bool) -> None:
    assert _only(_plan(_idle(), mode)).executes is marks
    assert _only(_plan(_idle(tags=_marked(100)), mode)).executes is ends


def test_silence_alone_is_marked_and_ended_only_if_a_parameter_says_so() -> None:
    found = _idle(tags=_marked(100))
    found = replace(
        found, metrics={**found.metrics, INVOCATIONS: through_today(series([None] * 30))}
    )
    assert not [one for one in _plan(found).actions if one.action is TERMINATE]
    assert _only(_plan(found, act_on_missing_datapoints=True)).step is Step.EXECUTE
    unmarked = replace(found, endpoints=(replace(found.endpoints[0], tags=()),))
    assert _only(_plan(unmarked), ActionKind.MARK_ENDPOINT).step is Step.MARK


def test_an_endpoint_that_is_used_again_loses_its_mark() -> None:
    found = _idle(tags=_marked(10))
    found = replace(found, metrics={**found.metrics, INVOCATIONS: series([50.0] * 30)})
    one = _only(_plan(found, Mode.MARK), ActionKind.UNMARK_ENDPOINT)
    assert one.executes
    assert one.calls[0].operation == "DeleteTags"


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("true", True),
        ("maybe", True),
        ("", True),
        ("2026-11-21", True),
        ("2026-11-20", False),
        ("2026-11-21T13:00:00+00:00", True),
        ("2026-11-21T11:00:00Z", False),
        ("2026-11-21T11:00:00", False),
    ],
)
def test_a_keep_tag_keeps_until_its_day_is_over(keep: str, kept: bool) -> None:
    tags = (("thriftline:keep", keep),)
    assert (refusal(tags, NOW, AuditParameters()) is not None) == kept
    planned = _plan(_idle(tags=tags)).actions
    assert any(one.action is TERMINATE for one in planned) is not kept


def test_production_is_reported_and_left_alone_unless_said_otherwise() -> None:
    found = _idle(tags=(("env", "Prod"),))
    plan = _plan(found)
    assert not plan.actions
    assert "report only" in plan.refused[0].reasons[0]
    assert _only(_plan(found, act_on_production=True)).step is Step.MARK


def test_tags_that_cannot_be_read_protect() -> None:
    plan = _plan(_idle(tags=Unread("ListTags", "ThrottlingException: slow down")))
    assert not plan.actions
    assert "ThrottlingException" in " ".join(plan.refused[0].reasons)


@pytest.mark.parametrize("text", ["", "soon", "2026-11-20T00:00:00", "20"])
def test_a_mark_without_an_instant_is_no_mark(text: str) -> None:
    assert marked_at(((MARK, text),), AuditParameters()) is None


def _many(count: int, idle: int, marked_hours_ago: float | None = None) -> Inventory:
    tags = () if marked_hours_ago is None else _marked(marked_hours_ago)
    found = inventory(endpoints=tuple(endpoint(f"e{index}", tags=tags) for index in range(count)))
    busy = {
        variant_metric(f"e{index}", "AllTraffic", "Invocations"): [50.0] * 30
        for index in range(idle, count)
    }
    return measured(found, busy)


def test_the_share_of_a_kind_stops_all_of_it_and_tells_a_person() -> None:
    plan = _plan(_many(10, 4, marked_hours_ago=80))
    ends = [one for one in plan.actions if one.action is TERMINATE]
    assert [one.step for one in ends] == [Step.EXECUTE] * 4
    assert all(one.withheld and not one.executes for one in ends)
    (alert,) = plan.alerts
    assert "would terminate 4 idle endpoints, of 10 in all" in alert
    assert "does at most 3" in alert
    few = _plan(_many(10, 3, marked_hours_ago=80))
    assert all(one.executes for one in few.actions if one.action is TERMINATE)


def test_of_a_small_account_one_may_be_ended_and_two_may_not() -> None:
    one = _plan(_many(2, 1, marked_hours_ago=80))
    assert [action.executes for action in one.actions if action.action is TERMINATE] == [True]
    two = _plan(_many(3, 2, marked_hours_ago=80))
    assert [action.executes for action in two.actions if action.action is TERMINATE] == [False] * 2


def test_no_share_holds_back_a_mark_which_harms_nothing() -> None:
    plan = _plan(_many(3, 2))
    assert [(one.step, one.executes) for one in plan.actions] == [(Step.MARK, True)] * 2
    assert not plan.alerts


def test_the_number_of_actions_is_capped_too() -> None:
    assert _plan(_many(10, 3), max_actions=2).alerts
    assert not _plan(_many(10, 3), max_actions=3).alerts


def test_the_only_endpoint_of_an_account_may_end() -> None:
    assert _only(_plan(_idle())).withheld is None


def test_two_changes_of_one_bucket_are_one_bucket_that_is_touched() -> None:
    found = inventory(
        buckets=(
            bucket(
                bytes_by_storage_type={"StandardStorage": 500 * 2**30},
                versioning="Enabled",
                noncurrent_bytes=400 * 2**30,
            ),
        )
    )
    changes = [one for one in _plan(found).actions if one.action is LIFECYCLE]
    assert len({one.finding for one in changes}) == 2
    assert all(one.executes for one in changes)


def test_a_bucket_that_was_read_in_part_is_left_alone() -> None:
    old = IncompleteUpload(
        key="a", upload_id="u", initiated=NOW - timedelta(days=30), size_bytes=10**10
    )
    known = bucket(incomplete_uploads=(old,))
    denied = Unread("GetBucketLifecycleConfiguration", "AccessDenied")
    for one, planned in ((known, True), (replace(known, lifecycle_rules=denied), False)):
        plan = _plan(inventory(buckets=(one,)))
        kinds = [action.action for action in plan.actions]
        assert (ActionKind.ABORT_UPLOADS in kinds) is planned
    assert "Not everything about it could be read" in plan.refused[0].reasons[0]


def test_no_action_at_all_is_allowed_by_a_cap_of_none() -> None:
    assert _only(_plan(_idle(), max_actions=0)).withheld


TAGGED: dict[str, Any] = {"required_tags": ("team",), "default_tags": (("team", "unknown"),)}


@pytest.mark.parametrize(
    ("key", "value", "protected"),
    [
        ("Environment", "Production", True),
        ("ENV", "PROD", True),
        ("stage", " Live ", True),
        ("Tier", "prd", True),
        ("environment", "prod-eu-1", True),
        ("environment", "Production (EU)", True),
        ("environment", "non-prod", False),
        ("environment", "preprod", False),
        ("environment", "staging", False),
        ("owner", "production", False),
    ],
)
def test_production_is_known_as_people_write_it(key: str, value: str, protected: bool) -> None:
    found = _idle(tags=((key, value),))
    assert bool(_plan(found).actions) is not protected
    named = _idle(tags=(("criticality", "high"),))
    own: dict[str, Any] = {
        "production_tags": ("Criticality",),
        "production_values": ("High",),
    }
    assert not _plan(named, **own).actions


def test_a_keep_tag_counts_however_it_is_written() -> None:
    assert not _plan(_idle(tags=(("Thriftline:Keep", "true"),))).actions


def test_what_is_kept_or_production_is_not_tagged_either() -> None:
    keep = (("thriftline:keep", "true"),)
    tagged = (endpoint("kept", tags=keep), endpoint("live", tags=(("env", "prod"),)))
    found = measured(inventory(endpoints=(*tagged, endpoint("plain"))))
    plan = _plan(found, **TAGGED)
    one = _only(plan, ActionKind.TAG_RESOURCE)
    arns = [call.parameters["ResourceArn"].split("/")[1] for call in one.calls]
    assert (arns, one.executes) == (["plain"], True)
    refused = [no for no in plan.refused if no.action is ActionKind.TAG_RESOURCE]
    assert [no.resource.split("/")[1] for no in refused] == ["kept", "live"]
    alone = _plan(measured(inventory(endpoints=tagged)), **TAGGED)
    assert not alone.actions


def test_tagging_is_under_both_caps_by_the_resources_that_are_tagged() -> None:
    tagged = tuple(bucket(f"b-{n}") for n in range(7))
    found = inventory(buckets=(*tagged, *(bucket(f"c-{n}", tags=()) for n in range(3))))
    kind = ActionKind.TAG_RESOURCE
    assert _only(_plan(found, **TAGGED), kind).executes
    assert _only(_plan(found, **TAGGED, max_actions=2), kind).withheld
    assert _only(_plan(replace(found, buckets=found.buckets[1:]), **TAGGED), kind).withheld


def test_weak_evidence_leads_to_no_action() -> None:
    found = inventory(
        buckets=(
            bucket(
                prefixes=(_checkpoints(),),
                tags=tags_of({"team": "x"}),
                lifecycle_rules=('{"ID": "theirs", "Status": "Enabled"}',),
            ),
        )
    )
    plan = _plan(found)
    assert not plan.actions
    assert plan.refused[0].reasons == ("The evidence is weak: a person decides.",)


def test_a_notebook_whose_kernels_nobody_sees_is_told_and_runs_on() -> None:
    book = Notebook(
        name="daily",
        arn="arn:aws:sagemaker:us-west-2:123456789012:notebook-instance/daily",
        status="InService",
        instance_type="ml.t3.medium",
        volume_gib=5,
        created=NOW - timedelta(days=90),
        last_modified=NOW - timedelta(days=9),
        lifecycle_config=None,
        tags=(("team", "search"),),
    )
    plan = _plan(inventory(notebooks=(book,)))
    assert not plan.actions
    assert plan.refused[0].reasons == ("The evidence is weak: a person decides.",)


@pytest.mark.parametrize(("days", "acts"), [(2.9, False), (3.1, True)])
def test_a_failed_endpoint_is_told_at_once_and_deleted_only_when_it_is_old(
    days: float, acts: bool
) -> None:
    changed = NOW - timedelta(days=days)
    none_runs = (variant(instance_count=0),)
    plan = _plan(_idle(status="Failed", last_modified=changed, variants=none_runs))
    kinds = [*(one.action for one in plan.actions), *(one.action for one in plan.refused)]
    assert kinds == [ActionKind.DELETE_FAILED_ENDPOINT]
    assert bool(plan.actions) is acts
    young = _idle(status="Failed", last_modified=NOW, variants=none_runs)
    assert _plan(young, failed_endpoint_min_age_days=0).actions


@pytest.mark.parametrize("count", [1, None])
def test_a_failed_endpoint_that_runs_instances_is_left_to_a_person(count: int | None) -> None:
    plan = _plan(
        _idle(
            status="Failed",
            last_modified=NOW - timedelta(days=30),
            variants=(variant(instance_count=count),),
        )
    )
    assert not plan.actions
    assert [one.action for one in plan.refused] == [ActionKind.DELETE_FAILED_ENDPOINT]


@pytest.mark.parametrize(
    "facts", [{"shadow_variants": (variant("try"),)}, {"status": "UpdateRollbackFailed"}]
)
def test_idle_endpoints_that_only_a_person_may_end_are_not_even_marked(
    facts: dict[str, Any],
) -> None:
    plan = _plan(_idle(**facts))
    assert not plan.actions
    (refused,) = plan.refused
    assert "only a person ends that" in " ".join(refused.reasons)


def _checkpoints() -> BucketPrefix:
    return BucketPrefix(
        prefix="checkpoints/",
        size_bytes=10**12,
        bytes_by_class=(("STANDARD", 10**12),),
        objects=10,
        last_modified=NOW - timedelta(days=80),
        written_by=None,
        is_whole=True,
    )


# The check at the moment of acting.


def _fresh(of: Endpoint, told: dict[MetricKey, MetricSeries] | None = None) -> Any:
    start = MIDNIGHT - timedelta(days=30)
    zeros = MetricSeries(start, 86_400, (0.0,) * 31)
    return dict.fromkeys(request_metrics(of), zeros) | (told or {})


def _may(of: Endpoint, metrics: Any, now: datetime = NOW) -> bool:
    return may_terminate(of, metrics, now, AuditParameters()).allowed


def test_an_endpoint_still_idle_after_its_grace_may_end() -> None:
    one = endpoint(tags=_marked(80))
    assert _may(one, _fresh(one))


def test_an_invocation_after_the_mark_saves_it() -> None:
    one = endpoint(tags=_marked(80))
    today = MetricSeries(MIDNIGHT - timedelta(days=30), 86_400, (*[0.0] * 30, 1.0))
    assert not _may(one, _fresh(one, {INVOCATIONS: today}))


def test_an_invocation_after_a_mark_older_than_the_window_saves_it() -> None:
    one = endpoint(tags=_marked(24 * 20))
    days = [0.0] * 31
    days[31 - 1 - 15] = 1.0
    seen = MetricSeries(MIDNIGHT - timedelta(days=30), 86_400, tuple(days))
    permission = may_terminate(one, _fresh(one, {INVOCATIONS: seen}), NOW, AuditParameters())
    assert permission.reasons == ("1 invocation since it was marked.",)


def test_metrics_that_do_not_reach_to_this_day_are_not_enough() -> None:
    one = endpoint(tags=_marked(80))
    until_midnight = dict.fromkeys(request_metrics(one), series([0.0] * 30))
    assert not _may(one, until_midnight)


def test_metrics_that_begin_after_the_mark_are_not_enough() -> None:
    one = endpoint(tags=_marked(24 * 20))
    short = MetricSeries(MIDNIGHT - timedelta(days=10), 86_400, (0.0,) * 11)
    assert not _may(one, dict.fromkeys(request_metrics(one), short))


@pytest.mark.parametrize(
    "facts",
    [
        {"tags": ()},
        {"tags": _marked(71)},
        {"tags": (*_marked(80), ("thriftline:keep", "true"))},
        {"tags": (*_marked(80), ("env", "prod"))},
        {"tags": Unread("ListTags", "AccessDenied")},
        {"tags": _marked(80), "scaling": Unread("DescribeScalableTargets", "AccessDenied")},
        {"tags": _marked(80), "status": "Updating"},
        {"tags": _marked(80), "last_modified": NOW - timedelta(hours=5)},
    ],
)
def test_what_changed_since_the_mark_is_seen_before_the_end(facts: dict[str, Any]) -> None:
    one = endpoint(**facts)
    assert not _may(one, _fresh(one))


def test_parameters_that_would_end_things_by_mistake_are_refused() -> None:
    with pytest.raises(ValueError, match="idle_window_days is 0"):
        AuditParameters(idle_window_days=0)
    with pytest.raises(ValueError, match="max_action_share"):
        AuditParameters(max_action_share=Decimal(30))
    with pytest.raises(ValueError, match="keep_tag is empty"):
        AuditParameters(keep_tag="")
