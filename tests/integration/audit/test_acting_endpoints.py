"""The life of an idle endpoint: marked, waited for, ended, and brought back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_account import (
    MARK,
    acting_account,
    hosting_endpoint,
    mark,
    plain_endpoint,
)
from tests.integration.audit.acting_world import ActingWorld, acting_options
from tests.integration.local_aws.sample_account import REGION, endpoint, variant
from thriftline.audit.domain.actions import ActionPlan, Step
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.layout import settings_key
from thriftline.audit.domain.parameters import Mode

OLD = mark(hours=80)
DUE = ("due", "twice", "asked", "kept", "unread", "updated", "rehearsed", "watched", "refused")
FAILED = tuple(f"broken-{index}" for index in range(3))


def _broken(name: str) -> dict[str, Any]:
    return endpoint(
        name, variant("all", instance_count=0), status="Failed", failure_reason="no ping"
    )


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    document = acting_account(
        plain_endpoint("fresh"),
        *(plain_endpoint(name, tags={"team": "search", **OLD}) for name in DUE),
        hosting_endpoint("hosting", tags={"team": "chat", **OLD}),
        plain_endpoint("loved", tags={"thriftline:keep": "true", **OLD}),
        *(_broken(name) for name in FAILED),
    )
    with EmbeddedAws(acting_options(document)) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ActingWorld]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    yield ActingWorld(account)
    account.faults.clear()


def _due(world: ActingWorld, name: str, kind: ActionKind = ActionKind.TERMINATE_ENDPOINT) -> str:
    """Plans the end of an endpoint whose grace is over, and returns the audit."""
    plan = world.plan(world.look(name))
    assert [(one.action, one.step) for one in plan.actions] == [(kind, Step.EXECUTE)]
    return world.begin(plan)


def _arn(world: ActingWorld, name: str) -> str:
    found = world.aws.client("sagemaker").describe_endpoint(EndpointName=name)
    return str(found["EndpointArn"])


def _tag(world: ActingWorld, name: str, key: str, value: str) -> None:
    world.aws.client("sagemaker").add_tags(
        ResourceArn=_arn(world, name), Tags=[{"Key": key, "Value": value}]
    )


def test_an_idle_endpoint_is_marked_once_and_told_of(world: ActingWorld) -> None:
    audit_id = world.begin(world.plan(world.look("fresh")))

    first, again = world.act(audit_id), world.act(audit_id)

    tags = world.tags(_arn(world, "fresh"))
    assert first == again
    assert first.outcome == "done"
    assert MARK in tags
    assert tags["team"] == "search"
    ((subject, message),) = world.topic.sent
    assert subject == "Thriftline: fresh marked for deletion"
    assert "thriftline:keep=true" in message
    assert "aws sagemaker delete-tags" in message
    ((source, detail_type, detail),) = world.bus.events
    assert (source, detail_type) == ("thriftline.audit", "CostAuditActionTaken")
    assert (detail["resource"], detail["outcome"]) == ("fresh", "done")
    assert [one.operation for one in world.record(audit_id).calls] == ["AddTags"]


def test_an_endpoint_idle_after_its_grace_is_saved_and_deleted(world: ActingWorld) -> None:
    audit_id = _due(world, "due")

    answer = world.act(audit_id)
    world.aws.clock.advance(timedelta(seconds=5))

    record = world.record(audit_id)
    assert answer.outcome == "done"
    assert "due" not in world.endpoints()
    assert [one.operation for one in record.calls] == [
        *("PutObject", "PutObject", "DeregisterScalableTarget", "DeleteEndpoint", "DeleteObject")
    ]
    assert record.saved_uri is not None
    assert record.undo.startswith("thriftline restore due --from-region")
    assert world.topic.sent[0][0] == "Thriftline: due deleted"


def test_components_and_their_scaling_go_before_their_endpoint(world: ActingWorld) -> None:
    audit_id = _due(world, "hosting")

    answer = world.act(audit_id)

    assert answer.outcome == "done"
    operations = [one.operation for one in world.record(audit_id).calls]
    assert operations.count("DeleteInferenceComponent") == 2
    assert operations.index("DeleteInferenceComponent") > operations.index(
        "DeregisterScalableTarget"
    )
    assert operations.index("DeleteEndpoint") > operations.index("DeleteInferenceComponent")


def test_what_is_done_is_not_done_twice(world: ActingWorld) -> None:
    audit_id = _due(world, "twice")

    first = world.act(audit_id)
    world.aws.calls.clear()
    again = world.act(audit_id)

    assert first == again
    assert {service for service, _ in world.aws.calls} == {"s3"}
    assert len(world.topic.sent) == len(world.bus.events) == 1


def test_an_endpoint_that_was_asked_within_its_grace_stays_and_loses_its_mark(
    world: ActingWorld,
) -> None:
    audit_id = _due(world, "asked")
    world.put_requests({"EndpointName": "asked", "VariantName": "green"}, 1.0)
    before = world.describe("asked")

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert world.describe("asked") == before
    (unmark,) = world.do_all(world.plan(world.look("asked")))
    assert unmark.outcome == "done"
    assert MARK not in world.tags(_arn(world, "asked"))


def test_a_keep_tag_that_came_after_the_plan_holds(world: ActingWorld) -> None:
    audit_id = _due(world, "kept")
    _tag(world, "kept", "thriftline:keep", "true")
    before = world.describe("kept")

    answer = world.act(audit_id)

    assert (answer.outcome, world.describe("kept")) == ("declined", before)
    assert "thriftline:keep=true" in answer.reason


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sagemaker", "DescribeEndpoint"),
        ("sagemaker", "DescribeEndpointConfig"),
        ("sagemaker", "ListInferenceComponents"),
        ("sagemaker", "ListTags"),
        ("sagemaker", "DescribeModel"),
        ("cloudwatch", "GetMetricData"),
        ("application-autoscaling", "DescribeScalableTargets"),
        ("application-autoscaling", "DescribeScalingPolicies"),
        ("application-autoscaling", "DescribeScheduledActions"),
    ],
)
def test_a_read_error_at_the_moment_of_acting_leaves_it_alone(
    world: ActingWorld, service: str, operation: str
) -> None:
    audit_id = _due(world, "unread")
    before = world.describe("unread")
    world.aws.faults.add(AwsFault(service, operation, "AccessDeniedException", times=None))

    answer = world.act(audit_id)

    world.aws.faults.clear()
    assert (answer.outcome, world.describe("unread")) == ("declined", before)
    assert world.record(audit_id).calls == ()


def test_an_endpoint_that_is_being_updated_stays(world: ActingWorld) -> None:
    audit_id = _due(world, "updated")
    sagemaker = world.aws.client("sagemaker")
    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-config")

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert "updated" in world.endpoints()


@pytest.mark.parametrize("fault", ["DeregisterScalableTarget", "DeleteEndpoint"])
def test_a_refused_call_is_recorded_and_the_next_run_goes_on(
    world: ActingWorld, fault: str
) -> None:
    audit_id = _due(world, "refused") if fault == "DeleteEndpoint" else _due(world, "watched")
    service = "sagemaker" if fault == "DeleteEndpoint" else "application-autoscaling"
    world.aws.faults.add(AwsFault(service, fault, "ThrottlingException"))

    failed = world.act(audit_id)
    done = world.act(audit_id)

    assert (failed.outcome, done.outcome) == ("failed", "done")
    assert len(world.topic.sent) == 2
    assert "failed" in world.topic.sent[0][0]


def test_a_rehearsal_changes_nothing_and_tells_every_call(world: ActingWorld) -> None:
    audit_id = _due(world, "rehearsed")
    before, keys = world.describe("rehearsed"), _keys(world)

    rehearsal = world.act(audit_id, dry_run=True)
    unchanged = (world.describe("rehearsed"), _keys(world))
    world.act(audit_id)

    assert unchanged == (before, keys)
    assert rehearsal.outcome == "done"
    assert len(rehearsal.calls) == len(world.record(audit_id).calls)
    assert [line.split()[2] for line in rehearsal.calls] == [
        *("put-object", "put-object", "deregister-scalable-target", "delete-endpoint"),
        "delete-object",
    ]
    assert len(world.topic.sent) == len(world.bus.events) == 1


def _keys(world: ActingWorld) -> list[str]:
    return [stored.key for stored in world.artifacts.list("")]


@pytest.mark.parametrize("mode", [Mode.REPORT, Mode.MARK])
def test_a_function_does_no_more_than_its_own_mode(world: ActingWorld, mode: Mode) -> None:
    audit_id = _due(world, "unread")

    answer = world.act(audit_id, allowed=mode)

    assert answer.outcome == "declined"
    assert f"This function's mode is {mode}" in answer.reason
    assert "unread" in world.endpoints()


def test_an_audit_that_only_reports_does_nothing(world: ActingWorld) -> None:
    plan = world.plan(world.look("unread"), Mode.REPORT)
    audit_id = world.begin(plan, mode=Mode.REPORT)

    assert world.act(audit_id).outcome == "declined"
    assert "unread" in world.endpoints()


def test_a_failed_endpoint_that_is_young_by_the_time_of_acting_stays(world: ActingWorld) -> None:
    audit_id = world.begin(world.plan(world.look(FAILED[2])))
    world.parameters = replace(world.parameters, failed_endpoint_min_age_days=1000)
    settings = world.settings(audit_id)
    world.artifacts.write_json(settings_key(audit_id), settings.model_dump_json())

    answer = world.act(audit_id)

    assert answer.outcome == "declined"
    assert "last changed" in answer.reason
    assert FAILED[2] in world.endpoints()


def test_failed_endpoints_are_saved_and_deleted_under_the_cap(world: ActingWorld) -> None:
    capped = ActingWorld(world.aws, max_actions=2)
    held: ActionPlan = capped.plan(capped.look(*FAILED))
    assert {one.executes for one in held.actions} == {False}
    assert held.alerts

    answers = [world.do_all(world.plan(world.look(name)))[0] for name in FAILED[:2]]

    assert [one.outcome for one in answers] == ["done", "done"]
    assert FAILED[2] in world.endpoints()
    saved = [key for key in _keys(world) if key.startswith("saved/endpoints/")]
    assert {key.split("/")[4] for key in saved}.issuperset(FAILED[:2])
    assert REGION in saved[0]
