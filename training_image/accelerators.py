"""The accelerator of this machine, whatever its maker, as torch.accelerator names it.

GPUs of NVIDIA are what the program is measured on. Any other that torch knows is taken in its own
name, so that an image with another base (BASE_IMAGE) trains on it without a change here; rows are
then padded where its attention over packed rows is missing.
"""

import torch

# Nobody has measured them, and a laptop's processors train as this repository's figures say.
NOT_TAKEN = frozenset({"mps"})


def accelerator_kind() -> str | None:
    """Returns the type of the accelerator's devices, None where there is none to train on."""
    if not torch.accelerator.is_available():
        return None
    found = torch.accelerator.current_accelerator()
    return None if found is None or found.type in NOT_TAKEN else found.type


def accelerator_count() -> int:
    """Returns how many there are."""
    return torch.accelerator.device_count() if accelerator_kind() is not None else 0


def free_memory() -> None:
    """Gives back what the accelerator's allocator keeps, where there is one."""
    if accelerator_kind() is not None:
        torch.accelerator.empty_cache()
