"""The rates of Savings Plans: pages, throttling, and what is no rate, over the embedded answers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.savings_plans import SavingsPlans
from thriftline_cli.prices.products import PriceListError
from thriftline_cli.prices.savings_plans import plan_rates


class FakeSavingsPlans:
    """A client over the embedded answers, with small pages; `failures` are raised first."""

    def __init__(self, *failures: str, **changed: Any) -> None:
        self._failures = list(failures)
        self._changed = changed
        self.pages = 0

    def describe_savings_plans_offering_rates(self, **parameters: Any) -> Any:
        if self._failures:
            code = self._failures.pop(0)
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "x")
        self.pages += 1
        told = ask(**{**parameters, "maxResults": 100})
        rows = [{**row, **self._changed} for row in told["searchResults"]]
        return {**told, "searchResults": rows}


def slow(_: float) -> None:
    raise AssertionError("nothing was throttled")


def ask(**parameters: Any) -> Any:
    request = Request(Caller("123456789012", "us-east-1"), datetime.now(UTC), parameters)
    return SavingsPlans().operations()["DescribeSavingsPlansOfferingRates"](request)


def test_rates_of_all_pages_by_component_type_term_and_payment() -> None:
    client = FakeSavingsPlans()

    rates = plan_rates(client, "us-east-1", slow)

    assert client.pages > 5
    # 1.408 less the 27 % that the embedded AWS made up.
    assert rates["Hosting ml.g5.xlarge, 1 y, No Upfront"] == [(Decimal(0), Decimal("1.027840"))]
    assert rates["Training ml.g5.xlarge, 3 y, All Upfront"] == [(Decimal(0), Decimal("0.675840"))]
    assert not any("WarmPool" in name or "Spot" in name for name in rates)
    assert plan_rates(client, "mars-north-1", slow) == {}


def test_a_throttled_call_waits_and_a_refused_one_is_an_error() -> None:
    slept: list[float] = []
    throttled = FakeSavingsPlans("ThrottlingException", "ThrottlingException")

    assert plan_rates(throttled, "eu-west-1", slept.append)
    assert slept == [2, 4]
    with pytest.raises(ClientError):
        plan_rates(FakeSavingsPlans("AccessDeniedException"), "eu-west-1", slept.append)


@pytest.mark.parametrize("rate", ["0", "-1", "free", None, "NaN"])
def test_a_rate_that_is_no_price_is_refused(rate: str | None) -> None:
    with pytest.raises(PriceListError, match="is no price"):
        plan_rates(FakeSavingsPlans(rate=rate), "eu-west-1", slow)


@pytest.mark.parametrize("changed", [{"unit": "Request"}, {"usageType": "USE1-Studio:x"}])
def test_what_is_no_instance_hour_is_left_out(changed: dict[str, str]) -> None:
    assert plan_rates(FakeSavingsPlans(**changed), "eu-west-1", slow) == {}


def test_the_embedded_answers_are_filtered_and_the_rest_is_refused() -> None:
    found = ask(savingsPlanPaymentOptions=["No Upfront"], usageTypes=["USE1-Host:ml.g5.xlarge"])

    assert [row["savingsPlanOffering"]["paymentOption"] for row in found["searchResults"]] == [
        "No Upfront",
        "No Upfront",
    ]
    assert found["nextToken"] == ""
    with pytest.raises(AwsError) as refused:
        ask(filters=[{"name": "tenancy", "values": ["x"]}])
    assert refused.value.status == 501
