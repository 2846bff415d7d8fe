"""The run spec: what ``run.yaml`` beside the data may say, with every default.

``docs/run_spec.md`` is generated from these models (``make docs``); a test holds both equal.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from thriftline.runs.schemas.ladder_section import (
    MOST_RUNGS,
    InstanceType,
    Ladder,
    LadderRung,
    require_no_repetition,
)
from thriftline.runs.schemas.search_section import SearchSection
from thriftline.runs.schemas.section import Section

Task = Literal["text-classification", "multi-label-classification"]
MULTI_LABEL = "multi-label-classification"

Fraction = Annotated[float, Field(ge=0, lt=1)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=255)]
HubId = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?"
S3Folder = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s]+/"
Glob = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^/]+$")]


class Columns(Section):
    """Which columns (keys of a JSON object) hold what."""

    text: Column = Field("text", description="The text to classify.")
    text_pair: Column | None = Field(None, description="The second text, for tasks on pairs.")
    label: Column = Field(
        "label", description="The label; with several labels a record, the list of them."
    )
    label_separator: Annotated[str, StringConstraints(min_length=1, max_length=8)] | None = Field(
        None,
        description="What stands between the labels where a file has them in one text, as CSV "
        "does; for multi-label-classification only.",
    )

    @model_validator(mode="after")
    def _are_different(self) -> "Columns":
        named = [name for name in (self.text, self.text_pair, self.label) if name]
        if len(set(named)) != len(named):
            raise ValueError("text, text_pair and label must name different columns")
        return self


class DatasetSection(Section):
    """Which files belong to the data set, and how one file is split."""

    train: tuple[Glob, ...] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Names of the training files beside run.yaml, * and ? allowed; "
        "when absent, those called train, train-1, train_00001-of-00008 and so on.",
    )
    validation: tuple[Glob, ...] | None = Field(
        None, min_length=1, max_length=1000, description="Likewise for validation."
    )
    test: tuple[Glob, ...] | None = Field(
        None, min_length=1, max_length=1000, description="Likewise for the test split."
    )
    validation_fraction: Fraction = Field(
        0.1, description="Share of the rows held out for validation where no file does it."
    )
    test_fraction: Fraction = Field(
        0.1, description="Share of the rows held out for the test where no file does it."
    )

    @model_validator(mode="after")
    def _leave_rows_to_train(self) -> "DatasetSection":
        if self.validation_fraction + self.test_fraction > 0.9:
            raise ValueError("validation_fraction + test_fraction must leave 10 % to train on")
        return self


def _is_auto(value: object) -> str:
    return "auto" if value == "auto" else "value"


# One error for one mistake: a plain union would try, and report, both of its members.
_AutoTag = Annotated[Literal["auto"], Tag("auto")]
_Choice = Discriminator(_is_auto)
Passes = Annotated[Annotated[int, Field(ge=1, le=100), Tag("value")] | _AutoTag, _Choice]
Rate = Annotated[Annotated[float, Field(gt=0, le=0.1), Tag("value")] | _AutoTag, _Choice]
BatchTokens = Annotated[
    Annotated[int, Field(ge=64, le=1_048_576), Tag("value")] | _AutoTag, _Choice
]
Seconds = Annotated[Annotated[int, Field(ge=1, le=2_419_200), Tag("value")] | _AutoTag, _Choice]
Warmup = Annotated[Annotated[Fraction, Tag("value")] | _AutoTag, _Choice]

# They fit a linear head to the features of all rows, which one machine then has to have.
_WITH_HEAD = frozenset({"head_first", "linear_head"})


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


class TrainingSection(Section):
    """Where it trains, and for how long at the most."""

    instance_type: InstanceType = Field(
        "ml.g5.xlarge", description="SageMaker training instance type."
    )
    instance_count: int = Field(
        1,
        ge=1,
        le=32,
        description="Instances that train one model together, each on a part of the rows.",
    )
    spot: Annotated[Annotated[bool, Tag("value")] | _AutoTag, _Choice] = Field(
        True,
        description="Managed Spot training, with checkpoints. auto asks the project's own jobs and "
        "EC2's market of today; plan.json has the advice and its reason. A linear head, which "
        "writes no checkpoints, is never put on Spot.",
    )
    max_runtime_seconds: Seconds = Field(
        "auto",
        description="Run time limit of a job; it bounds the worst case. auto is twice the high "
        "estimate of the plan, at least an hour, within the cap.",
    )
    max_wait_seconds: int | None = Field(
        None,
        ge=1,
        le=2_419_200,
        description="Run time and waiting for Spot together; twice the run time when absent.",
    )
    volume_gib: int = Field(30, ge=1, le=16_384, description="ML storage of each instance, GiB.")
    training_plan: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:training-plan/"
                r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}$"
            ),
        ]
        | None
    ) = Field(
        None,
        description="ARN of a SageMaker training plan that the account has: the run is on demand "
        "within it, and priced at nothing more but storage, since it is paid for.",
    )
    max_attempts: int | None = Field(
        None,
        ge=1,
        le=2 * MOST_RUNGS,
        description="Jobs at the most when capacity or SageMaker itself fails; two for each rung "
        "of the ladder when absent. 1 leaves one rung.",
    )
    ladder: Ladder | None = Field(
        None,
        description="Where to train, in order, in place of instance_type, instance_count, spot and "
        "max_wait_seconds. When absent, the plan adds rungs to these that cost no more.",
    )

    @field_validator("ladder")
    @classmethod
    def _no_rung_stands_twice(
        cls, ladder: tuple[LadderRung, ...] | None
    ) -> tuple[LadderRung, ...] | None:
        require_no_repetition(ladder or ())
        return ladder

    @model_validator(mode="after")
    def _the_ladder_says_it_alone(self) -> "TrainingSection":
        if self.ladder is None:
            return self
        if self.training_plan:
            raise ValueError("the ladder says where it trains; take training_plan out")
        first = self.ladder[0]
        said = {
            "instance_type": (self.instance_type, first.instance_type),
            "instance_count": (self.instance_count, first.instance_count),
            "spot": (self.spot, first.market == "spot"),
            "max_wait_seconds": (self.max_wait_seconds, None),
        }
        for key in sorted(self.model_fields_set & set(said)):
            given, of_first = said[key]
            if given != of_first:
                raise ValueError(f"the ladder says where it trains; take {key} out")
        return self

    @property
    def most_instances(self) -> int:
        """Instances on the largest rung."""
        if self.ladder is None:
            return self.instance_count
        return max(rung.instance_count for rung in self.ladder)

    def on_its_first_rung(self) -> "TrainingSection":
        """Returns the section with what the first rung of its ladder says."""
        if self.ladder is None:
            return self
        first = self.ladder[0]
        return self.model_copy(
            update={
                "instance_type": first.instance_type,
                "instance_count": first.instance_count,
                "spot": first.market == "spot",
            }
        )

    @model_validator(mode="after")
    def _wait_covers_run(self) -> "TrainingSection":
        if self.max_wait_seconds is None:
            return self
        if not self.spot:
            raise ValueError("max_wait_seconds is for Spot only; take it out or set spot: true")
        if self.max_runtime_seconds != "auto" and self.max_wait_seconds < self.max_runtime_seconds:
            raise ValueError("max_wait_seconds must be at least max_runtime_seconds")
        return self


class BudgetSection(Section):
    """What the run may cost."""

    max_usd: Decimal = Field(
        Decimal("10.00"),
        gt=0,
        le=1_000_000,
        description="A run whose worst case costs more gets less time where the work is probably "
        "done in it, else it is refused.",
    )
    approval_above_usd: Decimal | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="A person is asked first when the worst case is above it; the stack's "
        "parameter ApprovalAboveUsd may be lowered by it, not raised.",
    )


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
    approval: Literal["automatic", "manual"] = Field(
        "automatic", description="manual leaves a model that passes pending for a person."
    )


# Under this key the context of a validation may name the registered trainers: which there are is
# not known here, and a saved spec is read without them.
TRAINERS = "trainers"
# Where a trainer's section has another name than the trainer.
_SECTIONS = {"sagemaker": "training"}


class RunSpec(Section):
    """All of ``run.yaml``. Every key may be left out."""

    task: Task = Field(
        "text-classification",
        description="What is learned for a text or a pair: one label, or any number of labels.",
    )
    base_model: Annotated[str, StringConstraints(pattern=f"^({HubId}|{S3Folder})$")] = Field(
        "distilbert/distilbert-base-uncased",
        description="Model hub id, or s3://bucket/prefix/ of a Hugging Face model folder. "
        "The stack's parameter DefaultBaseModel sets the default.",
    )
    columns: Columns = Field(default_factory=Columns)
    dataset: DatasetSection = Field(default_factory=DatasetSection)
    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)
    trainer: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        "sagemaker", description="The way to train."
    )
    training: TrainingSection = Field(default_factory=TrainingSection)
    search: SearchSection | None = Field(
        None, description="A search for better hyperparameters inside the job; none when absent."
    )
    budget: BudgetSection = Field(default_factory=BudgetSection)
    gate: GateSection = Field(default_factory=GateSection, validate_default=True)
    repeat: bool = Field(
        False,
        description="Train although a run has trained the same files, or the same bytes, with "
        "the same settings.",
    )
    seed: int = Field(42, ge=0, le=4_294_967_295, description="Of split, shuffling and dropout.")

    @field_validator("columns")
    @classmethod
    def _separator_fits_the_task(cls, columns: Columns, info: ValidationInfo) -> Columns:
        if columns.label_separator is not None and info.data.get("task") == "text-classification":
            raise ValueError(
                f"label_separator is for several labels a record; say task: {MULTI_LABEL}, or "
                "take it out"
            )
        return columns

    @field_validator("trainer")
    @classmethod
    def _trainer_is_registered(cls, trainer: str, info: ValidationInfo) -> str:
        registered = (info.context or {}).get(TRAINERS, (trainer,))
        if trainer not in registered:
            raise ValueError(f"no trainer has this name; say {' or '.join(registered)}")
        return trainer

    @field_validator("training")
    @classmethod
    def _head_fits_the_training(
        cls, training: TrainingSection, info: ValidationInfo
    ) -> TrainingSection:
        told = info.data.get("hyperparameters")
        if told is not None and told.method in _WITH_HEAD and training.most_instances > 1:
            raise ValueError(f"{told.method} runs on one instance; say instance_count: 1")
        return training.on_its_first_rung()

    @field_validator("search")
    @classmethod
    def _search_fits_the_training(
        cls, search: SearchSection | None, info: ValidationInfo
    ) -> SearchSection | None:
        training, told = info.data.get("training"), info.data.get("hyperparameters")
        if search is None:
            return None
        if training is not None and training.most_instances > 1:
            raise ValueError("a search runs on one instance; say training.instance_count: 1")
        if told is not None and told.method in _WITH_HEAD:
            raise ValueError(f"{told.method} tries its own penalties; say method: finetune")
        return search

    @field_validator("gate")
    @classmethod
    def _metric_fits_the_task(cls, gate: GateSection, info: ValidationInfo) -> GateSection:
        several = info.data.get("task") == MULTI_LABEL
        if several and "metric" not in gate.model_fields_set:
            return gate.model_copy(update={"metric": "micro_f1"})
        if gate.metric == "micro_f1" and not several:
            raise ValueError(
                "metric micro_f1 equals accuracy where a record has one label; say accuracy or "
                f"macro_f1, or task: {MULTI_LABEL}"
            )
        return gate

    @property
    def multi_label(self) -> bool:
        """Whether a record may have any number of labels."""
        return self.task == MULTI_LABEL

    @property
    def on_one_machine(self) -> bool:
        """Whether the training has one machine for itself."""
        return self.training.most_instances == 1

    def trainer_section(self) -> dict[str, object]:
        """Returns the section of the trainer that the spec names; the trainer reads it."""
        section = getattr(self, _SECTIONS.get(self.trainer, self.trainer), None)
        return section.model_dump() if isinstance(section, Section) else {}
