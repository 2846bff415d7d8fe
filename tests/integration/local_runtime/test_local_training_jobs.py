"""CreateTrainingJob really trains: layout, statuses, endings, billing."""

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.training.jobs import Fault, FaultKind
from tests.integration.local_runtime.conftest import processes_below, wait_for
from tests.integration.local_runtime.sagemaker_fixtures import (
    PAUSED,
    Start,
    refused,
    sagemaker,
    start,
)
from tests.integration.local_runtime.training_client import (
    ROLE,
    SageMaker,
    channel,
    metric,
)

__all__ = ["sagemaker", "start"]


def test_a_job_trains_and_its_model_and_output_lie_in_s3(sagemaker: SageMaker) -> None:
    arn = sagemaker.create(hyperparameters={"steps": "5"}, Tags=[{"Key": "run", "Value": "r"}])
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:training-job/job-01"
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Completed"
    assert job["SecondaryStatus"] == "Completed"
    model = "training/job-01/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://artifacts/{model}"}
    assert sagemaker.archive(model) == {"weights.bin": b"wwwww"}
    assert sagemaker.keys("training/") == [model, "training/job-01/output/output.tar.gz"]
    assert metric(job, "train:loss") == pytest.approx(0.2)
    tags = sagemaker.api.list_tags(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "run", "Value": "r"}]


def test_a_job_goes_through_sagemakers_statuses_with_times(sagemaker: SageMaker) -> None:
    sagemaker.create()
    job = sagemaker.wait_for_end()
    steps = job["SecondaryStatusTransitions"]
    assert [step["Status"] for step in steps] == [
        *("Starting", "Downloading", "Training", "Uploading", "Completed")
    ]
    for step, following in itertools.pairwise(steps):
        assert step["EndTime"] == following["StartTime"]
        assert step["StatusMessage"]
    assert steps[-1]["EndTime"] == job["TrainingEndTime"]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["LastModifiedTime"] == job["TrainingEndTime"]


