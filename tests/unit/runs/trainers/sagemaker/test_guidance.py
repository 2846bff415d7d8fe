"""The guides' worked examples at SageMaker's rates, to the cent."""

from datetime import date
from decimal import Decimal

import pytest

from thriftline.core.errors import UnknownInstanceTypeError, UnpricedInstanceError
from thriftline.money.instances import hardware_of
from thriftline.money.prices import (
    TRAINING,
    PriceCatalogue,
    PriceList,
    StorageRates,
    UnitRates,
)
from thriftline.money.tiers import TieredRate
from thriftline.runs.trainers.sagemaker.guidance import cost_of_hours, guidance
from thriftline.runs.trainers.sagemaker.priced_instances import (
    PricedInstances,
    priced,
    require_known,
)
from thriftline.runs.trainers.sagemaker.training_instance_types import training_instance_types

DAY = date(2026, 5, 20)
# SageMaker's rates of us-east-1 by the list of that day.
RATES = {
    "ml.g5.xlarge": "1.408",
    "ml.g5.2xlarge": "1.515",
    "ml.g5.12xlarge": "7.09",
    "ml.p3.2xlarge": "3.825",
    "ml.p3.8xlarge": "14.688",
    "ml.p4d.24xlarge": "25.2513",
    "ml.p5.48xlarge": "63.296",
}


def rates(component: str, unit: str, usd: dict[str, str]) -> UnitRates:
    known = {name: TieredRate.flat(Decimal(each)) for name, each in usd.items()}
    return UnitRates(unit, (PriceList("a list", DAY, {"us-east-1": known}),), component)


CATALOGUE = PriceCatalogue(
    {TRAINING: rates(TRAINING, "instance-hour", RATES)},
    StorageRates(
        {TRAINING: rates(TRAINING, "GB-month", {TRAINING: "0.14"})},
        Decimal("0.2"),
        "a list",
        DAY,
    ),
)


def instances(name: str, count: int = 1, volume_gib: int = 0) -> PricedInstances:
    require_known(name, training_instance_types())
    return priced(
        CATALOGUE, "us-east-1", instance_type=name, instance_count=count, volume_gib=volume_gib
    )


def usd(name: str, hours: int, count: int = 1) -> Decimal:
    return cost_of_hours(instances(name, count), hours).usd


@pytest.mark.parametrize(
    ("name", "hours", "count", "cost"),
    [
        ("ml.g5.2xlarge", 12, 1, "18.18"),
        ("ml.p5.48xlarge", 12, 1, "759.55"),
        ("ml.p4d.24xlarge", 12, 1, "303.02"),
        # 73.44 by EC2's rate.
        ("ml.p3.2xlarge", 24, 1, "91.80"),
        # 2,350.08 by EC2's rate.
        ("ml.p3.8xlarge", 24, 8, "2820.10"),
    ],
)
def test_the_guides_examples_cost_this_on_sagemaker(
    name: str, hours: int, count: int, cost: str
) -> None:
    assert usd(name, hours, count) == Decimal(cost)


@pytest.mark.parametrize("name", ["ml.p5.12xlarge", "ml.p5.24xlarge", "ml.p5.2xlarge"])
def test_types_that_guides_recommend_and_nobody_sells_are_refused(name: str) -> None:
    with pytest.raises(UnknownInstanceTypeError, match="Did you mean"):
        instances(name)
    assert hardware_of(name) is None


def test_a_type_without_a_price_here_is_refused() -> None:
    with pytest.raises(UnpricedInstanceError, match="Nothing was spent"):
        instances("ml.p5.4xlarge")


def test_storage_is_billed_by_the_month_of_730_hours_where_there_is_any() -> None:
    with_disk = instances("ml.g5.2xlarge", volume_gib=500)
    half_a_day = 12 * 3600

    assert with_disk.storage_usd(half_a_day).quantize(Decimal("0.0001")) == Decimal("1.1507")
    cost = cost_of_hours(with_disk, 12)
    # It has NVMe volumes of its own, so the 500 GB are neither there nor billed.
    assert (cost.usd, cost.upper_bound_usd, cost.held_usd) == (
        Decimal("18.18"),
        Decimal("19.33"),
        Decimal("19.34"),
    )
    hardware = hardware_of("ml.g5.2xlarge")
    assert hardware is not None
    assert hardware.nvme_gb < 500


def test_spot_at_the_savings_that_were_measured() -> None:
    on_demand = usd("ml.p3.2xlarge", 24)

    assert [on_demand * share for share in (Decimal("0.3"), Decimal("0.4"))] == [
        Decimal("27.540"),
        Decimal("36.720"),
    ]


def test_the_usual_guidance_comes_out_of_the_same_prices() -> None:
    found = {one.profile.name: (str(one.low_usd), str(one.high_usd)) for one in guidance(instances)}

    assert found == {
        "small": ("2.82", "8.45"),
        "medium": ("202.01", "606.03"),
        "large": ("1519.10", "10633.73"),
        "development": ("5.63", "11.26"),
        "production": ("56.72", "170.16"),
        "enterprise": ("606.03", "4242.22"),
    }
