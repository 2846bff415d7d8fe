"""What is known of SageMaker's training instances: GPUs, network and local storage."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU. ``peak_tflops`` is of dense matrices in the precision that training runs in.

    That is bf16 where the GPU has it, else fp16. ``nvlink`` says whether NVLink joins those of one
    instance; the others exchange their gradients over PCIe.
    """

    name: str
    memory_gib: int
    peak_tflops: float
    precision: str
    nvlink: bool = False


# NVIDIA's data sheets, dense figures (without sparsity), as read in November 2026.
_T4 = Gpu("NVIDIA T4", 16, 65, "fp16")
_V100 = Gpu("NVIDIA V100", 16, 125, "fp16", nvlink=True)
_V100_32 = Gpu("NVIDIA V100", 32, 125, "fp16", nvlink=True)
_A10G = Gpu("NVIDIA A10G", 24, 70, "bf16")
_L4 = Gpu("NVIDIA L4", 24, 121, "bf16")
_L40S = Gpu("NVIDIA L40S", 48, 362, "bf16")
_RTX_PRO_6000 = Gpu("NVIDIA RTX PRO 6000", 96, 503, "bf16")
_A100 = Gpu("NVIDIA A100", 40, 312, "bf16", nvlink=True)
_A100_80 = Gpu("NVIDIA A100", 80, 312, "bf16", nvlink=True)
_H100 = Gpu("NVIDIA H100", 80, 989, "bf16", nvlink=True)
_H200 = Gpu("NVIDIA H200", 141, 989, "bf16", nvlink=True)
_B200 = Gpu("NVIDIA B200", 180, 2250, "bf16", nvlink=True)

_ONE_GPU = dict.fromkeys(("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"), 1)
_G_SIZES = _ONE_GPU | {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}

_GPUS: dict[str, tuple[Gpu, dict[str, int]]] = {
    "g4dn": (_T4, _ONE_GPU | {"12xlarge": 4}),
    "g5": (_A10G, _G_SIZES),
    "g6": (_L4, _G_SIZES),
    "g6e": (_L40S, _G_SIZES),
    "g7e": (
        _RTX_PRO_6000,
        {"2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    ),
    "p3": (_V100, {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8}),
    "p3dn": (_V100_32, {"24xlarge": 8}),
    "p4d": (_A100, {"24xlarge": 8}),
    "p4de": (_A100_80, {"24xlarge": 8}),
    "p5": (_H100, {"4xlarge": 1, "48xlarge": 8}),
    "p5e": (_H200, {"48xlarge": 8}),
    "p5en": (_H200, {"48xlarge": 8}),
    "p6-b200": (_B200, {"48xlarge": 8}),
}

# Gbit/s that an instance has all the time, not in a burst, all network cards together: EC2's
# DescribeInstanceTypes as moto 5.2.5 ships it. The p3 types are not in there.
_G5_NETWORK: dict[str, float] = {
    "xlarge": 2.5,
    "2xlarge": 5,
    "4xlarge": 10,
    "8xlarge": 25,
    "12xlarge": 40,
    "16xlarge": 25,
    "24xlarge": 50,
    "48xlarge": 100,
}
_G4DN_NETWORK: dict[str, float] = {"xlarge": 5, "2xlarge": 10, "4xlarge": 20}
_NETWORK: dict[str, dict[str, float]] = {
    "g4dn": _G4DN_NETWORK | dict.fromkeys(("8xlarge", "12xlarge", "16xlarge"), 50),
    "g5": _G5_NETWORK,
    "g6": _G5_NETWORK,
    "g6e": _G5_NETWORK
    | {"4xlarge": 20, "12xlarge": 100, "16xlarge": 35, "24xlarge": 200, "48xlarge": 400},
    "g7e": {
        "2xlarge": 50,
        "4xlarge": 50,
        "8xlarge": 100,
        "12xlarge": 400,
        "24xlarge": 800,
        "48xlarge": 1600,
    },
    "p3dn": {"24xlarge": 100},
    "p4d": {"24xlarge": 400},
    "p4de": {"24xlarge": 400},
    "p5": {"4xlarge": 100, "48xlarge": 3200},
    "p5e": {"48xlarge": 3200},
    "p5en": {"48xlarge": 3200},
    "p6-b200": {"48xlarge": 3200},
}

# Families with NVMe volumes of their own; a "d" behind the generation says the same of the rest.
_WITH_LOCAL_STORAGE = {"g5", "g6", "g6e", "gr6", "g7", "g7e", "p5", "p5e", "p5en", "trn1", "trn1n"}
_LATER_ACCELERATED = re.compile(r"(p6|trn[2-9]).*")
_D_FAMILY = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
_NAME = re.compile(r"ml\.(?P<family>[a-z0-9-]+)\.(?P<size>[a-z0-9]+)")


def gpus_of(instance_type: str) -> tuple[Gpu, int] | None:
    """Returns a type's GPU and how many it has; None for none, or when that is not known."""
    name = _NAME.fullmatch(instance_type)
    if name is None or name["family"] not in _GPUS:
        return None
    gpu, sizes = _GPUS[name["family"]]
    count = sizes.get(name["size"])
    return (gpu, count) if count else None


def network_gbit_of(instance_type: str) -> float | None:
    """Returns the Gbit/s between instances of a type, None when that is not known."""
    name = _NAME.fullmatch(instance_type)
    return _NETWORK.get(name["family"], {}).get(name["size"]) if name else None


def has_local_storage(instance_type: str) -> bool:
    """Whether the type brings NVMe volumes; SageMaker refuses a ``VolumeKmsKeyId`` for those."""
    name = _NAME.fullmatch(instance_type)
    if name is None:
        return False
    family = name["family"]
    return bool(
        family in _WITH_LOCAL_STORAGE
        or _LATER_ACCELERATED.fullmatch(family)
        or _D_FAMILY.fullmatch(family)
    )
