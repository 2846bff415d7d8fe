"""What this trainer reads: its section of ``run.yaml``, and its terms in ``plan.json``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from thriftline.money.prices import Price
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.trainers.sagemaker.data_input import DataInput, Mode
from thriftline.runs.trainers.sagemaker.express_fees import ExpressFees
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances

_LONGEST_WAIT_SECONDS = 2_419_200


class RungChoice(BaseModel):
    """One rung of ``training.ladder``."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    instance_type: str
    instance_count: int
    market: str
    wait_seconds: int | None
    max_interruptions: int


class InputChoice(BaseModel):
    """``training.input``."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    mode: Mode | None = None
    file_system_id: str | None = None
    directory_path: str | None = None
    bucket: str | None = None

    @field_validator("mode", mode="before")
    @classmethod
    def _left_open(cls, value: object) -> object:
        return None if value == "auto" else value


class TrainingChoices(BaseModel):
    """``training`` of the run spec, which has checked it: where it trains, and for how long.

    ``max_runtime_seconds`` and ``volume_gib`` are None where the run spec leaves them to the plan;
    ``spot`` is ``auto`` until the plan has decided it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    instance_type: str
    instance_count: int
    spot: bool | Literal["auto"]
    max_runtime_seconds: int | None
    max_wait_seconds: int | None
    volume_gib: int | None
    max_attempts: int | None = None
    ladder: tuple[RungChoice, ...] | None = None
    training_plan: str | None = None
    keep_alive_seconds: int = 0
    input: InputChoice = InputChoice()

    @field_validator("max_runtime_seconds", "volume_gib", mode="before")
    @classmethod
    def _left_open(cls, value: object) -> object:
        return None if value == "auto" else value

    def wait_limit_seconds(self, runtime_seconds: int) -> int | None:
        """``MaxWaitTimeInSeconds`` as SageMaker wants it: absent unless Spot."""
        if not self.spot:
            return None
        return self.max_wait_seconds or min(2 * runtime_seconds, _LONGEST_WAIT_SECONDS)


class RungTerms(BaseModel):
    """How the jobs of one rung are asked for. ``max_wait_seconds`` is set for Spot and only then.

    ``storage`` is the price of the volumes; ``max_runtime_seconds`` is the limit of one job, which
    may get less when less is left of the run's dollars. ``all_rows`` gives every instance the whole
    training split: the rungs have different numbers of instances, and a checkpoint is of the rows
    as the instances share them. ``keep_alive_seconds`` is how long they are kept warm after a job,
    and ``kept_storage`` the price of their volumes meanwhile. At ``plan_ends_at`` the training plan
    ends, and its instances go. ``input_mode`` is how the data are read and
    ``input_reason`` why; ``file_system`` and ``directory_path`` are of fsx_lustre, ``express`` is
    of s3_express.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    instance_type: str
    instance_count: int
    spot: bool
    volume_gib: int
    max_runtime_seconds: int
    max_wait_seconds: int | None
    storage: Price
    all_rows: bool = False
    training_plan: str | None = None
    plan_ends_at: datetime | None = None
    keep_alive_seconds: int = 0
    kept_storage: Price | None = None
    input_mode: Mode = "file"
    input_reason: str | None = None
    file_system: str | None = None
    directory_path: str | None = None
    express: ExpressFees | None = None


def terms_of(
    choices: TrainingChoices,
    instances: PricedInstances,
    runtime_seconds: int,
    plan_ends_at: datetime | None = None,
) -> Mapping[str, Any]:
    """Returns a rung's terms as they stand in ``plan.json``."""
    terms = RungTerms(
        instance_type=instances.instance_type,
        instance_count=instances.instance_count,
        spot=bool(choices.spot),
        volume_gib=instances.volume_gib,
        max_runtime_seconds=runtime_seconds,
        max_wait_seconds=choices.wait_limit_seconds(runtime_seconds),
        storage=instances.storage,
        training_plan=choices.training_plan,
        plan_ends_at=plan_ends_at,
        keep_alive_seconds=instances.kept_seconds,
        kept_storage=instances.kept_storage,
        input_mode=instances.data.mode,
        input_reason=instances.data.reason,
        file_system=choices.input.file_system_id,
        directory_path=choices.input.directory_path,
        express=instances.express,
    )
    return terms.model_dump(mode="json")


def instances_of(rung: Rung) -> tuple[RungTerms, PricedInstances]:
    """Reads a rung's terms, and its instances at the rate of the plan."""
    terms = RungTerms.model_validate(rung.terms)
    return terms, PricedInstances(
        terms.instance_type,
        terms.instance_count,
        rung.rate,
        terms.volume_gib,
        terms.storage,
        terms.keep_alive_seconds,
        terms.kept_storage,
        DataInput(terms.input_mode, terms.input_reason or ""),
        terms.express,
    )
