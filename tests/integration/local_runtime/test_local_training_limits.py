"""How many jobs train at once, and what no job may reach."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.training.jobs import ServiceUnavailable
from tests.integration.local_runtime.sagemaker_fixtures import (
    PAUSED,
    Start,
    refused,
    sagemaker,
    start,
)
from tests.integration.local_runtime.training_client import SageMaker, channel, request

__all__ = ["sagemaker", "start"]


def test_so_many_jobs_train_at_once_and_the_others_wait_in_starting(start: Start) -> None:
    sagemaker = start(places=1)
    names = ["job-01", "job-02", "job-03"]
    for name in names:
        sagemaker.create(name, hyperparameters=PAUSED if name == "job-01" else {"steps": "1"})
    sagemaker.wait_for_step(3)
    waiting = sagemaker.wait(lambda job: "Waiting" in latest_message(job), "job-03")
    assert waiting["TrainingJobStatus"] == "InProgress"
    assert waiting["SecondaryStatus"] == "Starting"
    assert "TrainingStartTime" not in waiting
    assert latest_message(waiting) == "Waiting for a place on this machine: 2 jobs must end before"

    sagemaker.api.stop_training_job(TrainingJobName="job-02")
    assert sagemaker.wait_for_end("job-02")["TrainingJobStatus"] == "Stopped"
    assert "BillableTimeInSeconds" not in sagemaker.describe("job-02")
    assert sagemaker.describe("job-03")["SecondaryStatus"] == "Starting"
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    last = sagemaker.wait_for_end("job-03")
    assert last["TrainingJobStatus"] == "Completed"
    assert last["TrainingStartTime"] >= sagemaker.wait_for_end()["TrainingStartTime"]


def test_a_job_that_waits_for_a_place_runs_out_of_wait_time(start: Start) -> None:
    sagemaker = start(places=1)
    sagemaker.create(hyperparameters=PAUSED)
    sagemaker.wait_for_step(3)
    sagemaker.create("job-02", spot=True, max_runtime=3600, max_wait=7200)
    sagemaker.wait(lambda job: "Waiting" in latest_message(job), "job-02")
    sagemaker.clock.advance(3599)
    assert sagemaker.describe("job-02")["SecondaryStatus"] == "Starting"
    sagemaker.clock.advance(3700)
    assert sagemaker.wait_for_end("job-02")["SecondaryStatus"] == "MaxWaitTimeExceeded"


def test_no_job_begins_once_everything_is_taken_down(sagemaker: SageMaker) -> None:
    create = sagemaker.jobs._create
    sagemaker.jobs.close()

    class Late:
        body = json.dumps(request("job-01"))
        region, current_account = "us-east-1", "123456789012"

    with pytest.raises(ServiceUnavailable, match="taken down"):
        create(Late())


def test_a_link_out_of_the_job_s_folder_is_not_uploaded(
    sagemaker: SageMaker, tmp_path: Path
) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("private")
    sagemaker.create(hyperparameters={"steps": "1", "link": str(secret)}, checkpoints=True)
    assert sagemaker.wait_for_end()["TrainingJobStatus"] == "Completed"
    assert sagemaker.archive("training/job-01/output/model.tar.gz") == {"weights.bin": b"w"}
    assert not [key for key in sagemaker.keys("checkpoints/") if "link" in key]


@pytest.mark.parametrize("key", ["data/evil/../../../../planted", "data/evil///tmp/planted"])
def test_a_key_that_leads_out_of_the_channel_is_refused(sagemaker: SageMaker, key: str) -> None:
    sagemaker.put(key)
    sagemaker.create(InputDataConfig=[channel("train", "s3://artifacts/data/evil/")])
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Failed"
    assert "leads out of its folder" in job["FailureReason"]


def test_what_a_process_must_not_be_given_is_refused_by_the_api(sagemaker: SageMaker) -> None:
    code, message = refused(sagemaker, Environment={"PYTHONPATH": "/tmp"})
    assert (code, "PYTHONPATH" in message) == ("ValidationException", True)
    config = {"S3Uri": "s3://artifacts/c/", "LocalPath": "/opt/ml/../../tmp"}
    code, message = refused(sagemaker, CheckpointConfig=config)
    assert (code, "/opt/ml/../../tmp" in message) == ("ValidationException", True)
    code, message = refused(sagemaker, InputDataConfig=[channel("..", "s3://artifacts/data/")])
    assert (code, "another folder" in message) == ("ValidationException", True)


def latest_message(job: dict[str, Any]) -> str:
    return str(job["SecondaryStatusTransitions"][-1]["StatusMessage"])
