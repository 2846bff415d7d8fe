"""The optimiser: fused AdamW, weight decay for matrices alone, a learning rate for each depth."""

import re
from collections import defaultdict
from typing import Any

import torch

from training_image.config import TrainConfig

MAX_GRADIENT_NORM = 1.0
_LAYER = re.compile(r"\.layers?\.(\d+)\.")


def make_optimizer(network: Any, config: TrainConfig) -> torch.optim.AdamW:
    """Returns AdamW over a PreTrainedModel's weights.

    Weight decay spares biases and norms. A layer's learning rate is `layer_decay` times that of the
    layer above it; the head has the whole (ELECTRA, Clark et al. 2020, section 3.1 and table 7).
    """
    depths = depths_of(network)
    top = max(depths.values())
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = defaultdict(list)
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            groups[depths[name], weight.ndim >= 2].append(weight)
    return torch.optim.AdamW(
        [
            {
                "params": weights,
                "weight_decay": config.weight_decay if decays else 0.0,
                "share": config.layer_decay ** (top - depth),
            }
            for (depth, decays), weights in sorted(groups.items(), key=lambda each: each[0])
        ],
        lr=config.learning_rate,
        fused=True,
    )


def depths_of(network: Any) -> dict[str, int]:
    """Returns how deep each weight lies: 0 for embeddings, then the layers, then the head.

    What stands between the last layer and the head (a pooler, a norm) counts as the head.
    """
    body = network.base_model_prefix + "."
    names = [name for name, _ in network.named_parameters()]
    layers = {name: int(found[1]) for name in names if (found := _LAYER.search(name))}
    top = max(layers.values(), default=-1) + 2
    return {
        name: layers[name] + 1
        if name in layers
        else 0
        if name.startswith(body) and "embed" in name
        else top
        for name in names
    }


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Gives each group its share of a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]
