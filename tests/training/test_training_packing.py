"""Packed rows give every encoder the logits and the gradients that padded rows give."""

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from transformers import (
    AlbertConfig,
    BertConfig,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    EuroBertConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from tests.training.tiny import TINY, make_base_model, records, write_shards
from training_image.batches import batches, rectangle
from training_image.data import Split
from training_image.models import load_base, load_tokenizer
from training_image.packing import Layout, pack, packed_attention
from training_image.passes import packs
from training_image.records import read_records
from training_image.token_cache import tokenize

pytestmark = pytest.mark.training
CPU = torch.device("cpu")
SMALL = {**TINY, "intermediate_size": 32, "max_position_embeddings": 66, "vocab_size": 60}
SMALL_ROBERTA = {**SMALL, "pad_token_id": 1}
ENDS = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}

PACKED: dict[str, tuple[PreTrainedConfig, int]] = {
    "Bert": (BertConfig(**SMALL), 0),
    "Roberta": (RobertaConfig(**SMALL_ROBERTA), 1),
    "XLMRoberta": (XLMRobertaConfig(**SMALL_ROBERTA), 1),
    "Camembert": (CamembertConfig(**SMALL_ROBERTA), 1),
    "Electra": (ElectraConfig(**SMALL, embedding_size=16), 0),
    "Albert": (AlbertConfig(**SMALL, embedding_size=16), 0),
    "DistilBert": (
        DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, vocab_size=60),
        0,
    ),
    "ModernBert": (ModernBertConfig(**SMALL, **ENDS, local_attention=8), 0),
    "ModernBert with the mean of all tokens": (
        ModernBertConfig(**SMALL, **ENDS, local_attention=8, classifier_pooling="mean"),
        0,
    ),
}
PADDED: dict[str, PreTrainedConfig] = {
    "DebertaV2": DebertaV2Config(**SMALL, relative_attention=True),
    "MPNet": MPNetConfig(**SMALL),
    # Its attention asks the registry, but its rotations do not ask for positions.
    "EuroBert": EuroBertConfig(**SMALL, **ENDS),
}
LENGTHS = [40, 20, 9, 9, 7, 7, 7, 5]


def make_network(config: PreTrainedConfig) -> Any:
    torch.manual_seed(0)
    return transformers.AutoModelForSequenceClassification.from_config(copy.deepcopy(config)).eval()


def gradients(network: Any, logits: torch.Tensor) -> torch.Tensor:
    truth = torch.arange(len(logits)) % 2
    cross_entropy(logits, truth).backward()  # type: ignore[no-untyped-call]
    weights = [each for each in network.parameters() if each.grad is not None]
    flat = torch.cat([each.grad.flatten() for each in weights])
    network.zero_grad()
    return flat


@pytest.mark.parametrize("family", PACKED)
def test_packed_rows_give_the_logits_and_gradients_of_padded_rows(family: str) -> None:
    config, pad_id = PACKED[family]
    network = make_network(config)
    rows = [torch.randint(5, 60, (length,)) for length in LENGTHS]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad_id)
    mask = (torch.arange(ids.shape[1]) < torch.tensor(LENGTHS)[:, None]).long()
    padded = network(input_ids=ids, attention_mask=mask).logits
    reference = gradients(network, padded)

    packing = pack(network, pad_id, 64)
    assert packing is not None
    layout = Layout(
        ((1, 40), (1, 20), (2, 9), (3, 7), (1, 5)),
        torch.tensor([0, *np.cumsum(LENGTHS)], dtype=torch.int32),
        64,
    )
    positions = torch.cat([torch.arange(each) for each in LENGTHS]) + packing.first_position
    logits = network(
        input_ids=torch.cat(rows)[None],
        position_ids=positions[None],
        attention_mask=torch.ones(len(rows), 1, dtype=torch.int64),
        layout=layout,
    ).logits
    assert float((logits - padded).detach().norm() / padded.detach().norm()) < 1e-6
    assert float((gradients(network, logits) - reference).norm() / reference.norm()) < 1e-6


@pytest.mark.parametrize("family", ["Bert", "Roberta", "Electra", "DistilBert"])
def test_behind_the_last_attention_there_is_one_vector_a_row(family: str) -> None:
    config, pad_id = PACKED[family]
    network = make_network(config)
    packing = pack(network, pad_id, 64)
    assert packing is not None
    widths = {}
    for name, module in network.base_model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(
                lambda _module, _args, output, name=name: widths.update({name: output.shape[1]})
            )
    assert packing.trial.agrees(network, packing.first_position, 1e-5)
    tokens, rows = sum(map(len, packing.trial.rows)), len(packing.trial.rows)
    in_last = [name for name in widths if ".layer.1." in name]
    narrow = [name for name in in_last if not re.search("query|key|value|[qkv]_lin", name)]
    narrow = [name for name in narrow if not name.endswith("attention.out_lin")]
    assert len(narrow) in {2, 3}
    assert {widths[name] for name in narrow} == {rows}
    assert {widths[name] for name in widths if ".layer.0." in name} == {tokens}
    packing.undo()
    ids = packing.trial.rows[0][None]
    again = network(input_ids=ids).logits.detach()
    assert torch.allclose(again, packing.trial.expected[:1], atol=1e-6)


