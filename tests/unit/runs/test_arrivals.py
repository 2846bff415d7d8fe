"""What an upload starts, over every order and timing of what may arrive.

A small model of the world stands in for S3, EventBridge and the table: events wait in a list and
are handed to ``decide`` in every order, at once or after the wait that it asks for.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from thriftline.runs.domain.arrivals import (
    Action,
    Arrival,
    Claim,
    Decision,
    FileVersion,
    Member,
    ProjectState,
    Settings,
    content_digest,
    decide,
    member_digests,
)
from thriftline.runs.domain.uploads import RUN_SPEC_NAME

FOLDER = "datasets/reviews/"
NO_SPEC = Settings(None, "defaults")


@dataclass
class Project:
    """One project's folder, its claims, and how often anything was looked at."""

    files: dict[str, FileVersion] = field(default_factory=dict)
    settings: Settings = NO_SPEC
    claims: list[Claim] = field(default_factory=list)
    runs: list[tuple[Member, ...]] = field(default_factory=list)
    left_out: list[tuple[str, ...]] = field(default_factory=list)
    looks: Counter[Action] = field(default_factory=Counter)
    puts: int = 0

    def put(self, name: str, body: str = "x", settings: Settings = NO_SPEC) -> Arrival:
        version = f"{name}@{body}"
        self.puts += 1
        self.files[name] = FileVersion(name, version, len(body), f"{name}:{body}", self.puts)
        if name == RUN_SPEC_NAME:
            self.settings = replace(settings, version_id=version)
        return Arrival(FOLDER + name, version, f"execution of {version}", settled=False)

    def ask(self, arrival: Arrival) -> Decision:
        settings, scene = None, None
        while True:
            decision = decide(arrival, settings, scene)
            self.looks[decision.action] += 1
            if decision.action is Action.READ_SETTINGS:
                settings, scene = self.settings, None
            elif decision.action is Action.LOOK:
                scene = ProjectState(dict(self.files), tuple(reversed(self.claims)))
            else:
                return decision

    def arrive(self, arrival: Arrival) -> Decision:
        """Ask, and open what is to be opened."""
        decision = self.ask(arrival)
        if decision.action in (Action.OPEN, Action.REJECT):
            self.claims.append(
                Claim(
                    run_id=f"run-{len(self.claims)}",
                    execution_arn=arrival.execution_arn,
                    trigger=arrival.trigger,
                    settings_version=self.settings.version_id,
                    settings_digest=self.settings.digest,
                    members=member_digests(decision.members),
                    content=content_digest(decision.members),
                    ended="running" if decision.action is Action.OPEN else "rejected",
                )
            )
        if decision.action is Action.OPEN:
            self.runs.append(decision.members)
            self.left_out.append(decision.left_out)
        return decision

    def settle(self, arrival: Arrival) -> Decision:
        """Arrive, and once more after the wait if it is asked for."""
        decision = self.arrive(arrival)
        if decision.action is Action.WAIT:
            decision = self.arrive(replace(arrival, settled=True))
            assert decision.action is not Action.WAIT
        return decision

    def end(self, status: str) -> None:
        self.claims[-1] = replace(self.claims[-1], ended=status)

    @property
    def names(self) -> list[dict[str, str | None]]:
        return [{one.file.version_id: one.split for one in run} for run in self.runs]

    @property
    def times_trained(self) -> Counter[str]:
        return Counter(
            one.file.version_id for run in self.runs for one in run if one.split in (None, "train")
        )


SPLITS = ("train.csv", "validation.csv", "test.csv")
WHOLE = {"train.csv@x": "train", "validation.csv@x": "validation", "test.csv@x": "test"}


def orders_with_waits(items: Sequence[str]) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """Every order, and for each item after how many further uploads its wait is over."""
    for order in itertools.permutations(items):
        for waits in itertools.product((0, len(items)), repeat=len(items)):
            yield list(order), waits


def play(project: Project, order: Sequence[str], waits: Sequence[int]) -> None:
    """Upload in order; the wait of each item ends so many uploads later, or at the end."""
    pending: list[tuple[int, Arrival]] = []
    for index, item in enumerate(order):
        name, _, body = item.partition("=")
        arrival = project.put(name, body or "x")
        if project.arrive(arrival).action is Action.WAIT:
            pending.append((index + waits[index], replace(arrival, settled=True)))
        for due, waiting in list(pending):
            if due <= index:
                pending.remove((due, waiting))
                project.arrive(waiting)
    for _, waiting in pending:
        project.arrive(waiting)


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


def several() -> Project:
    project = Project()
    play(project, (*SPLITS, "run.yaml"), (9,) * 4)
    assert project.names == [WHOLE]
    return project


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
