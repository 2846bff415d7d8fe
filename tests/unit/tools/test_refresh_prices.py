"""The tool that renews the price catalogue, against a Price List that a test makes up."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from thriftline.money.price_catalogue import PriceCatalogueDocument
from tools.refresh_prices import CATALOGUE, PriceListError, refreshed

TODAY = date(2026, 12, 1)


def product(region: str, usd: str, **attributes: str) -> dict[str, Any]:
    dimension = {"pricePerUnit": {"USD": usd}, "unit": "Hrs"}
    return {
        "product": {"attributes": {"regionCode": region, **attributes}},
        "terms": {"OnDemand": {"offer": {"priceDimensions": {"rate": dimension}}}},
    }


def instance(component: str, region: str, name: str, usd: str) -> dict[str, Any]:
    return product(region, usd, component=component, instanceName=name)


def volume(region: str, usage: str, usd: str) -> dict[str, Any]:
    return product(region, usd, productFamily="ML Storage", usagetype=usage)


class FakePricing:
    """GetProducts over a list of products, a page for each; filters as the service applies them."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self._products = products

    def get_paginator(self, operation: str) -> "FakePricing":
        assert operation == "get_products"
        return self

    def paginate(
        self, *, ServiceCode: str, Filters: list[dict[str, str]]
    ) -> Iterator[dict[str, list[str]]]:
        assert ServiceCode == "AmazonSageMaker"
        for one in self._products:
            attributes = one["product"]["attributes"]
            if all(attributes.get(f["Field"]) == f["Value"] for f in Filters):
                yield {"PriceList": [json.dumps(one)]}


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return loaded


def test_new_rates_replace_the_old_ones_with_their_date_and_source() -> None:
    pricing = FakePricing(
        instance("Training", "us-east-1", "ml.g5.xlarge", "1.5000000000"),
        instance("Hosting", "us-east-1", "ml.g5.xlarge", "1.4080000000"),
        instance("Training", "eu-west-1", "ml.g5.xlarge", "1.7"),
        instance("Training", "us-east-1", "ml.free.large", "0.0000000000"),
        volume("us-east-1", "USE1-Train:VolumeUsage.gp2", "0.141"),
        volume("us-east-1", "USE1-Host:VolumeUsage.gp2", "0.9"),
    )

    new = refreshed(document(), pricing, ["us-east-1", "eu-west-1"], TODAY)
    catalogue = PriceCatalogueDocument.model_validate(new).to_domain()

    price = catalogue.training_rate("ml.g5.xlarge", "us-east-1")
    assert price is not None
    assert (price.usd, price.component, price.date) == (Decimal("1.5"), "Training", TODAY)
    assert new["instance_hours"]["Hosting"]["usd"]["us-east-1"] == {"ml.g5.xlarge": "1.408"}
    assert catalogue.training_rate("ml.free.large", "us-east-1") is None
    assert catalogue.storage_rate("us-east-1").usd == Decimal("0.141")
    assert catalogue.storage_rate("eu-west-1").is_upper_bound
    # What this tool does not read stays as it is.
    assert catalogue.notebook_rate("ml.t3.medium", "us-east-2") is not None
    assert catalogue.tokens.usd["us-east-1"]


def test_two_rates_for_one_type_are_not_chosen_between() -> None:
    pricing = FakePricing(
        instance("Training", "us-east-1", "ml.g5.xlarge", "1.5"),
        instance("Training", "us-east-1", "ml.g5.xlarge", "1.6"),
    )

    with pytest.raises(PriceListError, match=r"1\.5 and 1\.6"):
        refreshed(document(), pricing, ["us-east-1"], TODAY)


def test_a_list_without_training_rates_does_not_empty_the_catalogue() -> None:
    pricing = FakePricing(instance("Hosting", "us-east-1", "ml.g5.xlarge", "1.408"))

    with pytest.raises(PriceListError, match="no rate of component Training"):
        refreshed(document(), pricing, ["us-east-1"], TODAY)
