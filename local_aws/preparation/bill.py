"""What a job run uses and is billed for: hours of processors, memory and disks."""

from dataclasses import dataclass

from local_aws.preparation.spark_settings import FREE_DISK_GB, Workers

_LEAST_SECONDS = 60


@dataclass(frozen=True)
class Usage:
    """Hours, as EMR Serverless counts them."""

    vcpu_hours: float = 0.0
    memory_gb_hours: float = 0.0
    storage_gb_hours: float = 0.0

    def plus(self, other: "Usage") -> "Usage":
        """Return both together."""
        return Usage(
            self.vcpu_hours + other.vcpu_hours,
            self.memory_gb_hours + other.memory_gb_hours,
            self.storage_gb_hours + other.storage_gb_hours,
        )

    def shown(self) -> dict[str, float]:
        """Return it as the API has it."""
        return {
            "vCPUHour": self.vcpu_hours,
            "memoryGBHour": self.memory_gb_hours,
            "storageGBHour": self.storage_gb_hours,
        }


def used(workers: Workers, executors: int, seconds: float) -> Usage:
    """Return what the driver and executors use: all of them, from the start to the end."""
    both = workers.all(executors)
    hours = seconds / 3600
    return Usage(both.vcpus * hours, both.memory_gb * hours, (both.disk_gb or 0) * hours)


def billed(workers: Workers, executors: int, seconds: float) -> Usage:
    """Return what is billed of it: a minute at least, and disks above what is free."""
    both = workers.all(executors)
    hours = max(_LEAST_SECONDS, seconds) / 3600
    free = FREE_DISK_GB * (executors + 1)
    return Usage(
        both.vcpus * hours, both.memory_gb * hours, max(0, (both.disk_gb or 0) - free) * hours
    )
