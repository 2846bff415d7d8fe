"""Rows without padding: all tokens of a pass in one line, and attention that keeps rows apart.

transformers calls attention through a registry; `packed` is our entry in it. A network whose
layers ask that registry runs on rows laid end to end: its matrix products see real tokens alone.
Attention runs row by row: on a GPU in one variable-length flash kernel, on a CPU in one kernel
call for the rows of each length. A hook behind the last layer hands each row's vector to the head.
Where that is the vector of the first token, no other token goes through what stands behind the last
layer's attention: of 6 layers that spares an eighth of the work, of 12 a sixteenth.

Attention dropout is left out, since the variable-length kernel has none, and a run should be the
same on every hardware; the dropout of embeddings, layers and head stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from torch.utils.hooks import RemovableHandle
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "packed"
TOLERANCE, DEVICE_TOLERANCE = 1e-3, 0.2
"""Relative. In fp32 rounding differs by 1e-6, a wrong position or window by more than 1e-2; on the
device the numbers are those of autocast, and the question is whether the kernel runs at all."""


@dataclass(frozen=True)
class Layout:
    """Where rows lie in a line of tokens. Rows of one length are neighbours."""

    runs: tuple[tuple[int, int], ...]
    """For each run of neighbours: how many rows, and how many tokens each has. On a CPU alone."""
    starts: torch.Tensor
    """int32 [rows + 1], on the device: where each row starts, and where the last one ends."""
    longest: int
    """Tokens of the longest row, or more."""


@dataclass(frozen=True)
class Trial:
    """A few rows, and the logits that they have with padding."""

    rows: tuple[torch.Tensor, ...]
    expected: torch.Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, network: Any, pad_id: int, longest: int) -> "Trial":
        """Runs a network over padded rows, on the CPU."""
        vocabulary = network.get_input_embeddings().num_embeddings
        lengths = [min(longest, each) for each in (150, 7, 7, 3)]
        rows = tuple(_tokens(each, vocabulary, pad_id) for each in lengths)
        ids = pad_sequence(list(rows), batch_first=True, padding_value=pad_id)
        mask = (torch.arange(ids.shape[1]) < torch.tensor(lengths)[:, None]).long()
        return cls(rows, network(input_ids=ids, attention_mask=mask).logits)

    @torch.no_grad()
    def agrees(self, network: Any, first_position: int, tolerance: float) -> bool:
        """Whether packed rows have the same logits, on the device where the network is."""
        lengths = [len(row) for row in self.rows]
        positions = torch.cat([torch.arange(each) for each in lengths]) + first_position
        starts = torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)
        device = network.device
        layout = Layout(tuple((1, each) for each in lengths), starts.to(device), max(lengths))
        try:
            logits = network(
                input_ids=torch.cat(self.rows)[None].to(device),
                position_ids=positions[None].to(device),
                attention_mask=torch.ones(len(lengths), 1, dtype=torch.int64, device=device),
                layout=layout,
            ).logits.cpu()
        except Exception:
            return False  # whatever it stumbles over, it is not made for this
        if logits.shape != self.expected.shape:
            return False
        return bool((logits - self.expected).norm() <= tolerance * self.expected.norm())


def _tokens(length: int, vocabulary: int, pad_id: int) -> torch.Tensor:
    """Returns some tokens, none of them padding."""
    ids = torch.arange(length) % (vocabulary - 1)
    return ids + (ids >= pad_id)


@dataclass(frozen=True)
class Packing:
    """How a packed network reads."""

    first_position: int
    """The position of a row's first token: 0, or behind the padding's id as RoBERTa counts."""
    longest: int
    """The most tokens of a row."""
    trial: Trial
    undo: Callable[[], None]
    """Makes the network read padded rows again."""

    def runs_on_device(self, network: Any) -> bool:
        """Whether it works where the network is now, in the numbers that autocast takes there."""
        return self.trial.agrees(network, self.first_position, DEVICE_TOLERANCE)


def pack(network: Any, pad_id: int, longest: int) -> Packing | None:
    """Makes a network take packed rows, `network(**inputs, layout=layout)`, if it can.

    It can when a trial gives the logits that padded rows give. DeBERTa and MPNet, for two, cannot:
    they add a bias for each pair of positions to the scores. They stay as they are.

    Args:
        network: a PreTrainedModel for sequence classification, in eval mode, on the CPU.
        pad_id: the padding token.
        longest: the most tokens of a row.
    """
    if not getattr(type(network), "_supports_attention_backend", False):
        return None
    trial = Trial.of(network, pad_id, longest)
    before = network.config._attn_implementation
    body = network.base_model
    last = getattr(body, "encoder", None) or getattr(body, "transformer", None) or body
    mean = getattr(network.config, "classifier_pooling", "cls") == "mean"
    hooks = [] if mean else _narrow(last)
    vectors = _mean_of_rows if mean else _narrowed_rows if hooks else _first_of_rows
    hooks.append(last.register_forward_hook(vectors, with_kwargs=True))
    network.set_attn_implementation(NAME)

    def undo() -> None:
        for hook in hooks:
            hook.remove()
        network.set_attn_implementation(before)

    for first_position in {0, pad_id + 1, (network.config.pad_token_id or 0) + 1}:
        if trial.agrees(network, first_position, TOLERANCE):
            return Packing(first_position, longest, trial, undo)
    undo()
    return None


def _narrow(encoder: Any) -> list[RemovableHandle]:
    """Makes the last layer go on with first tokens alone, behind its attention, if it is known."""
    layer = encoder.layer[-1] if hasattr(encoder, "layer") else None
    attention = getattr(layer, "attention", None)
    # Where a layer adds what it got and what its attention made of it: in BERT, RoBERTa, ELECTRA;
    # in DistilBERT.
    addition = getattr(attention, "output", None) or getattr(layer, "sa_layer_norm", None)
    if attention is None or addition is None:
        return []
    starts = torch.empty(0)

    def remember(_module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        nonlocal starts
        starts = kwargs["layout"].starts[:-1]

    def narrow(_module: Any, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return tuple(each[:, starts] for each in args)

    return [
        attention.register_forward_pre_hook(remember, with_kwargs=True),
        addition.register_forward_pre_hook(narrow),
    ]


def _narrowed_rows(_module: Any, _args: Any, _kwargs: dict[str, Any], output: Any) -> Any:
    output.last_hidden_state = output.last_hidden_state.transpose(0, 1)
    return output


def _first_of_rows(_module: Any, _args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    layout: Layout = kwargs["layout"]
    hidden = output.last_hidden_state
    output.last_hidden_state = hidden[0, layout.starts[:-1]].unsqueeze(1)
    return output


def _mean_of_rows(_module: Any, _args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    layout: Layout = kwargs["layout"]
    hidden = output.last_hidden_state
    means = torch.segment_reduce(hidden[0].float(), "mean", lengths=layout.starts.diff(), axis=0)
    output.last_hidden_state = means.to(hidden.dtype).unsqueeze(1)
    return output


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    layout: Layout,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each row of a line of tokens.

    Args:
        module: the layer that asks.
        query: [1, heads, tokens, head size].
        key: as query.
        value: as query.
        attention_mask: not needed.
        layout: the rows.
        scaling: factor of the scores; None for one over the root of the head size.
        sliding_window: tokens to either side that a token sees, itself included; None for all.

    Returns:
        [1, tokens, heads, head size], and no weights.
    """
    if query.device.type == "cpu":
        return _by_runs(query, key, value, layout, scaling, sliding_window), None
    return _by_kernel(query, key, value, layout, scaling, sliding_window), None


