"""``training`` of the run spec: where SageMaker trains, and for how long at the most."""

from typing import Annotated

from pydantic import (
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from thriftline.core.auto_value import AutoTag, ValueOrAuto
from thriftline.core.section import Section
from thriftline.runs.schemas.auto_values import Seconds
from thriftline.runs.schemas.input_section import InputSection
from thriftline.runs.schemas.ladder_section import (
    MOST_RUNGS,
    InstanceType,
    Ladder,
    LadderRung,
    require_no_repetition,
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
    spot: Annotated[Annotated[bool, Tag("value")] | AutoTag, ValueOrAuto] = Field(
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
    volume_gib: Annotated[
        Annotated[int, Field(ge=1, le=16_384), Tag("value")] | AutoTag, ValueOrAuto
    ] = Field(
        "auto",
        description="ML storage of each instance, GiB. auto is what data, tokens, checkpoints and "
        "model need, 30 at the least.",
    )
    input: InputSection = Field(default_factory=InputSection)
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
        "within it, and priced at nothing more but storage, since it is paid for. spot: true "
        "beside it is refused.",
    )
    keep_alive_seconds: int = Field(
        0,
        ge=0,
        le=21_600,
        description="How long the instances are kept warm after a completed job, at the training's "
        "rate, for the next run with the same instances and volume, which then starts sooner. "
        "Only on demand (spot: false), and within the account's quota for warm pools.",
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

    @model_validator(mode="after")
    def _a_plan_is_on_demand(self, info: ValidationInfo) -> "TrainingSection":
        # A saved spec has the default written out, and is read without a context.
        asked = info.context and "spot" in self.model_fields_set and self.spot is True
        if self.training_plan and asked:
            rule = (
                "SageMaker takes no Spot within a training plan, whose instances are paid for; say "
                "spot: false or take spot out, or take training_plan out"
            )
            raise PydanticCustomError("spot_on_plan", "{rule}", {"at": ("spot",), "rule": rule})
        return self

    @model_validator(mode="after")
    def _only_on_demand_is_kept_warm(self) -> "TrainingSection":
        if not self.keep_alive_seconds:
            return self
        if self.training_plan:
            raise ValueError(
                "keep_alive_seconds: a training plan's instances are not kept warm after a job; "
                "take keep_alive_seconds or training_plan out"
            )
        spot = self.spot if self.ladder is None else _spot_rungs(self.ladder)
        if spot:
            raise ValueError(
                "keep_alive_seconds: SageMaker keeps no Spot instances warm after a job; set "
                f"{'spot: false' if self.ladder is None else 'market: on-demand on every rung'}, "
                "or take keep_alive_seconds out"
            )
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


def _spot_rungs(ladder: tuple[LadderRung, ...]) -> bool:
    return any(rung.market == "spot" for rung in ladder)
