"""Which uploads start a run, and that each starts one only."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from tests.unit.runs.open_world import NOW, World, open_world
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetChangedError, InvalidRunSpecError
from thriftline.runs.domain.arrivals import Claim, digest_of
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.schemas.result import Result
from thriftline.runs.steps.explain_upload import explain_upload
from thriftline.runs.steps.own_run import own_run_id


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


def test_one_file_opens_a_run(world: World) -> None:
    upload = world.upload("reviews.csv")
    opened = world.open(upload)
    assert opened.decision == "open"
    assert opened.run_id == run_id_of(upload, "reviews")


def test_the_same_event_again_is_a_duplicate_that_names_the_owner(world: World) -> None:
    upload = world.upload("reviews.csv")
    first = world.open(upload, "e1")
    second = world.open(upload, "e2")
    assert second.decision == "duplicate"
    assert second.run_id == first.run_id
    assert second.owner_execution_arn == "e1"


def test_a_retry_of_the_owner_is_no_duplicate(world: World) -> None:
    upload = world.upload("reviews.csv")
    world.open(upload, "e1")
    assert world.open(upload, "e1").decision == "open"


def test_fifty_events_at_once_open_one_run(world: World) -> None:
    upload = world.upload("reviews.csv")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: world.open(upload, f"e{n}"), range(50)))
    opened = [answer for answer in answers if answer.decision == "open"]
    owners = {a.owner_execution_arn for a in answers if a.decision == "duplicate"}
    assert len(opened) == 1
    assert len(owners) == 1


def test_a_new_version_of_the_same_key_is_a_new_run(world: World) -> None:
    first = world.open(world.upload("reviews.csv", b"1"))
    second = world.open(world.upload("reviews.csv", b"2"))
    assert second.decision == "open"
    assert second.run_id != first.run_id


def test_an_upload_that_is_no_data_set_opens_nothing_and_says_why(world: World) -> None:
    answer = world.open(world.upload("notes.txt"))
    assert answer.decision == "ignored"
    assert "notes.txt" in answer.reason
    assert ".jsonl" in answer.reason


def test_a_file_waits_once_for_what_may_come(world: World) -> None:
    answer = world.ask(world.upload("reviews.csv"))
    assert (answer.decision, answer.wait_seconds, answer.run_id) == ("wait", 60, None)


def test_a_run_of_several_files_fixes_their_versions_and_names_what_it_leaves_out(
    world: World,
) -> None:
    train = world.upload("train.csv", b"12345")
    world.upload("val.csv")
    world.upload("notes.csv")
    world.upload("test.csv")
    run = world.run_of(world.upload("run.yaml", b""))
    world.upload("train.csv", b"changed later")
    assert [(file.name, file.split) for file in run.files] == [
        ("train.csv", "train"),
        ("val.csv", "validation"),
        ("test.csv", "test"),
    ]
    assert (run.files[0].version_id, run.files[0].size) == (train.version_id, 5)
    assert run.left_out == ("notes.csv",)


def test_run_yaml_beside_one_file_is_of_its_run(world: World) -> None:
    spec = world.upload("run.yaml", b"seed: 7\n")
    upload = world.upload("reviews.csv")
    assert world.run_of(upload).spec.seed == 7
    assert world.open(spec, "e2").decision == "duplicate"


def test_a_bad_run_yaml_claims_its_run_and_says_what_is_wrong(world: World) -> None:
    upload = world.upload("run.yaml", b"seed: x\n")
    for _ in range(2):
        # The second time is a retry.
        with pytest.raises(InvalidRunSpecError, match="line 1: seed"):
            world.open(upload)
    assert (world.runs.get(run_id_of(upload, "reviews")) or {})["execution_arn"] == "e1"
    assert world.open(world.upload("reviews.csv"), "e2").decision == "ignored"
    assert "corrected run.yaml" in world.told.messages[-1]


def test_the_same_bytes_again_name_the_run_that_they_equal_and_tell_it(world: World) -> None:
    first = world.run_of(world.upload("reviews.csv", b"same"))
    answer = world.open(world.upload("reviews.csv", b"same"), "e2")
    assert (answer.decision, answer.run_id) == ("duplicate", first.run_id)
    assert "the same bytes" in answer.reason
    assert first.run_id in world.told.messages[-1]
    assert "repeat: true" in world.told.messages[-1]


def test_a_run_that_failed_frees_its_bytes(world: World) -> None:
    first = world.run_of(world.upload("reviews.csv", b"same"))
    world.runs.update(first.run_id, status="failed")
    assert world.open(world.upload("reviews.csv", b"same"), "e2").decision == "open"


def test_a_retry_whose_folder_has_changed_meanwhile_fails_and_reads_nothing_else(
    world: World,
) -> None:
    upload = world.upload("run.yaml", b"")
    for name in ("train.csv", "test.csv"):
        world.upload(name)
    world.open(upload)
    world.upload("train.csv", b"another")
    with pytest.raises(DatasetChangedError, match="upload it again"):
        world.ask(upload, settled=True)


def test_run_yaml_and_the_folder_are_read_once_for_a_data_set_of_1200_files(world: World) -> None:
    shards = [world.upload(f"train-{n:05d}-of-01200.csv") for n in range(1200)]
    calls = Counted(world.s3)
    world.data = Bucket(cast("Any", calls), "data")
    for number, shard in enumerate(shards):
        assert world.open(shard, f"e{number}").decision == "ignored"
    assert calls.made == []
    assert len(world.run_of(world.upload("run.yaml", b"")).files) == 1200
    # Before and after the wait for a validation and a test split.
    assert calls.made == ["get_object", "list_object_versions"] * 2


class Counted:
    """A client that notes what is asked of it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.made: list[str] = []

    def get_object(self, **request: Any) -> Any:
        self.made.append("get_object")
        return self._client.get_object(**request)

    def get_paginator(self, operation: str) -> Any:
        self.made.append(operation)
        return self._client.get_paginator(operation)


