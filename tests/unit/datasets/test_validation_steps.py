"""The steps against S3 as moto has it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.datasets.data_sets import jsonl, parquet, rows
from tests.unit.runs.bucket_fixture import no_bucket
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetChangedError, DatasetRejectedError
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.run import DatasetFile, Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.steps.dataset_summary import dataset_result
from thriftline.runs.steps.dataset_volume import read_volume
from thriftline.runs.steps.merge_validation import merge_validation
from thriftline.runs.steps.prepare_split import prepare_split
from thriftline.runs.steps.validate_dataset import validate_dataset
from thriftline.runs.steps.validate_range import validate_range

RUN_ID = "reviews-0123456789abcdef"
SMALL = WorkLimits()
RANGES = WorkLimits(single_pass_bytes=0, range_bytes=2000, spill_rows=50)


class World:
    """Both buckets, and a run over whatever is uploaded."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name="us-east-1")
        for name in ("data", "artifacts"):
            self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        self.data = Bucket(self.s3, "data")
        self.artifacts = Bucket(self.s3, "artifacts")
        self.files: list[DatasetFile] = []

    def upload(self, name: str, data: bytes) -> str:
        key = f"datasets/Reviews/{name}"
        version: str = self.s3.put_object(Bucket="data", Key=key, Body=data)["VersionId"]
        self.files.append(DatasetFile(bucket="data", key=key, version_id=version, size=len(data)))
        return version

    def write_run(self, left_out: tuple[str, ...] = (), **spec: Any) -> None:
        run = Run(
            run_id=RUN_ID,
            project="Reviews",
            upload=Upload("data", self.files[0].key, self.files[0].version_id),
            execution_arn="arn",
            opened_at=datetime(2026, 11, 21, tzinfo=UTC),
            spec=RunSpec.model_validate(spec),
            files=tuple(self.files),
            left_out=left_out,
        )
        self.artifacts.write_json(f"runs/{RUN_ID}/run.json", run.model_dump_json())

    @property
    def places(self) -> dict[str, Bucket]:
        return {"data": self.data, "artifacts": self.artifacts}

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = self.artifacts.read_json(f"runs/{RUN_ID}/dataset.json")
        return document

    def shards(self) -> list[str]:
        prefix = f"scratch/{RUN_ID}/splits/"
        return [found.key.removeprefix(prefix) for found in self.artifacts.list(prefix)]


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World()


def test_a_small_data_set_is_validated_and_prepared_in_one_pass(world: World) -> None:
    version = world.upload("a.jsonl", jsonl(rows(100)))
    world.write_run(dataset={"test_fraction": 0.2})

    response = validate_dataset(RUN_ID, **world.places, limits=SMALL)
    prepare_split(RUN_ID, 0, **world.places, limits=SMALL, bucket_of=no_bucket)

    assert response.mode == "done"
    assert response.parts == 1
    assert response.verdict == "accepted"
    assert world.report()["files"][0]["version"] == version
    assert world.shards() == [
        f"{split}/part-00000.jsonl" for split in ("test", "train", "validation")
    ]
    test = world.artifacts.read(f"scratch/{RUN_ID}/splits/test/part-00000.jsonl") or b""
    assert len(test.splitlines()) == 20
    assert set(json.loads(test.splitlines()[0])) == {"id", "text", "label"}


def test_a_large_data_set_says_the_same_in_ranges(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(400) + rows(3)))
    world.write_run()

    validate_dataset(RUN_ID, **world.places, limits=SMALL)
    single = world.report()
    response = validate_dataset(RUN_ID, **world.places, limits=RANGES)
    assert response.mode == "ranges"
    assert response.ranges == response.parts > 5
    for index in range(response.ranges):
        assert validate_range(RUN_ID, index, **world.places, limits=SMALL).index == index
    merged = merge_validation(RUN_ID, **world.places, limits=SMALL)
    for index in range(merged.parts):
        prepare_split(RUN_ID, index, **world.places, limits=SMALL, bucket_of=no_bucket)

    assert world.report() == single
    assert merged.mode == "done"
    assert merged.parts == response.parts
    shards = [world.artifacts.read(f"scratch/{RUN_ID}/splits/{key}") for key in world.shards()]
    assert sum(len((shard or b"").splitlines()) for shard in shards) == 400


def test_a_range_may_be_validated_twice(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(100)))
    world.write_run()
    response = validate_dataset(RUN_ID, **world.places, limits=RANGES)

    for index in [*range(response.ranges), 0, 1]:
        validate_range(RUN_ID, index, **world.places, limits=SMALL)
    merge_validation(RUN_ID, **world.places, limits=SMALL)

    assert world.report()["rows"] == 100


