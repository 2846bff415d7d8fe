"""CreateTrainingJob of the embedded AWS, told to run the training image's containers."""

import io
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.containers.conftest import Aws
from tests.containers.engine import docker
from tests.containers.sam import ROOT
from tests.containers.training import RUNS_AS, ContainerJob
from tests.training.tiny import DEFAULTS

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TRUST = {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
LONG = {"epochs": "30", "patience": "30"}
POLL_SECONDS = 0.2


@dataclass
class Jobs:
    """Training jobs whose channels lie in the artifacts bucket."""

    aws: Aws
    role: str
    prefix: str

    def __post_init__(self) -> None:
        self.api = self.aws.client("sagemaker")
        self.s3 = self.aws.client("s3")
        self.bucket = self.aws.outputs["ArtifactsBucketName"]

    def create(self, name: str, given: Mapping[str, str], *, isolated: bool = False) -> None:
        root = f"s3://{self.bucket}/{self.prefix}"
        source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated"}
        self.api.create_training_job(
            TrainingJobName=name,
            RoleArn=self.role,
            AlgorithmSpecification={"TrainingImage": "unused", "TrainingInputMode": "File"},
            HyperParameters={**DEFAULTS, **given},
            InputDataConfig=[
                {
                    "ChannelName": each,
                    "DataSource": {"S3DataSource": {**source, "S3Uri": f"{root}/data/{each}/"}},
                }
                for each in ("train", "validation", "test", "model")
            ],
            OutputDataConfig={"S3OutputPath": f"{root}/output"},
            CheckpointConfig={"S3Uri": f"{root}/checkpoints"},
            ResourceConfig={
                "InstanceType": "ml.g5.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            EnableNetworkIsolation=isolated,
            Environment={"OMP_NUM_THREADS": "1"},
        )

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_training_job(TrainingJobName=name)
        return found

    def ended(self, name: str) -> dict[str, Any]:
        wait_for(lambda: self.describe(name)["TrainingJobStatus"] not in ("InProgress", "Stopping"))
        return self.describe(name)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines that a job has printed so far."""
        found = self.aws.client("logs").filter_log_events(logGroupName=LOG_GROUP)["events"]
        own = [each for each in found if each["logStreamName"].startswith(f"{name}/")]
        return [json.loads(each["message"]) for each in own if each["message"].startswith("{")]

    def wait_for_event(self, name: str, event: str) -> None:
        wait_for(lambda: any(line["event"] == event for line in self.events(name)))

    def archive(self, name: str, kind: str) -> tarfile.TarFile:
        key = f"{self.prefix}/output/{name}/output/{kind}.tar.gz"
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return tarfile.open(fileobj=io.BytesIO(body))

    def metrics(self, name: str) -> dict[str, Any]:
        with self.archive(name, "output") as archive:
            file = archive.extractfile("metrics.json")
            assert file is not None
            found: dict[str, Any] = json.load(file)
            return found


def wait_for(reached: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(POLL_SECONDS)


def containers_of(name: str) -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"label=local-aws={name}").split()


@pytest.fixture(scope="module")
def jobs(aws: Aws, base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    base = tmp_path_factory.mktemp("channels")
    ContainerJob.make("", base, base_model)
    role = aws.client("iam").create_role(
        RoleName="container-test", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    made = Jobs(aws, role, "container-test")
    channels = base / "input" / "data"
    for file in (path for path in channels.rglob("*") if path.is_file()):
        key = f"{made.prefix}/data/{file.relative_to(channels)}"
        made.s3.upload_file(str(file), made.bucket, key)
    return made


def test_a_job_trains_in_a_container_of_which_nothing_stays(jobs: Jobs) -> None:
    jobs.create("whole", {"epochs": "1"})
    ended = jobs.ended("whole")
    assert ended["TrainingJobStatus"] == "Completed", ended["FailureReason"]
    with jobs.archive("whole", "model") as archive:
        members = {member.name: member for member in archive.getmembers()}
    # No process of this machine runs as that user.
    assert members["model.safetensors"].uid == RUNS_AS
    assert containers_of("whole") == []


def test_a_failure_reaches_the_failure_reason(jobs: Jobs) -> None:
    jobs.create("failing", {"epochs": "0"})
    ended = jobs.ended("failing")
    assert ended["TrainingJobStatus"] == "Failed"
    assert ended["FailureReason"].startswith("AlgorithmError: ")
    assert "epochs" in ended["FailureReason"]
    assert ended["FailureReason"].endswith(", exit code: 1")


def test_a_stopped_job_leaves_checkpoints_from_which_another_goes_on(jobs: Jobs) -> None:
    jobs.create("stopped", LONG)
    jobs.wait_for_event("stopped", "step")
    (container,) = containers_of("stopped")
    # It has a network, and the embedded AWS is there where the job is told.
    program = (
        "import os, socket, urllib.parse as p; u = p.urlsplit(os.environ['AWS_ENDPOINT_URL']);"
    )
    program += "socket.create_connection((u.hostname, u.port), 10)"
    docker("exec", container, "python3", "-c", program)
    jobs.api.stop_training_job(TrainingJobName="stopped")
    ended = jobs.ended("stopped")
    assert (ended["TrainingJobStatus"], ended["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert jobs.events("stopped")[-1]["event"] == "interrupted"
    assert containers_of("stopped") == []

    jobs.create("resumed", LONG, isolated=True)
    jobs.wait_for_event("resumed", "start")
    (container,) = containers_of("resumed")
    network = docker("inspect", "--format", "{{.HostConfig.NetworkMode}}", container)
    assert network == "none"
    assert jobs.ended("resumed")["TrainingJobStatus"] == "Completed"
    assert jobs.metrics("resumed")["train"]["resumed_from_step"] > 0


def test_containers_end_when_the_embedded_aws_is_killed(
    training_image: str, base_model: Path, tmp_path: Path
) -> None:
    job = ContainerJob.make(training_image, tmp_path, base_model, **LONG)
    request = {
        "TrainingJobName": "orphan",
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge"},
        "EnableNetworkIsolation": True,
    }
    program = f"""
import os, signal
from pathlib import Path
from local_aws.training.container_launcher import ContainerLauncher, Engine
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.container import Launch, MlFolder
launcher = ContainerLauncher({training_image!r}, ProcessSessions(), Engine(os.environ))
arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/orphan"
folder = MlFolder(Path({str(job.base)!r}))
launched = launcher(Launch({request!r}, arn, folder, {{}}, {{}}))
launched.output.readline()
print("started", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "started\n", done.stderr
    wait_for(lambda: containers_of("orphan") == [], 60)
