"""A GPU that is too small, where there is none: an attention that holds some tokens at most."""

from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from training_image import packing


class SmallMemory:
    """An attention that cannot hold more than some tokens at once, as a small GPU cannot."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def __call__(self, module: Any, query: torch.Tensor, *rest: Any, **options: Any) -> Any:
        """Attends, or fails as torch does."""
        if torch.is_grad_enabled() and query.shape[2] > self.tokens:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return packing.packed_attention(module, query, *rest, **options)

    def install(self) -> None:
        """Takes the place of the attention over packed rows."""
        ALL_ATTENTION_FUNCTIONS.register(packing.NAME, self)
