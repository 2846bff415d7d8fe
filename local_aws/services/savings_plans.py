"""Savings Plans: what an hour costs under one, made up from the embedded price list."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import page_of
from local_aws.services.pricing import PRICE_LIST

_YEAR_SECONDS = 365 * 24 * 3600
# Made up, in the order of size of what is public: 32 % for a year, 43 to 55 % for three.
_DISCOUNTS = {
    (1, "No Upfront"): Decimal("0.27"),
    (1, "Partial Upfront"): Decimal("0.32"),
    (1, "All Upfront"): Decimal("0.34"),
    (3, "No Upfront"): Decimal("0.43"),
    (3, "Partial Upfront"): Decimal("0.48"),
    (3, "All Upfront"): Decimal("0.52"),
}
_USAGES = ("Host:", "Train:", "Notebk:", "Processing:")
_FILTERS = frozenset({"region", "instanceType"})


class SavingsPlans:
    """The one call about rates; plans are neither bought nor listed here."""

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {"DescribeSavingsPlansOfferingRates": self._rates}

    def _rates(self, request: Request) -> dict[str, Any]:
        for name in ("savingsPlanOfferingIds", "operations"):
            if request.get(name):
                raise AwsError("NotImplementedByLocalAws", f"{name} is not done here.", 501)
        rows = [row for row in self._all if _fits(row, request)]
        size = request.get("maxResults") or 1000
        page, token = page_of(rows, request.get("nextToken"), size, "ValidationException")
        # The last page has an empty token.
        return {"searchResults": page, "nextToken": token or ""}

    @cached_property
    def _all(self) -> list[dict[str, Any]]:
        return [row for line in PRICE_LIST.read_text().splitlines() for row in _rows(line)]


def _rows(line: str) -> Iterator[dict[str, Any]]:
    product = json.loads(line)
    told = product["product"]["attributes"]
    usage = told["usagetype"].partition("-")[2]
    if not usage.startswith(_USAGES) or ":ml." not in usage or told["locationType"] != "AWS Region":
        return
    (offer,) = product["terms"]["OnDemand"].values()
    (dimension,) = offer["priceDimensions"].values()
    usd = Decimal(dimension["pricePerUnit"]["USD"])
    for (years, payment), discount in _DISCOUNTS.items():
        yield {
            "savingsPlanOffering": {
                "offeringId": f"made-up-{years}-{payment.partition(' ')[0].lower()}",
                "paymentOption": payment,
                "planType": "SageMaker",
                "durationSeconds": years * _YEAR_SECONDS,
                "currency": "USD",
                "planDescription": f"{years} year {payment} SageMaker Savings Plan",
            },
            "rate": f"{usd * (1 - discount):.6f}",
            "unit": "Hrs",
            "productType": "SageMaker",
            "serviceCode": "AmazonSageMaker",
            "usageType": told["usagetype"],
            "operation": "RunInstance",
            "properties": [
                {"name": "region", "value": told["regionCode"]},
                {"name": "instanceType", "value": usage.partition(":")[2]},
            ],
        }


def _fits(row: Mapping[str, Any], request: Request) -> bool:
    properties = {one["name"]: one["value"] for one in row["properties"]}
    for one in request.get("filters", ()):
        if one["name"] not in _FILTERS:
            text = f"The filter {one['name']} is not done here."
            raise AwsError("NotImplementedByLocalAws", text, 501)
        if properties[one["name"]] not in one["values"]:
            return False
    asked = {
        "savingsPlanTypes": row["savingsPlanOffering"]["planType"],
        "savingsPlanPaymentOptions": row["savingsPlanOffering"]["paymentOption"],
        "products": row["productType"],
        "serviceCodes": row["serviceCode"],
        "usageTypes": row["usageType"],
    }
    return all(value in request.get(name, (value,)) for name, value in asked.items())