def test_the_program_finds_sagemakers_layout_and_environment(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "leaks")
    sagemaker.put("data/train/deep/part-00001.jsonl", "b")
    sagemaker.put("data/trainer/other.jsonl", "not ours")
    sagemaker.put("models/champion/model.tar.gz", "c")
    sagemaker.create(
        hyperparameters={"epochs": "3"},
        InputDataConfig=[
            channel("train", "s3://artifacts/data/train/"),
            channel("champion", "s3://artifacts/models/champion/model.tar.gz"),
        ],
        Environment={"OMP_NUM_THREADS": "1"},
    )
    assert sagemaker.wait_for_end()["TrainingJobStatus"] == "Completed"
    seen = sagemaker.seen_by_program()
    assert seen["channels"] == {
        "train/part-00000.jsonl": '{"text": "a"}\n',
        "train/deep/part-00001.jsonl": "b",
        "champion/model.tar.gz": "c",
    }
    assert seen["config"]["hyperparameters.json"] == {"epochs": "3"}
    assert seen["config"]["resourceconfig.json"]["current_instance_type"] == "ml.g5.xlarge"
    assert seen["config"]["inputdataconfig.json"]["train"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    environment = seen["environment"]
    assert environment["TRAINING_JOB_NAME"] == "job-01"
    assert environment["SM_CHANNEL_TRAIN"].endswith("/input/data/train")
    assert environment["SM_HP_EPOCHS"] == "3"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1")
    assert "HOST_SECRET" not in environment


def test_an_isolated_job_gets_no_credentials(sagemaker: SageMaker) -> None:
    sagemaker.create(EnableNetworkIsolation=True)
    assert sagemaker.wait_for_end()["EnableNetworkIsolation"] is True
    environment = sagemaker.seen_by_program()["environment"]
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"} & set(environment)


def test_what_the_program_prints_is_in_its_log_stream(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters={"steps": "2"})
    sagemaker.wait_for_end()
    (lines,) = sagemaker.log_lines()
    assert [json.loads(line)["event"] for line in lines] == ["start", "step", "step"]


def test_a_failure_carries_the_programs_reason_and_exit_code(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters={"exit_code": "3", "failure": "label 'x' is not known"})
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: label 'x' is not known, exit code: 3"
    assert "ModelArtifacts" not in job
    assert sagemaker.keys("training/") == ["training/job-01/output/output.tar.gz"]
    assert sagemaker.transitions()[-2:] == ["Uploading", "Failed"]


def test_a_long_reason_is_cut_and_keeps_the_exit_code(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters={"exit_code": "1", "failure": "é" * 2000})
    reason = sagemaker.wait_for_end()["FailureReason"]
    assert len(reason) <= 1024
    assert reason.endswith("é, exit code: 1")


def test_data_that_went_away_before_the_download_fail_the_job(start: Start) -> None:
    sagemaker = start(startup_seconds=3600)
    sagemaker.create()
    sagemaker.s3.delete_object(Bucket="artifacts", Key="data/train/part-00000.jsonl")
    sagemaker.clock.advance(3600)
    job = sagemaker.wait_for_end()
    assert job["FailureReason"].startswith("ClientError: Data download failed")


def test_an_output_bucket_that_is_not_there_fails_the_job(sagemaker: SageMaker) -> None:
    sagemaker.create(OutputDataConfig={"S3OutputPath": "s3://nowhere/training"})
    assert sagemaker.wait_for_end()["FailureReason"].startswith("ClientError: s3://nowhere/")


def test_stopping_lets_the_program_save_its_model(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters=PAUSED)
    sagemaker.wait_for_step(3)
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    job = sagemaker.wait_for_end()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert sagemaker.transitions() == [
        *("Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped")
    ]
    assert sagemaker.archive("training/job-01/output/model.tar.gz") == {"weights.bin": b"www"}
    assert "FailureReason" not in job


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(start: Start) -> None:
    sagemaker = start(stop_grace_seconds=0.2)
    sagemaker.create(hyperparameters={**PAUSED, "on_sigterm": "ignore"})
    sagemaker.wait_for_step(3)
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    assert sagemaker.describe()["TrainingJobStatus"] == "Stopping"
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Stopped"
    assert "ModelArtifacts" not in job


def test_a_job_can_be_stopped_before_it_has_an_instance(start: Start) -> None:
    sagemaker = start(startup_seconds=3600)
    sagemaker.create()
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Stopped"
    assert "TrainingStartTime" not in job
    assert "BillableTimeInSeconds" not in job


def test_a_job_that_has_ended_cannot_be_stopped(sagemaker: SageMaker) -> None:
    sagemaker.create()
    sagemaker.wait_for_end()
    with pytest.raises(ClientError, match=r"ValidationException.*in status Completed"):
        sagemaker.api.stop_training_job(TrainingJobName="job-01")


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_a_job_that_never_was_is_not_found(sagemaker: SageMaker, operation: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found"):
        getattr(sagemaker.api, operation)(TrainingJobName="none")


def test_a_job_out_of_run_time_is_stopped_with_its_model(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters=PAUSED, max_runtime=600)
    sagemaker.wait_for_step(3)
    sagemaker.clock.advance(600)
    job = sagemaker.wait_for_end()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert sagemaker.archive("training/job-01/output/model.tar.gz") == {"weights.bin": b"www"}
    assert 600 <= job["TrainingTimeInSeconds"] < 700
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"]


def test_a_spot_job_is_billed_for_the_documented_part_of_its_time(start: Start) -> None:
    sagemaker = start(spot_billable_fraction=0.25)
    sagemaker.create(hyperparameters=PAUSED, spot=True)
    sagemaker.wait_for_step(3)
    sagemaker.clock.advance(1000)
    sagemaker.api.stop_training_job(TrainingJobName="job-01")
    job = sagemaker.wait_for_end()
    assert 1000 <= job["TrainingTimeInSeconds"] < 1100
    assert 250 <= job["BillableTimeInSeconds"] < 276


def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(sagemaker: SageMaker) -> None:
    sagemaker.jobs.inject(Fault(FaultKind.INTERRUPTION, job="job-*", after_seconds=100))
    sagemaker.create(
        hyperparameters={"steps": "6", "pause_every": "4"}, spot=True, checkpoints=True
    )
    sagemaker.wait_for_step(4)
    sagemaker.clock.advance(100)
    job = sagemaker.wait_for_end()
    assert job["TrainingJobStatus"] == "Completed"
    assert sagemaker.transitions() == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    before, after = sorted(sagemaker.log_lines(), key=len, reverse=True)
    assert [json.loads(line)["step"] for line in before] == [0, 1, 2, 3, 4]
    assert [json.loads(line)["step"] for line in after] == [4, 5, 6]
    assert sagemaker.archive("training/job-01/output/model.tar.gz")["weights.bin"] == b"w" * 6
    assert job["TrainingTimeInSeconds"] >= 100


def test_a_lost_instance_leaves_only_what_was_copied_before(start: Start) -> None:
    sagemaker = start(checkpoint_sync_seconds=3600)
    sagemaker.create(
        hyperparameters={"steps": "6", "pause_every": "4"}, spot=True, checkpoints=True
    )
    sagemaker.wait_for_step(4)
    sagemaker.jobs.inject(Fault(FaultKind.INTERRUPTION, graceful=False))
    sagemaker.wait(lambda _: "Interrupted" in sagemaker.transitions())
    sagemaker.wait(lambda _: len(sagemaker.log_lines()) == 2 and all(sagemaker.log_lines()))
    assert sagemaker.keys("checkpoints/") == []
    second = min(sagemaker.log_lines(), key=len)
    assert json.loads(second[0]) == {"event": "start", "step": 0}


def test_checkpoints_are_copied_while_the_program_runs(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters=PAUSED, checkpoints=True)
    key = "checkpoints/job-01/step.json"
    wait_for(lambda: sagemaker.keys("checkpoints/") == [key])
    assert sagemaker.describe()["SecondaryStatus"] == "Training"


def test_another_job_continues_from_the_same_checkpoints(sagemaker: SageMaker) -> None:
    shared = {"CheckpointConfig": {"S3Uri": "s3://artifacts/checkpoints/run/"}}
    told = {"steps": "2", "checkpoints": "true"}
    sagemaker.put("checkpoints/run-2/step.json", '{"step": 9}')
    sagemaker.create("job-01", hyperparameters=told, **shared)
    sagemaker.wait_for_end("job-01")
    sagemaker.create("job-02", hyperparameters={**told, "steps": "3"}, **shared)
    sagemaker.wait_for_end("job-02")
    (lines,) = sagemaker.log_lines("job-02")
    assert [json.loads(line)["step"] for line in lines] == [2, 3]


def test_an_on_demand_job_is_not_interrupted(sagemaker: SageMaker) -> None:
    sagemaker.jobs.inject(Fault(FaultKind.INTERRUPTION))
    sagemaker.create()
    assert sagemaker.wait_for_end()["TrainingJobStatus"] == "Completed"
    assert "Interrupted" not in sagemaker.transitions()


def test_a_job_without_capacity_fails_as_on_sagemaker(start: Start) -> None:
    sagemaker = start(faults=[Fault(FaultKind.CAPACITY, job="*-01")])
    sagemaker.create("job-01")
    sagemaker.create("job-02")
    job = sagemaker.wait_for_end("job-01")
    assert job["FailureReason"] == (
        "CapacityError: Unable to provision requested ML compute capacity. "
        "Please retry using a different ML instance type."
    )
    assert "BillableTimeInSeconds" not in job
    assert sagemaker.wait_for_end("job-02")["TrainingJobStatus"] == "Completed"


def test_a_spot_job_that_gets_no_instance_runs_out_of_wait_time(sagemaker: SageMaker) -> None:
    sagemaker.jobs.inject(Fault(FaultKind.CAPACITY_DELAY, after_seconds=1e6))
    sagemaker.create(spot=True, max_runtime=600, max_wait=900)
    sagemaker.wait(
        lambda job: (
            "Insufficient capacity" in job["SecondaryStatusTransitions"][-1]["StatusMessage"]
        )
    )
    sagemaker.clock.advance(900)
    job = sagemaker.wait_for_end()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_an_internal_error_fails_the_job_unless_it_may_be_retried(sagemaker: SageMaker) -> None:
    sagemaker.jobs.inject(Fault(FaultKind.INTERNAL_ERROR, times=2))
    sagemaker.create("job-01", hyperparameters=PAUSED)
    reason = sagemaker.wait_for_end("job-01")["FailureReason"]
    assert reason.startswith("InternalServerError: ")
    sagemaker.create("job-02", hyperparameters=PAUSED, RetryStrategy={"MaximumRetryAttempts": 1})
    sagemaker.wait_for_step(3, "job-02")
    assert "Restarting" in sagemaker.transitions("job-02")


def test_a_quota_is_refused_at_once(sagemaker: SageMaker) -> None:
    sagemaker.jobs.inject(Fault(FaultKind.QUOTA))
    code, message = refused(sagemaker)
    assert code == "ResourceLimitExceeded"
    assert "ml.g5.xlarge for training job usage" in message


def test_a_name_is_used_once(sagemaker: SageMaker) -> None:
    sagemaker.create()
    code, message = refused(sagemaker)
    assert code == "ResourceInUse"
    assert "training-job/job-01" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spot": True, "max_wait": 60}, "greater than or equal to MaxRuntimeInSeconds"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
            "only supported when EnableManagedSpotTraining",
        ),
        (
            {
                "ResourceConfig": {
                    "InstanceType": "ml.p5.12xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                }
            },
            "'ml.p5.12xlarge' at 'resourceConfig.instanceType'",
        ),
        (
            {"InputDataConfig": [channel("train", "s3://artifacts/data/none/")]},
            "No S3 objects found",
        ),
        (
            {"InputDataConfig": [channel("train", "s3://no-such-bucket/data/")]},
            "The specified bucket does not exist",
        ),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
        ({"name": "under_score"}, "'under_score' at 'trainingJobName'"),
        ({"name": "x" * 64}, "length less than or equal to 63"),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    sagemaker: SageMaker, changes: dict[str, Any], said: str
) -> None:
    code, message = refused(sagemaker, **changes)
    assert code == "ValidationException"
    assert said in message
    assert sagemaker.api.list_training_jobs()["TrainingJobSummaries"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"InputMode": "Pipe"}, "channel train with the input mode Pipe"),
        ({"InputMode": "FastFile"}, "channel train with the input mode FastFile"),
        (
            {
                "DataSource": {
                    "FileSystemDataSource": {
                        "FileSystemId": "fs-0123456789abcdef0",
                        "FileSystemAccessMode": "ro",
                        "FileSystemType": "FSxLustre",
                        "DirectoryPath": "/fsx/data",
                    }
                }
            },
            "channel train with another DataSource than S3DataSource",
        ),
    ],
)
def test_what_the_embedded_aws_does_not_do_is_refused_as_not_implemented(
    sagemaker: SageMaker, changes: dict[str, Any], said: str
) -> None:
    asked = {**channel("train", "s3://artifacts/data/"), **changes}
    with pytest.raises(ClientError) as caught:
        sagemaker.create(InputDataConfig=[asked])

    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"]["Code"] == "NotImplementedByLocalAws"
    assert said in answer["Error"]["Message"]
    assert sagemaker.api.list_training_jobs()["TrainingJobSummaries"] == []


