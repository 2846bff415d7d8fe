"""A finished run is read, or refused with a sentence."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.notebook.documents import BUCKET, RUN_ID, job, result
from thriftline_notebook.answers import read_output
from thriftline_notebook.places import Place
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.runs import Clients, champion_of, output_of, read_run

TEMPLATE = {
    "Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}}},
    "Outputs": {"ArtifactsBucketName": {"Value": BUCKET}},
}


class FakeSageMaker:
    """SageMaker with the run's job, which moto would not take."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked = ""

    def describe_training_job(self, **request: Any) -> dict[str, Any]:
        self.asked = request["TrainingJobName"]
        return job()

    def describe_model_package(self, **request: Any) -> dict[str, Any]:
        if "thriftline-films/2" in request["ModelPackageName"]:
            return {"InferenceSpecification": {"Containers": [{"Image": "image@sha256:1"}]}}
        found: dict[str, Any] = self._client.describe_model_package(**request)
        return found

    def get_paginator(self, name: str) -> Any:
        return _Tags() if name == "list_tags" else self._client.get_paginator(name)


class _Tags:
    def paginate(self, **_: Any) -> list[Any]:
        return [{"Tags": [{"Key": "thriftline:project", "Value": "films"}]}]


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = Clients.of(boto3.Session(region_name="us-east-1"))
        made.cloudformation.create_stack(StackName="thriftline", TemplateBody=json.dumps(TEMPLATE))
        yield Clients(made.s3, FakeSageMaker(made.sagemaker), made.cloudformation)


def put(clients: Clients, key: str, body: bytes = b"x") -> None:
    clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def put_result(clients: Clients, **other: Any) -> None:
    put(clients, f"runs/{RUN_ID}/result.json", json.dumps(result(**other)).encode())


def put_channels(clients: Clients) -> None:
    for key in (f"scratch/{RUN_ID}/splits/train/a", f"scratch/{RUN_ID}/splits/test/a"):
        put(clients, key)
    put(clients, "base_models/tiny/config.json")


def test_a_run_is_read_with_the_job_that_completed(clients: Clients) -> None:
    put_result(clients)
    put_channels(clients)
    found = read_run(clients, "thriftline", RUN_ID)
    assert clients.sagemaker.asked == f"{RUN_ID}-02"
    assert (found.project, found.image, found.bucket) == ("films", "image@sha256:1", BUCKET)
    assert found.tags == {"thriftline:project": "films"}


def test_splits_are_read_where_the_stack_keeps_them_whatever_the_job_read(
    clients: Clients,
) -> None:
    put_result(clients)
    put_channels(clients)
    found = read_run(clients, "thriftline", RUN_ID)
    express = {"S3Uri": "s3://a--use1-az4--x-s3/x/", "S3DataType": "S3Prefix"}
    sources = {"train": {"FileSystemDataSource": {}}, "test": {"S3DataSource": express}}
    asked = [{"ChannelName": name, "DataSource": one} for name, one in sources.items()]
    channels = replace(found, job=job(InputDataConfig=asked)).channels

    assert {name: one["DataSource"]["S3DataSource"] for name, one in channels.items()} == {
        name: {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{BUCKET}/scratch/{RUN_ID}/splits/{name}/",
        }
        for name in sources
    }


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"status": "failed", "model_package_arn": None, "reason": "No capacity."}, "No capacity."),
        ({"plan": {"trainer": "bedrock"}}, "trained by bedrock"),
        ({"attempts": []}, "no job that completed"),
    ],
)
def test_a_run_without_a_job_to_repeat_is_refused(
    clients: Clients, other: dict[str, Any], says: str
) -> None:
    put_result(clients, **other)
    put_channels(clients)
    with pytest.raises(RetrainingError, match=says):
        read_run(clients, "thriftline", RUN_ID)


def test_a_run_that_is_not_there_is_refused(clients: Clients) -> None:
    with pytest.raises(RetrainingError, match=r"result\.json does not exist"):
        read_run(clients, "thriftline", RUN_ID)


def test_splits_that_were_removed_are_named_with_the_key_that_keeps_them(
    clients: Clients,
) -> None:
    put_result(clients)
    with pytest.raises(RetrainingError, match="keep_splits: true"):
        read_run(clients, "thriftline", RUN_ID)


def test_another_stack_is_refused(clients: Clients) -> None:
    other = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    clients.cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(other))
    with pytest.raises(RetrainingError, match="other is no stack of Thriftline"):
        read_run(clients, "other", RUN_ID)


def test_a_project_without_an_approved_version_has_no_champion(clients: Clients) -> None:
    put_result(clients)
    put_channels(clients)
    boto3.client("sagemaker", region_name="us-east-1").create_model_package_group(
        ModelPackageGroupName="thriftline-films"
    )
    assert champion_of(clients, read_run(clients, "thriftline", RUN_ID)) is None


def test_an_output_without_predictions_is_refused(clients: Clients) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("./metrics.json"), io.BytesIO(b""))
    place = output_of(job())
    assert place == Place(BUCKET, f"training/{RUN_ID}/{RUN_ID}-01/output/output.tar.gz")
    put(clients, place.key, buffer.getvalue())
    with pytest.raises(RetrainingError, match=r"no predictions\.parquet"):
        read_output(clients.s3, place)
