"""``needs`` of the run spec: what the model is for, by which ways to train are compared."""

from pydantic import Field

from thriftline.core.section import Section


class NeedsSection(Section):
    """What the model must do for those who use it. A way to train that cannot is not taken."""

    predictions_per_month: int | None = Field(
        None,
        ge=0,
        le=1_000_000_000_000,
        description="Texts to be classified in a month, by which each way to train is also priced; "
        "only training, evaluation and storage when absent.",
    )
    scores: bool = Field(
        False,
        description="true when probabilities are needed, for thresholds or calibration.",
    )
    weights: bool = Field(
        False, description="true when the model's weights must be yours, to run them elsewhere."
    )
    latency_ms: int | None = Field(
        None,
        ge=1,
        le=600_000,
        description="Longest answer that is good enough for 95 of 100 texts, in milliseconds; any "
        "when absent.",
    )
