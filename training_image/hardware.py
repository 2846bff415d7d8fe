"""Where the training computes, and in which numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from training_image.accelerators import accelerator_kind
from training_image.models import Classifier
from training_image.progress import warn

# Short lines stay in a CPU's caches; rectangles of like lengths are cut by their padding.
CPU_PASS_TOKENS, CPU_RECTANGLE_TOKENS, GPU_PASS_TOKENS = 1024, 8192, 65_536


@dataclass(frozen=True)
class Hardware:
    """A device, and the numbers of its forward passes."""

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def find(
        cls, local_rank: int = 0, kind_of: Callable[[], str | None] = accelerator_kind
    ) -> "Hardware":
        """Takes the rank's accelerator if there are any; bf16 where it has that, or fp16 or fp32.

        ``kind_of`` says of which type they are.
        """
        kind = kind_of()
        if kind == "cuda":
            torch.set_float32_matmul_precision("high")
            bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
            device = torch.device("cuda", local_rank)
            return cls(device, torch.bfloat16 if bf16 else torch.float16)
        if kind is not None:
            return cls(torch.device(kind, local_rank), torch.bfloat16)
        # On a CPU bf16 pays with AMX tiles alone; elsewhere it is emulated, and slower.
        tiles = torch.cpu._is_amx_tile_supported()
        return cls(torch.device("cpu"), torch.bfloat16 if tiles else torch.float32)

    def autocast(self) -> torch.autocast:
        """Returns the context for forward passes."""
        if self.dtype == torch.float32:
            return torch.autocast(self.device.type, enabled=False)
        return torch.autocast(self.device.type, dtype=self.dtype)

    def place(self, classifier: Classifier) -> Classifier:
        """Moves a classifier's network to the device; where packing does not run, it is undone."""
        network = classifier.network.to(self.device)
        packing = classifier.packing
        if packing is None or self.device.type == "cpu":
            return classifier
        with self.autocast():
            runs = packing.runs_on_device(network)
        if runs:
            return classifier
        packing.undo()
        warn("This device has no attention over packed rows; batches are padded instead.")
        return replace(classifier, packing=None)

    def pass_tokens(self, network: Any, packed: bool) -> int:
        """Returns how many tokens a pass may have at first; training halves it when need be.

        On a GPU half of the memory is for activations, of 34 bytes for each layer, token and hidden
        unit at 16 bits (Korthikanti et al. 2022, equation 1, without the attention's scores).
        """
        if self.device.type == "cpu":
            return CPU_PASS_TOKENS if packed else CPU_RECTANGLE_TOKENS
        if self.device.type != "cuda":
            return CPU_RECTANGLE_TOKENS  # how much memory it has is not known
        config = network.config
        per_token = 34 * config.hidden_size * config.num_hidden_layers
        per_token *= 2 if self.dtype == torch.float32 else 1
        memory = torch.cuda.get_device_properties(self.device).total_memory
        return max(1024, min(GPU_PASS_TOKENS, int(memory // 2 // per_token)))
