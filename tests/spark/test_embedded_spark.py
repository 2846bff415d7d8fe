"""The real program of preparation/, run by the embedded EMR Serverless and by a processing job."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pyarrow.parquet
import pytest

from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationOptions,
)
from preparation.bundle import program
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.spark_runs import PATIENCE_SECONDS, Spark, make_role, spark

ROWS = 600


@pytest.fixture(scope="module")
def emr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    with spark(PreparationOptions()) as running:
        s3 = running.aws.client("s3")
        s3.put_object(Bucket=running.bucket, Key="code/prepare.py", Body=program().encode())
        text = "review,stars\n" + "".join(
            f"the film number {row % 500} is about thing {row % 500 * 7},{row % 2}\n"
            for row in range(ROWS)
        )
        s3.put_object(Bucket=running.bucket, Key="films/a.csv", Body=text)
        yield running


def config(emr: Spark, **changes: Any) -> tuple[str, str]:
    """Write a configuration; returns its URI, and the output's."""
    folder = f"s3://{emr.bucket}/scratch/{uuid4()}"
    body = {
        "schema_version": "1.0",
        "run_id": "r",
        "sources": [f"s3://{emr.bucket}/films/"],
        "format": "auto",
        "columns": {"text": "review", "text_pair": None, "label": "stars"},
        "labels": {"map": {"0": "bad", "1": "good"}, "unmapped": "refuse"},
        "filters": {"min_characters": None, "max_characters": None, "languages": None},
        "exact_duplicates": True,
        "near_duplicates": None,
        "conflicts": "majority",
        "redact": [],
        "patterns": [],
        "balance": {"max_per_label": None},
        "split": {"validation_fraction": 0.1, "test_fraction": 0.1},
        "seed": 1,
        "max_rows_per_shard": 100_000,
        "output": f"{folder}/out/",
        **changes,
    }
    key = f"{folder}/config.json".removeprefix(f"s3://{emr.bucket}/")
    emr.aws.client("s3").put_object(Bucket=emr.bucket, Key=key, Body=json.dumps(body))
    return f"{folder}/config.json", f"{folder}/out/"


def start(emr: Spark, uri: str, **more: Any) -> str:
    request = emr.request(config=uri, **more)
    # The real program takes no `--do`.
    request["jobDriver"]["sparkSubmit"]["entryPointArguments"] = ["--config", uri]
    return str(emr.emr.start_job_run(**request)["jobRunId"])


def rows_of(emr: Spark, output: str) -> dict[str, list[tuple[str, str]]]:
    """Return the rows of each split that the manifest names."""
    s3, prefix = emr.aws.client("s3"), output.removeprefix(f"s3://{emr.bucket}/")

    def read(key: str) -> bytes:
        return bytes(s3.get_object(Bucket=emr.bucket, Key=f"{prefix}{key}")["Body"].read())

    found: dict[str, list[tuple[str, str]]] = {}
    for file in json.loads(read("manifest.json"))["files"]:
        table = pyarrow.parquet.read_table(io.BytesIO(read(file["path"]))).to_pylist()
        assert len(table) == file["rows"]
        found.setdefault(file["split"], []).extend((row["text"], row["label"]) for row in table)
    return {split: sorted(rows) for split, rows in found.items()}


def test_a_job_run_prepares_a_data_set_and_a_lost_node_changes_nothing(emr: Spark) -> None:
    undisturbed, disturbed = config(emr), config(emr)
    first = start(emr, undisturbed[0])
    emr.fault(PreparationFault(PreparationFaultKind.NODE_LOST, run="disturbed"))
    second = start(emr, disturbed[0], name="disturbed")

    assert emr.ended(first)["state"] == "SUCCESS"
    assert emr.ended(second)["state"] == "SUCCESS"

    rows = rows_of(emr, undisturbed[1])
    assert set(rows) == {"train", "validation", "test"}
    assert sum(len(each) for each in rows.values()) == 500
    assert {label for each in rows.values() for _, label in each} == {"bad", "good"}
    assert rows_of(emr, disturbed[1]) == rows
    assert "manifest.json" in emr.keys(undisturbed[1])


def test_a_label_that_is_left_over_fails_a_run_with_the_programs_words(emr: Spark) -> None:
    uri, output = config(emr, labels={"map": {"0": "bad"}, "unmapped": "refuse"})

    found = emr.ended(start(emr, uri))

    assert (found["state"], "ExitCode: 2" in found["stateDetails"]) == ("FAILED", True)
    assert "manifest.json" not in emr.keys(output)
    assert [key for key in emr.keys(output) if key.startswith("error.json")]


def test_a_lost_driver_leaves_no_manifest(emr: Spark) -> None:
    uri, output = config(emr)
    emr.fault(PreparationFault(PreparationFaultKind.DRIVER_LOST, run="lost", file="_stages"))

    found = emr.ended(start(emr, uri, name="lost"))

    assert (found["state"], "137" in found["stateDetails"]) == ("FAILED", True)
    assert "manifest.json" not in emr.keys(output)


def test_a_processing_job_prepares_the_same_data_set(emr: Spark) -> None:
    sagemaker, (uri, output) = emr.aws.client("sagemaker"), config(emr)
    code = {
        "S3Uri": f"s3://{emr.bucket}/code/prepare.py",
        "LocalPath": "/opt/ml/processing/input/code",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    program = "/opt/ml/processing/input/code/prepare.py"
    image = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5"
    cluster = {"InstanceCount": 2, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    sagemaker.create_processing_job(
        ProcessingJobName="prepare",
        RoleArn=make_role(emr.aws, emr.bucket, "sagemaker.amazonaws.com"),
        AppSpecification={
            "ImageUri": image,
            "ContainerEntrypoint": ["smspark-submit", program],
            "ContainerArguments": ["--config", uri],
        },
        ProcessingInputs=[{"InputName": "code", "S3Input": code}],
        ProcessingResources={"ClusterConfig": cluster},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )

    def look() -> Any:
        found = sagemaker.describe_processing_job(ProcessingJobName="prepare")
        return found if found["ProcessingJobStatus"] not in ("InProgress", "Stopping") else None

    found = eventually(look, PATIENCE_SECONDS)
    assert found["ProcessingJobStatus"] == "Completed", found
    assert sum(len(each) for each in rows_of(emr, output).values()) == 500
