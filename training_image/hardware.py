"""Where the training computes, and in which numbers."""

from dataclasses import dataclass

import torch

from training_image.progress import warn


@dataclass(frozen=True)
class Hardware:
    """A device, and the numbers of its forward passes."""

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def find(cls) -> "Hardware":
        """Takes a GPU if there is one; bf16 where the hardware has it, else fp16 or fp32."""
        if torch.cuda.is_available():
            if torch.cuda.device_count() > 1:
                warn(f"One of {torch.cuda.device_count()} GPUs is used; the others idle.")
            torch.set_float32_matmul_precision("high")
            bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
            return cls(torch.device("cuda"), torch.bfloat16 if bf16 else torch.float16)
        # On a CPU bf16 pays with AMX tiles alone; elsewhere it is emulated, and slower.
        tiles = torch.cpu._is_amx_tile_supported()
        return cls(torch.device("cpu"), torch.bfloat16 if tiles else torch.float32)

    def autocast(self) -> torch.autocast:
        """Returns the context for forward passes."""
        if self.dtype == torch.float32:
            return torch.autocast(self.device.type, enabled=False)
        return torch.autocast(self.device.type, dtype=self.dtype)
