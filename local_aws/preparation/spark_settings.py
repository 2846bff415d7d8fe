"""What a job run asks of Spark: its settings, and the workers that it gets for them."""

import math
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.preparation.capacity import Capacity

FREE_DISK_GB = 20
_MOST_DISK_GB = 200
# Memory of one worker by its processors: least, most, step.
_MEMORY_GB = {
    1: (2, 8, 1),
    2: (4, 16, 1),
    4: (8, 30, 1),
    8: (16, 60, 4),
    16: (32, 120, 8),
}
_MEMORY_OF_32 = (60, 120, 244)
_OVERHEAD, _LEAST_OVERHEAD_GB = 0.1, 384 / 1024
_DEFAULT_CORES, _DEFAULT_MEMORY, _DEFAULT_INITIAL, _DEFAULT_EXECUTORS = 4, "14g", 3, 3
_SIZE = re.compile(r"([0-9]+)\s*([kmgt]?)b?", re.IGNORECASE)
_GB_OF = {"k": 1 / 1024**2, "m": 1 / 1024, "g": 1.0, "t": 1024.0, "": 1 / 1024}
_DRIVER_VARIABLE = "spark.emr-serverless.driverEnv."
_SHORT = {
    "--driver-cores": "spark.driver.cores",
    "--driver-memory": "spark.driver.memory",
    "--executor-cores": "spark.executor.cores",
    "--executor-memory": "spark.executor.memory",
    "--num-executors": "spark.executor.instances",
    "--name": "spark.app.name",
    "--archives": "spark.archives",
    "--py-files": "spark.submit.pyFiles",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--packages": "spark.jars.packages",
}


class InvalidSparkSettingsError(ValueError):
    """Spark, or the service, would refuse the settings."""


@dataclass(frozen=True)
class Workers:
    """What a run has: a driver and executors, and how many of them there may be.

    `most_executors` is None where nothing ends their number.
    """

    driver: Capacity
    executor: Capacity
    most_executors: int | None

    def at_most(self, maximum: Capacity | None, vcpus: int) -> int:
        """Return how many executors it may have within an application's maximum and the quota."""
        count = (vcpus - self.driver.vcpus) // self.executor.vcpus
        if maximum is not None:
            while count > 0 and not self.all(count).fits_into(maximum):
                count -= 1
        return max(0, count if self.most_executors is None else min(count, self.most_executors))

    def all(self, executors: int) -> Capacity:
        """Return what the driver and so many executors have together."""
        return self.driver.plus(self.executor.times(executors))


def settings_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of a StartJobRun request; its parameters win over its configuration.

    Raises:
        InvalidSparkSettingsError: the parameters cannot be read.
    """
    found: dict[str, str] = {}
    overrides = request.get("configurationOverrides") or {}
    for each in overrides.get("applicationConfiguration") or ():
        if each["classification"] == "spark-defaults":
            found |= each.get("properties") or {}
    driver = request["jobDriver"]["sparkSubmit"]
    return found | dict(_parameters(driver.get("sparkSubmitParameters") or ""))


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise InvalidSparkSettingsError(f"sparkSubmitParameters: {error}") from error
    for word in words:
        name, separator, value = word.partition("=")
        if name == "--conf" or name in _SHORT:
            value = value if separator else next(words, "")
        if name == "--conf":
            name, separator, value = value.partition("=")
            if not separator:
                raise InvalidSparkSettingsError(f"sparkSubmitParameters: --conf {name} has no `=`")
            yield name, value
        elif name in _SHORT:
            yield _SHORT[name], value
        else:
            raise InvalidSparkSettingsError(f"sparkSubmitParameters: {word} is not known")


def driver_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the driver's variables that a run gives, but for its interpreter, which is ours."""
    return {
        name.removeprefix(_DRIVER_VARIABLE): value
        for name, value in settings.items()
        if name.startswith(_DRIVER_VARIABLE) and not name.endswith("_PYTHON")
    }


def workers_of(settings: Mapping[str, str]) -> Workers:
    """Return the workers that the settings ask for, with the service's defaults.

    Raises:
        InvalidSparkSettingsError: there are no such workers.
    """
    driver, executor = _worker(settings, "driver"), _worker(settings, "executor")
    if settings.get("spark.dynamicAllocation.enabled", "true").lower() == "true":
        most = settings.get("spark.dynamicAllocation.maxExecutors")
        return Workers(driver, executor, None if most is None else _number("maxExecutors", most))
    count = settings.get("spark.executor.instances", str(_DEFAULT_EXECUTORS))
    return Workers(driver, executor, _number("spark.executor.instances", count))


def _worker(settings: Mapping[str, str], kind: str) -> Capacity:
    vcpus = _number(f"spark.{kind}.cores", settings.get(f"spark.{kind}.cores", str(_DEFAULT_CORES)))
    memory = _gigabytes(
        f"spark.{kind}.memory", settings.get(f"spark.{kind}.memory", _DEFAULT_MEMORY)
    )
    given = settings.get(f"spark.{kind}.memoryOverhead")
    overhead = (
        max(_LEAST_OVERHEAD_GB, memory * _OVERHEAD)
        if given is None
        else _gigabytes(f"spark.{kind}.memoryOverhead", given)
    )
    name = f"spark.emr-serverless.{kind}.disk"
    disk = math.ceil(_gigabytes(name, settings.get(name, f"{FREE_DISK_GB}g")))
    if not FREE_DISK_GB <= disk <= _MOST_DISK_GB:
        raise InvalidSparkSettingsError(
            f"{name} is {disk} GB: a worker has {FREE_DISK_GB} to {_MOST_DISK_GB} GB of disk"
        )
    return Capacity(vcpus, _legal_memory(kind, vcpus, memory + overhead), disk)


def _legal_memory(kind: str, vcpus: int, wanted: float) -> int:
    """Return the memory of the smallest worker that has as much."""
    if vcpus == 32:
        sizes: tuple[int, ...] = _MEMORY_OF_32
    elif vcpus in _MEMORY_GB:
        low, high, step = _MEMORY_GB[vcpus]
        sizes = tuple(range(low, high + 1, step))
    else:
        raise InvalidSparkSettingsError(
            f"spark.{kind}.cores is {vcpus}: a worker has 1, 2, 4, 8, 16 or 32 vCPU"
        )
    found = next((size for size in sizes if size >= wanted - 1e-9), None)
    if found is None:
        raise InvalidSparkSettingsError(
            f"spark.{kind}.memory and its overhead are {wanted:.1f} GB: a worker of {vcpus} vCPU "
            f"has {sizes[0]} to {sizes[-1]} GB"
        )
    return found


def _number(name: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidSparkSettingsError(f"{name} is {text!r}, not a whole number")
    return int(text)


def _gigabytes(name: str, text: str) -> float:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidSparkSettingsError(f"{name} is {text!r}, not a size such as 14g")
    return int(found[1]) * _GB_OF[found[2].lower()]
