"""How much memory the models of a server may take, and how much one will."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training_image.serving_port import EXPORTED, prefers_exported

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
MEMINFO = Path("/proc/meminfo")
STATUS = Path("/proc/self/status")
KEPT_FREE = 256 * 1024**2
"""For requests, the interpreter's growth, and whatever else runs in the container."""
WEIGHTS = ("*.safetensors", "*.onnx")
OVERHEAD = 16 * 1024**2
"""Of a model beside its weights: tokenizer, graph, buffers of a small batch."""
MEGABYTE = 10**6


@dataclass(frozen=True)
class ModelMemory:
    """The bound of all models together."""

    most: int | None = None
    """Bytes; None for what the machine or the container has left."""
    limits: tuple[Path, ...] = LIMITS
    meminfo: Path = MEMINFO
    status: Path = STATUS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ModelMemory":
        """Reads THRIFTLINE_MODELS_MB.

        Raises:
            ValueError: it is no whole number.
        """
        given = environment.get("THRIFTLINE_MODELS_MB", "")
        if given and not given.isdecimal():
            raise ValueError(f"THRIFTLINE_MODELS_MB is {given!r}; it must be a whole number.")
        return cls(int(given) * MEGABYTE if given else None)

    def room(self, taken: int) -> int:
        """Returns how many bytes one model more may have, beside those that took so many."""
        if self.most is not None:
            return self.most - taken
        return self._free() - KEPT_FREE

    def _free(self) -> int:
        available = _kilobytes(self.meminfo, "MemAvailable:")
        resident = _kilobytes(self.status, "RssAnon:")
        for place in self.limits:
            limit = place.read_text().strip() if place.is_file() else ""
            if limit.isdecimal():
                return min(available, int(limit) - resident)
        return available


def _kilobytes(place: Path, name: str) -> int:
    for line in place.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def bytes_of(folder: Path) -> int:
    """Returns what a model will take once it is loaded."""
    used = folder / EXPORTED if prefers_exported(folder) else folder
    weights = sum(file.stat().st_size for kind in WEIGHTS for file in used.glob(kind))
    return weights + OVERHEAD
