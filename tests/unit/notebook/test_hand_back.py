"""A retrained model as a version of its project."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.notebook.documents import BUCKET, CHAMPION, RUN_ID, job, result, run
from tests.unit.notebook.test_comparison import answers
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.serving.aws.model_packages import ModelPackages
from thriftline_notebook.comparison import Comparison, NotCompared
from thriftline_notebook.hand_back import HandBack, hand_back, refuse_repeated, remove_checkpoints
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.retraining import retraining_of

COMPARED = Comparison("accuracy", 0.9, 0.8, 0.02, 0.18, 2, 0.95)
WHO = "arn:aws:sts::111122223333:assumed-role/Scientists/ann@example.org"


def given(**other: Any) -> HandBack:
    fields: dict[str, Any] = {
        "retraining": retraining_of(run(), {"epochs": 5}, champion=CHAMPION),
        "source": result(),
        "job": job(BillableTimeInSeconds=7),
        "answers": answers(["bad", "good"], ["bad", "bad"]),
        "with_champion": COMPARED,
        "with_source": NotCompared("they have not answered the same test records"),
        "who": WHO,
        "why": "It learns (too) slowly; says Ann",
        "at": datetime(2026, 11, 30, 12, tzinfo=UTC),
        **other,
    }
    return HandBack(**fields)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        sagemaker = boto3.client("sagemaker", region_name="us-east-1")
        sagemaker.create_model_package_group(ModelPackageGroupName="thriftline-films")
        yield s3, sagemaker


def test_what_was_compared_and_what_was_not_is_said() -> None:
    reason = given().reason
    assert "Compared with the champion on the same records: accuracy 0.9000" in reason
    assert "It was not compared with that run: they have not answered the same" in reason
    assert "Changed: epochs from 3 to 5." in reason
    assert given().metadata()["champion"] == CHAMPION.package_arn

    other = given(with_champion=NotCompared("no version of the project is approved"))
    assert "It was not compared with the champion: no version of the project" in other.reason
    # A champion that it was not compared with is not named as one that it was.
    assert "champion" not in other.metadata()
    assert other.document()["with_champion"] == {
        "compared": False,
        "reason": "no version of the project is approved",
    }


def test_metadata_are_what_the_registry_takes() -> None:
    told = given(why="x" * 400).metadata()
    assert told["registered_by"] == WHO
    assert told["source_run_id"] == RUN_ID
    assert told["run_id"] != RUN_ID
    assert "cost_usd" not in told
    assert len(told) <= 50
    assert all(0 < len(value) <= 256 for value in told.values())
    assert given().metadata()["why"] == "It learns _too_ slowly_ says Ann"


def test_thriftline_sees_a_version_of_its_project_that_waits(clients: tuple[Any, Any]) -> None:
    s3, sagemaker = clients
    s3.put_object(Bucket=BUCKET, Key=f"runs/{RUN_ID}/trained_rows.bin", Body=b"rows")

    arn = hand_back(s3, sagemaker, given())

    found = ModelPackages(sagemaker, "thriftline").read(arn)
    assert found is not None
    assert (found.project, found.approval, found.number) == ("films", "PendingManualApproval", 1)
    assert found.artifact_uri == job()["ModelArtifacts"]["S3ModelArtifacts"]
    registry = ModelRegistry(sagemaker, "thriftline")
    assert registry.champion("films") is None
    # It is not taken for the version of its run.
    assert registry.version_of(RUN_ID, "films", datetime(2020, 1, 1, tzinfo=UTC)) is None

    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    champion = registry.champion("films")
    assert champion is not None
    own = given().retraining.retraining_id
    assert (champion.package_arn, champion.trainer) == (arn, "sagemaker")
    # A later run looks there for the rows that the champion was trained on.
    kept = s3.get_object(Bucket=BUCKET, Key=f"runs/{own}/trained_rows.bin")
    assert kept["Body"].read() == b"rows"
    body = s3.get_object(Bucket=BUCKET, Key=f"runs/{own}/retraining.json")["Body"].read()
    assert json.loads(body)["why"] == given().why


def test_a_run_without_trained_rows_is_no_hindrance(clients: tuple[Any, Any]) -> None:
    assert hand_back(*clients, given())


def test_it_is_registered_once(clients: tuple[Any, Any]) -> None:
    refuse_repeated(clients[1], given().retraining)
    arn = hand_back(*clients, given())
    assert hand_back(*clients, given(why="asked again")) == arn
    with pytest.raises(RetrainingError, match=arn):
        refuse_repeated(clients[1], given().retraining)


def test_a_job_that_did_not_complete_is_not_registered(clients: tuple[Any, Any]) -> None:
    with pytest.raises(RetrainingError, match="is Stopped; only a job that completed"):
        hand_back(*clients, given(job=job(TrainingJobStatus="Stopped")))
    packages = clients[1].list_model_packages(ModelPackageGroupName="thriftline-films")
    assert packages["ModelPackageSummaryList"] == []


def test_checkpoints_go_and_nothing_beside_them(clients: tuple[Any, Any]) -> None:
    s3, own = clients[0], given().retraining.checkpoints
    for key in (f"{own.key}step-1/state.json", "checkpoints/other/state.json"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert remove_checkpoints(s3, given().retraining) == 1
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [
        "checkpoints/other/state.json"
    ]
