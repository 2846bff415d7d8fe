"""Several processes that train one model: who is who, what they tell each other, how they wrap it.

torchrun starts a process for each GPU and names it in the environment; one process alone needs
none of this. What ranks agree on travels between CPUs (gloo), gradients between GPUs (NCCL).
"""

import gc
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import numpy.typing as npt
import torch
import torch.distributed as dist
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from training_image.accelerators import accelerator_kind
from training_image.job import JobError, StopRequestedError
from training_image.tensor_files import Tensors

T = TypeVar("T")

# Longer than one machine may take to tokenise what the others wait for.
TIMEOUT = timedelta(hours=6)
# fp32 weights, gradients and two moments. Above this share of a GPU's memory they are sharded.
STATE_BYTES_PER_WEIGHT = 16
MOST_STATE_SHARE = 0.6


@dataclass(frozen=True)
class Ranks:
    """This process among those of the job."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    machine: int = 0
    leaders: Any = None
    """The group of those that lead a machine."""

    @classmethod
    def join(cls, environment: Mapping[str, str]) -> "Ranks":
        """Meets the other processes that torchrun started; without torchrun there are none."""
        if "RANK" not in environment:
            return cls()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "GROUP_RANK")
        rank, world, local_rank, machine = (int(environment[name]) for name in names)
        backend = "gloo"
        kind = accelerator_kind()
        if kind is not None:
            torch.accelerator.set_device_index(local_rank)
            backend = f"cpu:gloo,{kind}:{dist.get_default_backend_for_device(kind)}"
        dist.init_process_group(backend, timeout=TIMEOUT)
        places: list[Any] = [None] * world
        dist.all_gather_object(places, local_rank)
        leaders = dist.new_group(
            [i for i, place in enumerate(places) if place == 0], TIMEOUT, "gloo"
        )
        return cls(rank, world, local_rank, machine, leaders)

    def leave(self) -> None:
        """Takes leave of the others, once nothing uses the connections to them any more."""
        if self.world > 1:
            gc.collect()
            dist.destroy_process_group()

    @property
    def leads(self) -> bool:
        """Whether this one speaks and writes for all."""
        return self.rank == 0

    @property
    def leads_machine(self) -> bool:
        """Whether this one does what is done once on each machine."""
        return self.local_rank == 0

    def gather(self, value: T) -> list[T]:
        """Returns everybody's value, in order of their ranks."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def gather_machines(self, value: T) -> list[T]:
        """Returns the value of each machine's leader; the leaders alone may ask."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * dist.get_world_size(self.leaders)
        dist.all_gather_object(values, value, self.leaders)
        return values

    def raise_any(self, error: JobError | StopRequestedError | None) -> None:
        """Raises on every rank what one of them met.

        Raises:
            JobError: the first of all.
            StopRequestedError: there is none, but one of them was stopped.
        """
        if self.world == 1:
            if error is not None:
                raise error
            return
        said = self.gather(
            (isinstance(error, StopRequestedError), None if error is None else str(error))
        )
        messages = [message for is_stop, message in said if message is not None and not is_stop]
        if messages:
            raise JobError(messages[0])
        if any(is_stop for is_stop, _ in said):
            raise StopRequestedError

    def any(self, flag: bool) -> bool:
        """Whether it is so for anybody."""
        return any(self.gather(flag))

    def sum(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Returns the sum of everybody's array."""
        if self.world == 1:
            return values
        total = torch.from_numpy(values.copy())
        dist.all_reduce(total)
        return total.numpy()

    def most(self, *values: int) -> tuple[int, ...]:
        """Returns the greatest of everybody's first value, second value, and so on."""
        if self.world == 1:
            return values
        greatest = torch.tensor(values)
        dist.all_reduce(greatest, dist.ReduceOp.MAX)
        return tuple(int(each) for each in greatest)

    def from_lead(self, tensors: Tensors, device: torch.device) -> Tensors:
        """Returns the lead's tensors, on the device; the others give none."""
        if self.world == 1:
            return tensors
        shapes = {name: (each.shape, each.dtype) for name, each in tensors.items()}
        found = self.gather(shapes)[0]
        received: Tensors = {}
        for name, (shape, dtype) in found.items():
            tensor = (
                tensors[name].to(device).contiguous()
                if self.leads
                else torch.empty(shape, dtype=dtype, device=device)
            )
            dist.broadcast(tensor, src=0)
            received[name] = tensor
        return received


