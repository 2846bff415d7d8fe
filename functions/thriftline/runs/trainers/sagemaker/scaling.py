"""What several GPUs reach together: the training program has a process on each of them.

Each step's rows are shared among the processes, which then add up their gradients. So a step takes
its share of the arithmetic, with what the processes lose by waiting for the slowest, and never less
than its gradients need to travel.
"""

from thriftline.core.dataclass import dataclass
from thriftline.money.instances import Gpu, gpus_of, network_gbit_of
from thriftline.runs.domain.encoders import Encoder

# BERT-large on SQuAD, NVIDIA's DeepLearningExamples as lambdal/deeplearning-benchmark measured it:
# 8 A100 with NVLink did the work of 6.7 (NVIDIA's own README has 7.66), 4 V100 that of 2.75.
# Nobody has published a figure for GPUs without NVLink: they get the least that was measured.
_SHARE_NVLINK = 0.84
_SHARE_PCIE = 0.69
# Between instances: 16 of them did the work of 15 (BERT-large on ml.trn1.32xlarge, 94 %).
_SHARE_INSTANCES = 0.94
SOURCE = "measured for BERT-large, lambdal/deeplearning-benchmark"
# GB/s of an all-reduce: 8 A100 over NVLink (NVIDIA/nccl-tests issue 149); over PCIe the 80 to 90
# Gbit/s of an EC2 instance's GPU (NVIDIA/nccl issue 398).
_NVLINK_GBYTES = 200.0
_PCIE_GBYTES = 10.0
_GRADIENT_BYTES = 4


@dataclass(frozen=True)
class Gpus:
    """All GPUs that a job trains on. ``network_gbit`` joins the instances, where known."""

    gpu: Gpu
    each: int = 1
    instances: int = 1
    network_gbit: float | None = None

    @classmethod
    def of(cls, instance_type: str, instance_count: int) -> "Gpus | None":
        """Returns those of some instances, None where the type has none or is not known."""
        found = gpus_of(instance_type)
        if found is None:
            return None
        gpu, each = found
        return cls(gpu, each, instance_count, network_gbit_of(instance_type))

    @property
    def count(self) -> int:
        """How many there are."""
        return self.each * self.instances

    @property
    def is_joined(self) -> bool:
        """Whether it is known how fast all of them exchange their gradients."""
        return self.instances == 1 or self.network_gbit is not None

    @property
    def share(self) -> float:
        """What they reach together, as a share of ``count`` times one."""
        inside = 1.0 if self.each == 1 else _SHARE_NVLINK if self.gpu.nvlink else _SHARE_PCIE
        return inside if self.instances == 1 else inside * _SHARE_INSTANCES

    @property
    def exchange_gbytes(self) -> float:
        """GB/s at which the slowest link of their ring passes gradients on."""
        inside = _NVLINK_GBYTES if self.gpu.nvlink else _PCIE_GBYTES
        if self.instances == 1:
            return inside
        between = (self.network_gbit or 0.0) / 8
        return min(inside, between) if self.each > 1 else between

    def exchange_seconds(self, encoder: Encoder) -> float:
        """Returns what one step's gradients need to travel: each GPU passes on all, twice."""
        if self.count == 1:
            return 0.0
        moved = 2 * (self.count - 1) / self.count * encoder.parameters * _GRADIENT_BYTES
        return moved / (self.exchange_gbytes * 1e9)
