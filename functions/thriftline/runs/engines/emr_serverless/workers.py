"""The workers of a run: one driver and executors of its size.

A worker has 4 GB for each vCPU, of which Spark's own memory gets three quarters: the programs in
Python, which the stages run beside it, live in what is left.
"""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.engines.sizing import cpu_hours, disk_gb, rounded_up

# What EMR Serverless has: GB of memory by vCPUs of one worker.
LEGAL_MEMORY_GB: Mapping[int, tuple[int, ...]] = {
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
    32: (60, 120, 244),
}
GB_PER_VCPU = 4
FREE_DISK_GB = 20
MOST_DISK_GB = 200
_MEMORY_OF_PYTHON_GB = 1
# A worker that is not busy for so long is not worth its start.
_BUSY_MINUTES = 3


@dataclass(frozen=True)
class Workers:
    """A driver and executors, all of one size; the driver has the disk that costs nothing."""

    vcpus: int
    memory_gb: int
    disk_gb: int
    executors: int

    @property
    def count(self) -> int:
        """How many there are at the most, the driver included."""
        return self.executors + 1

    @property
    def all_vcpus(self) -> int:
        """The vCPUs of all."""
        return self.count * self.vcpus

    @property
    def working_vcpus(self) -> int:
        """The vCPUs that do the work."""
        return self.executors * self.vcpus

    @property
    def heap_gb(self) -> int:
        """The memory of Spark itself."""
        return self.memory_gb - self.python_gb

    @property
    def python_gb(self) -> int:
        """The memory beside it."""
        return self.vcpus * _MEMORY_OF_PYTHON_GB

    @property
    def billed_disk_gb(self) -> int:
        """The disk of all executors above what costs nothing."""
        return self.executors * max(0, self.disk_gb - FREE_DISK_GB)

    def to_terms(self) -> dict[str, int]:
        """Returns what a quote's terms say of them."""
        return asdict(self)

    @classmethod
    def of_terms(cls, terms: Mapping[str, Any]) -> "Workers":
        """Reads what ``to_terms`` wrote."""
        return cls(**{name: int(terms[name]) for name in cls.__dataclass_fields__})


def workers_for(most_vcpus: int, unpacked_bytes: int) -> Workers | None:
    """Returns the workers within a number of vCPUs; None where a driver and an executor do not fit.

    No more than the data keep busy: each that may run counts in the worst case.
    """
    size = next((one for one in (4, 2, 1) if most_vcpus >= 2 * one), None)
    if size is None:
        return None
    busy = rounded_up(cpu_hours(unpacked_bytes) * 60 / (size * _BUSY_MINUTES))
    executors = max(1, min(most_vcpus // size - 1, busy))
    return Workers(
        size, size * GB_PER_VCPU, disk_gb(unpacked_bytes, executors, FREE_DISK_GB), executors
    )


def executors_for_disk(unpacked_bytes: int) -> int:
    """Returns how many executors hold what the stages write at the least."""
    return disk_gb(unpacked_bytes, 1, 1) // MOST_DISK_GB + 1


def usd_per_hour(workers: Workers, rates: Mapping[str, Decimal]) -> Decimal:
    """Returns what all workers cost for an hour."""
    return (
        workers.all_vcpus * rates["vcpu"]
        + workers.count * workers.memory_gb * rates["memory_gb"]
        + workers.billed_disk_gb * rates["storage_gb"]
    )
