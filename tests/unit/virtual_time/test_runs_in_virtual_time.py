"""Whole runs of the shipped machines and functions on a virtual clock, with what goes wrong.

``make test-virtual-time`` plays 10,000 of them. A seed that fails here is played again by
``python -m tests.virtual_time --seed N --tell``.
"""

from collections import Counter
from functools import cache
from typing import Any

import pytest

from tests.virtual_time.play import Played, play
from tests.virtual_time.stack import function, machine
from tests.virtual_time.world import ABANDONED, TRAINING

BATCHES, BATCH = 9, 4
# A data set of gigabytes, a deployment, and what only long outages lead to.
ELSEWHERE = {
    "Validate ranges", "Merge validation", "Deploy model", "Note refused deployment",
    "Left undone", "Wait for the services", "Result not published",
}  # fmt: skip


@cache
def played(batch: int) -> tuple[Played, ...]:
    """Some worlds of six uploads each."""
    return tuple(play(seed, uploads=6) for seed in range(batch * BATCH, (batch + 1) * BATCH))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_invariant_holds(batch: int) -> None:
    assert [(one.seed, told) for one in played(batch) for told in one.broken] == []


def test_more_than_200_runs_end_in_every_way_and_enter_every_state() -> None:
    worlds = [one for batch in range(BATCHES) for one in played(batch)]
    assert sum(one.runs for one in worlds) >= 200
    endings, states = Counter[str](), Counter[str]()
    for one in worlds:
        endings.update(one.endings)
        states.update(one.states)
    assert set(endings) == {"succeeded", "not_promoted", "rejected", "failed"}
    every = {
        name for logical in (TRAINING, ABANDONED) for name in machine(logical)[0].states.by_name
    }
    assert every - set(states) - ELSEWHERE == set()
    kinds = Counter[str]()
    for one in worlds:
        kinds.update(one.kinds)
    # A good part of the runs prepares raw data, and one is trained on Bedrock.
    for kind, least in (("prepared", 15), ("bedrock", 15), ("prepared, asked for", 1)):
        assert kinds[kind] >= least, kinds


def test_a_seed_plays_the_same_again() -> None:
    first, again = play(7, uploads=3), play(7, uploads=3)
    assert first == again


def cleans_nothing(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """A clean-up that says that it did, and leaves job and scratch."""
    return {"stopped_jobs": [], "deleted_objects": 0, "left": []}


def settles_nothing(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """A sweep that never finds anything."""
    return {"kept": 0, "unknown": 0, "settled": 0, "first_settled": [], "stopped_jobs": []}


def publishes_nothing(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """The result is neither written nor told."""
    return {"run_id": "", "status": "failed", "reason": "", "result_uri": "", "report_uri": ""}


def promotes_whatever(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The workflow is told that the gate approved, whatever it decided."""
    return {**function("EvaluateRunFunction").handler(event, context), "promotion": "approved"}


def starts_more(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each attempt is made once more, beside the one that the machine looks at."""
    handler = function("StartTrainingFunction").handler
    answer = handler(event, context)
    return handler({**event, "attempt": event["attempt"] + 1}, context) and answer


def prepares_more(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Each attempt at a preparation is made once more."""
    handler = function("StartPreparationFunction").handler
    answer = handler(event, context)
    return handler({**event, "attempt": event["attempt"] + 1}, context) and answer


def asks_nobody(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A preparation is never asked for, whatever it may cost."""
    answer = function("PlanPreparationFunction").handler(event, context)
    return {**answer, "needs_approval": False}


# The function, its faulty twin, what is said of it, and the first seed that is played.
PLANTED = [
    ("StartPreparationFunction", prepares_more, "ran at once", 1),
    ("PlanPreparationFunction", asks_nobody, "and a person was asked for 4", 17),
    ("CleanUpFunction", cleans_nothing, "objects are left in scratch/", 1),
    ("SweepLedgerFunction", settles_nothing, "still holds", 1),
    ("PublishResultFunction", publishes_nothing, "it has no result.json", 1),
    ("EvaluateRunFunction", promotes_whatever, "it is succeeded, and its version Rejected", 1),
    ("StartTrainingFunction", starts_more, "ran at once", 1),
]


@pytest.mark.parametrize(("name", "planted", "told", "first"), PLANTED)
def test_a_planted_fault_is_found(name: str, planted: Any, told: str, first: int) -> None:
    found: list[str] = []
    for seed in range(first, first + 40):
        found += play(seed, uploads=4, replaced={name: planted}).broken
        if any(told in one for one in found):
            return
    pytest.fail(f"nothing says {told!r}: {found[:5]}")
