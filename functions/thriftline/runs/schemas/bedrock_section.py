"""``bedrock`` of the run spec: how Bedrock customizes a model, and how that model is asked.

Ranges that depend on the family of the base model are checked when the run is planned.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, Tag, field_validator

from thriftline.core.auto_value import AutoTag, ValueOrAuto
from thriftline.core.section import Section

LABELS = "{labels}"
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Epochs = Annotated[Annotated[int, Field(ge=1, le=50), Tag("value")] | AutoTag, ValueOrAuto]
LearningRate = Annotated[Annotated[float, Field(gt=0, le=0.1), Tag("value")] | AutoTag, ValueOrAuto]
Steps = Annotated[Annotated[int, Field(ge=0, le=100), Tag("value")] | AutoTag, ValueOrAuto]
Count = Annotated[Annotated[int, Field(ge=1, le=10_000_000), Tag("value")] | AutoTag, ValueOrAuto]


class ProvisionedThroughput(Section):
    """Model units by the hour, which cost whether they are asked or not, until a deadline."""

    units: int = Field(1, ge=1, le=100, description="Model units.")
    until: AwareDatetime = Field(
        description="When it is deleted, with its time zone: 2026-12-24T18:00:00Z."
    )
    max_usd: Decimal = Field(
        gt=0, le=1_000_000, description="What it may cost by then; refused when it costs more."
    )


class Judge(Section):
    """A model that judges a sample of the answers, in a job and a report of its own."""

    model: ModelId = Field(description="Id of the model that judges.")
    metrics: tuple[ModelId, ...] = Field(
        ("Builtin.Correctness",), min_length=1, max_length=11, description="What it judges."
    )
    records: int = Field(100, ge=1, le=1000, description="Answers that it reads, at the most.")
    max_usd: Decimal = Field(
        gt=0, le=1_000, description="What it may cost; refused when it may cost more."
    )


class BedrockSection(Section):
    """How Bedrock customizes a model, and how that model is asked; for `trainer: bedrock`."""

    base_model: ModelId = Field(
        "amazon.nova-micro-v1:0:128k",
        description="Id of the base model with the context suffix that customization asks for.",
    )
    customization: Literal[
        "fine_tuning", "distillation", "reinforcement", "continued_pre_training", "import"
    ] = Field(
        "fine_tuning",
        description="How the base model is customized: fine_tuning learns from the labels, "
        "distillation from what a teacher answers to the same texts, reinforcement from a grader "
        "of its own answers, which has no known price. continued_pre_training and import are "
        "refused, each with what is in its way.",
    )
    teacher: ModelId | None = Field(
        None,
        description="Id of the model that answers the texts of a distillation; that of the base "
        "model's family when absent.",
    )
    import_uri: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        None, description="Folder of the model of an import, such as s3://bucket/model/."
    )
    epochs: Epochs = Field("auto", description="Passes over the training records.")
    learning_rate: LearningRate = Field(
        "auto", description="Learning rate, within the range of the base model's family."
    )
    warmup_steps: Steps = Field(
        "auto", description="Steps that warm up; only for families that have it, such as Nova."
    )
    batch_size: int | None = Field(
        None, ge=1, le=512, description="Records of a step; only for families that have it."
    )
    learning_rate_multiplier: float | None = Field(
        None, ge=0.1, le=2, description="For Claude 3 Haiku, which has it in place of a rate."
    )
    early_stopping_threshold: float | None = Field(
        None, ge=0, le=1, description="For Claude 3 Haiku: least gain that goes on."
    )
    early_stopping_patience: int | None = Field(
        None, ge=1, le=10, description="For Claude 3 Haiku: evaluations without it."
    )
    label_words: dict[Label, Word] = Field(
        default_factory=dict,
        description="The word that the model answers for a label, in lower case; the label itself "
        "where it is not named. Words are distinct and none begins another.",
    )
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=8000)] | None = Field(
        None,
        description="System text that is the same in training, evaluation and serving; "
        "`{labels}` in it becomes the list of label words. A text on the task when absent.",
    )
    requests_per_minute: Count = Field(
        "auto", description="Requests a minute in evaluation; auto is the account's quota."
    )
    evaluation_records: Count = Field(
        "auto",
        description="Test records that the models are asked for, drawn with the seed; auto asks as "
        "many as the time and the quota allow.",
    )
    few_shot: bool = Field(
        True, description="Ask the base model also with examples in the prompt, as a rival."
    )
    keep_deployment: bool = Field(
        False,
        description="true keeps a deployment of the project's approved model to be asked; it costs "
        "nothing while nobody asks.",
    )
    validation_limit_seconds: int = Field(
        3600,
        ge=60,
        le=86_400,
        description="Longest time in which Bedrock validates the job; it is stopped then.",
    )
    total_limit_seconds: int = Field(
        43_200, ge=60, le=432_000, description="Longest time of a job; it is stopped then."
    )
    judge: Judge | None = Field(
        None,
        description="A model that judges the answers in a report of its own, which the gate does "
        "not read; questions and answers are kept for it. None when absent.",
    )
    provisioned: ProvisionedThroughput | None = Field(
        None,
        description="Provisioned throughput for the approved model; none when absent.",
    )

    @field_validator("prompt")
    @classmethod
    def _prompt_lists_the_labels(cls, prompt: str | None) -> str | None:
        if prompt is not None and LABELS not in prompt:
            raise ValueError(f"the text must hold {LABELS}, where the label words are put")
        return prompt
