"""What the projects' finished runs took, kept in the runs table."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.runs.run_world import RunWorld, run_world
from thriftline.runs.aws import finished_runs
from thriftline.runs.domain.finished_runs import FinishedRun

RUN = FinishedRun(
    run_id="reviews-1",
    trainer="sagemaker",
    workload={"workload": {"train_rows": 800, "mean_characters": 113.5}},
    place={"instance_type": "ml.m5.xlarge", "instance_count": 1},
    seconds=321,
    ended_at="2026-11-21T12:00:00+00:00",
)


@pytest.fixture
def world() -> Iterator[RunWorld]:
    with run_world() as made:
        yield made


def test_a_run_is_read_as_it_was_kept(world: RunWorld) -> None:
    assert world.finished.of("reviews") == ()

    world.finished.add("reviews", RUN)
    world.finished.add("reviews", RUN)

    assert world.finished.of("reviews") == (RUN,)
    assert world.finished.of("another") == ()


def test_what_a_later_version_kept_beside_it_is_left_out(world: RunWorld) -> None:
    class Later(finished_runs.FinishedRuns):
        def _item(self, project: str) -> dict[str, Any]:
            return {
                name: {"S": value["S"].replace('"trainer"', '"carbon_grams": 12, "trainer"')}
                if "S" in value and name.startswith("run#")
                else value
                for name, value in super()._item(project).items()
            }

    world.finished.add("reviews", RUN)
    later = Later(world.finished._client, "runs")

    assert "carbon_grams" in str(later._item("reviews"))
    assert later.of("reviews") == (RUN,)


def test_runs_come_in_the_order_in_which_they_ended(world: RunWorld) -> None:
    for day in (3, 1, 2):
        world.finished.add(
            "reviews", replace(RUN, run_id=f"r-{day}", ended_at=f"2026-11-0{day}T00:00:00+00:00")
        )

    assert [run.run_id for run in world.finished.of("reviews")] == ["r-1", "r-2", "r-3"]


def test_the_oldest_go_when_there_are_too_many(
    world: RunWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished_runs, "MOST_RUNS", 3)
    for day in range(1, 8):
        world.finished.add(
            "reviews", replace(RUN, run_id=f"r-{day}", ended_at=f"2026-11-0{day}T00:00:00+00:00")
        )

    assert [run.run_id for run in world.finished.of("reviews")] == ["r-5", "r-6", "r-7"]


class Raced(finished_runs.FinishedRuns):
    """Another run ends between the look at the others and the writing."""

    def of(self, project: str) -> tuple[FinishedRun, ...]:
        found = super().of(project)
        finished_runs.FinishedRuns(self._client, self._name).add(
            project, replace(RUN, run_id="the-other")
        )
        return found


def test_runs_that_end_at_one_instant_both_stay(world: RunWorld) -> None:
    Raced(world.finished._client, "runs").add("reviews", RUN)

    assert {run.run_id for run in world.finished.of("reviews")} == {RUN.run_id, "the-other"}