ALONE = Ranks()


class Votes:
    """Yes-or-no questions that all ranks answer alike, without waiting for one another.

    Among several ranks an answer is that of the step before: the sum over ranks travels while the
    step is computed.
    """

    def __init__(self, ranks: Ranks, questions: int) -> None:
        self._ranks = ranks
        self._answers = torch.zeros(questions, dtype=torch.int32)
        self._pending: Any = None

    def cast(self, *flags: bool) -> tuple[bool, ...]:
        """Gives this rank's answers; returns for each question whether any rank said yes."""
        if self._ranks.world == 1:
            return flags
        said = (False,) * len(flags)
        if self._pending is not None:
            self._pending.wait()
            said = tuple(bool(each) for each in self._answers)
        self._answers = torch.tensor(flags, dtype=torch.int32)
        self._pending = dist.all_reduce(self._answers, async_op=True)
        return said

    def close(self) -> None:
        """Waits for the answers still under way."""
        if self._pending is not None:
            self._pending.wait()
            self._pending = None


# The network -------------------------------------------------------------------------------------


def is_sharded(sharding: str, network: torch.nn.Module, device: torch.device, ranks: Ranks) -> bool:
    """Whether each rank keeps a part of the weights, as asked for, or where one GPU is too small.

    Args:
        sharding: `replicate`, `shard`, or `auto`.
        network: the weights.
        device: of this rank.
        ranks: the processes; one alone never shards.
    """
    if ranks.world == 1 or sharding == "replicate":
        return False
    if sharding == "shard" or device.type != "cuda":
        return sharding == "shard"
    weights = sum(each.numel() for each in network.parameters())
    memory = torch.cuda.get_device_properties(device).total_memory
    return weights * STATE_BYTES_PER_WEIGHT > MOST_STATE_SHARE * memory


def replicate(network: torch.nn.Module, ranks: Ranks, device: torch.device) -> torch.nn.Module:
    """Returns the network wrapped such that the last pass of a step averages all gradients."""
    if ranks.world == 1:
        return network
    return DistributedDataParallel(
        network,
        device_ids=[device.index] if device.type == "cuda" else None,
        gradient_as_bucket_view=True,
    )


def shard(network: Any, dtype: torch.dtype) -> None:
    """Spreads a network's weights over all ranks, layer by layer (FSDP2)."""
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
    lists = [each for each in network.modules() if isinstance(each, torch.nn.ModuleList)]
    for layer in max(lists, key=len, default=()):
        fully_shard(layer, mp_policy=policy)
    fully_shard(network, mp_policy=policy)


def accumulating(network: torch.nn.Module, last: bool) -> AbstractContextManager[None]:
    """The context of a pass: gradients travel with the last one of a step alone."""
    if isinstance(network, FSDPModule):
        network.set_requires_gradient_sync(last)
    elif isinstance(network, DistributedDataParallel) and not last:
        context: AbstractContextManager[None] = network.no_sync()
        return context
    return nullcontext()


def unwrapped(network: torch.nn.Module) -> torch.nn.Module:
    """Returns the network that knows of no other ranks."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def average_gradients(network: torch.nn.Module, ranks: Ranks) -> None:
    """Averages gradients that were summed up without the others, as the wrapped network does."""
    for parameter in network.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(ranks.world)
            dist.all_reduce(parameter.grad)


def whole(tensors: Tensors) -> Tensors:
    """Returns tensors without their sharding; every rank must ask at the same time."""
    return {
        name: each.full_tensor() if isinstance(each, DTensor) else each
        for name, each in tensors.items()
    }


def like(value: torch.Tensor, pattern: torch.Tensor) -> torch.Tensor:
    """Returns a whole tensor, sharded as a pattern of its shape is."""
    if isinstance(pattern, DTensor) and value.shape == pattern.shape:
        return distribute_tensor(value, pattern.device_mesh, pattern.placements)
    return value
