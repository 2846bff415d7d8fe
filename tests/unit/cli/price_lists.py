"""A Price List that a test makes up, behind the calls of a boto3 client."""

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

REGION = "us-east-1"


def product(sku: str, usage: str, *tiers: tuple[str, str, str], **attributes: str) -> str:
    """A product in the list's form; tiers are where each begins and ends, and USD."""
    dimensions = {
        f"{sku}.{index}": {
            "unit": attributes.get("unit", "Hrs"),
            "beginRange": begins,
            "endRange": ends,
            "pricePerUnit": {attributes.get("currency", "USD"): usd},
        }
        for index, (begins, ends, usd) in enumerate(tiers)
    }
    family = attributes.get("productFamily", "ML Instance")
    told = {"regionCode": REGION, "usagetype": usage, **attributes}
    return json.dumps(
        {
            "product": {"productFamily": family, "sku": sku, "attributes": told},
            "serviceCode": attributes.get("service", "AmazonSageMaker"),
            "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": {"priceDimensions": dimensions}}},
        }
    )


def flat(sku: str, usage: str, usd: str, **attributes: str) -> str:
    """A product of one price."""
    return product(sku, usage, ("0", "Inf", usd), **attributes)


def instance(component: str, name: str, usd: str, usage: str = "") -> str:
    """An hour of an instance of SageMaker, or of EC2."""
    if component == "EC2":
        return flat(
            f"EC2-{name}",
            f"USE1-BoxUsage:{name}",
            usd,
            service="AmazonEC2",
            instanceType=name,
            operatingSystem="Linux",
            tenancy="Shared",
            preInstalledSw="NA",
            capacitystatus="Used",
        )
    row = usage or {"Training": "Train", "Hosting": "Host"}[component]
    sku = f"{component}-{row}-{name}"
    return flat(sku, f"USE1-{row}:{name}", usd, platoinstancetype=component, instanceName=name)


def refusal(code: str) -> ClientError:
    """What the API raises."""
    return ClientError({"Error": {"Code": code, "Message": "told so"}}, "GetProducts")


class FakePricing:
    """GetProducts with pages of two; ``failures`` are raised by the next calls, None is none."""

    def __init__(
        self, products: Sequence[str], failures: Sequence[ClientError | None] = ()
    ) -> None:
        self.products = products
        self.failures = list(failures)
        self.calls: list[dict[str, Any]] = []

    def get_products(self, **request: Any) -> dict[str, Any]:
        self.calls.append(dict(request))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        found = [text for text in self.products if _fits(json.loads(text), request)]
        start = int(request.get("NextToken", "0"))
        more = {"NextToken": str(start + 2)} if start + 2 < len(found) else {}
        return {"PriceList": found[start : start + 2], **more}


def _fits(one: Any, request: Any) -> bool:
    attributes = {**one["product"]["attributes"], "productFamily": one["product"]["productFamily"]}
    return one["serviceCode"] == request["ServiceCode"] and all(
        attributes.get(each["Field"]) == each["Value"] for each in request["Filters"]
    )
