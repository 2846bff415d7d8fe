"""The watch over the month: people are told once, and the switch stops what runs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.unit.runs.budget_world import Scene, StandInTopic, a_scene
from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.fake_sagemaker import refusal
from tests.unit.runs.run_world import NOW, RUN_ID
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import AccessDeniedError
from thriftline.money.ledger import Budgets
from thriftline.money.month import Counting, Hold
from thriftline.runs.steps.watch_budget import KillSwitch, watch_budget


@pytest.fixture
def scene() -> Iterator[Scene]:
    with a_scene() as made:
        yield made


def watched(
    scene: Scene,
    topic: StandInTopic,
    budgets: Budgets,
    *,
    is_on: bool,
    more: tuple[Hold, ...] = (),
    failed: list[str] | None = None,
) -> tuple[str, ...]:
    world = scene.world
    errors = [] if failed is None else failed
    trainers = trainers_over(world.artifacts, scene.sagemaker)
    return watch_budget(
        ledger=world.ledger,
        budgets=budgets,
        alerts=Topic(cast("Any", topic), "arn:topic"),
        switch=KillSwitch(
            is_on, world.runs, world.artifacts, trainers, engines_over(world.artifacts)
        ),
        holds=(*more, *world.ledger.month("2026-11").holds.values()),
        report=lambda run_id, _: errors.append(run_id),
        now=NOW,
    )


def test_people_are_told_once_that_a_budget_is_spent_and_runs_go_on(scene: Scene) -> None:
    scene.reserve()
    scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("9.50")))
    topic, budgets = StandInTopic(), Budgets(Decimal(10), {})
    for _ in range(3):
        assert watched(scene, topic, budgets, is_on=True) == ()
    ((subject, text),) = topic.messages
    assert subject == "Thriftline: 95 % of the budget for 2026-11 is spent"
    assert "Outside Thriftline: $9.50. Held for 1 run: $1.61." in text
    scene.world.ledger.change("2026-11", Counting(Decimal("9.50"), Decimal("10.50")))
    assert watched(scene, topic, budgets, is_on=False) == ()
    assert "New runs are refused" in topic.messages[-1][1]
    assert scene.sagemaker.stopped == []
    # With nothing left the next run is refused.
    assert budgets.left(scene.world.ledger.month("2026-11"), "Reviews") < 0


def test_the_kill_switch_stops_what_the_stack_has_started(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    scene.sagemaker.jobs["of-somebody-else"] = {"TrainingJobStatus": "InProgress"}
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    topic = StandInTopic()
    assert watched(scene, topic, Budgets(Decimal(10), {}), is_on=True) == (name,)
    assert scene.sagemaker.stopped == [name]
    assert name in topic.messages[-1][1]
    assert "StopRunsAtBudget" in topic.messages[-1][1]
    assert (scene.world.runs.get(RUN_ID) or {})["stopped_by"] == "the month's budget"


def test_a_budget_of_nothing_refuses_new_runs_and_stops_none(scene: Scene) -> None:
    scene.reserve()
    scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    nothing = Budgets(Decimal(0), {})
    assert watched(scene, StandInTopic(), nothing, is_on=True) == ()
    assert scene.sagemaker.stopped == []
    assert nothing.left(scene.world.ledger.month("2026-11"), "Reviews") < 0


def test_a_run_that_cannot_be_stopped_does_not_keep_the_switch_from_the_others(
    scene: Scene,
) -> None:
    scene.reserve()
    name = scene.start()
    scene.world.put("runs/Reviews-0badbad0/plan.json", "{}")
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    topic, failed = StandInTopic(), list[str]()
    unreadable = Hold("Reviews-0badbad0", "Reviews", Decimal(1), NOW)
    budgets = Budgets(Decimal(10), {})
    stopped = watched(scene, topic, budgets, is_on=True, more=(unreadable,), failed=failed)
    assert stopped == (name,)
    assert failed == ["Reviews-0badbad0"]
    assert name in topic.messages[-1][1]


class BrokenTopic(StandInTopic):
    """SNS that refuses every message."""

    def publish(self, **request: str) -> None:
        raise refusal("Publish", "AccessDeniedException", request["Subject"], 403)


def test_a_message_that_cannot_be_sent_lets_no_job_go_on(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    scene.world.ledger.change("2026-11", Counting(Decimal(0), Decimal("10.50")))
    with pytest.raises(AccessDeniedError):
        watched(scene, BrokenTopic(), Budgets(Decimal(10), {}), is_on=True)
    assert scene.sagemaker.stopped == [name]
