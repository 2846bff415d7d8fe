"""Which way the data come to the instances, and how large their volumes are.

The training program reads each file once, from its start to its end, and works on its own tokens
from then on. So a stream from S3 (SageMaker's FastFile mode) costs nothing, and a copy costs
instances that wait for it and a disk that holds it. A small data set is copied all the same: there
is nothing to save, and the disk is there anyway.
"""

from decimal import Decimal
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.money.instances import hardware_of
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.quotes import round_up
from thriftline.runs.trainers.sagemaker.data_input import COPIED, DataInput, Mode
from thriftline.runs.trainers.sagemaker.disk import disk_gb
from thriftline.runs.trainers.sagemaker.expected_time import Workload

# What a large instance was seen to copy from S3 in File mode.
COPY_BYTES_PER_SECOND = 500e6
# What a plan shows: a copy that costs less is not worth a word.
_LEAST_USD = Decimal("0.01")
LEAST_VOLUME_GIB = 30
MOST_VOLUME_GIB = 16_384
# The tokens are estimated, and a full disk ends a job that was billed.
_SPARE = 1.25
# Warm instances are taken over by a run with the same volume alone, so sizes come in steps.
_STEP_GIB = 10
_GB, _GIB = 1e9, 2**30


@dataclass(frozen=True)
class Place:
    """The instances that shall read; ``usd_per_hour`` is of one."""

    instance_type: str
    instance_count: int
    usd_per_hour: Decimal

    @property
    def nvme_gb(self) -> float:
        """Its own volumes, which SageMaker uses in place of EBS; 0 for none."""
        hardware = hardware_of(self.instance_type)
        return hardware.nvme_gb if hardware else 0


def data_input(
    asked: Mode | None,
    place: Place,
    workload: Workload | None,
    encoder: Encoder | None,
    volume_gib: int | None,
) -> DataInput:
    """Returns how the data are read.

    Args:
        asked: what run.yaml names, None where it leaves it open.
        place: the instances.
        workload: the data, None where they are not known.
        encoder: the model, None where it is not known.
        volume_gib: what run.yaml names for the volume, None where it leaves it open.
    """
    if workload is None:
        return DataInput(asked or "file", "The volume of the data is not known.")
    cost = copy_cost(workload, place)
    if asked is not None:
        return DataInput(asked, f"run.yaml names {asked}. {cost.sentence}")
    needed = disk_gb(workload, encoder)
    room = place.nvme_gb or (volume_gib or MOST_VOLUME_GIB) * _GIB / _GB
    if needed > room:
        return DataInput(
            "fast_file",
            f"The data are streamed (FastFile): a copy would need about {needed:,.0f} GB of disk, "
            f"and the instance has {room:,.0f}.",
        )
    if cost.usd >= _LEAST_USD:
        return DataInput("fast_file", f"The data are streamed (FastFile). {cost.sentence}")
    return COPIED


@dataclass(frozen=True)
class CopyCost:
    """What the copy of the data to all instances takes."""

    gigabytes: float
    seconds: int
    usd: Decimal
    instance_count: int

    @property
    def sentence(self) -> str:
        """Says it."""
        each = "" if self.instance_count == 1 else f" to each of {self.instance_count} instances"
        return (
            f"A copy of {self.gigabytes:,.1f} GB{each} would take {self.seconds:,} seconds of "
            f"instances that wait, about {round_up(self.usd)} USD on demand."
        )


def copy_cost(workload: Workload, place: Place) -> CopyCost:
    """Returns what a copy costs; several instances copy at the same time, at the most all of it."""
    seconds = workload.data_bytes / COPY_BYTES_PER_SECOND
    usd = place.usd_per_hour * place.instance_count * Decimal(seconds) / 3600
    return CopyCost(workload.data_bytes / _GB, ceil(seconds), usd, place.instance_count)


def volume_for(workload: Workload | None, encoder: Encoder | None, how: DataInput) -> int:
    """Returns the GiB of EBS that the work needs, with some to spare, in steps."""
    if workload is None:
        return LEAST_VOLUME_GIB
    needed = disk_gb(workload, encoder, is_copied=how.is_copied) * _SPARE * _GB / _GIB
    steps = ceil(needed / _STEP_GIB) * _STEP_GIB
    return min(MOST_VOLUME_GIB, max(LEAST_VOLUME_GIB, steps))
