"""What Bedrock knows of a customization job, and how its API says it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.bedrock.base_models import BaseModel
from local_aws.bedrock.options import PHASES, Step

RUNNING = frozenset({"InProgress", "Stopping"})
_FAILURE_LENGTH = 2048
_FROM_REQUEST = (
    "clientRequestToken",
    "roleArn",
    "trainingDataConfig",
    "outputDataConfig",
    "vpcConfig",
    "customizationConfig",
)


@dataclass
class _Stay:
    """How far a phase is."""

    status: str = "NotStarted"
    created: datetime | None = None
    modified: datetime | None = None

    def describe(self) -> dict[str, Any]:
        shown = {
            "status": self.status,
            "creationTime": self.created,
            "lastModifiedTime": self.modified,
        }
        return {key: value for key, value in shown.items() if value is not None}


class CustomizationJob:
    """One customization job; every method is safe for threads."""

    def __init__(
        self,
        request: Mapping[str, Any],
        arn: str,
        base: BaseModel,
        hyperparameters: Mapping[str, str],
        now: datetime,
    ) -> None:
        self.request = request
        self.arn = arn
        self.base = base
        self.hyperparameters = dict(hyperparameters)
        self.name: str = request["jobName"]
        self.model_name: str = request["customModelName"]
        self.kind: str = request.get("customizationType") or "FINE_TUNING"
        self.region = arn.split(":")[3]
        self.account = arn.split(":")[4]
        self.created_at = now
        self._lock = threading.RLock()
        self._status = "InProgress"
        self._phases = {phase: _Stay() for phase in PHASES}
        self._modified_at = now
        self._ended_at: datetime | None = None
        self._failure: str | None = None
        self._model_arn: str | None = None
        self._training_loss: float | None = None
        self._validation_losses: list[float] = []

    @property
    def identifier(self) -> str:
        """The last twelve characters of the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def status(self) -> str:
        """The status of the whole job."""
        with self._lock:
            return self._status

    def enter(self, phase: Step, now: datetime) -> None:
        """Go on to a phase; the one before is complete."""
        with self._lock:
            self._set_current("Completed", now)
            self._phases[phase] = _Stay("InProgress", now, now)
            self._modified_at = now

    def ask_to_stop(self, now: datetime) -> bool:
        """Go on to Stopping; returns False where the job is not in progress."""
        with self._lock:
            if self._status != "InProgress":
                return False
            self._status = "Stopping"
            self._set_current("Stopping", now)
            self._modified_at = now
            return True

    def complete(
        self,
        model_arn: str,
        training_loss: float,
        validation_losses: list[float],
        now: datetime,
        make_model: Callable[[], None],
    ) -> bool:
        """Make the custom model and end well; returns False where a stop was faster."""
        with self._lock:
            if self._status != "InProgress":
                return False
            make_model()
            self._end("Completed", "Completed", now)
            self._model_arn = model_arn
            self._training_loss = training_loss
            self._validation_losses = validation_losses
            return True

    def fail(self, message: str, now: datetime) -> None:
        """Note why there will be no model."""
        with self._lock:
            self._end("Failed", "Failed", now)
            self._failure = message[:_FAILURE_LENGTH]

    def stopped(self, now: datetime) -> None:
        """Note that nothing runs any more."""
        with self._lock:
            self._end("Stopped", "Stopped", now)

    def describe(self) -> dict[str, Any]:
        """Return the answer of GetModelCustomizationJob."""
        with self._lock:
            answer = {key: self.request.get(key) for key in _FROM_REQUEST}
            answer |= self._shared() | {
                "outputModelName": self.model_name,
                "outputModelArn": self._model_arn,
                "failureMessage": self._failure,
                "hyperParameters": self.hyperparameters,
                "validationDataConfig": self.request.get("validationDataConfig")
                or {"validators": []},
                "outputModelKmsKeyArn": self.request.get("customModelKmsKeyId"),
            }
            if self._training_loss is not None:
                answer["trainingMetrics"] = {"trainingLoss": self._training_loss}
            if self._validation_losses:
                answer["validationMetrics"] = [
                    {"validationLoss": each} for each in self._validation_losses
                ]
            return _told(answer)

    def summary(self) -> dict[str, Any]:
        """Return the job's line in the answer of ListModelCustomizationJobs."""
        with self._lock:
            return _told(
                self._shared()
                | {"customModelArn": self._model_arn, "customModelName": self.model_name}
            )

    def _shared(self) -> dict[str, Any]:
        return {
            "jobArn": self.arn,
            "jobName": self.name,
            "baseModelArn": self.base.arn(self.region),
            "status": self._status,
            "statusDetails": {phase.value: stay.describe() for phase, stay in self._phases.items()},
            "creationTime": self.created_at,
            "lastModifiedTime": self._modified_at,
            "endTime": self._ended_at,
            "customizationType": self.kind,
        }

    def _set_current(self, status: str, now: datetime) -> None:
        for stay in self._phases.values():
            if stay.status in RUNNING:
                stay.status, stay.modified = status, now

    def _end(self, status: str, phase_status: str, now: datetime) -> None:
        self._set_current(phase_status, now)
        self._status = status
        self._modified_at = now
        self._ended_at = now


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if value is not None}
