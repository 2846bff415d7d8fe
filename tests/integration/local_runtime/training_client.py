"""A SageMaker that trains, over HTTP, and what a test says to it."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.clients import Clients
from local_aws.training.jobs import TrainingJobs
from tests.integration.local_runtime.conftest import wait_for

PROGRAM = Path(__file__).with_name("training_program.py")
ROLE = "arn:aws:iam::123456789012:role/training"


@dataclass
class Clock:
    """The real time, and what a test lets pass on top of it."""

    passed: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def advance(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)


@dataclass
class SageMaker:
    """The server's clients, its jobs and its clock."""

    clients: Clients
    jobs: TrainingJobs
    clock: Clock
    scratch: Path

    def __post_init__(self) -> None:
        self.api = self.clients.get("sagemaker")
        self.s3 = self.clients.get("s3")

    def put(self, key: str, body: str | bytes = "x") -> None:
        self.s3.put_object(Bucket="artifacts", Key=key, Body=body)

    def create(self, name: str = "job-01", **changes: Any) -> str:
        arn: str = self.api.create_training_job(**request(name, **changes))["TrainingJobArn"]
        return arn

    def describe(self, name: str = "job-01") -> dict[str, Any]:
        answer: dict[str, Any] = self.api.describe_training_job(TrainingJobName=name)
        return answer

    def wait(self, until: Callable[[dict[str, Any]], bool], name: str = "job-01") -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def reached() -> bool:
            found[:] = [self.describe(name)]
            return until(found[0])

        wait_for(reached)
        return found[0]

    def wait_for_end(self, name: str = "job-01") -> dict[str, Any]:
        return self.wait(
            lambda job: job["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"}, name
        )

    def wait_for_step(self, step: int, name: str = "job-01") -> dict[str, Any]:
        """Wait until the program printed a step; it then waits itself if it was told to."""
        return self.wait(lambda job: metric(job, "step") >= step, name)

    def transitions(self, name: str = "job-01") -> list[str]:
        return [each["Status"] for each in self.describe(name)["SecondaryStatusTransitions"]]

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket="artifacts", Prefix=prefix)
        return [each["Key"] for each in listed.get("Contents", [])]

    def archive(self, key: str) -> dict[str, bytes]:
        body = self.s3.get_object(Bucket="artifacts", Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {
                member.name: file.read()
                for member in tar.getmembers()
                if (file := tar.extractfile(member)) is not None
            }

    def seen_by_program(self, name: str = "job-01") -> dict[str, Any]:
        files = self.archive(f"training/{name}/output/output.tar.gz")
        seen: dict[str, Any] = json.loads(files["seen.json"])
        return seen

    def log_lines(self, name: str = "job-01") -> list[list[str]]:
        logs = self.clients.get("logs")
        group = "/aws/sagemaker/TrainingJobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
        return [
            [
                each["message"]
                for each in logs.get_log_events(
                    logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
                )["events"]
            ]
            for stream in streams["logStreams"]
        ]


def metric(job: dict[str, Any], name: str) -> float:
    values = {each["MetricName"]: each["Value"] for each in job.get("FinalMetricDataList", [])}
    return float(values.get(name, 0))


def request(
    name: str,
    hyperparameters: dict[str, str] | None = None,
    *,
    spot: bool = False,
    checkpoints: bool = False,
    max_runtime: int = 3600,
    max_wait: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    told = dict(hyperparameters or {})
    if checkpoints:
        told["checkpoints"] = "true"
        more["CheckpointConfig"] = {"S3Uri": f"s3://artifacts/checkpoints/{name}"}
    condition = {"MaxRuntimeInSeconds": max_runtime}
    if spot:
        condition["MaxWaitTimeInSeconds"] = max_wait or 2 * max_runtime
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "HyperParameters": told,
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline:1",
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "step", "Regex": '"step": ([0-9]+)'},
                {"Name": "train:loss", "Regex": '"loss": ([0-9eE.+-]+)'},
            ],
        },
        "InputDataConfig": [channel("train", "s3://artifacts/data/train/")],
        "OutputDataConfig": {"S3OutputPath": "s3://artifacts/training/"},
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": condition,
        "EnableManagedSpotTraining": spot,
        **more,
    }


def channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
