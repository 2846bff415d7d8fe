"""Training plans: capacity that was bought before. A run on one is priced at nothing more.

Thriftline never buys one: the whole fee is due at once. SageMaker takes the instances away at the
plan's end, so a job must have stopped and uploaded by then.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import TRAINING, Price
from thriftline.runs.domain.affordable import LEAST_SECONDS
from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.trainers.sagemaker.priced_instances import (
    STOP_GRACE_SECONDS,
    UPLOAD_GRACE_SECONDS,
    PricedInstances,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_JOBS = "training-job"


@dataclass(frozen=True)
class TrainingPlan:
    """A plan as SageMaker describes it at ``seen_at``; what it does not say is None.

    ``instances`` are those of each type whose capacity is active now, ``available`` how many of the
    plan's are in no job.
    """

    arn: str
    status: str
    seen_at: datetime
    ends_at: datetime | None
    upfront: str | None
    available: int | None
    targets: tuple[str, ...]
    instances: Mapping[str, int]

    @property
    def name(self) -> str:
        """What people call it."""
        return name_of(self.arn)

    @property
    def seconds_left(self) -> int | None:
        """How long a job may run on it from when it was seen; None where its end is not known."""
        return None if self.ends_at is None else seconds_until(self.ends_at, self.seen_at)


class TrainingPlans:
    """The plans of one account and region."""

    def __init__(self, client: "SageMakerClient", now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now

    def describe(self, arn: str) -> TrainingPlan | None:
        """Returns a plan as it is now, None when there is none of this ARN."""
        with translated(f"looking at training plan {arn}"):
            try:
                found: Any = self._client.describe_training_plan(TrainingPlanName=arn)
            except ClientError as error:
                if code_of(error) == "ResourceNotFound":
                    return None
                raise
        fee, currency = found.get("UpfrontFee"), found.get("CurrencyCode", "")
        active = [
            one for one in found.get("ReservedCapacitySummaries", []) if one["Status"] == "Active"
        ]
        instances: dict[str, int] = {}
        for one in active:
            name = one["InstanceType"]
            instances[name] = instances.get(name, 0) + one["TotalInstanceCount"]
        return TrainingPlan(
            arn=found["TrainingPlanArn"],
            status=found["Status"],
            seen_at=self._now(),
            ends_at=found.get("EndTime"),
            upfront=f"{fee} {currency}".strip() if fee else None,
            available=found.get("AvailableInstanceCount"),
            targets=tuple(found.get("TargetResources", ())),
            instances=instances,
        )


def prepaid(instances: PricedInstances, arn: str, plan: TrainingPlan | None) -> PricedInstances:
    """Returns instances at the price of a run on a plan: 0 USD more, since they are paid for.

    Storage is billed beside a plan, and stays in the worst case.

    Raises:
        InvalidRunSpecError: there is no such plan, or it cannot take this run.
    """
    problem = _elsewhere(arn, instances.rate.region) or _problem(instances, plan)
    if plan is None or problem:
        raise _refusal(arn, problem)
    fee = f"its fee of {plan.upfront} is" if plan.upfront else "its fee is"
    return _free(instances, arn, f"{fee} not counted again", plan.seen_at.date())


def prepaid_unseen(instances: PricedInstances, arn: str) -> PricedInstances:
    """Returns instances at the price of a run on a plan that nobody has looked at.

    Raises:
        InvalidRunSpecError: the plan is of another region.
    """
    if problem := _elsewhere(arn, instances.rate.region):
        raise _refusal(arn, problem)
    return _free(instances, arn, "its fee is not counted again", instances.rate.date)


def unseen_warning(instances: PricedInstances, arn: str) -> str:
    """Says what an estimate without an account does not know of a plan."""
    return (
        f"An estimate asks no account: whether the training plan {name_of(arn)} exists, is Active, "
        f"has {instances.instance_count} x {instances.instance_type} free and lasts long enough is "
        "looked up before a run. If it is so, the run costs no more than storage."
    )


def require_time(plan: TrainingPlan, expected: Expectation, wanted: int) -> None:
    """Checks that the work can be done before the plan ends.

    ``wanted`` is the run time limit that the job would have without an end.

    Raises:
        InvalidRunSpecError: with what is left and what is needed.
    """
    left = plan.seconds_left
    needed = min(wanted, LEAST_SECONDS) if expected.seconds is None else expected.seconds
    if left is None or left >= needed:
        return
    what = "at least" if expected.seconds is None else "about"
    raise _refusal(
        plan.arn,
        f"ends at {plan.ends_at:%Y-%m-%d %H:%M} UTC, which leaves a job {left:,} seconds before it "
        f"must stop and upload, and the run needs {what} {needed:,}",
    )


def shortened_warning(plan: TrainingPlan, wanted: int) -> str | None:
    """Says that the plan's end leaves a job less time than it would have."""
    left = plan.seconds_left
    if left is None or left >= wanted:
        return None
    return (
        f"The training plan {plan.name} ends at {plan.ends_at:%Y-%m-%d %H:%M} UTC: a job may run "
        f"{left:,} seconds and not {wanted:,}, so that it has stopped and uploaded by then."
    )


def name_of(arn: str) -> str:
    """Returns the name of a plan out of its ARN."""
    return arn.rpartition("/")[2]


def seconds_until(ends_at: datetime, now: datetime) -> int:
    """Returns how long a job may run from now, so that it has ended when its plan does."""
    left = int((ends_at - now).total_seconds())
    return max(0, left - STOP_GRACE_SECONDS - UPLOAD_GRACE_SECONDS)


def _refusal(arn: str, problem: str) -> InvalidRunSpecError:
    return InvalidRunSpecError(
        f"training.training_plan: {arn} {problem}. Name another plan, or take it out. Nothing "
        "was spent."
    )


def _free(instances: PricedInstances, arn: str, fee: str, day: date) -> PricedInstances:
    price = Price(
        usd=Decimal(0),
        unit="instance-hour",
        region=instances.rate.region,
        component=TRAINING,
        source=f"training plan {name_of(arn)}: prepaid, {fee}",
        date=day,
    )
    return replace(instances, rate=price)


def _elsewhere(arn: str, region: str) -> str:
    """Says that a plan is of another region, and nothing where it is of this one."""
    its = arn.split(":")[3]
    return "" if its == region else f"is in {its}, and the run is in {region}"


def _problem(instances: PricedInstances, plan: TrainingPlan | None) -> str:
    """Says why a plan cannot take a run, and nothing where it can."""
    if plan is None:
        return "does not exist in this account and region"
    if plan.status != "Active":
        return f"is {plan.status}, not Active"
    if plan.targets and _JOBS not in plan.targets:
        return f"is for {', '.join(plan.targets)}, not for training jobs"
    if plan.ends_at is not None and plan.ends_at <= plan.seen_at:
        return f"ended at {plan.ends_at:%Y-%m-%d %H:%M} UTC"
    return _shortage(instances, plan)


def _shortage(instances: PricedInstances, plan: TrainingPlan) -> str:
    name, wanted = instances.instance_type, instances.instance_count
    has = plan.instances.get(name, 0)
    if not has:
        types = ", ".join(sorted(plan.instances)) or "no instances that are active now"
        return f"has {types}, not {name}"
    if has < wanted:
        return f"has {has} x {name}, and the run wants {wanted}"
    if plan.available is not None and plan.available < wanted:
        return f"has {plan.available} of its instances free now, and the run wants {wanted}"
    return ""
