"""What an instance hour costs under a SageMaker Savings Plan, as its own API tells it."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.prices.products import PriceListError, without_region
from thriftline_cli.prices.sections import Section

PLANS = Section(
    title="Savings Plans",
    key="savings_plans",
    service="SageMaker Savings Plans",
    name=lambda _: None,
    unit="Hrs",
)
_USAGE = re.compile(r"(?P<usage>Host|Train|Notebk|Processing):(?P<name>ml\.[a-z0-9-]+\.[a-z0-9]+)")
_COMPONENTS = {
    "Host": "Hosting",
    "Train": "Training",
    "Notebk": "Notebook",
    "Processing": "Processing",
}
_YEAR_SECONDS = 365 * 24 * 3600
_THROTTLED = {"ThrottlingException", "TooManyRequestsException", "InternalServerException"}
_MOST_TRIES = 6


def plan_rates(
    client: Any, region: str, sleep: Callable[[float], object]
) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """Return the rates of one region by their names in the catalogue.

    Raises:
        PriceListError: two rates for one name, or a rate that is no price.
        ClientError: AWS refuses, or does not answer after several tries.
    """
    request: dict[str, Any] = {
        "savingsPlanTypes": ["SageMaker"],
        "products": ["SageMaker"],
        "serviceCodes": ["AmazonSageMaker"],
        "filters": [{"name": "region", "values": [region]}],
        "maxResults": 1000,
    }
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    while True:
        page = _page(client, request, sleep)
        for row in page.get("searchResults", []):
            name = _name(row)
            if name is None:
                continue
            rate = [(Decimal(0), _usd(name, row))]
            if found.setdefault(name, rate) != rate:
                raise PriceListError(f"Savings Plans in {region}, {name}: there are two rates.")
        token = page.get("nextToken")
        if not token:
            return dict(sorted(found.items()))
        request["nextToken"] = token


def _page(client: Any, request: Mapping[str, Any], sleep: Callable[[float], object]) -> Any:
    for tried in range(1, _MOST_TRIES + 1):
        try:
            return client.describe_savings_plans_offering_rates(**request)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code not in _THROTTLED or tried == _MOST_TRIES:
                raise
            sleep(2.0**tried)
    raise AssertionError("the last try returns or raises")


def _name(row: Mapping[str, Any]) -> str | None:
    offering = row["savingsPlanOffering"]
    usage = _USAGE.fullmatch(without_region(row.get("usageType", "")))
    if usage is None or row.get("unit") != "Hrs" or offering.get("currency") != "USD":
        return None
    years = round(offering["durationSeconds"] / _YEAR_SECONDS)
    component = _COMPONENTS[usage["usage"]]
    return f"{component} {usage['name']}, {years} y, {offering['paymentOption']}"


def _usd(name: str, row: Mapping[str, Any]) -> Decimal:
    try:
        usd = Decimal(row["rate"])
    except (InvalidOperation, TypeError, KeyError):
        usd = Decimal(0)
    if not usd.is_finite() or usd <= 0:
        raise PriceListError(f"Savings Plans, {name}: {row.get('rate')!r} is no price.")
    return usd
