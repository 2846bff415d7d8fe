"""What a preparation left: a manifest that holds, of raw data that nobody changed."""

import pytest

from tests.unit.runs.engine_fixture import write_prepared
from tests.unit.runs.preparation_world import PreparationWorld
from tests.unit.runs.run_world import PROJECT, RUN_ID
from thriftline.core.errors import (
    DatasetChangedError,
    DatasetRejectedError,
    TrainingFailedError,
    UnreadableDocumentError,
)
from thriftline.runs.domain.endings import Ending
from thriftline.runs.schemas.run import DatasetFile


def test_an_end_without_a_manifest_is_no_good_end(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    world.run.artifacts.delete(f"scratch/{RUN_ID}/prepared/attempt-01/manifest.json")
    with pytest.raises(TrainingFailedError, match="left no manifest"):
        world.poll()


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ([], DatasetRejectedError, "no row is left to train on"),
        (
            [{"split": "train", "path": "train/a.parquet", "rows": 2, "bytes": 4}],
            TrainingFailedError,
            "it is not there",
        ),
        (
            [{"split": "train", "path": "train/part-0.parquet", "rows": 2, "bytes": 5}],
            TrainingFailedError,
            "5 bytes; it has 4",
        ),
        (
            [{"split": "other", "path": "a", "rows": 2, "bytes": 5}],
            UnreadableDocumentError,
            "manifest.json cannot be read: files.0.split.*upload the raw data again",
        ),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(
    world: PreparationWorld, files: list[dict[str, object]], error: type[Exception], said: str
) -> None:
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    write_prepared(
        world.run.artifacts,
        f"s3://artifacts/scratch/{RUN_ID}/prepared/attempt-01/",
        shards={"train/part-0.parquet": b"PAR1"},
        manifest={"schema_version": "1.0", "files": files},
    )
    with pytest.raises(error, match=said):
        world.poll()


def test_raw_data_that_was_changed_meanwhile_is_nobodys_data_set(world: PreparationWorld) -> None:
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket="data", Key=f"datasets/{PROJECT}/raw.csv", Body=b"new\n")
    world.engine.endings = {1: Ending.COMPLETED}
    with pytest.raises(DatasetChangedError, match=r"raw\.csv was changed"):
        world.poll()
    assert world.document().files == ()


def test_a_file_that_comes_into_a_folder_meanwhile_is_nobodys_data_set(
    world: PreparationWorld,
) -> None:
    bucket, prefix = "data", "raw/reviews/"
    put = world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}a.csv", Body=b"text,label\na,b\n")
    raw = DatasetFile(bucket=bucket, key=f"{prefix}a.csv", version_id=put["VersionId"], size=15)
    world.rewrite(prepare={"source": [f"s3://{bucket}/{prefix}"], "engine": "emr_serverless"})
    opened = world.document().model_copy(update={"raw_files": (raw,)})
    world.run.put(f"runs/{RUN_ID}/run.json", opened.model_dump_json())
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}b.csv", Body=b"text,label\nc,d\n")
    world.engine.endings = {1: Ending.COMPLETED}
    with pytest.raises(DatasetChangedError, match=r"b\.csv was added"):
        world.poll()


def test_a_file_that_the_program_passes_over_may_come_change_and_go(
    world: PreparationWorld,
) -> None:
    """A run of before has such files among its raw ones; they were never read."""
    bucket, prefix = "data", "raw/reviews/"
    files = []
    for name in ("a.csv", "README.md", "old.jsonl"):
        put = world.run.s3.put_object(
            Bucket=bucket, Key=f"{prefix}{name}", Body=b"text,label\na,b\n"
        )
        version = put["VersionId"]
        files.append(DatasetFile(bucket=bucket, key=f"{prefix}{name}", version_id=version, size=15))
    prepare = {"source": [f"s3://{bucket}/{prefix}"], "engine": "emr_serverless", "format": "csv"}
    world.rewrite(prepare=prepare)
    opened = world.document().model_copy(update={"raw_files": tuple(files)})
    world.run.put(f"runs/{RUN_ID}/run.json", opened.model_dump_json())
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}README.md", Body=b"new\n")
    world.run.s3.delete_object(Bucket=bucket, Key=f"{prefix}old.jsonl")
    world.run.s3.put_object(Bucket=bucket, Key=f"{prefix}notes.md", Body=b"new\n")
    write_prepared(world.run.artifacts, f"s3://artifacts/scratch/{RUN_ID}/prepared/attempt-01/")
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    assert world.document().files


def test_a_file_that_comes_beside_named_ones_meanwhile_is_not_read(
    world: PreparationWorld,
) -> None:
    world.plan()
    world.start()
    world.run.s3.put_object(Bucket="data", Key=f"datasets/{PROJECT}/b.csv", Body=b"a,b\n")
    world.engine.endings = {1: Ending.COMPLETED}
    assert world.poll().done
