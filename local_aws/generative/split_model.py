"""A causal model in two halves: lower layers that stay as they are, upper ones that are tuned.

The lower half's states of a text never change, so a fine-tuning computes them once; and a tuned
model is its upper layers alone, laid over one base model in memory.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import DynamicCache, LlamaForCausalLM, LlamaModel

_UPPER_FILE = "upper_layers.safetensors"


class SplitModel:
    """The halves, the caches of their attention, and the words that they end in."""

    def __init__(self, folder: Path, upper_layers: int, dtype: torch.dtype) -> None:
        whole = LlamaForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
        whole.eval().requires_grad_(requires_grad=False)
        self.dtype = dtype
        self.longest = int(whole.config.max_position_embeddings)
        self._words: Tensor = whole.lm_head.weight
        self.upper = _upper_half(whole, upper_layers)
        self.lower = whole.model
        self.lower.layers = self.lower.layers[:-upper_layers]
        self.lower.norm = nn.Identity()
        self._base = {name: value.clone() for name, value in self.upper.state_dict().items()}

    def lower_states(self, tokens: Tensor, cache: Any, **places: Tensor) -> Tensor:
        """Return what the lower half makes of tokens that follow those of the cache."""
        states: Tensor = self.lower(
            input_ids=tokens, past_key_values=cache, use_cache=True, **places
        ).last_hidden_state
        return states

    def upper_states(self, states: Tensor, cache: Any = None, **places: Tensor) -> Tensor:
        """Return what the upper half makes of the lower half's states."""
        result: Tensor = self.upper(
            inputs_embeds=states, past_key_values=cache, use_cache=cache is not None, **places
        ).last_hidden_state
        return result

    def words(self, states: Tensor) -> Tensor:
        """Return a score for each word of the vocabulary."""
        return nn.functional.linear(states, self._words).float()

    def use(self, folder: Path | None) -> None:
        """Lay the upper layers of a tuned model over the base model, or the base's own."""
        state = self._base if folder is None else load_file(upper_file(folder))
        self.upper.load_state_dict(state)

    def save(self, folder: Path) -> None:
        """Write the upper layers as they are now."""
        state = {name: value.to(self.dtype) for name, value in self.upper.state_dict().items()}
        save_file(state, upper_file(folder))


def upper_file(folder: Path) -> Path:
    """Return where the upper layers of a tuned model lie."""
    return folder / _UPPER_FILE


def new_cache() -> Any:
    """Return an empty cache of attention."""
    return DynamicCache()


def cut_back(cache: Any, length: int) -> None:
    """Forget what came after the first tokens of a cache."""
    if (surplus := cache.get_seq_length() - length) > 0:
        cache.crop(-surplus)


def fitting_dtype() -> torch.dtype:
    """Return bf16 where this processor computes in it, else fp32, which is then faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return torch.float32
    has_it = "avx512_bf16" in flags or "amx_bf16" in flags
    return torch.bfloat16 if has_it else torch.float32


def pack(lengths: Sequence[int], before: int) -> tuple[Tensor, Tensor]:
    """Return mask and positions of texts side by side, each following the same `before` tokens.

    The mask has a row for each token of the texts and a column for each of `before` and the texts;
    a text sees what is before it and itself, as if it stood there alone.
    """
    owners = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    places = torch.arange(len(owners))
    sees_texts = (owners[:, None] == owners[None, :]) & (places[:, None] >= places[None, :])
    sees_before = torch.ones(len(owners), before, dtype=torch.bool)
    positions = torch.cat([torch.arange(before, before + length) for length in lengths])
    return torch.cat([sees_before, sees_texts], 1)[None, None], positions[None]


def _upper_half(whole: Any, layers: int) -> Any:
    config = copy.deepcopy(whole.config)
    config.num_hidden_layers = layers
    # It starts from states, so that it needs no words; a few are made, and thrown away.
    config.vocab_size = 8
    config.pad_token_id = None
    upper = LlamaModel(config)
    upper.layers = whole.model.layers[-layers:]
    for number, layer in enumerate(upper.layers):
        layer.self_attn.layer_idx = number
    upper.norm = whole.model.norm
    upper.embed_tokens = nn.Identity()
    return upper.eval()
