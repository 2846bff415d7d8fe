"""The run spec: what ``run.yaml`` beside the data may say, with every default.

``docs/run_spec.md`` is generated from these models (``make docs``); a test holds both equal.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from thriftline.core.section import Section
from thriftline.runs.schemas.bedrock_section import BedrockSection
from thriftline.runs.schemas.budget_section import BudgetSection
from thriftline.runs.schemas.data_sections import Columns, DatasetSection
from thriftline.runs.schemas.gate_section import GateSection
from thriftline.runs.schemas.hyperparameters_section import WITH_HEAD, Hyperparameters
from thriftline.runs.schemas.needs_section import NeedsSection
from thriftline.runs.schemas.prepare_section import PrepareSection
from thriftline.runs.schemas.prepared_data import (
    prepared_columns,
    require_no_split,
    require_within,
)
from thriftline.runs.schemas.search_section import SearchSection
from thriftline.runs.schemas.training_section import TrainingSection

Task = Literal["text-classification", "multi-label-classification"]
MULTI_LABEL = "multi-label-classification"

HubId = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?"
S3Folder = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s]+/"

# The trainer that a run spec names when it leaves the choice to the plan.
AUTO = "auto"
# The one that trains `base_model`. A file that names an encoder and no trainer means it, and so
# does a spec that was saved when there was no other.
ENCODER_TRAINER = "sagemaker"
# Under these keys the context of a validation may name the registered trainers, and those that the
# stack allows: which there are is not known here, and a saved spec is read without them.
TRAINERS = "trainers"
ALLOWED_TRAINERS = "allowed_trainers"
# Under this one it says that the file names `base_model`: a default is no wish.
NAMES_ENCODER = "names_encoder"
# Where a trainer's section has another name than the trainer.
_SECTIONS = {"sagemaker": "training"}


def with_former_trainer(saved: Any) -> Any:
    """Returns a saved spec that names its trainer: when there was one, it did not."""
    return {"trainer": ENCODER_TRAINER, **saved} if isinstance(saved, dict) else saved


def _has_base_models_of_its_own(trainer: str) -> bool:
    field = RunSpec.model_fields.get(trainer)
    return "base_model" in getattr(field and field.annotation, "model_fields", {})


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
    base_model_revision: Annotated[str, StringConstraints(pattern="^[0-9a-f]{40}$")] | None = Field(
        None,
        description="Commit of the model hub at which base_model is loaded, all 40 digits; a "
        "branch or a tag can be another model tomorrow. When absent, the branch main is resolved "
        "when a job starts, and the result records the commit. Of the stack's default base model "
        "it is the parameter DefaultBaseModelRevision.",
    )
    prepare: PrepareSection | None = Field(
        None, description="Raw data is made into the data set first; none when absent."
    )
    columns: Columns = Field(default_factory=Columns, validate_default=True)
    dataset: DatasetSection = Field(default_factory=DatasetSection)
    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)
    trainer: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        AUTO,
        description="The way to train; auto takes the cheapest that can do what `needs` asks for, "
        "and is sagemaker where `base_model`, `training.training_plan` or "
        "`training.keep_alive_seconds` is named. The stack's parameter Trainers says which there "
        "are.",
    )
    needs: NeedsSection = Field(default_factory=NeedsSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    bedrock: BedrockSection = Field(default_factory=BedrockSection)
    search: SearchSection | None = Field(
        None, description="A search for better hyperparameters inside the job; none when absent."
    )
    budget: BudgetSection = Field(default_factory=BudgetSection)
    gate: GateSection = Field(default_factory=GateSection, validate_default=True)
    deploy: bool = Field(
        False,
        description="Deploy the version once the gate has approved it, as the project's serve.yaml "
        "says (its defaults where there is none). A model that Bedrock serves is deployed by "
        "bedrock.deploy.",
    )
    repeat: bool = Field(
        False,
        description="Train although a run has trained the same files, or the same bytes, with "
        "the same settings.",
    )
    seed: int = Field(42, ge=0, le=4_294_967_295, description="Of split, shuffling and dropout.")

    @field_validator("base_model_revision")
    @classmethod
    def _revision_is_of_a_hub(cls, revision: str | None, info: ValidationInfo) -> str | None:
        base_model = str(info.data.get("base_model"))
        if revision is not None and base_model.startswith("s3://"):
            raise ValueError(
                f"is of a model of the hub, and base_model is {base_model}; take it out, or name "
                "a hub id"
            )
        return revision

    @field_validator("prepare")
    @classmethod
    def _preparation_fits_the_task(
        cls, prepare: PrepareSection | None, info: ValidationInfo
    ) -> PrepareSection | None:
        if prepare is not None and info.data.get("task") == MULTI_LABEL:
            raise ValueError(
                "a preparation takes one label a record; prepare the data elsewhere and take "
                "prepare out, or say task: text-classification"
            )
        return prepare

    @field_validator("columns")
    @classmethod
    def _columns_are_the_prepared_ones(cls, columns: Columns, info: ValidationInfo) -> Columns:
        return prepared_columns(info.data.get("prepare"), columns)

    @field_validator("dataset")
    @classmethod
    def _preparation_splits(cls, dataset: DatasetSection, info: ValidationInfo) -> DatasetSection:
        if info.data.get("prepare") is not None:
            require_no_split(dataset)
        return dataset

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
    def _trainer_is_there(cls, trainer: str, info: ValidationInfo) -> str:
        if trainer == AUTO:
            return trainer
        registered = (info.context or {}).get(TRAINERS, (trainer,))
        if trainer not in registered:
            raise ValueError(f"no trainer has this name; say {' or '.join((AUTO, *registered))}")
        allowed = (info.context or {}).get(ALLOWED_TRAINERS, registered)
        if trainer not in allowed:
            raise ValueError(
                f"this stack does not train with {trainer} (its parameter Trainers says "
                f"{', '.join(allowed)}); say {' or '.join((AUTO, *allowed))}"
            )
        if (info.context or {}).get(NAMES_ENCODER) and _has_base_models_of_its_own(trainer):
            raise ValueError(
                f"{trainer} trains no encoder such as base_model {info.data.get('base_model')}; "
                f"say trainer: {ENCODER_TRAINER}, which does, or take base_model out and name one "
                f"of {trainer}'s under {trainer}.base_model"
            )
        return trainer

    @field_validator("training")
    @classmethod
    def _head_fits_the_training(
        cls, training: TrainingSection, info: ValidationInfo
    ) -> TrainingSection:
        told = info.data.get("hyperparameters")
        if told is not None and told.method in WITH_HEAD and training.most_instances > 1:
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
        if told is not None and told.method in WITH_HEAD:
            raise ValueError(f"{told.method} tries its own penalties; say method: finetune")
        return search

    @field_validator("budget")
    @classmethod
    def _preparation_fits_the_cap(
        cls, budget: BudgetSection, info: ValidationInfo
    ) -> BudgetSection:
        prepare = info.data.get("prepare")
        if prepare is not None and prepare.max_usd is not None:
            require_within(prepare.max_usd, budget.max_usd)
        return budget

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

    def trainer_section(self, trainer: str) -> dict[str, object]:
        """Returns the section of the trainer that the plan takes; that trainer reads it."""
        section = getattr(self, _SECTIONS.get(trainer, trainer), None)
        return section.model_dump() if isinstance(section, Section) else {}

    def unread_sections(self) -> tuple[str, ...]:
        """Returns the sections that say something to a trainer other than the one it names."""
        if self.trainer == AUTO:
            return ()
        read = _SECTIONS.get(self.trainer, self.trainer)
        return tuple(
            name
            for name in sorted({*_SECTIONS.values(), "bedrock"} - {read})
            if getattr(self, name)
            != type(self).model_fields[name].get_default(call_default_factory=True)
        )
