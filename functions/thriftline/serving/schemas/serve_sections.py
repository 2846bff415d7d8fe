"""The sections of ``serve.yaml``."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from thriftline.core.auto_value import AutoTag, ValueOrAuto
from thriftline.core.section import Section
from thriftline.core.waking_hours import WakingHours, WakingHoursError
from thriftline.serving.domain.kinds import AlarmSettings, Rollout, RolloutType, Scaling

InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
TypeOrAuto = Annotated[Annotated[InstanceType, Tag("value")] | AutoTag, ValueOrAuto]
RequestsOrAuto = Annotated[
    Annotated[Decimal, Field(gt=0, le=100_000), Tag("value")] | AutoTag, ValueOrAuto
]
Cron = Annotated[str, StringConstraints(pattern=r"^cron\(\S+( \S+){5}\)$")]
AlarmName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Share = Annotated[Decimal, Field(gt=0, lt=1)]


class InstanceSection(Section):
    """What real-time, asynchronous, component and multi-model endpoints run on."""

    type: TypeOrAuto = Field(
        "auto",
        description="auto takes the cheapest type with a known price that holds the model.",
    )
    count: int = Field(1, ge=1, le=1_000, description="Instances; where it scales, to begin with.")


class ServerlessSection(Section):
    """`kind: serverless` alone."""

    memory_mb: int = Field(3072, ge=1024, le=6144, description="In steps of 1024.")
    max_concurrency: int = Field(5, ge=1, le=200, description="Requests at the same time.")
    provisioned_concurrency: int | None = Field(
        None, ge=1, le=200, description="Capacity that is kept warm, and paid for."
    )


class AsynchronousSection(Section):
    """`kind: asynchronous` alone."""

    max_concurrent_per_instance: int = Field(
        4, ge=1, le=1_000, description="Requests that one instance works on at the same time."
    )
    notify: bool = Field(
        False, description="Send each ending to the stack's topic: answers, and failures."
    )


class ComponentSection(Section):
    """`kind: component` alone: what one copy of the model needs."""

    memory_mb: int = Field(2048, ge=128, le=4_194_304, description="Memory of a copy.")
    cpus: Decimal = Field(Decimal(1), ge=Decimal("0.25"), le=1_024, description="CPU cores.")
    accelerators: int | None = Field(None, ge=1, le=64, description="GPUs of a copy.")
    copies: int = Field(1, ge=1, le=1_000, description="Copies; where it scales, to begin with.")


class ScalingSection(Section):
    """Between how many instances (copies of a component) the load chooses."""

    min: int = Field(1, ge=0, le=1_000, description="The fewest; 0 with to_zero.")
    max: int = Field(..., ge=1, le=1_000, description="The most.")
    requests_per_second: RequestsOrAuto = Field(
        "auto",
        description="What one instance (copy) can take at the most; the target is half of it. "
        "auto takes what was measured.",
    )
    to_zero: bool = Field(
        False,
        description="Down to none without requests, and up again at the first one, by an alarm.",
    )

    def to_domain(self) -> Scaling:
        """Returns what the domain decides by."""
        rate = self.requests_per_second
        return Scaling(self.min, self.max, None if rate == "auto" else rate, self.to_zero)


class RolloutSection(Section):
    """How a version takes over."""

    type: Literal["canary", "linear", "rolling", "all-at-once"] = Field(
        "all-at-once",
        description="canary: a part first, then all; linear: equal steps; rolling: instances are "
        "replaced in batches; all-at-once: one step and a bake in which it can be undone.",
    )
    percent: int | None = Field(
        None,
        ge=1,
        le=100,
        description="Size of the canary (1 to 50, usually 10), a linear step (10 to 50, usually "
        "50) or a rolling batch (5 to 50, usually 50), of the instances.",
    )
    instances: int | None = Field(
        None, ge=1, le=500, description="The same as a number of instances."
    )
    wait_seconds: int = Field(
        600, ge=0, le=86_400, description="After each step, with the alarms watching; at most 3600."
    )
    bake_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        description="After the last step, until the former fleet goes; at most 3600.",
    )
    min_requests: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description="With fewer requests under watch the alarms prove nothing: inconclusive.",
    )
    without_traffic: Literal["probe", "roll_back"] = Field(
        "probe",
        description="What to do when fewer come: send recorded probes, or roll back.",
    )
    limit_seconds: int | None = Field(
        None,
        ge=1,
        le=86_400,
        description="Of the whole update, 600 to 28800; reckoned from the waits when absent.",
    )

    def to_domain(self) -> Rollout:
        """Returns what the domain decides by."""
        return Rollout(**{**self.model_dump(), "type": RolloutType(self.type)})


class AlarmsSection(Section):
    """What rolls an update back. Each looks at the new fleet alone."""

    error_share: Share | None = Field(
        Decimal("0.02"), description="Share of the requests that end in a server error; null: none."
    )
    model_errors: Share | None = Field(
        Decimal("0.02"),
        description="Share of the requests in which the model fails, above the champion's.",
    )
    latency_ratio: Annotated[Decimal, Field(gt=1, le=100)] | None = Field(
        Decimal("1.5"), description="Mean latency of the model as a multiple of the champion's."
    )
    quality: bool = Field(False, description="Also when the watch over live quality breaches.")
    names: tuple[AlarmName, ...] = Field(
        (), max_length=10, description="Metric alarms of your own that roll back as well."
    )

    def to_domain(self) -> AlarmSettings:
        """Returns what the domain decides by."""
        return AlarmSettings(**self.model_dump())


class CaptureSection(Section):
    """Captured requests and answers: people's texts, so none unless asked for."""

    percent: int = Field(0, ge=0, le=100, description="Share of the requests.")
    kms_key: Annotated[str, StringConstraints(pattern=r"^\S{1,2048}$")] | None = Field(
        None, description="ARN or id of the KMS key; the bucket's own encryption when absent."
    )
    days: int = Field(30, ge=1, le=90, description="Captured files are deleted after it.")