def _by_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    scaling: float | None,
    sliding_window: int | None,
) -> torch.Tensor:
    # Older releases of the kernel's wrapper know neither option, and few networks need them.
    options: dict[str, Any] = {}
    usual = query.shape[-1] ** -0.5
    if scaling is not None and abs(scaling - usual) > 1e-6 * usual:
        options["scale"] = scaling
    if sliding_window is not None:
        options["window_size"] = (sliding_window - 1, sliding_window - 1)
    out = varlen_attn(
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        layout.starts,
        layout.starts,
        layout.longest,
        layout.longest,
        **options,
    )
    assert isinstance(out, torch.Tensor)  # it is a pair only when asked for more
    return out.unsqueeze(0)


def _by_runs(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    scaling: float | None,
    sliding_window: int | None,
) -> torch.Tensor:
    outputs = []
    start = 0
    for rows, length in layout.runs:
        end = start + rows * length
        q, k, v = (_rows(each, start, end, rows) for each in (query, key, value))
        mask = None
        if sliding_window is not None and length > sliding_window:
            positions = torch.arange(length)
            mask = (positions - positions[:, None]).abs() < sliding_window
        out = scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scaling)
        outputs.append(out.transpose(1, 2).reshape(rows * length, *out.shape[1::2]))
        start = end
    return torch.cat(outputs).unsqueeze(0)


def _rows(line: torch.Tensor, start: int, end: int, rows: int) -> torch.Tensor:
    heads, size = line.shape[1], line.shape[3]
    return line[0, :, start:end].reshape(heads, rows, -1, size).transpose(0, 1)


ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, lambda *_args, **_kwargs: None)
