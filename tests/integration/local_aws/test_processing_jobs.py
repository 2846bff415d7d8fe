"""SageMaker processing jobs with Spark's image, with a quick program in the place of Spark's."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationOptions,
)
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.spark_runs import PROGRAM, Spark, make_role, refused, spark

IMAGE = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0"
SERVICE = "sagemaker.amazonaws.com"
INPUT = "/opt/ml/processing/input"


class Jobs:
    """The processing jobs of a running embedded AWS."""

    def __init__(self, running: Spark) -> None:
        self.spark = running
        self.client = running.aws.client("sagemaker")
        self.role = make_role(running.aws, running.bucket, SERVICE)

    def request(self, do: str = "copy", **more: Any) -> dict[str, Any]:
        config = more.pop("config", None) or self.spark.config()[0]
        return {
            "ProcessingJobName": f"job-{uuid4().hex[:12]}",
            "RoleArn": self.role,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["smspark-submit", f"{INPUT}/code/prepare.py"],
                "ContainerArguments": ["--config", config, "--do", do],
            },
            "ProcessingInputs": [self.input("code", "code/prepare.py")],
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 2,
                    "InstanceType": "ml.m5.xlarge",
                    "VolumeSizeInGB": 30,
                }
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 1200},
            **more,
        }

    def input(self, name: str, key: str) -> dict[str, Any]:
        source = {
            "S3Uri": f"s3://{self.spark.bucket}/{key}",
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        return {"InputName": name, "S3Input": source}

    def start(self, do: str = "copy", **more: Any) -> str:
        request = self.request(do, **more)
        self.client.create_processing_job(**request)
        return str(request["ProcessingJobName"])

    def look(self, name: str) -> dict[str, Any]:
        return dict(self.client.describe_processing_job(ProcessingJobName=name))

    def ended(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = eventually(
            lambda: (
                seen
                if (seen := self.look(name))["ProcessingJobStatus"]
                in {"Completed", "Failed", "Stopped"}
                else None
            )
        )
        return found

    def running(self, name: str) -> None:
        eventually(lambda: self.look(name).get("ProcessingStartTime"))


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    with spark(PreparationOptions(program=PROGRAM)) as running:
        yield Jobs(running)


def test_a_job_runs_its_program_and_bills_its_instances(jobs: Jobs) -> None:
    config, output = jobs.spark.config()
    settings = [
        {"Classification": "spark-defaults", "Properties": {"spark.sql.shuffle.partitions": "7"}}
    ]
    jobs.spark.aws.client("s3").put_object(
        Bucket=jobs.spark.bucket, Key="conf/configuration.json", Body=json.dumps(settings)
    )
    inputs = [jobs.input("code", "code/prepare.py"), jobs.input("conf", "conf/configuration.json")]

    name = jobs.start(
        config=config,
        ProcessingInputs=inputs,
        Environment={"RUN": "r"},
        Tags=[{"Key": "project", "Value": "p"}],
    )

    found = jobs.ended(name)
    assert found["ProcessingJobStatus"] == "Completed"
    assert found["ProcessingStartTime"] <= found["ProcessingEndTime"]
    assert found["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 2
    assert jobs.spark.keys(output) == ["a.csv", "manifest.json"]
    tags = jobs.client.list_tags(ResourceArn=found["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "project", "Value": "p"}]
    events = jobs.spark.aws.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNames=[f"{name}/algo-1"]
    )["events"]
    text = "\n".join(each["message"] for each in events)
    assert "reads ['s3://" in text
    assert "spark.sql.shuffle.partitions=7" in text


def test_a_name_is_taken_once(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.client.create_processing_job(**request)

    code, message = refused(jobs.client.create_processing_job, **request)

    assert code == "ResourceInUse"
    assert request["ProcessingJobName"] in message
    jobs.ended(request["ProcessingJobName"])


def test_a_failed_program_leaves_its_last_words(jobs: Jobs) -> None:
    config, output = jobs.spark.config()

    found = jobs.ended(jobs.start("fail", config=config))

    assert found["ProcessingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("AlgorithmError: ")
    assert found["FailureReason"].endswith("exit code: 2")
    assert "No row is left" in found["ExitMessage"]
    assert jobs.spark.keys(output) == ["error.json"]


def test_a_job_is_stopped_and_an_ended_one_stays_what_it_is(jobs: Jobs) -> None:
    name = jobs.start("wait")
    jobs.running(name)

    jobs.client.stop_processing_job(ProcessingJobName=name)

    assert jobs.ended(name)["ProcessingJobStatus"] == "Stopped"
    code, message = refused(jobs.client.stop_processing_job, ProcessingJobName=name)
    assert (code, "Stopped" in message) == ("ValidationException", True)


def test_a_job_that_takes_too_long_is_stopped_and_billed_to_its_limit(jobs: Jobs) -> None:
    name = jobs.start("wait")
    jobs.running(name)

    jobs.spark.advance(3600)

    found = jobs.ended(name)
    assert found["ProcessingJobStatus"] == "Stopped"
    assert "maximum runtime exceeded" in found["ExitMessage"]
    ran = found["ProcessingEndTime"] - found["ProcessingStartTime"]
    assert ran == timedelta(seconds=1200)


def test_the_instances_are_on_the_bill(jobs: Jobs) -> None:
    costs, today = jobs.spark.aws.client("ce"), jobs.spark.aws.clock.now().date()
    span = {"Start": str(today), "End": str(today + timedelta(days=2))}

    rows = costs.get_cost_and_usage(
        TimePeriod=span,
        Granularity="DAILY",
        Metrics=["UnblendedCost"],
        GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    )["ResultsByTime"]

    kinds = {group["Keys"][0] for day in rows for group in day["Groups"]}
    assert "Processing:ml.m5.xlarge" in kinds


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        (PreparationFaultKind.CAPACITY, "CapacityError"),
        (PreparationFaultKind.DRIVER_LOST, "AlgorithmError"),
        (PreparationFaultKind.INTERNAL_ERROR, "InternalServerError"),
    ],
)
def test_bad_luck_ends_a_job(jobs: Jobs, kind: PreparationFaultKind, prefix: str) -> None:
    name = f"luck-{uuid4().hex[:8]}"
    jobs.spark.fault(PreparationFault(kind, run=name))

    found = jobs.ended(jobs.start("wait", ProcessingJobName=name))

    assert (found["ProcessingJobStatus"], found["FailureReason"].partition(":")[0]) == (
        "Failed",
        prefix,
    )
    assert ("ProcessingStartTime" in found) == (kind is not PreparationFaultKind.CAPACITY)


def test_the_next_type_is_taken_where_the_first_has_no_capacity(jobs: Jobs) -> None:
    name = f"types-{uuid4().hex[:8]}"
    jobs.spark.fault(PreparationFault(PreparationFaultKind.CAPACITY, run=name))
    cluster = {
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "InstancePreferences": [
            {"InstanceType": "ml.m5.xlarge"},
            {"InstanceType": "ml.m5.2xlarge"},
        ],
    }

    found = jobs.ended(
        jobs.start(ProcessingJobName=name, ProcessingResources={"ClusterConfig": cluster})
    )

    assert found["ProcessingJobStatus"] == "Completed"
    chosen = found["ProcessingResources"]["ClusterConfig"]["SelectedInstanceType"]
    assert chosen == "ml.m5.2xlarge"


def test_two_jobs_at_once_have_folders_of_their_own(jobs: Jobs) -> None:
    configs = [jobs.spark.config() for _ in range(3)]

    names = [jobs.start(config=config) for config, _ in configs]

    assert {jobs.ended(name)["ProcessingJobStatus"] for name in names} == {"Completed"}
    for _, output in configs:
        assert jobs.spark.keys(output) == ["a.csv", "manifest.json"]
    listed = jobs.client.list_processing_jobs(StatusEquals="Completed", MaxResults=100)
    assert set(names) <= {each["ProcessingJobName"] for each in listed["ProcessingJobSummaries"]}
    assert jobs.spark.aws.programs is not None
    assert list(jobs.spark.aws.programs.scratch.iterdir()) == []


def test_more_instances_than_the_quota_are_refused(jobs: Jobs) -> None:
    quotas = jobs.spark.aws.services.quotas.at("123456789012", "us-east-1")
    quotas.set("ml.m5.xlarge for processing job usage", 1)
    try:
        code, message = refused(jobs.client.create_processing_job, **jobs.request())
    finally:
        quotas.set("ml.m5.xlarge for processing job usage", 1000)

    assert code == "ResourceLimitExceeded"
    assert "ml.m5.xlarge for processing job usage" in message


def specification(**changes: Any) -> dict[str, Any]:
    given = {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["smspark-submit", f"{INPUT}/code/prepare.py"],
    }
    return {"AppSpecification": {**given, **changes}}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            specification(ImageUri="1.dkr.ecr.us-east-1.amazonaws.com/own:1"),
            "NotImplementedByLocalAws",
            "own:1",
        ),
        (
            specification(ContainerEntrypoint=["python3", "a.py"]),
            "NotImplementedByLocalAws",
            "smspark-submit",
        ),
        (
            specification(ContainerEntrypoint=["smspark-submit", "/opt/ml/processing/../a.py"]),
            "ValidationException",
            "must lie below",
        ),
        ({"Environment": {"LD_PRELOAD": "/tmp/x.so"}}, "ValidationException", "LD_PRELOAD"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "ValidationException", "assume"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 777_601}},
            "ValidationException",
            "777600",
        ),
        (
            {"ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30}}},
            "ValidationException",
            "InstanceType",
        ),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    jobs: Jobs, change: dict[str, Any], code: str, said: str
) -> None:
    found = refused(jobs.client.create_processing_job, **jobs.request(**change))

    assert found[0] == code
    assert said in found[1]


def test_an_input_that_is_not_there_fails_the_job(jobs: Jobs) -> None:
    found = jobs.ended(jobs.start(ProcessingInputs=[jobs.input("code", "nothing/")]))

    assert found["ProcessingJobStatus"] == "Failed"
    assert "No S3 objects found" in found["FailureReason"]


def test_a_job_that_was_never_made_is_not_found(jobs: Jobs) -> None:
    code, message = refused(jobs.client.describe_processing_job, ProcessingJobName="none")

    assert (code, "Could not find requested job" in message) == ("ValidationException", True)
