"""The workers of EMR Serverless: what runs have of an application, and of the account's quota."""

import threading
from collections.abc import Mapping
from typing import Any

from local_aws.preparation.capacity import NOTHING, Capacity, read_capacity
from local_aws.preparation.job_run import JobRun
from local_aws.preparation.spark_settings import Workers


class NoCapacityError(Exception):
    """A run can never have what it asks for; the message is its stateDetails."""


class WorkerPool:
    """What the runs of one account and region have; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, Capacity]] = {}

    def take(self, run: JobRun, application: Mapping[str, Any], quota: int) -> bool:
        """Give a run its driver, and as many executors as there is room for.

        False where other runs of the application have what its driver needs. A run without
        executors has its driver, and waits: `grow` gives them.

        Raises:
            NoCapacityError: the account's quota, or the application's maximum, is too small.
        """
        maximum = _maximum(application)
        with self._lock:
            in_account = self._sum()
            _check_quota(run.workers, maximum, in_account.vcpus, quota)
            if maximum is not None and not run.workers.driver.fits_into(maximum):
                raise NoCapacityError(
                    "ApplicationMaxCapacityExceededException: the driver alone is larger than the "
                    "maximumCapacity of the application"
                )
            in_use = self._sum(run.application_id)
            if maximum and not in_use.plus(run.workers.driver).fits_into(maximum):
                return False
            self._give(run, _room(run.workers, maximum, in_use, quota - in_account.vcpus))
            return True

    def grow(self, run: JobRun, application: Mapping[str, Any]) -> bool:
        """Give executors to a run that has its driver alone; False while there is no room."""
        maximum = _maximum(application)
        if run.executors or maximum is None or run.workers.most_executors == 0:
            return True
        with self._lock:
            others = self._sum(run.application_id, but=run.id)
            executors = _room(run.workers, maximum, others, maximum.vcpus)
            if executors:
                self._give(run, executors)
            return executors > 0

    def give_back(self, run: JobRun) -> None:
        """Take a run's workers back; harmless where it has none."""
        with self._lock:
            self._held.pop(run.id, None)

    def _give(self, run: JobRun, executors: int) -> None:
        run.executors = executors
        self._held[run.id] = (run.application_id, run.workers.all(executors))

    def _sum(self, application: str | None = None, but: str = "") -> Capacity:
        total = NOTHING
        for identifier, (owner, held) in self._held.items():
            if application in (None, owner) and identifier != but:
                total = total.plus(held)
        return total


def _maximum(application: Mapping[str, Any]) -> Capacity | None:
    given = application.get("maximumCapacity")
    return read_capacity(given) if given else None


def _room(workers: Workers, maximum: Capacity | None, in_use: Capacity, vcpus: int) -> int:
    """Return how many executors there is room for beside a driver."""
    if maximum is None:
        return workers.at_most(None, vcpus)
    disk = None if maximum.disk_gb is None else maximum.disk_gb - (in_use.disk_gb or 0)
    free = Capacity(maximum.vcpus - in_use.vcpus, maximum.memory_gb - in_use.memory_gb, disk)
    return workers.at_most(free, free.vcpus)


def _check_quota(workers: Workers, maximum: Capacity | None, in_use: int, quota: int) -> None:
    """Refuse a run that could pass the quota with all the executors that it may have.

    One without any limit has those that the quota leaves.
    """
    if maximum is not None:
        most = workers.at_most(maximum, maximum.vcpus)
    else:
        most = workers.most_executors or 0
    wanted = workers.all(most).vcpus
    if in_use + wanted > quota:
        raise NoCapacityError(
            "ServiceQuotaExceededException: the run may need "
            f"{wanted} vCPU, {in_use} are in use, and the account's quota 'Max concurrent vCPUs "
            f"per account' (L-D05C8A75) is {quota}"
        )
