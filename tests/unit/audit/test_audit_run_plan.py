"""The plan of a whole run: its order, its caps, and what an earlier run left behind."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.audit.domain.actions import ActionPlan, PlannedAction, Refused, Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind, ApiCall
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.run_plan import Interrupted, executing, plan_run, why_it_stays

HERE = ("123456789012", "us-west-2")
THERE = ("123456789012", "eu-west-1")
END = ActionKind.TERMINATE_ENDPOINT
SINCE = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _action(
    kind: ActionKind = END, step: Step = Step.EXECUTE, name: str = "chat", **facts: Any
) -> PlannedAction:
    dull: dict[str, Any] = {
        "resource_type": ResourceKind.ENDPOINT,
        "account": HERE[0],
        "region": HERE[1],
        "reason": "idle",
        "finding": None,
        "calls": (),
        "undo": "",
        "due": None,
        "executes": step is not Step.WAIT,
        "withheld": None,
    }
    return PlannedAction(action=kind, step=step, resource=name, **(dull | facts))


def _plan(*actions: PlannedAction) -> ActionPlan:
    return ActionPlan(actions, (), ())


def _interrupted(name: str = "chat", place: tuple[str, str] = HERE) -> Interrupted:
    return Interrupted(
        account=place[0],
        region=place[1],
        endpoint=name,
        action=END,
        since=SINCE,
        reason="0 invocations.",
        finding=None,
    )


def test_marks_come_first_and_deletions_last() -> None:
    steps = [
        _action(END, Step.WAIT, "a"),
        _action(END, Step.EXECUTE, "b"),
        _action(ActionKind.SET_LOG_RETENTION, Step.EXECUTE, "c"),
        _action(END, Step.MARK, "d"),
        _action(ActionKind.UNMARK_ENDPOINT, Step.MARK, "e"),
    ]
    plan = plan_run([_plan(*steps)], (), [HERE], 25, Mode.ACT)
    assert [one.resource for one in plan.actions] == ["e", "d", "c", "b", "a"]
    assert executing(plan) == (0, 1, 2, 3)


def test_the_cap_counts_over_all_accounts_and_regions() -> None:
    one = _plan(*(_action(name=f"here-{n}") for n in range(2)))
    other = _plan(*(_action(name=f"there-{n}", region=THERE[1]) for n in range(2)))
    unmark = _plan(*(_action(ActionKind.UNMARK_ENDPOINT, name=f"u-{n}") for n in range(9)))

    held = plan_run([one, other, unmark], (), [HERE, THERE], 3, Mode.ACT)
    admitted = plan_run([one, other, unmark], (), [HERE, THERE], 4, Mode.ACT)

    assert {one.executes for one in held.actions if one.action is END} == {False}
    assert len(held.alerts) == 1
    assert "4 x terminate_endpoint" in held.alerts[0]
    assert len(executing(held)) == 9
    assert len(executing(admitted)) == 13


def test_the_cap_counts_what_is_touched_not_how_often() -> None:
    twice = _plan(*(_action(ActionKind.APPLY_LIFECYCLE_RULES, name="one") for _ in range(2)))
    assert len(executing(plan_run([twice], (), [HERE], 1, Mode.ACT))) == 2
    calls = tuple(ApiCall("sagemaker", "AddTags", {"ResourceArn": f"arn-{n}"}) for n in range(2))
    tags = _plan(_action(ActionKind.TAG_RESOURCE, name="endpoints", calls=calls))
    assert executing(plan_run([tags], (), [HERE], 1, Mode.ACT)) == ()
    assert executing(plan_run([tags], (), [HERE], 2, Mode.ACT)) == (0,)


IDLE = "ml.sagemaker.endpoint.idle|123456789012|us-west-2|chat"


@pytest.mark.parametrize(
    ("finding", "until", "problem", "stays"),
    [
        (IDLE, date(2026, 11, 22), None, True),
        (IDLE.replace("idle", "failed"), date(2026, 11, 22), None, True),
        (IDLE, date(2026, 11, 21), None, False),
        (IDLE.replace("chat", "chat-2"), date(2026, 11, 22), None, False),
        ("ml.tags.missing|123456789012|us-west-2|chat", date(2026, 11, 22), None, False),
        (IDLE.replace("chat", "chat-2"), date(2026, 11, 22), "line 3 is no YAML", True),
    ],
)
def test_an_interrupted_termination_that_was_accepted_may_only_be_put_back(
    finding: str, until: date, problem: str | None, stays: bool
) -> None:
    accepted = [Acceptance(finding, "they need it", until)]
    begun = _interrupted()
    why = why_it_stays(begun, accepted, problem, date(2026, 11, 22))
    plan = plan_run([_plan()], [replace(begun, stays=why)], [HERE], 0, Mode.ACT)
    (one,) = plan.actions
    assert one.executes
    assert (one.step is Step.PUT_BACK) is stays
    assert (one.calls == ()) is stays


def test_what_a_target_withheld_counts_no_more() -> None:
    withheld = _plan(*(_action(name=f"w-{n}", executes=False, withheld="cap") for n in range(9)))
    plan = plan_run([withheld, _plan(_action(name="x", region=THERE[1]))], (), [HERE], 3, Mode.ACT)
    assert [plan.actions[index].resource for index in executing(plan)] == ["x"]


def test_an_interrupted_termination_is_taken_up_beside_the_caps_and_once() -> None:
    planned = _plan(_action(name="chat"), _action(name="other"))
    plan = plan_run([planned], [_interrupted()], [HERE], 0, Mode.ACT)
    (index,) = executing(plan)
    assert plan.actions[index].resource == "chat"
    assert "did not end" in plan.actions[index].reason
    assert [one.resource for one in plan.actions].count("chat") == 1


def test_an_interrupted_termination_that_may_not_go_on_is_told_of() -> None:
    plan = plan_run([_plan()], [_interrupted()], [HERE], 25, Mode.REPORT)
    elsewhere = plan_run([_plan()], [_interrupted(place=THERE)], [HERE], 25, Mode.ACT)
    assert executing(plan) == executing(elsewhere) == ()
    assert "mode report may not go on" in plan.alerts[0]
    assert "does not look there" in elsewhere.alerts[0]


@given(
    st.lists(
        st.tuples(st.sampled_from([*ActionKind]), st.sampled_from([*Step]), st.integers(0, 3)),
        max_size=30,
    ),
    st.integers(0, 5),
)
def test_nothing_is_lost_added_or_allowed_that_no_target_planned(
    drawn: list[tuple[ActionKind, Step, int]], most: int
) -> None:
    actions = [_action(kind, step, f"r{number}") for kind, step, number in drawn]
    plan = plan_run([_plan(*actions)], (), [HERE], most, Mode.ACT)
    names = sorted((one.action, one.step, one.resource) for one in plan.actions)
    assert names == sorted((one.action, one.step, one.resource) for one in actions)
    for index in executing(plan):
        assert plan.actions[index].step is not Step.WAIT
    for kind in set(ActionKind) - {ActionKind.UNMARK_ENDPOINT, ActionKind.TAKE_EXPIRY_AWAY}:
        done = (plan.actions[index] for index in executing(plan))
        assert len({one.resource for one in done if one.action is kind}) <= most


def test_what_an_earlier_run_began_is_planned_with_all_that_it_was_about() -> None:
    begun = replace(_interrupted(), finding=IDLE)
    plan = plan_run([_plan()], [begun], [HERE], 0, Mode.ACT)
    undo = "The restore command, with the copy that was saved before."
    began = "0 invocations. (An earlier run began this at 2026-11-20 09:00 UTC and did not"
    wanted = PlannedAction(
        action=END,
        step=Step.EXECUTE,
        resource_type=ResourceKind.ENDPOINT,
        resource="chat",
        account=HERE[0],
        region=HERE[1],
        reason=f"{began} end: the endpoint is deleted if it still may be, or put back as it was.)",
        finding=IDLE,
        calls=(ApiCall("sagemaker", "DeleteEndpoint", {"EndpointName": "chat"}),),
        undo=undo,
        due=None,
        executes=True,
        withheld=None,
    )
    assert plan.actions == (wanted,)
    kept = plan_run([_plan()], [replace(begun, stays="It was kept.")], [HERE], 0, Mode.MARK)
    assert kept.actions == (
        replace(
            wanted,
            step=Step.PUT_BACK,
            reason=f"{began} end.) It was kept.",
            calls=(),
            executes=False,
        ),
    )


def test_a_person_is_told_what_an_interrupted_termination_needs() -> None:
    began = (
        "chat in 123456789012/{}: an earlier run began to take it apart at 2026-11-20 09:00 UTC "
        "and did not end"
    )
    marking = plan_run([_plan()], [_interrupted()], [HERE], 25, Mode.MARK)
    elsewhere = plan_run([_plan()], [_interrupted(place=THERE)], [HERE], 25, Mode.MARK)
    assert marking.alerts == (
        f"{began.format('us-west-2')}; mode mark may not go on. Restore it, or audit in mode act.",
    )
    assert elsewhere.alerts == (
        f"{began.format('eu-west-1')}; this audit does not look there. Audit it, or restore it.",
    )
    assert plan_run([_plan()], [_interrupted()], [HERE], 25, Mode.ACT).alerts == ()


def test_the_cap_of_a_run_withholds_with_its_reason_and_keeps_an_earlier_one() -> None:
    held = _action(name="held", executes=False, withheld="by its target")
    plan = plan_run([_plan(_action(name="a"), _action(name="b"), held)], (), [HERE], 1, Mode.ACT)
    why = (
        "2 x terminate_endpoint in one run, over all accounts and regions: more than 1 "
        "(max_actions). Nothing of this kind is done; look at them, then raise the cap."
    )
    assert plan.alerts == (why,)
    assert {one.resource: (one.withheld, one.executes) for one in plan.actions} == {
        "a": (why, False),
        "b": (why, False),
        "held": ("by its target", False),
    }


def test_refusals_and_alerts_of_all_targets_are_kept() -> None:
    refused = Refused(END, "chat", ("kept",))
    plans = [ActionPlan((), (refused,), ("first",)), ActionPlan((), (refused,), ("second",))]
    plan = plan_run(plans, (), [HERE], 1, Mode.ACT)
    assert plan.refused == (refused, refused)
    assert plan.alerts == ("first", "second")
