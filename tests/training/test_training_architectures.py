"""Encoders of other families train by the same program."""

from pathlib import Path

import pytest
from transformers import (
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from tests.training.tiny import TINY, TinyJob, make_base_model, records

pytestmark = pytest.mark.training

CONFIGS: dict[str, PreTrainedConfig] = {
    "DistilBert": DistilBertConfig(
        dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64
    ),
    "Roberta": RobertaConfig(**TINY, intermediate_size=32, max_position_embeddings=65),
    "Electra": ElectraConfig(**TINY, intermediate_size=32, embedding_size=16),
    "DebertaV2": DebertaV2Config(**TINY, intermediate_size=32, relative_attention=True),
    "MPNet": MPNetConfig(**TINY, intermediate_size=32, max_position_embeddings=65),
    "ModernBert": ModernBertConfig(**TINY, intermediate_size=32, bos_token_id=2, eos_token_id=3),
}


@pytest.mark.parametrize("family", CONFIGS)
def test_an_encoder_of_another_family_is_trained_and_saved(family: str, tmp_path: Path) -> None:
    base = make_base_model(tmp_path / "base", CONFIGS[family])
    splits = {"train": records(24, 1), "validation": records(8, 2), "test": records(8, 3)}
    result = TinyJob.make(tmp_path / "job", base, splits, epochs="1").run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["model"]["architecture"] == f"{family}ForSequenceClassification"
    assert result.weights
