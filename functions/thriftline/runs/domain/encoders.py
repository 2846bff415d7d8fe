"""Sizes of encoder models, and the arithmetic that training them takes."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class Encoder:
    """The shape of a BERT-like encoder. ``gated`` feed-forward layers have three matrices."""

    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    gated: bool = False

    @property
    def parameters_per_layer(self) -> int:
        """Weights of the linear layers: attention 4H², feed-forward 2HI (3HI when gated)."""
        matrices = 3 if self.gated else 2
        return 4 * self.hidden**2 + matrices * self.hidden * self.intermediate

    @property
    def parameters(self) -> int:
        """All weights but for the small ones: positions, biases and the head."""
        return self.layers * self.parameters_per_layer + self.vocabulary * self.hidden

    def training_flops(self, length: float, length_squared: float) -> float:
        """Returns FLOPs to train on one record of mean length and mean squared length, in tokens.

        Forward and backward are three times the forward pass: 6 for each weight and token, and
        attention's two products over all pairs of tokens.
        """
        linear = 6 * self.layers * self.parameters_per_layer * length
        return linear + 12 * self.layers * self.hidden * length_squared


_BERT_VOCABULARY = 30_522
_ROBERTA_VOCABULARY = 50_265
_DISTILBERT = Encoder(6, 768, 3072, _BERT_VOCABULARY)
_BERT_BASE = Encoder(12, 768, 3072, _BERT_VOCABULARY)
_BERT_LARGE = Encoder(24, 1024, 4096, _BERT_VOCABULARY)
_ROBERTA_BASE = Encoder(12, 768, 3072, _ROBERTA_VOCABULARY)
_ROBERTA_LARGE = Encoder(24, 1024, 4096, _ROBERTA_VOCABULARY)
_XLM_ROBERTA_BASE = Encoder(12, 768, 3072, 250_002)
_XLM_ROBERTA_LARGE = Encoder(24, 1024, 4096, 250_002)
_MINILM_L6 = Encoder(6, 384, 1536, _BERT_VOCABULARY)
_MINILM_L12 = Encoder(12, 384, 1536, _BERT_VOCABULARY)
_MODERNBERT_BASE = Encoder(22, 768, 1152, 50_368, gated=True)
_MODERNBERT_LARGE = Encoder(28, 1024, 2624, 50_368, gated=True)

# The commits of the hub at which the stack's own default base model is loaded. A branch can be
# another model tomorrow; this one has been its main since 2024-05-06.
PINNED: Mapping[str, str] = {
    "distilbert/distilbert-base-uncased": "12040accade4e8a0f71eabdb258fecc2e7e948be",
}

# The config.json of these hub ids, which a Lambda without a way to the internet cannot fetch.
WELL_KNOWN: Mapping[str, Encoder] = {
    "distilbert/distilbert-base-uncased": _DISTILBERT,
    "distilbert-base-uncased": _DISTILBERT,
    "google-bert/bert-base-uncased": _BERT_BASE,
    "bert-base-uncased": _BERT_BASE,
    "google-bert/bert-large-uncased": _BERT_LARGE,
    "bert-large-uncased": _BERT_LARGE,
    "FacebookAI/roberta-base": _ROBERTA_BASE,
    "roberta-base": _ROBERTA_BASE,
    "FacebookAI/roberta-large": _ROBERTA_LARGE,
    "roberta-large": _ROBERTA_LARGE,
    "FacebookAI/xlm-roberta-base": _XLM_ROBERTA_BASE,
    "xlm-roberta-base": _XLM_ROBERTA_BASE,
    "FacebookAI/xlm-roberta-large": _XLM_ROBERTA_LARGE,
    "xlm-roberta-large": _XLM_ROBERTA_LARGE,
    "sentence-transformers/all-MiniLM-L6-v2": _MINILM_L6,
    "nreimers/MiniLM-L6-H384-uncased": _MINILM_L6,
    "sentence-transformers/all-MiniLM-L12-v2": _MINILM_L12,
    "microsoft/MiniLM-L12-H384-uncased": _MINILM_L12,
    "answerdotai/ModernBERT-base": _MODERNBERT_BASE,
    "answerdotai/ModernBERT-large": _MODERNBERT_LARGE,
}

# Architectures whose layers are the ones counted above.
_PLAIN = {"bert", "roberta", "xlm-roberta", "camembert", "electra", "mpnet"}


def encoder_from_config(config: Mapping[str, Any]) -> Encoder | None:
    """Returns the shape that a ``config.json`` states, None when it is of another kind."""
    kind = config.get("model_type")
    if kind == "distilbert":
        return _encoder(config, "n_layers", "dim", "hidden_dim")
    if kind in _PLAIN or kind == "modernbert":
        keys = ("num_hidden_layers", "hidden_size", "intermediate_size")
        return _encoder(config, *keys, gated=kind == "modernbert")
    return None


def _encoder(
    config: Mapping[str, Any], layers: str, hidden: str, intermediate: str, gated: bool = False
) -> Encoder | None:
    sizes = [config.get(key) for key in (layers, hidden, intermediate, "vocab_size")]
    known = [size for size in sizes if isinstance(size, int) and size > 0]
    if len(known) < len(sizes):
        return None
    return Encoder(known[0], known[1], known[2], known[3], gated)