def test_jobs_are_listed_by_name_and_status_in_pages(sagemaker: SageMaker) -> None:
    for number in range(5):
        sagemaker.create(f"run-{number}")
        sagemaker.wait_for_end(f"run-{number}")
    sagemaker.create("other", hyperparameters=PAUSED)
    first = sagemaker.api.list_training_jobs(NameContains="run", MaxResults=3)
    second = sagemaker.api.list_training_jobs(
        NameContains="run", MaxResults=3, NextToken=first["NextToken"]
    )
    names = [
        each["TrainingJobName"] for page in (first, second) for each in page["TrainingJobSummaries"]
    ]
    assert names == [f"run-{number}" for number in range(5)]
    assert "NextToken" not in second
    running = sagemaker.api.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    assert [each["TrainingJobName"] for each in running] == ["other"]
    newest = sagemaker.api.list_training_jobs(SortOrder="Descending", MaxResults=1)
    assert newest["TrainingJobSummaries"][0]["TrainingJobName"] == "other"


def test_each_change_of_status_is_an_event(sagemaker: SageMaker) -> None:
    events, sqs = sagemaker.clients.get("events"), sagemaker.clients.get("sqs")
    queue = sqs.create_queue(QueueName="changes")["QueueUrl"]
    events.put_rule(Name="changes", EventPattern='{"source": ["aws.sagemaker"]}')
    events.put_targets(
        Rule="changes",
        Targets=[{"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:changes"}],
    )
    sagemaker.create()
    sagemaker.wait_for_end()
    received: list[Any] = []

    def all_came() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        received.extend(json.loads(each["Body"]) for each in answer.get("Messages", []))
        return any(each["detail"]["SecondaryStatus"] == "Completed" for each in received)

    wait_for(all_came)
    assert {each["detail-type"] for each in received} == {"SageMaker Training Job State Change"}
    assert {each["detail"]["SecondaryStatus"] for each in received} >= {"Training", "Uploading"}
    assert isinstance(received[-1]["detail"]["CreationTime"], int)


def test_closing_ends_running_programs_and_gives_moto_back(sagemaker: SageMaker) -> None:
    sagemaker.create(hyperparameters=PAUSED)
    sagemaker.wait_for_step(3)
    assert processes_below(sagemaker.scratch) != []
    sagemaker.jobs.close()
    assert processes_below(sagemaker.scratch) == []
    with pytest.raises(ClientError):
        sagemaker.api.stop_training_job(TrainingJobName="job-01")


def test_the_role_must_trust_sagemaker(sagemaker: SageMaker) -> None:
    assert sagemaker.describe is not None
    sagemaker.clients.get("iam").create_role(
        RoleName="lambda", AssumeRolePolicyDocument='{"Statement": []}'
    )
    code, message = refused(sagemaker, RoleArn=ROLE.replace("training", "lambda"))
    assert (code, "role/lambda" in message) == ("ValidationException", True)
