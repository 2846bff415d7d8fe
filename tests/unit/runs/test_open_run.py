"""Which uploads start a run, and that each starts one only."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetChangedError, InvalidRunSpecError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.schemas.steps import OpenRunRequest, OpenRunResponse
from thriftline.runs.steps.open_run import open_run
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.steps.read_run_spec import read_run_spec

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal(10))
FOLDER = "datasets/reviews/"


@dataclass
class World:
    """The two buckets and the table, empty."""

    data: Bucket
    artifacts: Bucket
    runs: RunsTable
    s3: Any

    def upload(self, name: str, body: bytes = b"x\n") -> Upload:
        put = self.s3.put_object(Bucket="data", Key=FOLDER + name, Body=body)
        return Upload("data", FOLDER + name, put["VersionId"], "", len(body))

    def open(self, upload: Upload, execution: str = "e1", settled: bool = False) -> OpenRunResponse:
        return open_run(
            OpenRunRequest(upload=upload, execution_arn=execution, settled=settled),
            data=self.data,
            runs=self.runs,
            defaults=DEFAULTS,
            settle_seconds=60,
            now=NOW,
        )

    def read(self, upload: Upload) -> Run:
        run_id = self.open(upload, settled=True).run_id
        assert run_id is not None
        read_run_spec(
            run_id, runs=self.runs, data=self.data, artifacts=self.artifacts, defaults=DEFAULTS
        )
        return Run.model_validate(self.artifacts.read_json(f"runs/{run_id}/run.json"))


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for name in ("data", "artifacts"):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
        )
        yield World(Bucket(s3, "data"), Bucket(s3, "artifacts"), RunsTable(dynamodb, "runs"), s3)


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


@pytest.mark.parametrize("name", ["test.csv", "validation.csv"])
def test_a_split_alone_never_starts(world: World, name: str) -> None:
    upload = world.upload(name)
    assert world.open(upload).decision == "ignored"
    assert world.open(upload, settled=True).decision == "ignored"


def test_a_lone_train_file_waits_once_and_is_then_a_whole_data_set(world: World) -> None:
    upload = world.upload("train.csv")
    waiting = world.open(upload)
    assert (waiting.decision, waiting.wait_seconds) == ("wait", 60)
    assert world.open(upload, settled=True).decision == "open"


def test_a_train_file_whose_siblings_came_meanwhile_leaves_the_start_to_run_yaml(
    world: World,
) -> None:
    upload = world.upload("train.csv")
    world.upload("test.csv")
    answer = world.open(upload, settled=True)
    assert answer.decision == "ignored"
    assert "run.yaml" in answer.reason


def test_run_yaml_with_its_files_starts(world: World) -> None:
    world.upload("train.csv")
    world.upload("test.csv")
    assert world.open(world.upload("run.yaml", b"")).decision == "open"


def test_run_yaml_before_its_files_waits_and_then_says_what_is_missing(world: World) -> None:
    upload = world.upload("run.yaml", b"dataset:\n  train: [a.csv]\n")
    assert world.open(upload).decision == "wait"
    answer = world.open(upload, settled=True)
    assert answer.decision == "ignored"
    assert "a.csv" in answer.reason


def test_run_yaml_alone_is_kept_for_the_next_upload(world: World) -> None:
    spec = world.upload("run.yaml", b"seed: 7\n")
    assert world.open(spec, settled=True).decision == "ignored"
    assert world.read(world.upload("reviews.csv")).spec.seed == 7


def test_a_file_that_run_yaml_names_leaves_the_start_to_run_yaml(world: World) -> None:
    world.upload("run.yaml", b"dataset:\n  train: [part*.csv]\n")
    assert world.open(world.upload("part1.csv"), settled=True).decision == "ignored"
    assert world.open(world.upload("another.csv")).decision == "open"


def test_a_bad_run_yaml_opens_a_run_that_says_why(world: World) -> None:
    for upload in (world.upload("run.yaml", b"seed: x\n"), world.upload("reviews.csv")):
        assert world.open(upload).decision == "open"
        with pytest.raises(InvalidRunSpecError, match="line 1: seed"):
            world.read(upload)


def test_a_run_fixes_the_versions_of_all_its_files(world: World) -> None:
    train = world.upload("train.csv", b"12345")
    world.upload("validation.csv")
    run = world.read(world.upload("run.yaml", b""))
    world.upload("train.csv", b"changed later")
    assert [(file.name, file.split) for file in run.files] == [
        ("train.csv", "train"),
        ("validation.csv", "validation"),
    ]
    assert run.files[0].version_id == train.version_id
    assert run.files[0].size == 5


def test_a_file_in_two_splits_is_refused(world: World) -> None:
    world.upload("a.csv")
    with pytest.raises(InvalidRunSpecError, match=r"a\.csv is in more than one split"):
        world.read(world.upload("run.yaml", b"dataset:\n  train: [a.csv]\n  test: ['*.csv']\n"))


def test_a_file_that_was_deleted_before_it_was_read_is_named(world: World) -> None:
    upload = world.upload("reviews.csv")
    world.s3.delete_object(Bucket="data", Key=upload.key, VersionId=upload.version_id)
    with pytest.raises(DatasetChangedError, match=r"reviews\.csv"):
        world.read(upload)


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
