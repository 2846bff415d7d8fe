"""``hyperparameters`` of the run spec: what the training program is told."""

from typing import Literal

from pydantic import Field

from thriftline.core.section import Section
from thriftline.runs.schemas.auto_values import BatchTokens, Fraction, Passes, Rate, Warmup

# They fit a linear head to the features of all rows, which one machine then has to have.
WITH_HEAD = frozenset({"head_first", "linear_head"})


class Hyperparameters(Section):
    """What the training program gets; `auto` follows the number and the length of the rows."""

    method: Literal["auto", "finetune", "head_first", "linear_head"] = Field(
        "auto",
        description="finetune trains all weights, linear_head a linear head on the frozen "
        "encoder, head_first that head and then all weights. plan.json says what auto became.",
    )
    epochs: Passes = Field("auto", description="Passes over the training split.")
    learning_rate: Rate = Field("auto", description="Peak learning rate of AdamW.")
    batch_tokens: BatchTokens = Field(
        "auto",
        description="Tokens in one optimiser step, on the average; padding does not count. auto "
        "fixes the rows of a step instead, fewer in a small data set.",
    )
    max_length: int = Field(
        256, ge=8, le=8192, description="Tokens of a record that are read; the rest is cut."
    )
    warmup_fraction: Warmup = Field("auto", description="Share of the steps that warm up.")
    lr_schedule: Literal["linear", "cosine"] = Field(
        "linear", description="How the learning rate falls from its peak to 0."
    )
    layer_decay: float = Field(
        1.0,
        ge=0.1,
        le=1,
        description="A layer's learning rate as a share of that of the layer above it.",
    )
    weight_decay: float = Field(0.01, ge=0, le=1, description="Decoupled weight decay of AdamW.")
    label_smoothing: Fraction = Field(0.0, description="Share of the target spread over labels.")
    class_weights: Literal["none", "balanced"] = Field(
        "none",
        description="balanced gives rare labels more weight, so that each label counts alike.",
    )
    eval_metric: Literal["accuracy", "macro_f1"] = Field(
        "accuracy", description="The validation metric that picks the best epoch."
    )
    patience: Passes = Field(
        "auto",
        description="Epochs in a row without improvement before training stops; auto makes all.",
    )
    export: Literal["none", "int8"] = Field(
        "none",
        description="int8 puts a form with 8-bit matrices beside the plain model, which serves "
        "texts several times faster on a CPU. It is kept only if at most 0.5 % of the test "
        "records get another label; the report says so.",
    )