def test_a_rejected_data_set_has_its_report_before_the_error(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(30)) + b"oops\n")
    world.write_run()

    with pytest.raises(DatasetRejectedError, match=r"a\.jsonl, line 31, column 1"):
        validate_dataset(RUN_ID, **world.places, limits=SMALL)

    assert world.report()["verdict"] == "rejected"
    page = world.artifacts.read(f"runs/{RUN_ID}/dataset.html") or b""
    assert b"Rejected" in page
    assert world.shards() == []


def test_a_data_set_rejected_in_ranges_is_rejected_by_the_merge(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(100)) + b"oops\n")
    world.write_run()
    response = validate_dataset(RUN_ID, **world.places, limits=RANGES)
    for index in range(response.ranges):
        validate_range(RUN_ID, index, **world.places, limits=SMALL)

    with pytest.raises(DatasetRejectedError, match="line 101"):
        merge_validation(RUN_ID, **world.places, limits=SMALL)


def test_an_object_version_that_is_gone_is_a_changed_data_set(world: World) -> None:
    version = world.upload("a.jsonl", jsonl(rows(30)))
    world.write_run()
    world.s3.delete_object(Bucket="data", Key="datasets/Reviews/a.jsonl", VersionId=version)

    with pytest.raises(DatasetChangedError, match=version):
        validate_dataset(RUN_ID, **world.places, limits=SMALL)


def test_a_new_version_of_the_key_does_not_change_what_is_read(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(300)))
    world.write_run()
    world.s3.put_object(Bucket="data", Key="datasets/Reviews/a.jsonl", Body=b"oops")

    assert validate_dataset(RUN_ID, **world.places, limits=SMALL).verdict == "accepted"


def test_a_parquet_version_that_is_gone_is_no_damaged_file(world: World) -> None:
    data = parquet(rows(30))
    version = world.upload("a.parquet", data)
    world.write_run()
    world.s3.delete_object(Bucket="data", Key="datasets/Reviews/a.parquet", VersionId=version)

    with pytest.raises(DatasetChangedError):
        validate_dataset(RUN_ID, **world.places, limits=SMALL)


def test_the_later_steps_read_what_this_one_writes(world: World) -> None:
    world.upload("a.jsonl", jsonl(rows(100)))
    world.write_run()
    validate_dataset(RUN_ID, **world.places, limits=SMALL)

    volume = read_volume(world.artifacts, RUN_ID)
    summary = dataset_result(world.artifacts, RUN_ID)

    assert volume.splits == {"train": 80, "validation": 10, "test": 10}
    assert volume.mean_characters is not None
    assert 13 < volume.mean_characters < 15
    assert summary is not None
    assert summary.labels == {"no": 50, "yes": 50}
    assert summary.text_length_median is not None


def test_a_file_taken_by_its_name_and_one_left_out_are_warned_of(world: World) -> None:
    world.upload("train.jsonl", jsonl(rows(200)))
    world.upload("val.jsonl", jsonl([(f"{text} again", label) for text, label in rows(60)]))
    world.files = [
        one.model_copy(update={"split": "train" if one.name == "train.jsonl" else "validation"})
        for one in world.files
    ]
    world.write_run(left_out=("extra.csv",))

    answer = validate_dataset(RUN_ID, data=world.data, artifacts=world.artifacts, limits=SMALL)

    found = json.loads(world.artifacts.read(f"runs/{RUN_ID}/dataset.json") or b"")
    places = {one["code"]: [at["file"] for at in one["places"]] for one in found["findings"]}
    assert places["split_by_name"] == ["val.jsonl"]
    assert places["file_left_out"] == ["extra.csv"]
    assert answer.verdict == found["verdict"] == "accepted_with_warnings"


def test_a_file_that_run_yaml_names_is_not_warned_of(world: World) -> None:
    world.upload("train.jsonl", jsonl(rows(200)))
    world.upload("dev.jsonl", jsonl([(f"{text} again", label) for text, label in rows(60)]))
    world.files = [
        one.model_copy(update={"split": "train" if one.name == "train.jsonl" else "validation"})
        for one in world.files
    ]
    world.write_run(dataset={"validation": ["dev.jsonl"]})

    validate_dataset(RUN_ID, data=world.data, artifacts=world.artifacts, limits=SMALL)

    found = json.loads(world.artifacts.read(f"runs/{RUN_ID}/dataset.json") or b"")
    assert "split_by_name" not in [one["code"] for one in found["findings"]]
