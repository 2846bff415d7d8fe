"""Training plans: capacity that was bought before. A run on one is priced at nothing more.

Thriftline never buys one: the whole fee is due at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import TRAINING, Price
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances

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
        return self.arn.rpartition("/")[2]


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
    problem = _problem(instances, plan)
    if plan is None or problem:
        raise InvalidRunSpecError(
            f"training.training_plan: {arn} {problem}. Name another plan, or take it out. Nothing "
            "was spent."
        )
    fee = f"its fee of {plan.upfront} is" if plan.upfront else "its fee is"
    price = Price(
        usd=Decimal(0),
        unit="instance-hour",
        region=instances.rate.region,
        component=TRAINING,
        source=f"training plan {plan.name}: prepaid, {fee} not counted again",
        date=plan.seen_at.date(),
    )
    return replace(instances, rate=price)


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
