"""The plan of a whole run: its order, its caps, and what an earlier run left behind."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from thriftline.domain.audit.actions import ActionPlan, PlannedAction, Step
from thriftline.domain.audit.facts import ResourceKind
from thriftline.domain.audit.findings import ActionKind
from thriftline.domain.audit.parameters import Mode
from thriftline.domain.audit.run_plan import Interrupted, executing, plan_run

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
    tag = _plan(*(_action(ActionKind.TAG_RESOURCE, name=f"t-{n}") for n in range(9)))

    held = plan_run([one, other, tag], (), [HERE, THERE], 3, Mode.ACT)
    admitted = plan_run([one, other, tag], (), [HERE, THERE], 4, Mode.ACT)

    assert {one.executes for one in held.actions if one.action is END} == {False}
    assert len(held.alerts) == 1
    assert "4 x terminate_endpoint" in held.alerts[0]
    assert len(executing(held)) == 9
    assert len(executing(admitted)) == 13


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
    without = {ActionKind.UNMARK_ENDPOINT, ActionKind.TAG_RESOURCE, ActionKind.TAKE_EXPIRY_AWAY}
    for kind in set(ActionKind) - without:
        assert sum(plan.actions[index].action is kind for index in executing(plan)) <= most
