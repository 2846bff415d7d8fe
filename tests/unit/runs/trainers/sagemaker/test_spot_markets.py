"""What is read of EC2's market, and that it is unknown whenever it cannot be read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.spot_market import SpotMarket as EmbeddedMarket
from local_aws.services.spot_market import SpotPrice
from thriftline.runs.trainers.sagemaker.spot_markets import SpotMarkets

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
REGION = "us-east-1"


class FakeEc2:
    """A client of EC2 over the embedded market; `failures` are raised by an operation."""

    def __init__(self, market: EmbeddedMarket, **failures: Exception) -> None:
        self._operations = market.operations()
        self._failures = failures
        self.asked: list[dict[str, Any]] = []

    def describe_spot_price_history(self, **parameters: Any) -> Any:
        return self._call("DescribeSpotPriceHistory", {"MaxResults": 2, **parameters})

    def get_spot_placement_scores(self, **parameters: Any) -> Any:
        return self._call("GetSpotPlacementScores", parameters)

    def _call(self, name: str, parameters: dict[str, Any]) -> Any:
        self.asked.append(parameters)
        if name in self._failures:
            raise self._failures[name]
        return self._operations[name](Request(Caller("123456789012", REGION), NOW, parameters))


def markets(ec2: FakeEc2) -> SpotMarkets:
    return SpotMarkets(lambda: ec2, REGION, lambda: NOW)


def test_the_price_in_force_of_each_zone_over_pages_and_the_score_of_the_family() -> None:
    ec2 = FakeEc2(EmbeddedMarket())

    found = markets(ec2).of("ml.g5.xlarge")

    assert found is not None
    assert list(found.usd_by_zone) == [Decimal("0.4123"), Decimal("0.4310"), Decimal("0.4050")]
    assert found.score == 6
    # EC2's names, three types or more.
    assert ec2.asked[0]["InstanceTypes"] == ["g5.xlarge"]
    assert {"g5.xlarge", "g5.2xlarge", "g5.4xlarge"} <= set(ec2.asked[-1]["InstanceTypes"])


def test_a_family_of_two_types_has_no_score() -> None:
    found = markets(FakeEc2(EmbeddedMarket())).of("ml.p5.4xlarge")

    assert found is not None
    assert (found.usd_by_zone, found.score) == ((Decimal("12.5000"),), None)


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "x"),
        ClientError({"Error": {"Code": "RequestLimitExceeded", "Message": "no"}}, "x"),
        EndpointConnectionError(endpoint_url="https://ec2"),
    ],
)
def test_what_cannot_be_read_is_unknown(failure: Exception) -> None:
    names = "DescribeSpotPriceHistory", "GetSpotPlacementScores"
    both = FakeEc2(EmbeddedMarket(), **dict.fromkeys(names, failure))
    one = FakeEc2(EmbeddedMarket(), GetSpotPlacementScores=failure)

    assert markets(both).of("ml.g5.xlarge") is None
    found = markets(one).of("ml.g5.xlarge")
    assert found is not None
    assert (len(found.usd_by_zone), found.score) == (3, None)


def test_a_type_that_ec2_does_not_sell_on_spot_is_unknown() -> None:
    assert markets(FakeEc2(EmbeddedMarket())).of("ml.p4de.24xlarge") is None


def ask(operation: str, **parameters: Any) -> Any:
    request = Request(Caller("123456789012", REGION), NOW, parameters)
    return EmbeddedMarket().operations()[operation](request)


def test_the_embedded_market_ends_with_an_empty_token() -> None:
    page = ask("DescribeSpotPriceHistory", InstanceTypes=["m5.large"])

    assert page["NextToken"] == ""
    assert {row["AvailabilityZone"] for row in page["SpotPriceHistory"]} == {
        "us-east-1a",
        "us-east-1b",
    }


def test_the_price_in_force_at_the_start_comes_too() -> None:
    market = EmbeddedMarket()
    market.prices = [SpotPrice("x", "a", hours, str(hours)) for hours in (1, 10, 100)]
    request = Request(
        Caller("123456789012", REGION),
        NOW,
        {"InstanceTypes": ["x"], "StartTime": NOW - timedelta(hours=5)},
    )

    rows = market.operations()["DescribeSpotPriceHistory"](request)

    assert rows is not None
    assert [row["SpotPrice"] for row in rows["SpotPriceHistory"]] == ["100", "1000"]


@pytest.mark.parametrize(("types", "score"), [(1, 1), (2, 1), (3, 6)])
def test_the_score_of_one_or_two_types_is_always_low(types: int, score: int) -> None:
    names = ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"][:types]

    found = ask("GetSpotPlacementScores", InstanceTypes=names, TargetCapacity=1)

    assert found["SpotPlacementScores"] == [{"Region": REGION, "Score": score}]


def test_what_the_embedded_market_does_not_do_is_refused() -> None:
    with pytest.raises(AwsError) as refused:
        ask("GetSpotPlacementScores", InstanceTypes=["a"], SingleAvailabilityZone=True)

    assert refused.value.status == 501
