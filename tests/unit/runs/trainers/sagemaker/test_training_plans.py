"""A run on a training plan: it is paid for, or the plan cannot take it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.sagemaker_training_plans import TrainingPlans as EmbeddedPlans
from thriftline.core.errors import AccessDeniedError, InvalidRunSpecError
from thriftline.money.prices import Price
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.training_plans import TrainingPlan, TrainingPlans, prepaid

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"


def described(**changed: Any) -> dict[str, Any]:
    """A plan of two p5.48xlarge that is active until tomorrow."""
    capacity = {"InstanceType": "ml.p5.48xlarge", "TotalInstanceCount": 2, "Status": "Active"}
    return {
        "TrainingPlanArn": ARN,
        "TrainingPlanName": "november",
        "Status": "Active",
        "EndTime": NOW + timedelta(days=1),
        "UpfrontFee": "2345.6",
        "CurrencyCode": "USD",
        "AvailableInstanceCount": 2,
        "TargetResources": ["training-job"],
        "ReservedCapacitySummaries": [capacity],
        **changed,
    }


class FakeSageMaker:
    """A client over the embedded call."""

    def __init__(self, *plans: dict[str, Any]) -> None:
        self._plans = EmbeddedPlans(lambda: BEFORE)
        for plan in plans:
            self._plans.add(plan)

    def describe_training_plan(self, **parameters: Any) -> Any:
        request = Request(Caller("123456789012", "us-east-1"), NOW, parameters)
        try:
            return self._plans.operations()["DescribeTrainingPlan"](request)
        except AwsError as error:
            told = {"Error": {"Code": error.code, "Message": str(error)}}
            raise ClientError(cast("Any", told), "DescribeTrainingPlan") from error


def plan(**changed: Any) -> TrainingPlan | None:
    client = cast("Any", FakeSageMaker(described(**changed)))
    return TrainingPlans(client, lambda: NOW).describe(ARN)


def instances(name: str = "ml.p5.48xlarge", count: int = 2) -> PricedInstances:
    rate = Price(Decimal("63.296"), "instance-hour", "us-east-1", "Hosting", "a list", NOW.date())
    storage = Price(Decimal("0.14"), "GB-month", "us-east-1", "Training", "a list", NOW.date())
    return PricedInstances(name, count, rate, 30, storage)


def test_a_run_on_a_plan_costs_nothing_more_but_storage() -> None:
    found = prepaid(instances(), ARN, plan())

    assert found.rate.usd == 0
    assert found.rate.source == (
        "training plan november: prepaid, its fee of 2345.6 USD is not counted again"
    )
    assert found.rate.date == date(2026, 11, 29)
    assert Decimal(0) < found.worst_case_usd(3600) <= Decimal("0.02")
    assert found.billed_usd(3600) == 0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Status": "Scheduled"}, "is Scheduled, not Active"),
        ({"Status": "Expired"}, "is Expired, not Active"),
        ({"TargetResources": ["hyperpod-cluster"]}, "is for hyperpod-cluster, not for training"),
        ({"EndTime": NOW}, "ended at 2026-11-29 12:00 UTC"),
        ({"AvailableInstanceCount": 1}, "has 1 of its instances free now, and the run wants 2"),
        ({"ReservedCapacitySummaries": []}, "has no instances that are active now"),
    ],
)
def test_a_plan_that_cannot_take_the_run_is_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=r"training\.training_plan: ") as refused:
        prepaid(instances(), ARN, plan(**changed))

    assert told in str(refused.value)
    assert "Nothing was spent" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "count", "told"),
    [
        ("ml.p4d.24xlarge", 1, "has ml.p5.48xlarge, not ml.p4d.24xlarge"),
        ("ml.p5.48xlarge", 3, "has 2 x ml.p5.48xlarge, and the run wants 3"),
    ],
)
def test_a_plan_of_other_instances_is_refused(name: str, count: int, told: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=told):
        prepaid(instances(name, count), ARN, plan())


def test_a_plan_that_does_not_exist_is_refused() -> None:
    client = cast("Any", FakeSageMaker())
    found = TrainingPlans(client, lambda: NOW).describe(ARN)

    assert found is None
    with pytest.raises(InvalidRunSpecError, match="does not exist in this account and region"):
        prepaid(instances(), ARN, found)


def test_a_plan_that_may_not_be_read_is_not_taken_for_none() -> None:
    class Denied:
        def describe_training_plan(self, **_: Any) -> Any:
            told = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(cast("Any", told), "DescribeTrainingPlan")

    with pytest.raises(AccessDeniedError):
        TrainingPlans(cast("Any", Denied()), lambda: NOW).describe(ARN)
