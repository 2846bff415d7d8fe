"""Answers of AWS in small, for collectors."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.unit.audit.canned_aws import ARN, NOW, START


def processing_answer(request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["ProcessingJobName"]
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"{ARN}:processing-job/{name}",
        "ProcessingJobStatus": "Failed",
        "FailureReason": "AlgorithmError",
        "CreationTime": START,
        "LastModifiedTime": NOW,
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 2,
                "InstanceType": "ml.m5.xlarge",
                "VolumeSizeInGB": 30,
            }
        },
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://out/x"}}]
        },
    }


def job_answer(name: str = "job", **fields: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}:training-job/{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": START,
        "TrainingStartTime": START + timedelta(minutes=4),
        "TrainingEndTime": START + timedelta(hours=1),
        "LastModifiedTime": START + timedelta(hours=1, minutes=1),
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        **fields,
    }


def warm(name: str) -> dict[str, Any]:
    resources = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return job_answer(name, ResourceConfig={**resources, "KeepAlivePeriodInSeconds": 600})


def named(kind: str, key: str, name: str) -> dict[str, Any]:
    return {key: name, f"{kind}Arn": f"{ARN}:{kind.lower()}/{name}", "CreationTime": NOW}


def day(number: int) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": f"2026-11-0{number}", "End": f"2026-11-0{number + 1}"},
        "Groups": [{"Keys": ["S"], "Metrics": {"UnblendedCost": {"Amount": "1.5"}}}],
    }


def run_day(number: int) -> dict[str, Any]:
    keys = [f"thriftline:run-id$run-{number}"]
    return {**day(number), "Groups": [{**day(number)["Groups"][0], "Keys": keys}]}


def settled(name: str) -> dict[str, Any]:
    return {
        "run_id": {"S": name},
        "project": {"S": "reviews"},
        "settled_usd": {"S": "1.200000000"},
        "attempt_1": {"M": {"job_name": {"S": f"{name}-1"}}},
    }
