"""The hardware of SageMaker's instance types: GPUs, memory, processors, network, NVMe volumes.

What an instance has is ``data/instances.json``, which ``tools/write_instances.py`` writes from
EC2's own list; what a GPU can do is below, from its vendor's data sheet. A type or a GPU that is in
neither is not known, and nothing is estimated for it.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from thriftline.core.dataclass import dataclass

_MIB_PER_GIB = 1024


@dataclass(frozen=True)
class Chip:
    """What a kind of GPU can do. ``peak_tflops`` is of dense matrices in ``precision``.

    That is bf16 where the GPU has it, else fp16. ``bandwidth_gbytes`` is GB/s of its own memory.
    ``nvlink`` says whether NVLink joins those of one instance; the others exchange their gradients
    over PCIe.
    """

    name: str
    peak_tflops: float
    precision: str
    bandwidth_gbytes: float
    nvlink: bool = False


# By the name in EC2's list. NVIDIA's data sheets, dense figures (without sparsity), as read in
# November 2026; an A100 of 80 GB is told from one of 40 by its memory.
_CHIPS: Mapping[str, Chip] = {
    "T4": Chip("NVIDIA T4", 65, "fp16", 320),
    "V100": Chip("NVIDIA V100", 125, "fp16", 900, nvlink=True),
    "A10G": Chip("NVIDIA A10G", 70, "bf16", 600),
    "L4": Chip("NVIDIA L4", 121, "bf16", 300),
    "L40S": Chip("NVIDIA L40S", 362, "bf16", 864),
    "RTX PRO Server 6000": Chip("NVIDIA RTX PRO 6000", 503, "bf16", 1792),
    "A100": Chip("NVIDIA A100", 312, "bf16", 1555, nvlink=True),
    "A100 80": Chip("NVIDIA A100", 312, "bf16", 2039, nvlink=True),
    "H100": Chip("NVIDIA H100", 989, "bf16", 3350, nvlink=True),
    "H200": Chip("NVIDIA H200", 989, "bf16", 4800, nvlink=True),
    "B200": Chip("NVIDIA B200", 2250, "bf16", 8000, nvlink=True),
}
_LARGE_A100_MIB = 81_920

# Families with NVMe volumes of their own; a "d" behind the generation says the same of the rest.
_WITH_LOCAL_STORAGE = {"g5", "g6", "g6e", "gr6", "g7", "g7e", "p5", "p5e", "p5en", "trn1", "trn1n"}
_LATER_ACCELERATED = re.compile(r"(p6|trn[2-9]).*")
_D_FAMILY = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
_NAME = re.compile(r"ml\.(?P<family>[a-z0-9-]+)\.(?P<size>[a-z0-9]+)")


@dataclass(frozen=True)
class Gpu:
    """One GPU of an instance, with the memory that EC2 says it has."""

    chip: Chip
    memory_mib: int

    @property
    def name(self) -> str:
        """The vendor's name for it."""
        return self.chip.name

    @property
    def nvlink(self) -> bool:
        """Whether NVLink joins those of one instance."""
        return self.chip.nvlink

    @property
    def precision(self) -> str:
        """The numbers that it trains in: bf16 or fp16."""
        return self.chip.precision

    @property
    def memory_gib(self) -> float:
        """Its memory in GiB; an A10G has 22.35, not the 24 of its name plate."""
        return self.memory_mib / _MIB_PER_GIB


@dataclass(frozen=True)
class Hardware:
    """What one instance has. ``gpu`` is None without one, or with one that is not known here.

    ``nvme_gb`` is the size of its own volumes, which SageMaker uses in place of EBS; 0 for none.
    ``network_gbit`` is what it has all the time, not in a burst, all network cards together.
    """

    vcpus: int
    memory_mib: int
    gpu: Gpu | None
    gpu_count: int
    nvme_gb: int
    network_gbit: float | None


def hardware_of(instance_type: str) -> Hardware | None:
    """Returns what a type has, None when it is not known."""
    return _table().get(instance_type)


def family_of(instance_type: str) -> tuple[str, ...]:
    """Returns the known types of a type's family, the smallest first, itself among them."""
    family = instance_type.rpartition(".")[0]
    known = {name: one for name, one in _table().items() if name.rpartition(".")[0] == family}
    return tuple(sorted(known, key=lambda name: (known[name].vcpus, name)))


def gpus_of(instance_type: str) -> tuple[Gpu, int] | None:
    """Returns a type's GPU and how many it has; None for none, or when that is not known."""
    found = hardware_of(instance_type)
    return (found.gpu, found.gpu_count) if found and found.gpu else None


def network_gbit_of(instance_type: str) -> float | None:
    """Returns the Gbit/s between instances of a type, None when that is not known."""
    found = hardware_of(instance_type)
    return found.network_gbit if found else None


def has_local_storage(instance_type: str) -> bool:
    """Whether the type brings NVMe volumes; SageMaker refuses a ``VolumeKmsKeyId`` for those.

    A type that is too new for the table is told by its name.
    """
    found = hardware_of(instance_type)
    if found is not None and found.nvme_gb:
        return True
    name = _NAME.fullmatch(instance_type)
    if name is None:
        return False
    family = name["family"]
    return bool(
        family in _WITH_LOCAL_STORAGE
        or _LATER_ACCELERATED.fullmatch(family)
        or _D_FAMILY.fullmatch(family)
    )


@cache
def _table() -> Mapping[str, Hardware]:
    text = files("thriftline").joinpath("data", "instances.json").read_text(encoding="utf-8")
    return {name: _hardware(row) for name, row in json.loads(text)["types"].items()}


def _hardware(row: Mapping[str, object]) -> Hardware:
    def number(name: str) -> int:
        return int(str(row.get(name, 0)))

    network = row["network_gbit"]
    return Hardware(
        vcpus=number("vcpus"),
        memory_mib=number("memory_mib"),
        gpu=_gpu(str(row.get("gpu", "")), number("gpu_memory_mib")),
        gpu_count=number("gpus"),
        nvme_gb=number("nvme_gb"),
        network_gbit=None if network is None else float(str(network)),
    )


def _gpu(name: str, memory_mib: int) -> Gpu | None:
    if name == "A100" and memory_mib >= _LARGE_A100_MIB:
        name = "A100 80"
    chip = _CHIPS.get(name)
    return Gpu(chip, memory_mib) if chip else None
