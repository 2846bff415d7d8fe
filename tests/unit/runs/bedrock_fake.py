"""A stand-in for Bedrock: jobs, custom models, deployments and answers, and calls that fail.

Requests are checked against botocore's service model. The test moves jobs on; deployments become
active when they are looked at a second time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.validate import ParamValidator

from tests.unit.runs.fake_sagemaker import CREATED_AT, refusal

ARN = "arn:aws:bedrock:us-east-1:123456789012"
STATUSES = {
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ConflictException": 400,
    "ServiceQuotaExceededException": 400,
    "ValidationException": 400,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ServiceUnavailableException": 503,
}


@dataclass
class Clock:
    """The time, which a test moves."""

    now: datetime = CREATED_AT
    seconds: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Failure:
    """A way in which a call fails: so many times, before or after it took effect."""

    code: str
    times: int
    lost_reply: bool = False


@cache
def _shape(service: str, operation: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def _error(operation: str, code: str) -> Exception:
    if code == "EndpointConnectionError":
        return EndpointConnectionError(endpoint_url="https://bedrock")
    return refusal(operation, code, f"{code} of a test", STATUSES[code])


@dataclass
class FakeBedrock:
    """Both clients in one. ``answer`` says what a model answers to a text."""

    clock: Clock
    answer: Callable[[str, str], str] = lambda _model, _text: "positive"
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    deployment_ends_as: list[str] = field(default_factory=list)
    deployment_failure: str = ""
    per_minute: int | None = None
    training_tokens: int = 0
    _minute: dict[str, list[datetime]] = field(default_factory=dict)

    def fail(self, operation: str, code: str, times: int = 1, *, lost_reply: bool = False) -> None:
        """Lets the next calls of an operation fail."""
        self.failures[operation] = Failure(code, times, lost_reply)

    @contextmanager
    def _called(self, service: str, operation: str, request: dict[str, Any]) -> Iterator[None]:
        report = ParamValidator().validate(request, _shape(service, operation))
        assert not report.has_errors(), report.generate_report()
        self.calls.append(operation)
        failure = self.failures.get(operation)
        fails = failure is not None and failure.times > 0
        if failure is not None and fails:
            failure.times -= 1
            if not failure.lost_reply:
                raise _error(operation, failure.code)
        yield
        if failure is not None and fails:
            raise _error(operation, failure.code)

    # Jobs and models.

    def create_model_customization_job(self, **request: Any) -> dict[str, str]:
        operation = "CreateModelCustomizationJob"
        with self._called("bedrock", operation, request):
            name, token = request["jobName"], request["clientRequestToken"]
            same = [one for one in self.jobs.values() if one["clientRequestToken"] == token]
            if same:
                return {"jobArn": same[0]["jobArn"]}
            if name in self.jobs:
                raise refusal(operation, "ConflictException", "The name is in use.")
            arn = f"{ARN}:model-customization-job/amazon.nova-micro-v1:0:128k/{_id(self.jobs)}"
            self.jobs[name] = {
                **request,
                "jobArn": arn,
                "outputModelName": request["customModelName"],
                "status": "InProgress",
                "statusDetails": {"validationDetails": {"status": "InProgress"}},
                "creationTime": self.clock.now,
            }
            self.tags[arn] = request.get("jobTags", [])
        return {"jobArn": self.jobs[name]["jobArn"]}

    def get_model_customization_job(self, **request: Any) -> dict[str, Any]:
        operation = "GetModelCustomizationJob"
        with self._called("bedrock", operation, request):
            for name, job in self.jobs.items():
                if request["jobIdentifier"] in {name, job["jobArn"]}:
                    return job
            raise refusal(operation, "ResourceNotFoundException", "No such job.", 404)

    def stop_model_customization_job(self, **request: Any) -> dict[str, Any]:
        operation = "StopModelCustomizationJob"
        with self._called("bedrock", operation, request):
            job = self.jobs.get(request["jobIdentifier"])
            if job is None:
                raise refusal(operation, "ResourceNotFoundException", "No such job.", 404)
            if job["status"] != "InProgress":
                raise refusal(operation, "ConflictException", f"The job is {job['status']}.")
            job["status"] = "Stopping"
        return {}

    def move(self, name: str, phase: str) -> None:
        """Moves a job into a phase, or to an end: ``training`` or ``Completed``."""
        job, order = self.jobs[name], ["validation", "dataProcessing", "training"]
        if phase in order:
            job["statusDetails"] = {
                f"{one}Details": {
                    "status": "InProgress" if one == phase else "Completed",
                    "creationTime": self.clock.now,
                }
                for one in order[: order.index(phase) + 1]
            }
            return
        job.update(status=phase, endTime=self.clock.now)
        if phase == "Completed":
            arn = f"{ARN}:custom-model/amazon.nova-micro-v1:0:128k/{_id(self.models)}"
            job["outputModelArn"] = arn
            self.models[arn] = job["outputModelName"]
            self.tags[arn] = job.get("customModelTags", [])

    def fail_job(self, name: str, message: str) -> None:
        self.move(name, "Failed")
        self.jobs[name]["failureMessage"] = message

    def list_tags_for_resource(self, **request: Any) -> dict[str, Any]:
        operation = "ListTagsForResource"
        with self._called("bedrock", operation, request):
            return {"tags": self.tags[request["resourceARN"]]}

    def delete_custom_model(self, **request: Any) -> dict[str, Any]:
        operation = "DeleteCustomModel"
        with self._called("bedrock", operation, request):
            arn = request["modelIdentifier"]
            if any(one["modelArn"] == arn for one in self.deployments.values()):
                raise refusal(operation, "ConflictException", "The model is deployed.")
            if self.models.pop(arn, None) is None:
                raise refusal(operation, "ResourceNotFoundException", "No such model.", 404)
        return {}

    # Deployments.

    def create_custom_model_deployment(self, **request: Any) -> dict[str, str]:
        operation = "CreateCustomModelDeployment"
        with self._called("bedrock", operation, request):
            name = request["modelDeploymentName"]
            if request["modelArn"] not in self.models:
                raise refusal(operation, "ResourceNotFoundException", "No such model.", 404)
            if name not in self.deployments:
                arn = f"{ARN}:custom-model-deployment/{_id(self.deployments)}"
                self.deployments[name] = {
                    "customModelDeploymentArn": arn,
                    "modelDeploymentName": name,
                    "modelArn": request["modelArn"],
                    "createdAt": self.clock.now,
                    "status": "Creating",
                    "looks": 0,
                }
                self.tags[arn] = request.get("tags", [])
        return {"customModelDeploymentArn": self.deployments[name]["customModelDeploymentArn"]}

    def get_custom_model_deployment(self, **request: Any) -> dict[str, Any]:
        operation = "GetCustomModelDeployment"
        with self._called("bedrock", operation, request):
            found = self._deployment(operation, request["customModelDeploymentIdentifier"])
            found["looks"] += 1
            if found["status"] == "Creating" and found["looks"] > 1:
                ends = self.deployment_ends_as
                found["status"] = ends.pop(0) if ends else "Active"
                if found["status"] == "Failed" and self.deployment_failure:
                    found["failureMessage"] = self.deployment_failure
            return {key: value for key, value in found.items() if key != "looks"}

    def update_custom_model_deployment(self, **request: Any) -> dict[str, str]:
        operation = "UpdateCustomModelDeployment"
        with self._called("bedrock", operation, request):
            found = self._deployment(operation, request["customModelDeploymentIdentifier"])
            found["modelArn"] = request["modelArn"]
            return {"customModelDeploymentArn": found["customModelDeploymentArn"]}

    def delete_custom_model_deployment(self, **request: Any) -> dict[str, Any]:
        operation = "DeleteCustomModelDeployment"
        with self._called("bedrock", operation, request):
            found = self._deployment(operation, request["customModelDeploymentIdentifier"])
            del self.deployments[found["modelDeploymentName"]]
        return {}

    def get_paginator(self, operation: str) -> "FakeBedrock":
        assert operation == "list_custom_model_deployments"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        with self._called("bedrock", "ListCustomModelDeployments", request):
            yield {
                "modelDeploymentSummaries": [
                    {
                        "customModelDeploymentArn": one["customModelDeploymentArn"],
                        "customModelDeploymentName": one["modelDeploymentName"],
                        "modelArn": one["modelArn"],
                        "status": one["status"],
                        "createdAt": one["createdAt"],
                    }
                    for one in self.deployments.values()
                    if one["modelArn"] == request["modelArnEquals"]
                ]
            }

    def _deployment(self, operation: str, identifier: str) -> dict[str, Any]:
        for name, found in self.deployments.items():
            if identifier in {name, found["customModelDeploymentArn"]}:
                return found
        raise refusal(operation, "ResourceNotFoundException", "No such deployment.", 404)

    # Answers.

    def converse(self, **request: Any) -> dict[str, Any]:
        with self._called("bedrock-runtime", "Converse", request):
            model = request["modelId"]
            self._refuse_above_quota(model)
            self.asked.append(request)
            text = str(request["messages"][-1]["content"][0]["text"])
            said = self.answer(model, text)
            return {
                "output": {"message": {"role": "assistant", "content": [{"text": said}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 40, "outputTokens": 2, "totalTokens": 42},
                "metrics": {"latencyMs": 100},
            }

    def _refuse_above_quota(self, model: str) -> None:
        if self.per_minute is None:
            return
        pool = "custom" if "custom-model-deployment" in model else "base"
        since = self.clock.now - timedelta(seconds=60)
        recent = [at for at in self._minute.get(pool, []) if at > since]
        if len(recent) >= self.per_minute:
            raise refusal("Converse", "ThrottlingException", "Too many requests.", 429)
        self._minute[pool] = [*recent, self.clock.now]


def _id(known: Any) -> str:
    return f"{len(known):012d}"


def is_refused(error: BaseException) -> bool:
    """Whether an error came from a call of the stand-in."""
    return isinstance(error.__cause__, ClientError | EndpointConnectionError)
