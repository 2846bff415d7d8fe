"""How many machines a processing job has, and which."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.engines.sizing import cpu_hours, disk_gb, rounded_up

START_MINUTES = 6
LEAST_VCPUS = 4
MOST_VOLUME_GB = 16_384
_LEAST_VOLUME_GB = 30
_MOST_INSTANCES = 100
# Larger ones where there would be many: what moves between machines grows with their number.
_SMALL, _SMALL_VCPUS = "ml.m5.xlarge", 4
_LARGE, _LARGE_VCPUS = "ml.m5.4xlarge", 16
_MOST_SMALL_VCPUS = 128


@dataclass(frozen=True)
class Cluster:
    """Equal instances with a volume each; all of them work."""

    instance_type: str
    instance_count: int
    instance_vcpus: int
    volume_gb: int

    @property
    def vcpus(self) -> int:
        """The vCPUs of all."""
        return self.instance_count * self.instance_vcpus

    def to_terms(self) -> dict[str, Any]:
        """Returns what a quote's terms say of it."""
        return asdict(self)

    @classmethod
    def of_terms(cls, terms: Mapping[str, Any]) -> "Cluster":
        """Reads what ``to_terms`` wrote."""
        return cls(
            str(terms["instance_type"]),
            int(terms["instance_count"]),
            int(terms["instance_vcpus"]),
            int(terms["volume_gb"]),
        )


def cluster_for(max_vcpus: int, max_minutes: int, unpacked_bytes: int) -> Cluster | None:
    """Returns the smallest cluster that is done well within the time; None where none fits.

    All machines are paid from the first minute to the last, so that each one more costs its own
    start. Two thirds of the time are planned with, as far as the vCPUs allow it.
    """
    if max_vcpus < LEAST_VCPUS:
        return None
    planned = max(1, max_minutes * 2 // 3 - START_MINUTES)
    wanted = min(max_vcpus, rounded_up(cpu_hours(unpacked_bytes) * 60 / planned))
    if wanted <= _MOST_SMALL_VCPUS:
        return _cluster(_SMALL, _SMALL_VCPUS, wanted, max_vcpus, unpacked_bytes)
    return _cluster(_LARGE, _LARGE_VCPUS, wanted, max_vcpus, unpacked_bytes)


def _cluster(name: str, vcpus: int, wanted: int, most: int, unpacked_bytes: int) -> Cluster:
    count = max(1, min(-(-wanted // vcpus), most // vcpus, _MOST_INSTANCES))
    return Cluster(name, count, vcpus, disk_gb(unpacked_bytes, count, _LEAST_VOLUME_GB))
