"""The embedded Price List: filters, pages, services and their attributes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.pricing import PRICE_LIST, Pricing
from tools.write_price_list import lines

_PRICING = Pricing()


def call(operation: str, region: str = "us-east-1", **parameters: Any) -> Any:
    request = Request(Caller("123456789012", region), datetime.now(UTC), parameters)
    return _PRICING.operations()[operation](request)


def found(*filters: tuple[str, str, str], service: str = "AmazonSageMaker") -> list[Any]:
    told = [{"Type": kind, "Field": field, "Value": value} for kind, field, value in filters]
    products: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = call("GetProducts", ServiceCode=service, Filters=told, MaxResults=100, **token)
        assert len(page["PriceList"]) <= 100
        products += [json.loads(text) for text in page["PriceList"]]
        if "NextToken" not in page:
            return products
        token = {"NextToken": page["NextToken"]}


def test_the_file_is_what_its_tool_writes() -> None:
    assert PRICE_LIST.read_text(encoding="utf-8").splitlines() == list(lines())


def test_products_are_texts_that_match_every_filter_over_pages() -> None:
    products = found(
        ("TERM_MATCH", "platoinstancetype", "Training"), ("TERM_MATCH", "regionCode", "us-east-1")
    )

    assert len(products) > 100
    assert {one["product"]["attributes"]["platoinstancetype"] for one in products} == {"Training"}


@pytest.mark.parametrize(
    ("kind", "value", "families"),
    [
        ("EQUALS", "ML Storage", {"ML Storage"}),
        ("CONTAINS", "Storage", {"ML Storage"}),
        ("ANY_OF", "ML Storage,ML Instance", {"ML Storage", "ML Instance"}),
        ("NONE_OF", "ML Storage", {"ML Instance"}),
        ("TERM_MATCH", "nothing", set()),
    ],
)
def test_the_kinds_of_filters(kind: str, value: str, families: set[str]) -> None:
    products = found((kind, "productFamily", value))

    assert {one["product"]["productFamily"] for one in products} == families


def test_an_attribute_that_no_product_has_matches_nothing() -> None:
    assert found(("TERM_MATCH", "colour", "red")) == []


def test_services_say_their_attributes_and_those_their_values() -> None:
    (service,) = call("DescribeServices", ServiceCode="AmazonSageMaker")["Services"]
    values = call(
        "GetAttributeValues", ServiceCode="AmazonSageMaker", AttributeName="platoinstancetype"
    )

    assert {"platoinstancetype", "usagetype", "productFamily"} <= set(service["AttributeNames"])
    assert {"Value": "SpotTraining"} in values["AttributeValues"]


@pytest.mark.parametrize(
    ("operation", "region", "parameters", "code"),
    [
        ("GetProducts", "us-east-1", {"ServiceCode": "Amazon"}, "InvalidParameterException"),
        ("GetProducts", "eu-west-1", {"ServiceCode": "AmazonS3"}, "InvalidParameterException"),
        (
            "GetProducts",
            "us-east-1",
            {"ServiceCode": "AmazonS3", "FormatVersion": "aws_v2"},
            "InvalidParameterException",
        ),
        (
            "GetProducts",
            "us-east-1",
            {"ServiceCode": "AmazonS3", "NextToken": "old"},
            "ExpiredNextTokenException",
        ),
        (
            "GetAttributeValues",
            "us-east-1",
            {"ServiceCode": "AmazonS3", "AttributeName": "colour"},
            "NotFoundException",
        ),
    ],
)
def test_what_the_api_refuses(
    operation: str, region: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(AwsError) as refused:
        call(operation, region, **parameters)

    assert refused.value.code == code
