"""Whether the work fits the instances at all: the GPUs' memory and the disk."""

from collections.abc import Sequence

from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.instances import hardware_of
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.trainers.sagemaker.disk import disk_gb
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.scaling import Gpus

_MIB, _GB, _GIB = 2**20, 1e9, 2**30
# Weights, gradients and AdamW's two moments in fp32, and half the memory for activations.
_BYTES_PER_PARAMETER = 16
_MEMORY_SHARE = 0.5


def fits_memory(encoder: Encoder, gpus: Gpus) -> bool:
    """Whether the GPUs can train the model, leaving half of their memory for activations.

    A model that is too large for one is spread over all of them.
    """
    needed = encoder.parameters * _BYTES_PER_PARAMETER
    return needed <= _memory(gpus) * _MEMORY_SHARE


def room_gb(instances: PricedInstances) -> float:
    """Returns the GB that each instance has: a fixed size with NVMe volumes, else what is asked."""
    hardware = hardware_of(instances.instance_type)
    if hardware is not None and hardware.nvme_gb:
        return hardware.nvme_gb
    return instances.volume_gib * _GIB / _GB


def require_fit(
    instances: PricedInstances,
    workload: Workload | None,
    encoder: Encoder | None,
    others: Sequence[PricedInstances] = (),
) -> None:
    """Checks that the model fits the GPUs' memory, and the data the disk.

    Args:
        instances: what run.yaml names.
        workload: the data, None where they are not known.
        encoder: the model, None where it is not known.
        others: what may be advised in their place.

    Raises:
        InvalidRunSpecError: a job would be billed to find that out.
    """
    why = misfit(instances, workload, encoder)
    if why is None:
        return
    fitting = [one.instance_type for one in others if misfit(one, workload, encoder) is None]
    advice = f" Of the usual types, {', '.join(fitting)} would do." if fitting else ""
    raise InvalidRunSpecError(f"{why}{advice} Nothing was spent.")


def misfit(
    instances: PricedInstances, workload: Workload | None, encoder: Encoder | None
) -> str | None:
    """Returns why the work does not fit the instances, None where it does or is not known."""
    gpus = Gpus.of(instances.instance_type, instances.instance_count)
    if encoder is not None and gpus is not None:
        needed = encoder.parameters * _BYTES_PER_PARAMETER
        if needed > _memory(gpus):
            return (
                f"training.instance_type: {instances.instance_count} x {instances.instance_type} "
                f"have {_memory(gpus) / _GIB:,.1f} GiB of GPU memory, and the weights, gradients "
                f"and optimiser states of the base model alone need {needed / _GIB:,.1f}."
            )
    if workload is not None:
        disk = disk_gb(workload, encoder, is_copied=instances.data.is_copied)
        if disk > room_gb(instances):
            return _too_little_disk(instances, disk)
    return None


def _too_little_disk(instances: PricedInstances, needed: float) -> str:
    name, room = instances.instance_type, room_gb(instances)
    hardware = hardware_of(name)
    if hardware is not None and hardware.nvme_gb:
        return (
            f"training.instance_type: the run needs about {needed:,.0f} GB of disk, and {name} has "
            f"{room:,.0f} GB: its own NVMe volumes, whose size is fixed, so that "
            f"training.volume_gib changes nothing. Take a type with more{_or_stream(instances)}."
        )
    return (
        f"training.volume_gib: the run needs about {needed:,.0f} GB of disk, and "
        f"{instances.volume_gib} GiB are {room:,.0f} GB. Set training.volume_gib to "
        f"{int(needed * _GB / _GIB) + 1} or more, or to auto{_or_stream(instances)}."
    )


def _or_stream(instances: PricedInstances) -> str:
    """A copy that run.yaml asks for may be what does not fit."""
    if not instances.data.is_copied:
        return ""
    return ", or take training.input.mode out, so that the data are streamed"


def _memory(gpus: Gpus) -> float:
    return float(gpus.gpu.memory_mib) * _MIB * gpus.count