class ScheduleSection(Section):
    """When the endpoint is on."""

    timezone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        "UTC", description="IANA name such as Europe/Berlin."
    )
    on: Cron = Field(..., description="cron(...) of EventBridge Scheduler, six fields.")
    off: Cron = Field(..., description="The same.")

    @model_validator(mode="after")
    def _can_be_followed(self) -> "ScheduleSection":
        try:
            WakingHours.of(self.timezone, self.on, self.off)
        except WakingHoursError as error:
            raise PydanticCustomError(
                "no_schedule",
                "{sentence}",
                # The sentence ends where more follows.
                {"sentence": str(error).rstrip("."), "at": (error.key,) if error.key else ()},
            ) from error
        return self


class QualitySection(Section):
    """The watch over live quality, from captured requests."""

    window_hours: int = Field(24, ge=1, le=744, description="Hours that are looked at together.")
    least_rows: int = Field(
        300, ge=300, le=1_000_000, description="With fewer rows nothing is concluded."
    )
    drift: Decimal = Field(
        Decimal("0.1"),
        ge=Decimal("0.05"),
        le=10,
        description="Population stability index that counts as drift, where it is significant too.",
    )
    least_accuracy: Share | None = Field(
        None, description="Live accuracy below it is a breach, where labels arrive."
    )


class CompareSection(Section):
    """A comparison of two versions on live traffic."""

    kind: Literal["shadow", "ab"] = Field(
        "shadow",
        description="shadow: both answer, the callers get the champion's; ab: a share of the "
        "callers gets the challenger's.",
    )
    weight_percent: int = Field(
        50, ge=1, le=100, description="The challenger's share, or the sampled share of a shadow."
    )
    alpha: Share = Field(Decimal("0.05"), description="The error rate of the verdict.")
    power: Share = Field(Decimal("0.8"), description="Wanted for the least difference.")
    least_difference: Share = Field(
        Decimal("0.01"), description="The least difference that is worth finding."
    )
    deadline_hours: int = Field(
        168, ge=1, le=2_160, description="Without a verdict by then the champion stays."
    )
    max_usd: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = Field(
        None,
        description="Of both versions' instances until the deadline; budget.max_rollout_usd when "
        "absent.",
    )
    then: Literal["promote", "report"] = Field(
        "report", description="What a better challenger leads to."
    )
    measure: Literal["accuracy", "errors"] = Field(
        "accuracy", description="What is compared; accuracy needs labels."
    )


class ServingBudgetSection(Section):
    """What serving may cost."""

    max_rollout_usd: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="Of both fleets until a roll-out has ended; no bound when absent."
    )
    max_month_usd: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="Of a month at the most instances; no bound when absent."
    )
    unpriced: bool = Field(
        False, description="Deploy although the price list has no rate for the instance type."
    )
