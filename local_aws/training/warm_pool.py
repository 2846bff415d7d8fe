"""The instances of a job that are kept after it, and what SageMaker says of them.

The names of statuses, who may take a pool over and which endings leave one are SageMaker's. Its
limit on how long one cluster may go from job to job, 28 days, is not imitated.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

# A job takes over the instances of another where all of these are the same.
_SHAPE = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_FLAGS = ("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")
# A job that fails for another reason may have broken its instances.
_HARMLESS = ("AlgorithmError", "ClientError")


def keep_alive_seconds(request: Mapping[str, Any]) -> int:
    """Return for how long a job's instances are to be kept after it."""
    return int((request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds") or 0)


def leaves_a_pool(status: str, failure_reason: str | None) -> bool:
    """Whether instances are kept after a job that ended so."""
    if status != "Failed":
        return True
    return (failure_reason or "").partition(":")[0] in _HARMLESS


def fits(request: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a job may take over the instances of another."""
    return _place(request) == _place(other) and _may_be_pooled(request)


def _may_be_pooled(request: Mapping[str, Any]) -> bool:
    on_plan = request["ResourceConfig"].get("TrainingPlanArn")
    return not (request.get("EnableManagedSpotTraining") or on_plan)


def _place(request: Mapping[str, Any]) -> tuple[Any, ...]:
    resources, network = request["ResourceConfig"], request.get("VpcConfig") or {}
    return (
        request["RoleArn"],
        *(resources.get(name) for name in _SHAPE),
        *(bool(request.get(name)) for name in _FLAGS),
        tuple(sorted(network.get("SecurityGroupIds", ()))),
        tuple(sorted(network.get("Subnets", ()))),
    )


class WarmPool:
    """The instances of an ended job. Time passes by the clock; nothing has to look after it.

    Args:
        clock: says what time it is.
        seconds: how long they are kept, 0 where they could not be.
    """

    def __init__(self, clock: Callable[[], datetime], seconds: int) -> None:
        self._clock = clock
        self._since = clock()
        self._seconds = float(seconds)
        self._reused_by: str | None = None

    @property
    def status(self) -> str:
        """WarmPoolStatus.Status."""
        if self._reused_by is not None:
            return "Reused"
        return "Available" if self._kept_seconds() < self._seconds else "Terminated"

    def take(self, job: str) -> None:
        """Let a job have the instances."""
        self._seconds = self._kept_seconds()
        self._reused_by = job

    def keep_for(self, seconds: int) -> bool:
        """Change for how long they are kept; return False where they are not any more."""
        if self.status != "Available":
            return False
        # Time that has passed is not taken back.
        self._seconds = max(float(seconds), self._kept_seconds())
        return True

    def describe(self) -> dict[str, Any]:
        """Return WarmPoolStatus."""
        shown: dict[str, Any] = {
            "Status": self.status,
            "ResourceRetainedBillableTimeInSeconds": ceil(self._kept_seconds()),
        }
        return shown | ({"ReusedByJob": self._reused_by} if self._reused_by else {})

    def _kept_seconds(self) -> float:
        passed = (self._clock() - self._since) / timedelta(seconds=1)
        return min(self._seconds, max(0.0, passed))