@pytest.mark.parametrize("family", PADDED)
def test_a_network_that_packing_would_change_stays_as_it_is(family: str) -> None:
    network = make_network(PADDED[family])
    ids = torch.arange(5, 25)[None]
    before = network(input_ids=ids).logits
    assert pack(network, 0, 64) is None
    assert torch.equal(network(input_ids=ids).logits, before)


def test_a_saved_network_tells_nothing_of_packing(tmp_path: Path) -> None:
    base = make_base_model(tmp_path / "base")
    classifier = load_base(base, ("a", "b"), load_tokenizer(base, 32))
    assert classifier.packing is not None
    classifier.save(tmp_path / "saved", classifier.network.state_dict())
    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved")
    assert again.config._attn_implementation == "sdpa"
    assert "packed" not in (tmp_path / "saved" / "config.json").read_text()


def test_rows_do_not_see_one_another_and_the_kernel_takes_the_same_layout() -> None:
    """On a GPU the variable-length kernel computes this; its shapes are checked without one."""
    meta = torch.device("meta")
    line = torch.empty(1, 2, 12, 8, device=meta, dtype=torch.bfloat16, requires_grad=True)
    starts = torch.empty(4, device=meta, dtype=torch.int32)
    layout = Layout((), starts, 8)
    for window in (None, 4):
        out, _ = packed_attention(
            torch.nn.Identity(), line, line, line, None, layout=layout, sliding_window=window
        )
        assert out.shape == (1, 12, 2, 8)
    out.sum().backward()  # type: ignore[no-untyped-call]
    assert line.grad is not None
    assert line.grad.shape == line.shape


@given(
    lengths=st.lists(st.integers(1, 512), min_size=1, max_size=80),
    pass_tokens=st.integers(1, 4096),
)
def test_packs_hold_every_row_once_and_no_more_tokens_than_allowed(
    lengths: list[int], pass_tokens: int
) -> None:
    sizes = np.array(lengths)
    groups = packs(sizes, pass_tokens)
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    assert all(len(group) == 1 or sizes[group].sum() <= pass_tokens for group in groups)
    if sizes.sum() <= pass_tokens:
        assert len(groups) == 1


@pytest.mark.parametrize("pass_tokens", [20, 100, 10_000])
@pytest.mark.parametrize("packed", [True, False])
def test_the_gradient_of_a_cut_step_is_that_of_one_padded_rectangle(
    pass_tokens: int, packed: bool, tmp_path: Path
) -> None:
    base = make_base_model(tmp_path / "base")
    split = pairs_of(base, tmp_path)
    classifier = load_base(base, split.labels, load_tokenizer(base, 32))
    plain = make_plain(base, split, classifier.network.state_dict())
    rows = np.arange(len(split))
    whole = rectangle(split, rows, CPU)
    cross_entropy(plain(**whole.inputs).logits, whole.truth).backward()  # type: ignore[no-untyped-call]
    reference = torch.cat([weight.grad.flatten() for weight in plain.parameters()])

    network = classifier.network.eval() if packed else plain
    network.zero_grad()
    packing = classifier.packing if packed else None
    passes = list(batches(split, rows, packing, pass_tokens, CPU))
    for batch in passes:
        logits = network(**batch.inputs).logits
        loss = cross_entropy(logits, batch.truth, reduction="sum") / len(rows)
        loss.backward()  # type: ignore[no-untyped-call]
    ours = torch.cat([weight.grad.flatten() for weight in network.parameters()])
    assert float((ours - reference).norm() / reference.norm()) < 1e-6
    real = sum(batch.tokens for batch in passes)
    assert real == int(split.lengths_of(rows).sum())
    if packed:
        assert sum(batch.padded_tokens for batch in passes) == real


def pairs_of(base: Path, folder: Path) -> Split:
    write_shards(folder / "train", records(50, 1, pairs=True))
    _, tokenizer = load_tokenizer(base, 32)
    return tokenize(read_records(folder / "train", "train", True), tokenizer, folder / "tokens")


def make_plain(base: Path, split: Split, weights: dict[str, torch.Tensor]) -> Any:
    """Returns the same network as transformers loads it, without packing."""
    plain = transformers.AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(split.labels)
    ).eval()
    plain.load_state_dict(weights)
    return plain