def test_claims_of_many_runs_stay_within_an_item(world: World) -> None:
    members = frozenset(digest_of(str(n)) for n in range(10_000))
    for n in range(6):
        claim = Claim(f"run-{n}", "e", f"{n:016x}", None, "d", members, "c")
        seen = world.claims.read("reviews")
        assert world.claims.add("reviews", seen, claim, {"run_id": f"run-{n}"})
    kept = world.claims.read("reviews").claims
    assert [one.run_id for one in kept] == ["run-5", "run-4", "run-3"]
    assert kept[0].members == members


def test_a_deleted_upload_starts_nothing(world: World) -> None:
    upload = world.upload("reviews.csv")
    world.s3.delete_object(Bucket="data", Key=upload.key)
    answer = world.open(upload)
    assert (answer.decision, answer.reason) == (
        "ignored",
        "this version of reviews.csv was deleted",
    )


Own = Callable[[str], str | None]


@pytest.fixture
def own(world: World) -> tuple[Upload, Own]:
    upload = world.upload("reviews.csv")
    return upload, lambda execution: own_run_id(None, upload, execution, runs=world.runs, now=NOW)


def test_a_failed_opening_owns_a_run_that_nobody_opened(own: tuple[Upload, Own]) -> None:
    upload, owned_by = own
    assert owned_by("e1") == run_id_of(upload, "reviews")
    assert owned_by("e1") == run_id_of(upload, "reviews")


def test_a_failed_opening_of_a_duplicate_touches_nothing(
    world: World, own: tuple[Upload, Own]
) -> None:
    upload, owned_by = own
    world.open(upload, "e1")
    assert owned_by("e2") is None


def test_an_upload_that_is_not_read_is_told_once_a_day_for_files_of_its_kind(world: World) -> None:
    keys = ["datasets/reviews/a.tsv", "datasets/reviews/b.tsv", "datasets/reviews/run.yml"]
    keys += ["datasets/reviews/", "datasets/reviews/.DS_Store", "elsewhere/a.csv"]
    keys += ["datasets/reviews/serve.yaml"]
    for key in keys:
        upload = Upload("data", key, "v1")
        answer = explain_upload(
            upload,
            artifacts=world.artifacts,
            runs=world.runs,
            alerts=world.told.topic,
            now=NOW,
        )
        assert answer.reason.startswith("no run: ")
    assert ["a.tsv" in told or "run.yml" in told for told in world.told.messages] == [True, True]
    assert "call it run.yaml" in world.told.messages[1]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.CSV", "small letters"),
        ("a.csv ", "no space behind it"),
        ("a.Jsonl.GZ", "small letters"),
        ("a.ndjson", "name it .jsonl"),
        ("a.json", "one object on each line"),
        ("a.tsv.gz", "with commas"),
        ("a.XLSX", "save the sheet as CSV"),
    ],
)
def test_a_data_file_that_is_not_read_has_the_result_of_a_rejected_run(
    world: World, name: str, advice: str
) -> None:
    upload = world.upload(name)
    for _ in range(2):
        explain_upload(
            upload,
            artifacts=world.artifacts,
            runs=world.runs,
            alerts=world.told.topic,
            now=NOW,
        )

    listed = world.s3.list_objects_v2(Bucket="artifacts", Prefix="runs/")["Contents"]
    prefix = f"runs/{run_id_of(upload, 'reviews')}/"
    assert [one["Key"] for one in listed] == [f"{prefix}report.html", f"{prefix}result.json"]
    result = Result.model_validate_json(world.artifacts.read(f"{prefix}result.json") or b"")
    assert result.status == "rejected"
    assert result.error is not None
    assert name.strip() in result.error.message
    assert advice in result.error.message


@pytest.mark.parametrize("name", ["notes.txt", "run.yml", ".a.tsv", "_a.json", "picture.png"])
def test_a_file_that_is_no_data_has_no_result(world: World, name: str) -> None:
    explain_upload(
        world.upload(name),
        artifacts=world.artifacts,
        runs=world.runs,
        alerts=world.told.topic,
        now=NOW,
    )

    assert world.s3.list_objects_v2(Bucket="artifacts")["KeyCount"] == 0
