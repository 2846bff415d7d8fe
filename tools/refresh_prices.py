"""Reads SageMaker's rates from the Price List API into the price catalogue.

    make prices        (AWS credentials with pricing:GetProducts; the API itself is free)

It replaces the rates of components Training and Hosting, and of ML storage of training jobs, for
the regions that the catalogue has and those named on the command line. What the list does not
have stays absent: unpriced is not free. Look at the difference before you commit it.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# It is called as it stands, as a file: the folder above is not on the path then.
sys.path.insert(0, str(Path(__file__).parents[1]))

from cli.aws_problems import in_one_line
from thriftline.money.price_catalogue import PriceCatalogueDocument

CATALOGUE = Path(__file__).parents[1] / "functions" / "thriftline" / "data" / "prices.json"
COMPONENTS = ("Training", "Hosting")
# The Price List API answers in a few regions only, and for all of them.
PRICING_REGION = "us-east-1"
_SOURCE = "AWS Price List API, AmazonSageMaker"


class PriceListError(Exception):
    """The list is not what it was taken to be; somebody must look before prices are replaced."""


def refreshed(
    document: Mapping[str, Any], pricing: Any, regions: Sequence[str], today: date
) -> dict[str, Any]:
    """Returns the catalogue with the rates that ``pricing`` (a boto3 client) has today.

    Raises:
        PriceListError: no rate at all of a component, or two for one type in one region.
    """
    hours: dict[str, dict[str, Any]] = {
        component: {
            "date": today.isoformat(),
            "source": f"{_SOURCE}, component {component}",
            "note": "SageMaker's on-demand rates; EC2 asks less for the same hardware.",
            "usd": {region: _rates(pricing, component, region) for region in regions},
        }
        for component in COMPONENTS
    }
    for component, table in hours.items():
        if not any(table["usd"].values()):
            raise PriceListError(f"The list has no rate of component {component} in {regions}.")
    storage = {
        region: rate for region in regions if (rate := _storage_rate(pricing, region)) is not None
    }
    known = document["training_storage"]
    return {
        **document,
        "instance_hours": {**document["instance_hours"], **hours},
        "training_storage": {
            **known,
            **({"date": today.isoformat(), "source": f"{_SOURCE}, ML storage"} if storage else {}),
            "usd_per_gb_month": {**known["usd_per_gb_month"], **storage},
        },
    }


def _rates(pricing: Any, component: str, region: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for attributes, usd in _products(pricing, {"component": component, "regionCode": region}):
        name = attributes.get("instanceName", "")
        if name.startswith("ml."):
            _put(found, name, usd, f"{component} in {region}")
    return dict(sorted(found.items()))


def _storage_rate(pricing: Any, region: str) -> str | None:
    found: dict[str, str] = {}
    for attributes, usd in _products(
        pricing, {"productFamily": "ML Storage", "regionCode": region}
    ):
        # USE1-Train:VolumeUsage.gp2 and the like; notebooks and endpoints have usages of their own.
        if "-Train:VolumeUsage" in attributes.get("usagetype", ""):
            _put(found, region, usd, "ML storage")
    return found.get(region)


def _put(found: dict[str, str], name: str, usd: Decimal, where: str) -> None:
    text = f"{usd.normalize():f}"
    if found.setdefault(name, text) != text:
        raise PriceListError(f"{name} costs both {found[name]} and {text} USD ({where}).")


def _products(
    pricing: Any, filters: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, str], Decimal]]:
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker",
        Filters=[
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in filters.items()
        ],
    )
    for page in pages:
        for text in page["PriceList"]:
            product = json.loads(text, parse_float=Decimal)
            for usd in _on_demand(product):
                yield product["product"]["attributes"], usd


def _on_demand(product: Mapping[str, Any]) -> Iterable[Decimal]:
    for offer in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in offer["priceDimensions"].values():
            usd = Decimal(dimension["pricePerUnit"].get("USD", "0"))
            # Free-tier and reserved entries have a rate of 0, which is nobody's price.
            if usd > 0:
                yield usd


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when the catalogue was rewritten in place."""
    try:
        _refresh(arguments)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"refresh_prices: {in_one_line(error)}\n")
        return 1
    except PriceListError as error:
        sys.stderr.write(f"refresh_prices: {error}\n")
        return 1
    return 0


def _refresh(arguments: Sequence[str]) -> None:
    document = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    known = {region for table in document["instance_hours"].values() for region in table["usd"]}
    regions = sorted(known.union(arguments))
    pricing = boto3.client("pricing", region_name=PRICING_REGION)
    new = refreshed(document, pricing, regions, datetime.now(UTC).date())
    text = json.dumps(new, indent=1, ensure_ascii=False) + "\n"
    PriceCatalogueDocument.model_validate_json(text)
    CATALOGUE.write_text(text, encoding="utf-8")
    for component, table in new["instance_hours"].items():
        count = sum(len(rates) for rates in table["usd"].values())
        sys.stdout.write(f"{component}: {count} rates in {len(table['usd'])} regions\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
