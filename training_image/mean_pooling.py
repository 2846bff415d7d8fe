"""Mean pooling as a layer of the architecture itself, so that the model stays a stock one.

Most encoders are classified by the vector of their first token, which only a fine-tuning teaches to
stand for the text; the mean of all vectors stands for it from the start. transformers' classes read
the first token all the same. So one layer more is put behind the last: its queries and keys are
zero, so that attention is the mean over the row's tokens; its output outweighs the vector that the
layer adds to it; its feed-forward part is zero. The first token's vector is then the mean, with a
layer norm over it. What a head has before its last matrix becomes (almost) the identity.

Any program that loads `AutoModelForSequenceClassification` reads such a model, without our code.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

# How much heavier the mean is than the first token's own vector, which a layer adds to it.
WEIGHT = 1e3
# tanh and GELU are straight near 0; a ReLU is straight above it.
SMALL, SHIFT = 0.1, 1.0


@torch.no_grad()
def add_mean_pooling(network: Any) -> bool:
    """Makes a network's head read the mean of all tokens; returns whether it is of a known kind.

    Args:
        network: a PreTrainedModel for sequence classification, unpacked, with a new head.
    """
    kind = network.config.model_type
    if kind == "modernbert":  # has it built in
        network.config.classifier_pooling = "mean"
        return True
    known = _KINDS.get(kind)
    if known is None:
        return False
    known(network)
    network.config.num_hidden_layers += 1
    return True


def _bert(network: Any) -> None:
    layers = network.base_model.encoder.layer
    layer = _copied(layers[-1], network)
    attention = layer.attention
    _mean(attention.self.query, attention.self.key, attention.self.value, attention.output.dense)
    _nothing(layer.intermediate.dense, layer.output.dense)
    _plain(attention.output.LayerNorm, layer.output.LayerNorm)
    layers.append(layer)
    pooler = getattr(network.base_model, "pooler", None)
    _identity(pooler.dense if pooler is not None else network.classifier.dense, SMALL)


def _distilbert(network: Any) -> None:
    layers = network.base_model.transformer.layer
    layer = _copied(layers[-1], network)
    attention = layer.attention
    _mean(attention.q_lin, attention.k_lin, attention.v_lin, attention.out_lin)
    _nothing(layer.ffn.lin1, layer.ffn.lin2)
    _plain(layer.sa_layer_norm, layer.output_layer_norm)
    layers.append(layer)
    _identity(network.pre_classifier, 0.25, SHIFT)


_KINDS: dict[str, Callable[[Any], None]] = {
    "bert": _bert,
    "roberta": _bert,
    "xlm-roberta": _bert,
    "camembert": _bert,
    "electra": _bert,
    "distilbert": _distilbert,
}


def _copied(layer: nn.Module, network: Any) -> Any:
    # With the network's own config, in which the way of attention is chosen later.
    return copy.deepcopy(layer, {id(network.config): network.config})


def _mean(query: nn.Linear, key: nn.Linear, value: nn.Linear, out: nn.Linear) -> None:
    _nothing(query, key)
    _identity(value, 1.0)
    _identity(out, WEIGHT)


def _nothing(*linears: nn.Linear) -> None:
    for each in linears:
        each.weight.zero_()
        each.bias.zero_()


def _identity(linear: nn.Linear, factor: float, bias: float = 0.0) -> None:
    nn.init.eye_(linear.weight)
    linear.weight.mul_(factor)
    linear.bias.fill_(bias)


def _plain(*norms: nn.LayerNorm) -> None:
    for each in norms:
        each.weight.fill_(1.0)
        each.bias.zero_()
