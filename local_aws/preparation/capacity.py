"""Sizes of EMR Serverless: processors, memory and disks of workers, and of applications."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class Capacity:
    """Processors, and gigabytes of memory and disk; None where a maximum names none."""

    vcpus: int
    memory_gb: int
    disk_gb: int | None = None

    def times(self, count: int) -> "Capacity":
        """Return what so many of these have together."""
        disk = None if self.disk_gb is None else self.disk_gb * count
        return Capacity(self.vcpus * count, self.memory_gb * count, disk)

    def plus(self, other: "Capacity") -> "Capacity":
        """Return what both have together."""
        disks = (self.disk_gb, other.disk_gb)
        disk = None if None in disks else sum(each or 0 for each in disks)
        return Capacity(self.vcpus + other.vcpus, self.memory_gb + other.memory_gb, disk)

    def fits_into(self, maximum: "Capacity") -> bool:
        """Whether a maximum has room for it."""
        return (
            self.vcpus <= maximum.vcpus
            and self.memory_gb <= maximum.memory_gb
            and (maximum.disk_gb is None or (self.disk_gb or 0) <= maximum.disk_gb)
        )


NOTHING = Capacity(0, 0, 0)


def read_capacity(given: Mapping[str, Any]) -> Capacity:
    """Return a maximum as the API has it: `{"cpu": "16 vCPU", "memory": "64 GB"}`."""
    disk = given.get("disk")
    return Capacity(
        _number(given["cpu"]), _number(given["memory"]), None if disk is None else _number(disk)
    )


def _number(text: str) -> int:
    found = _NUMBER.match(str(text))
    # The pattern of the service's model was checked before.
    assert found is not None
    return int(found[0])
