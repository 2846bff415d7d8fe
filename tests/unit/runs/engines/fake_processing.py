"""A stand-in for SageMaker's processing jobs: moto's are completed at once."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.validate import ParamValidator

from tests.unit.runs.fake_sagemaker import refusal

CREATED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


@cache
def _create_request_shape() -> Any:
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    return model.operation_model("CreateProcessingJob").input_shape


class FakeProcessing:
    """Processing jobs that a test moves from status to status by hand.

    ``errors`` holds by operation what the next calls raise; a call that is in ``lost`` takes effect
    first, as when a connection breaks after the request.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.errors: dict[str, list[Exception]] = {}
        self.lost: set[str] = set()

    def create_processing_job(self, **request: Any) -> dict[str, str]:
        report = ParamValidator().validate(request, _create_request_shape())
        assert not report.has_errors(), report.generate_report()
        self._asked("create_processing_job", before=True)
        name = request["ProcessingJobName"]
        if name in self.jobs:
            raise refusal("CreateProcessingJob", "ResourceInUse", "Job name must be unique.")
        self.requests.append(request)
        self.jobs[name] = {
            **request,
            "ProcessingJobStatus": "InProgress",
            "CreationTime": CREATED_AT,
            "LastModifiedTime": CREATED_AT,
        }
        self._asked("create_processing_job", before=False)
        return {"ProcessingJobArn": f"arn:aws:sagemaker:us-east-1:1:processing-job/{name}"}

    def describe_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:
        self._asked("describe_processing_job", before=True)
        if ProcessingJobName not in self.jobs:
            raise refusal(
                "DescribeProcessingJob", "ValidationException", "Could not find requested job."
            )
        return self.jobs[ProcessingJobName]

    def stop_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:
        self._asked("stop_processing_job", before=True)
        job = self.jobs.get(ProcessingJobName)
        if job is None or job["ProcessingJobStatus"] != "InProgress":
            raise refusal("StopProcessingJob", "ValidationException", "The job does not run.")
        job["ProcessingJobStatus"] = "Stopping"
        self.stopped.append(ProcessingJobName)
        self._asked("stop_processing_job", before=False)
        return {}

    def move(self, name: str, status: str, seconds: float | None = None, **facts: Any) -> None:
        """Puts a job into a status; with ``seconds`` it has run for so long."""
        if seconds is not None:
            self.jobs[name] |= {
                "ProcessingStartTime": CREATED_AT,
                "ProcessingEndTime": CREATED_AT + timedelta(seconds=seconds),
            }
        self.jobs[name] |= {"ProcessingJobStatus": status, **facts}

    def _asked(self, name: str, *, before: bool) -> None:
        waiting = self.errors.get(name)
        if waiting and before != (name in self.lost):
            raise waiting.pop(0)
