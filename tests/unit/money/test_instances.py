"""The hardware table: what EC2 says of the types, and the data sheets of their GPUs."""

import pytest

from thriftline.money.instances import gpus_of, hardware_of, has_local_storage, network_gbit_of


@pytest.mark.parametrize(
    ("name", "gpu_mib", "nvme_gb", "vcpus", "network"),
    [
        # What EC2 says: 22,888 MiB, not the 24 GiB of the name plate.
        ("ml.g5.xlarge", 22_888, 250, 4, 2.5),
        ("ml.g6.2xlarge", 22_888, 450, 8, 5),
        ("ml.g6e.xlarge", 45_776, 250, 4, 2.5),
        ("ml.g4dn.xlarge", 16_384, 125, 4, 5),
        ("ml.g7e.2xlarge", 98_304, 1_900, 8, 50),
        ("ml.p4d.24xlarge", 40_960, 8_000, 96, 400),
        ("ml.p5.4xlarge", 81_920, 3_800, 16, 100),
        ("ml.p5.48xlarge", 81_920, 30_400, 192, 3_200),
        ("ml.p3.2xlarge", 16_384, 0, 8, None),
        ("ml.m5.xlarge", 0, 0, 4, 1.25),
    ],
)
def test_what_an_instance_has(
    name: str, gpu_mib: int, nvme_gb: int, vcpus: int, network: float | None
) -> None:
    hardware = hardware_of(name)

    assert hardware is not None
    assert (hardware.gpu.memory_mib if hardware.gpu else 0) == gpu_mib
    assert (hardware.nvme_gb, hardware.vcpus) == (nvme_gb, vcpus)
    assert hardware.network_gbit == network


def test_a_type_that_does_not_exist_has_no_hardware() -> None:
    for name in ("ml.p5.12xlarge", "ml.g5.metal", "nonsense", ""):
        assert hardware_of(name) is None
        assert network_gbit_of(name) is None


def test_the_gpus_of_instances_are_counted() -> None:
    def of(name: str) -> tuple[str, int] | None:
        found = gpus_of(name)
        return (found[0].name, found[1]) if found else None

    assert of("ml.g5.xlarge") == ("NVIDIA A10G", 1)
    assert of("ml.g4dn.12xlarge") == ("NVIDIA T4", 4)
    assert of("ml.g7e.12xlarge") == ("NVIDIA RTX PRO 6000", 2)
    assert of("ml.p5.4xlarge") == ("NVIDIA H100", 1)
    assert of("ml.p5en.48xlarge") == ("NVIDIA H200", 8)
    for name in ("ml.m5.xlarge", "ml.trn1.2xlarge", "ml.g5.metal", "nonsense"):
        assert of(name) is None


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("ml.g4dn.xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p3dn.24xlarge", True),
        ("ml.r5d.large", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.trn2.48xlarge", True),
        ("ml.m5.xlarge", False),
        ("ml.c5.xlarge", False),
        ("ml.p3.2xlarge", False),
        ("ml.c7i-flex.large", False),
    ],
)
def test_types_with_volumes_of_their_own_are_known(name: str, local: bool) -> None:
    assert has_local_storage(name) is local
