"""What comes a second time, too late, under a wrong name or with other settings."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.runs.arrivals_project import (
    NO_SPEC,
    SPLITS,
    WHOLE,
    Project,
    play,
)
from thriftline.runs.domain.arrivals import (
    Action,
    Arrival,
    ProjectState,
    Settings,
    decide,
)


def several() -> Project:
    project = Project()
    play(project, (*SPLITS, "run.yaml"), (9,) * 4)
    assert project.names == [WHOLE]
    return project


def test_a_new_version_and_run_yaml_again_are_a_new_run() -> None:
    project = several()
    project.settle(project.put("train.csv", "new"))
    project.settle(project.put("run.yaml", "again"))
    assert [run["validation.csv@x"] for run in project.names] == ["validation"] * 2
    assert "train.csv@new" in project.names[1]


def test_run_yaml_again_with_nothing_new_is_a_duplicate_that_names_the_key() -> None:
    project = several()
    decision = project.settle(project.put("run.yaml", "again"))
    assert decision.action is Action.DUPLICATE
    assert decision.tell
    assert "repeat: true" in decision.reason
    assert "run-0" in decision.reason


def test_run_yaml_again_with_other_settings_is_a_new_run() -> None:
    project = several()
    other = Settings(None, "other settings")
    assert project.settle(project.put("run.yaml", "2", other)).action is Action.OPEN


def test_run_yaml_again_that_asks_for_a_repetition_is_a_new_run_once() -> None:
    project = several()
    again = project.put("run.yaml", "2", replace(NO_SPEC, repeat=True))
    assert project.settle(again).action is Action.OPEN
    second = replace(again, execution_arn="another execution")
    assert project.settle(second).action is Action.DUPLICATE


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_run_yaml_again_after_a_run_without_a_model_is_a_new_run(status: str) -> None:
    project = several()
    project.end(status)
    assert project.settle(project.put("run.yaml", "again")).action is Action.OPEN


def test_another_training_file_is_something_new() -> None:
    project = several()
    project.settle(project.put("train-2.csv"))
    assert project.settle(project.put("run.yaml", "again")).action is Action.OPEN
    assert set(project.names[1]) == {*WHOLE, "train-2.csv@x"}


def test_a_late_run_yaml_does_not_train_again_what_started_by_itself() -> None:
    project = Project()
    project.settle(project.put("train.csv"))
    project.settle(project.put("test.csv"))
    decision = project.settle(project.put("run.yaml", settings=Settings(None, "other settings")))
    assert decision.action is Action.DUPLICATE
    assert decision.tell
    assert len(project.runs) == 1


def same_bytes(first: Project, name: str) -> Arrival:
    """Upload a file's bytes again: another version, the same ETag."""
    old = first.files[name]
    arrival = first.put(name, "another")
    first.files[name] = replace(old, version_id=arrival.version_id)
    return arrival


def test_the_same_bytes_with_the_same_settings_name_the_run_that_they_equal() -> None:
    project = Project()
    project.settle(project.put("reviews.csv"))
    project.end("succeeded")
    decision = project.settle(same_bytes(project, "reviews.csv"))
    assert decision.action is Action.DUPLICATE
    assert decision.tell
    assert "run-0: the same bytes" in decision.reason


def test_the_same_bytes_with_other_settings_or_on_demand_are_a_new_run() -> None:
    for settings in (Settings(None, "other"), replace(NO_SPEC, repeat=True)):
        project = Project()
        project.settle(project.put("reviews.csv"))
        project.settle(project.put("run.yaml", settings=settings))
        assert project.settle(same_bytes(project, "reviews.csv")).action is Action.OPEN


def test_the_same_bytes_after_a_failure_are_a_new_run() -> None:
    project = Project()
    project.settle(project.put("reviews.csv"))
    project.end("failed")
    assert project.settle(same_bytes(project, "reviews.csv")).action is Action.OPEN


BROKEN = Settings(None, problem="run.yaml line 1: no")


