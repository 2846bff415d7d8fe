"""Depths, rates and weight decay of the groups that the optimiser gets."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, DistilBertConfig, ModernBertConfig

from tests.training.tiny import TINY, TinyJob, make_base_model
from training_image.config import TrainConfig
from training_image.optimizer import depths_of, make_optimizer, set_learning_rate

pytestmark = pytest.mark.training


def test_each_weight_has_the_rate_of_its_depth(base_model: Path) -> None:
    network = AutoModelForSequenceClassification.from_pretrained(base_model)
    config = TrainConfig(base_model="tiny", layer_decay=0.5, weight_decay=0.1)
    optimizer = make_optimizer(network, config)
    set_learning_rate(optimizer, 0.8)
    rate = {
        id(weight): group["lr"] for group in optimizer.param_groups for weight in group["params"]
    }
    rates = {name: rate[id(weight)] for name, weight in network.named_parameters()}
    assert rates["classifier.weight"] == rates["bert.pooler.dense.weight"] == 0.8
    assert rates["bert.encoder.layer.1.attention.self.query.weight"] == 0.4
    assert rates["bert.encoder.layer.0.output.dense.bias"] == 0.2
    assert rates["bert.embeddings.word_embeddings.weight"] == 0.1


def test_weight_decay_is_for_matrices_alone(base_model: Path) -> None:
    network = AutoModelForSequenceClassification.from_pretrained(base_model)
    optimizer = make_optimizer(network, TrainConfig(base_model="tiny", weight_decay=0.1))
    seen = 0
    for group in optimizer.param_groups:
        for weight in group["params"]:
            assert group["weight_decay"] == (0.1 if weight.ndim >= 2 else 0.0)
            seen += weight.numel()
    assert seen == sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    "config",
    [
        DistilBertConfig(dim=16, n_layers=3, n_heads=2, hidden_dim=32, vocab_size=60),
        ModernBertConfig(
            **{**TINY, "num_hidden_layers": 3},
            intermediate_size=32,
            vocab_size=60,
            bos_token_id=2,
            eos_token_id=3,
            cls_token_id=2,
            sep_token_id=3,
        ),
    ],
)
def test_other_families_have_their_layers_between_embeddings_and_head(config: object) -> None:
    network = AutoModelForSequenceClassification.from_config(config)
    depths = depths_of(network)
    assert set(depths.values()) == {0, 1, 2, 3, 4}
    assert depths["classifier.weight"] == 4


def test_a_cosine_with_decaying_rates_still_learns(base_model: Path, tmp_path: Path) -> None:
    job = TinyJob.make(tmp_path, base_model, lr_schedule="cosine", layer_decay="0.9")
    result = job.run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["test"]["candidate"]["accuracy"] > 0.8
    rates = [line["learning_rate"] for line in result.history if "learning_rate" in line]
    assert torch.tensor(rates).max() <= 0.005


def test_layer_decay_changes_what_is_learnt(base_model: Path, tmp_path: Path) -> None:
    weights = [
        TinyJob.make(tmp_path / decay, base_model, layer_decay=decay, epochs="1").run_here().weights
        for decay in ("1", "0.5")
    ]
    assert weights[0] != weights[1]


def test_a_base_model_of_two_layers_has_four_depths(tmp_path: Path) -> None:
    network = AutoModelForSequenceClassification.from_pretrained(make_base_model(tmp_path / "base"))
    assert max(depths_of(network).values()) == 3
