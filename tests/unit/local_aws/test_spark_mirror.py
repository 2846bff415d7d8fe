"""What a program of Spark sees of S3, and what of its folder goes back there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_aws.preparation.mirror import Mirror
from local_aws.preparation.storage import DataError, RoleStorage

ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        for bucket in ("raw", "artifacts"):
            client.create_bucket(Bucket=bucket)
        yield client


def mirror(s3: Any, folder: Path) -> Mirror:
    return Mirror(RoleStorage(s3, ACCOUNT, REGION, None), folder)


def put_config(s3: Any, **more: Any) -> str:
    body = {"sources": ["s3://raw/in"], "output": "s3://artifacts/out/", **more}
    s3.put_object(Bucket="artifacts", Key="config.json", Body=json.dumps(body))
    return "s3://artifacts/config.json"


def keys(s3: Any) -> list[str]:
    found = s3.list_objects_v2(Bucket="artifacts", Prefix="out/").get("Contents", ())
    return [each["Key"] for each in found]


def test_what_a_configuration_names_is_there_and_nothing_beside_it(s3: Any, tmp_path: Path) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "inner/c.csv", "in.csv"):
        s3.put_object(Bucket="raw", Key=key, Body=b"x")
    # JSON that is data names nothing.
    s3.put_object(Bucket="raw", Key="in/d.json", Body=b'{"text": "s3://raw/inner/"}')

    mirror(s3, tmp_path).fill(["--config", put_config(s3)])

    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {"artifacts/config.json", "raw/in/a.csv", "raw/in/deep/b.csv", "raw/in/d.json"}


def test_what_was_written_goes_back_and_the_manifest_last(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="raw", Key="in/a.csv", Body=b"x")
    made = mirror(s3, tmp_path)
    made.fill(["--config", put_config(s3)])
    output = tmp_path / "artifacts" / "out"
    for name in ("manifest.json", "train/part-0.parquet", "z.html", ".z.html.crc"):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(b"y")
    (output / "_temporary" / "0").mkdir(parents=True)
    (output / "_temporary" / "0" / "part").write_bytes(b"half")
    (output / "stolen").symlink_to("/etc/passwd")

    uploaded: list[str] = []
    upload = s3.upload_file

    def note(file: str, bucket: str, key: str, **more: Any) -> None:
        uploaded.append(key)
        upload(file, bucket, key, **more)

    s3.upload_file = note
    count = made.upload()

    assert count == 3
    assert uploaded[-1] == "out/manifest.json"
    assert keys(s3) == ["out/manifest.json", "out/train/part-0.parquet", "out/z.html"]


def test_what_was_changed_goes_back_and_what_was_not_does_not(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="raw", Key="in/a.csv", Body=b"x")
    made = mirror(s3, tmp_path)
    made.fill(["--config", put_config(s3)])

    assert made.upload() == 0
    (tmp_path / "raw" / "in" / "a.csv").write_bytes(b"changed")
    assert made.upload() == 1
    assert s3.get_object(Bucket="raw", Key="in/a.csv")["Body"].read() == b"changed"


def test_a_key_that_leads_out_of_its_bucket_is_refused(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="raw", Key="in/../../../x.csv", Body=b"x")

    with pytest.raises(DataError, match="leads out"):
        mirror(s3, tmp_path / "s3").fill(["--config", put_config(s3)])


def test_a_bucket_that_is_not_there_is_named(s3: Any, tmp_path: Path) -> None:
    uri = put_config(s3, sources=["s3://nowhere/in/"])

    with pytest.raises(DataError, match="s3://nowhere/in/"):
        mirror(s3, tmp_path).fill(["--config", uri])
