"""What an upload starts, over every order and timing of what may arrive."""

import itertools
from dataclasses import replace

import pytest

from tests.unit.runs.arrivals_project import (
    SPLITS,
    WHOLE,
    Project,
    orders_with_waits,
    play,
)
from thriftline.runs.domain.arrivals import (
    Action,
    Settings,
)


@pytest.mark.parametrize(
    "items",
    [
        (*SPLITS, "run.yaml"),
        (*SPLITS, "run.yaml=1", "run.yaml=2"),
        (*SPLITS, "dev.csv", "run.yaml"),
        (*SPLITS, "extra.csv", "run.yaml"),
        ("train.csv=1", "train.csv=2", "test.csv", "run.yaml=1", "run.yaml=2"),
        ("extra.csv", "run.yaml=1", "run.yaml=2"),
        ("train.csv=1", "extra.csv=1", "extra.csv=2", "run.yaml"),
    ],
    ids=" ".join,
)
def test_no_version_is_trained_twice_in_any_order_and_timing(items: tuple[str, ...]) -> None:
    for order, waits in orders_with_waits(items):
        project = Project()
        play(project, order, waits)
        assert max(project.times_trained.values(), default=0) <= 1, (order, waits, project.names)
        for run in project.names:
            # What is called validation or test is never trained on.
            assert all(
                split in (None, "train") if "train" in version else True
                for version, split in run.items()
            )
            assert not any(
                split in (None, "train")
                for version, split in run.items()
                if version.startswith(("test", "validation", "dev"))
            )


def test_files_before_run_yaml_are_one_run_of_all_of_them_in_every_order_and_timing() -> None:
    for order in itertools.permutations(SPLITS):
        for waits in itertools.product((0, 9), repeat=4):
            project = Project()
            # A wait that is over before the other files came is a data set of one file.
            if waits[order.index("train.csv")] == 0 and order[0] == "train.csv":
                continue
            play(project, [*order, "run.yaml"], waits)
            assert project.names == [WHOLE], (order, waits)


def test_everything_within_the_wait_is_one_run_in_every_order() -> None:
    for order in itertools.permutations((*SPLITS, "dev.csv", "extra.csv", "run.yaml")):
        project = Project()
        play(project, order, (9,) * len(order))
        assert len(project.runs) == 1, (order, project.names)
        assert project.names[0].items() >= {"train.csv@x": "train", "test.csv@x": "test"}.items()
        if order[-1] == "run.yaml":
            assert project.left_out == [("extra.csv",)]
            assert project.names[0]["dev.csv@x"] == "validation"


def test_one_file_and_run_yaml_within_the_wait_are_one_run_with_its_settings() -> None:
    for order in itertools.permutations(("reviews.csv", "run.yaml")):
        project = Project()
        play(project, order, (9, 9))
        assert project.names == [{"reviews.csv@x": None}]
        assert project.claims[0].settings_version == "run.yaml@x"
        assert project.claims[0].execution_arn == "execution of reviews.csv@x"


@pytest.mark.parametrize("items", [("reviews.csv",), ("train.csv",), (*SPLITS, "run.yaml")])
def test_a_second_event_of_any_upload_is_a_duplicate(items: tuple[str, ...]) -> None:
    project = Project()
    arrivals = [project.put(name) for name in items]
    for arrival in arrivals:
        project.settle(arrival)
    before = len(project.runs)
    for arrival in arrivals:
        again = replace(arrival, execution_arn="another execution")
        assert project.settle(again).action in (Action.DUPLICATE, Action.IGNORE)
    assert len(project.runs) == before == 1


def test_a_retry_of_the_owner_opens_the_same_run_again() -> None:
    project = Project()
    arrival = project.put("reviews.csv")
    first = project.settle(arrival)
    assert project.ask(replace(arrival, settled=True)) == first


# What a run.yaml says that names files.
NAMED = Settings(
    None, "named", {"train": None, "validation": ("dev.csv",), "test": ("holdout.csv",)}
)
NAMED_TRAIN = Settings(None, "parts", {"train": ("part-*.csv",), "validation": None, "test": None})


def test_files_that_run_yaml_names_are_one_run_in_every_order() -> None:
    """A file that is named holdout is none by its name: run.yaml must come within the wait."""
    for order in itertools.permutations(("train.csv", "dev.csv", "holdout.csv", "run.yaml")):
        project = Project()
        waiting = []
        for name in order:
            arrival = project.put(name, settings=NAMED)
            if project.arrive(arrival).action is Action.WAIT:
                waiting.append(replace(arrival, settled=True))
        for arrival in waiting:
            project.arrive(arrival)
        assert project.names == [
            {"train.csv@x": "train", "dev.csv@x": "validation", "holdout.csv@x": "test"}
        ], order


def test_run_yaml_before_its_files_asks_for_itself_once_more() -> None:
    project = Project()
    assert project.settle(project.put("run.yaml", settings=NAMED)).tell
    for name in ("train.csv", "dev.csv", "holdout.csv"):
        assert project.settle(project.put(name)).action is Action.IGNORE
    project.settle(project.put("run.yaml", "again", settings=NAMED))
    assert len(project.runs) == 1


@pytest.mark.parametrize(
    "name",
    [
        "val.csv",
        "dev.csv",
        "valid.csv",
        "eval.csv",
        "Test.csv",
        "TESTING.csv",
        "validation-3.csv",
        "development.jsonl",
        "evaluation.parquet",
        "test-00001-of-00002.csv.gz",
        "train-7.csv",
        "reviews-00001-of-00002.csv",
    ],
)
def test_a_file_that_is_one_of_several_by_its_name_never_starts_and_needs_no_look(
    name: str,
) -> None:
    project = Project()
    assert project.settle(project.put(name)).action is Action.IGNORE
    assert set(project.looks) == {Action.IGNORE}


@pytest.mark.parametrize("name", ["train.csv", "Train.csv", "training.csv", "train-1.csv"])
def test_a_lone_training_file_starts_after_the_wait(name: str) -> None:
    project = Project()
    arrival = project.put(name)
    assert project.arrive(arrival).action is Action.WAIT
    assert project.settle(arrival).action is Action.OPEN


def test_1200_shards_and_run_yaml_are_looked_at_once() -> None:
    project = Project()
    shards = [project.put(f"train-{n:05d}-of-01200.csv") for n in range(1200)]
    for shard in shards:
        project.settle(shard)
    project.settle(project.put("run.yaml"))
    assert len(project.runs) == 1
    assert len(project.runs[0]) == 1200
    assert project.looks[Action.LOOK] <= 2


def test_1200_named_parts_are_looked_at_once() -> None:
    project = Project()
    project.settle(project.put("run.yaml", settings=NAMED_TRAIN))
    for n in range(1200):
        project.settle(project.put(f"part-{n}.csv"))
    project.settle(project.put("run.yaml", "again", settings=NAMED_TRAIN))
    assert len(project.runs) == 1
    # One look and one more after the wait, for each of the two run.yaml.
    assert project.looks[Action.LOOK] <= 4
