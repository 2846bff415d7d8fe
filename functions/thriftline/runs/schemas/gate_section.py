"""``gate`` of the run spec: when the new model is approved."""

from typing import Literal

from pydantic import Field

from thriftline.core.section import Section


class GateSection(Section):
    """When the new model is approved."""

    metric: Literal["accuracy", "micro_f1", "macro_f1"] = Field(
        "accuracy",
        description="The test metric that the gate reads; micro_f1 when absent with "
        "multi-label-classification, where accuracy counts the records with every label right.",
    )
    minimum: float | None = Field(
        None, ge=0, le=1, description="Least value of the metric; none when absent."
    )
    champion_margin: float = Field(
        0.02, ge=0, le=1, description="How much worse than the champion it may be."
    )
    confidence: float = Field(
        0.95, ge=0.5, lt=1, description="Confidence of the intervals and of the comparison."
    )
    minimum_test_size: int = Field(
        20, ge=1, description="Fewest test records on which a model may be approved."
    )
    above_majority: bool = Field(
        True,
        description="A first model must be shown to be better than to say the most frequent label "
        "always; false approves it all the same.",
    )
    max_unparsed: float = Field(
        0.005,
        ge=0,
        le=1,
        description="Most answers that may be none of the labels, as a share, where a model "
        "answers with words and not with probabilities; each of them counts as wrong all the same.",
    )
    approval: Literal["automatic", "manual"] = Field(
        "automatic", description="manual leaves a model that passes pending for a person."
    )