def test_one_mistake_in_run_yaml_is_one_rejection() -> None:
    for order in itertools.permutations(("run.yaml", "reviews.csv")):
        project = Project()
        play_with(project, order, BROKEN)
        assert [claim.ended for claim in project.claims] == ["rejected"], order
        assert project.runs == []


def play_with(project: Project, order: Sequence[str], settings: Settings) -> None:
    waiting = []
    for name in order:
        arrival = project.put(name, settings=settings)
        if project.arrive(arrival).action is Action.WAIT:
            waiting.append(replace(arrival, settled=True))
    for arrival in waiting:
        project.arrive(arrival)


def test_a_mended_run_yaml_starts_the_one_file_that_waits_for_it() -> None:
    project = Project()
    play_with(project, ("run.yaml", "reviews.csv"), BROKEN)
    assert project.runs == []
    assert project.settle(project.put("run.yaml", "mended")).action is Action.OPEN
    assert project.names == [{"reviews.csv@x": None}]


def test_a_file_that_was_rejected_with_this_run_yaml_is_not_rejected_twice() -> None:
    """run.yaml first, then the file; run.yaml's own wait ends after the file's run has ended."""
    project = Project()
    spec = project.put("run.yaml")
    assert project.arrive(spec).action is Action.WAIT
    project.settle(project.put("reviews.csv"))
    project.end("rejected")
    assert project.arrive(replace(spec, settled=True)).action is Action.DUPLICATE


def test_run_yaml_after_a_trained_file_holds_for_the_next_upload() -> None:
    project = Project()
    project.settle(project.put("reviews.csv"))
    project.end("succeeded")
    decision = project.settle(project.put("run.yaml", settings=Settings(None, "other")))
    assert (decision.action, decision.tell) == (Action.IGNORE, "")
    assert project.settle(project.put("reviews.csv", "new")).action is Action.OPEN
    assert project.claims[-1].settings_digest == "other"


@pytest.mark.parametrize("name", ["run.yml", "Run.yaml", "run.yaml.txt", "run.YAML", "run.yaml "])
def test_a_misnamed_run_yaml_beside_the_data_is_refused(name: str) -> None:
    project = Project()
    project.put(name)
    decision = project.settle(project.put("reviews.csv"))
    assert decision.action is Action.REJECT
    assert name.strip() in decision.reason
    assert project.runs == []


def test_a_file_beside_a_data_set_of_several_files_does_not_start_and_is_told() -> None:
    project = several()
    decision = project.settle(project.put("extra.csv"))
    assert decision.action is Action.IGNORE
    assert decision.tell
    assert "no split" in decision.reason


@pytest.mark.parametrize("gone", [True, False])
def test_a_version_that_is_not_current_any_more_starts_nothing(gone: bool) -> None:
    project = Project()
    arrival = project.put("reviews.csv", "1")
    if gone:
        del project.files["reviews.csv"]
    else:
        project.put("reviews.csv", "2")
    assert project.settle(arrival).action is Action.IGNORE


def test_a_run_yaml_that_changes_between_two_looks_is_read_again() -> None:
    project = Project()
    project.put("run.yaml", "2")
    arrival = project.put("reviews.csv")
    stale = Settings("run.yaml@1", "old")
    scene = ProjectState(dict(project.files), ())
    settled = replace(arrival, settled=True)
    assert decide(settled, stale, scene).action is Action.READ_SETTINGS


def test_a_file_in_two_splits_is_refused() -> None:
    project = Project()
    settings = Settings(None, "", {"train": ("a.csv",), "validation": None, "test": ("*.csv",)})
    project.put("a.csv")
    decision = project.settle(project.put("run.yaml", settings=settings))
    assert decision.action is Action.REJECT
    assert "a.csv is in more than one split" in decision.reason


def test_too_many_files_are_refused() -> None:
    project = Project()
    for n in range(10_001):
        project.put(f"train-{n}.csv")
    decision = project.settle(project.put("run.yaml"))
    assert decision.action is Action.REJECT
    assert "10,001 files" in decision.reason
