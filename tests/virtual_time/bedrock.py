"""Bedrock on the virtual clock: customization jobs, their models, deployments and answers."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.virtual_time.buckets import MemoryS3
from tests.virtual_time.refusals import refusal
from tests.virtual_time.timeline import Timeline

_ARN = "arn:aws:bedrock:us-east-1:123456789012"
_BASE = "amazon.nova-micro-v1:0:128k"
_FAILED = {
    "user error": "Input data at line 3 must follow the format of a conversation.",
    "internal error": "The job encountered an unexpected error.",
    "unknown": "Something else.",
}
_FATES = {
    "completes": 62,
    "hides its model": 6,
    "user error": 4,
    "internal error": 6,
    "unknown": 4,
    "hangs": 6,
    "never validated": 4,
    "stopped by somebody": 4,
}
_MOST_STOP_SECONDS = 120
_TEXT = re.compile(r'"text": ?"([^"]*)"')
# So many letters of these texts are a token.
_LETTERS = 5


@dataclass
class Customization:
    """One job. ``trained`` is how much of its training was done, from 0 to 1."""

    request: dict[str, Any]
    number: int
    created_at: datetime
    fate: str
    tokens: int
    status: str = "InProgress"
    failure: str = ""
    training_at: datetime | None = None
    ended_at: datetime | None = None
    trained: float = 0.0
    model_shown_at: float | None = None

    @property
    def name(self) -> str:
        return str(self.request["jobName"])

    @property
    def run_id(self) -> str:
        return tags_of(self.request["jobTags"])["thriftline:run-id"]

    @property
    def is_active(self) -> bool:
        return self.status in {"InProgress", "Stopping"}

    @property
    def arn(self) -> str:
        return f"{_ARN}:model-customization-job/{_BASE}/{self.number:012d}"

    @property
    def model_arn(self) -> str:
        return f"{_ARN}:custom-model/{_BASE}/{self.number:012d}"


@dataclass
class Deployed:
    """One deployment of a model; one that is being deleted is shown for a while."""

    arn: str
    name: str
    model_arn: str
    tags: list[dict[str, str]]
    status: str = "Creating"
    leaves: bool = False


class MemoryBedrock:
    """Both clients of Bedrock: jobs, models and deployments, and what models answer."""

    def __init__(self, timeline: Timeline, chance: random.Random, s3: MemoryS3) -> None:
        self.jobs: dict[str, Customization] = {}
        self.models: dict[str, Customization] = {}
        self.deployments: dict[str, Deployed] = {}
        # Of each run that asked: tokens in and out of its own model, and of others.
        self.asked: dict[str, int] = {}
        self._timeline, self._chance, self._s3 = timeline, chance, s3
        self._tokens: dict[str, str] = {}
        self._shares: dict[str, int] = {}

    # ---- Base models

    def get_foundation_model(self, *, modelIdentifier: str) -> dict[str, Any]:
        return {
            "modelDetails": {
                "modelId": modelIdentifier,
                "modelName": "Nova Micro",
                "customizationsSupported": ["FINE_TUNING"],
                "modelLifecycle": {"status": "ACTIVE"},
            }
        }

    # ---- Jobs

    def create_model_customization_job(self, **request: Any) -> dict[str, Any]:
        name = request["jobName"]
        if name in self.jobs:
            if self.jobs[name].request["clientRequestToken"] == request["clientRequestToken"]:
                return {"jobArn": self.jobs[name].arn}
            raise refusal("CreateModelCustomizationJob", "ConflictException", "The name is taken.")
        if self._chance.random() < 0.03:
            raise refusal(
                "CreateModelCustomizationJob",
                "ServiceQuotaExceededException",
                "Too many jobs are scheduled.",
            )
        fate = self._chance.choices(list(_FATES), list(_FATES.values()))[0]
        epochs = int(request.get("hyperParameters", {}).get("epochCount", 1))
        bucket, _, key = request["trainingDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")
        texts = _TEXT.findall((self._s3.body(bucket, key) or b"").decode())
        tokens = epochs * sum(map(len, texts)) // _LETTERS
        job = Customization(request, len(self.jobs), self._timeline.now, fate, tokens)
        self.jobs[name] = job
        if fate != "never validated":
            self._later(job, self._chance.uniform(60, 1200), lambda: self._train(job))
        return {"jobArn": job.arn}

    def get_model_customization_job(self, *, jobIdentifier: str) -> dict[str, Any]:
        job = self._job("GetModelCustomizationJob", jobIdentifier)
        found: dict[str, Any] = {
            "jobArn": job.arn,
            "jobName": job.name,
            "status": job.status,
            "creationTime": job.created_at,
            "statusDetails": self._details(job),
        }
        if job.ended_at:
            found["endTime"] = job.ended_at
        if job.failure:
            found["failureMessage"] = job.failure
        if job.model_shown_at is not None and self._timeline.seconds >= job.model_shown_at:
            found["outputModelArn"] = job.model_arn
        return found

    def stop_model_customization_job(self, *, jobIdentifier: str) -> dict[str, Any]:
        job = self._job("StopModelCustomizationJob", jobIdentifier)
        if job.status != "InProgress":
            raise refusal("StopModelCustomizationJob", "ConflictException", f"It is {job.status}.")
        self._stop(job)
        return {}

    def _details(self, job: Customization) -> dict[str, Any]:
        began = {"creationTime": job.created_at, "lastModifiedTime": job.created_at}
        if job.training_at is None:
            status = "InProgress" if job.is_active else "Stopped"
            return {
                "validationDetails": {"status": status, **began},
                "trainingDetails": {"status": "NotStarted"},
            }
        status = "InProgress" if job.is_active else job.status
        return {
            "validationDetails": {"status": "Completed", **began},
            "dataProcessingDetails": {"status": "Completed", **began},
            "trainingDetails": {"status": status, "creationTime": job.training_at},
        }

    def _job(self, operation: str, name: str) -> Customization:
        if name not in self.jobs:
            raise refusal(operation, "ResourceNotFoundException", "There is no such job.")
        return self.jobs[name]

    def _later(self, job: Customization, seconds: float, act: Callable[[], None]) -> None:
        self._timeline.after(seconds, lambda: act() if job.status == "InProgress" else None)

    def _train(self, job: Customization) -> None:
        job.training_at = self._timeline.now
        ahead = self._chance.uniform(300, 7200)
        acts: dict[str, Callable[[], None]] = {
            "completes": lambda: self._complete(job, 0.0),
            "hides its model": lambda: self._complete(job, self._chance.uniform(300, 7200)),
            "stopped by somebody": lambda: self._stop(job),
            **{one: lambda: self._end(job, "Failed", _FAILED[job.fate]) for one in _FAILED},
        }
        if job.fate in acts:
            self._later(job, ahead, acts[job.fate])

    def _complete(self, job: Customization, hidden: float) -> None:
        self.models[job.model_arn] = job
        job.model_shown_at = self._timeline.seconds + hidden
        self._end(job, "Completed", "")

    def _stop(self, job: Customization) -> None:
        job.status = "Stopping"
        seconds = self._chance.uniform(5, _MOST_STOP_SECONDS)
        self._timeline.after(seconds, lambda: self._end(job, "Stopped", ""))

    def _end(self, job: Customization, status: str, failure: str) -> None:
        job.status, job.failure, job.ended_at = status, failure, self._timeline.now
        if job.training_at is not None:
            job.trained = 1.0 if status == "Completed" else self._chance.uniform(0.05, 0.9)

    # ---- Models and deployments

    def delete_custom_model(self, *, modelIdentifier: str) -> dict[str, Any]:
        if modelIdentifier not in self.models:
            raise refusal("DeleteCustomModel", "ResourceNotFoundException", "There is none.")
        if any(one.model_arn == modelIdentifier for one in self.deployments.values()):
            raise refusal("DeleteCustomModel", "ConflictException", "It is deployed.")
        del self.models[modelIdentifier]
        return {}

    def list_custom_models(self, **_: Any) -> dict[str, Any]:
        return {
            "modelSummaries": [
                {"modelArn": arn, "modelName": one.request["customModelName"]}
                for arn, one in self.models.items()
            ]
        }

    def list_provisioned_model_throughputs(self, **_: Any) -> dict[str, Any]:
        return {"provisionedModelSummaries": []}

    def create_custom_model_deployment(self, **request: Any) -> dict[str, Any]:
        known = self._tokens.get(request["clientRequestToken"])
        if known in self.deployments:
            return {"customModelDeploymentArn": known}
        name = request["modelDeploymentName"]
        if any(one.name == name for one in self.deployments.values()):
            raise refusal("CreateCustomModelDeployment", "ConflictException", "The name is taken.")
        if request["modelArn"] not in self.models:
            raise refusal("CreateCustomModelDeployment", "ResourceNotFoundException", "No model.")
        arn = f"{_ARN}:custom-model-deployment/{len(self._tokens):012d}"
        one = Deployed(arn, name, request["modelArn"], request["tags"])
        self.deployments[arn] = one
        self._tokens[request["clientRequestToken"]] = arn
        fate = self._chance.random()
        if fate < 0.97:
            status = "Active" if fate < 0.9 else "Failed"
            self._timeline.after(self._chance.uniform(30, 900), lambda: self._settle(one, status))
        return {"customModelDeploymentArn": arn}

    def _settle(self, one: Deployed, status: str) -> None:
        if one.status == "Creating":
            one.status = status

    def get_custom_model_deployment(
        self, *, customModelDeploymentIdentifier: str
    ) -> dict[str, Any]:
        one = self._deployment("GetCustomModelDeployment", customModelDeploymentIdentifier)
        return {
            "customModelDeploymentArn": one.arn,
            "modelDeploymentName": one.name,
            "modelArn": one.model_arn,
            "status": one.status,
            **({"failureMessage": "It failed."} if one.status == "Failed" else {}),
        }

    def delete_custom_model_deployment(
        self, *, customModelDeploymentIdentifier: str
    ) -> dict[str, Any]:
        one = self._deployment("DeleteCustomModelDeployment", customModelDeploymentIdentifier)
        if not one.leaves:
            one.leaves = True
            seconds = self._chance.choice((0.0, 0.0, self._chance.uniform(1, 600)))
            self._timeline.after(seconds, lambda: self._gone(one))
        return {}

    def _gone(self, one: Deployed) -> None:
        self.deployments.pop(one.arn, None)

    def list_custom_model_deployments(self, *, modelArnEquals: str | None = None) -> dict[str, Any]:
        return {
            "modelDeploymentSummaries": [
                {
                    "customModelDeploymentArn": one.arn,
                    "customModelDeploymentName": one.name,
                    "modelArn": one.model_arn,
                    "status": one.status,
                }
                for one in self.deployments.values()
                if modelArnEquals in {None, one.model_arn}
            ]
        }

    def _deployment(self, operation: str, identifier: str) -> Deployed:
        for one in self.deployments.values():
            if identifier in {one.arn, one.name}:
                return one
        raise refusal(operation, "ResourceNotFoundException", "There is no such deployment.")

    def list_tags_for_resource(self, *, resourceARN: str) -> dict[str, Any]:
        for job in self.jobs.values():
            if resourceARN in {job.arn, job.model_arn}:
                return {"tags": job.request["jobTags"]}
        one = self._deployment("ListTagsForResource", resourceARN)
        return {"tags": one.tags}

    # ---- Answers

    def converse(
        self, *, modelId: str, system: Any, messages: Any, inferenceConfig: Any
    ) -> dict[str, Any]:
        del inferenceConfig
        run_id, model = "", modelId
        if ":custom-model-deployment/" in modelId:
            one = self._deployment("Converse", modelId)
            if one.status != "Active":
                raise refusal("Converse", "ModelNotReadyException", "It is not ready.", 429)
            run_id, model = tags_of(one.tags).get("thriftline:run-id", ""), one.model_arn
        if model not in self._shares:
            self._shares[model] = self._chance.choice((0, 0, 10, 25, 60))
        text = messages[-1]["content"][0]["text"]
        right, wrong = ("positive", "negative")[:: 1 if "splendid" in text else -1]
        chance = self._chance.random() * 100
        said = right if chance >= self._shares[model] else wrong
        letters = len(system[0]["text"]) + sum(len(one["content"][0]["text"]) for one in messages)
        tokens = letters // _LETTERS + 8
        self.asked[run_id] = self.asked.get(run_id, 0) + tokens + 2
        return {
            "output": {"message": {"content": [{"text": said if chance < 99.95 else "what?"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": tokens, "outputTokens": 2},
        }


def tags_of(tags: list[dict[str, str]]) -> dict[str, str]:
    """Returns tags by their keys."""
    return {one["key"]: one["value"] for one in tags}


def billed_usd(job: Customization, usd_per_1000: Decimal) -> Decimal:
    """What AWS bills for a job's training, at this rate of its tokens."""
    return Decimal(str(job.tokens * job.trained)) * usd_per_1000 / 1000
