"""The Price List: products of a file in the list's own form, found by filters, in pages.

The file is made up for tests (`tools/write_price_list.py`); `version` says so in each product.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import page_of

PRICE_LIST = Path(__file__).with_name("price_list.jsonl")
REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")
_PAGE = 100
_VERSION = "aws_v1"
_EXPIRED = "ExpiredNextTokenException"

Product = Mapping[str, Any]
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda has, value: has == value,
    "EQUALS": lambda has, value: has == value,
    "CONTAINS": lambda has, value: value in has,
    "ANY_OF": lambda has, value: has in value.split(","),
    "NONE_OF": lambda has, value: has not in value.split(","),
}


class Pricing:
    """The calls of the Price List API; every region's prices are the same here and there."""

    def __init__(self, file: Path = PRICE_LIST) -> None:
        self._file = file

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DescribeServices": self._describe_services,
            "GetAttributeValues": self._attribute_values,
            "GetProducts": self._products,
        }

    @cached_property
    def _all(self) -> Mapping[str, Sequence[tuple[Product, str]]]:
        """Every product by its service, with its text."""
        found: dict[str, list[tuple[Product, str]]] = {}
        for line in self._file.read_text(encoding="utf-8").splitlines():
            product = json.loads(line)
            found.setdefault(product["serviceCode"], []).append((product, line))
        return found

    def _describe_services(self, request: Request) -> dict[str, Any]:
        code = request.get("ServiceCode")
        found = [
            {"ServiceCode": each, "AttributeNames": sorted(self._attributes(each))}
            for each in ([self._known(code)] if code else sorted(self._all))
        ]
        page, token = _page(found, request)
        return {"Services": page, "FormatVersion": _version(request), **token}

    def _attribute_values(self, request: Request) -> dict[str, Any]:
        service, name = self._known(request["ServiceCode"]), request["AttributeName"]
        values = {
            value for product, _ in self._all[service] if (value := _attribute(product, name))
        }
        if name not in self._attributes(service):
            raise AwsError("NotFoundException", f"{service} has no attribute {name}.")
        page, token = _page([{"Value": value} for value in sorted(values)], request)
        return {"AttributeValues": page, **token}

    def _products(self, request: Request) -> dict[str, Any]:
        service = self._known(request["ServiceCode"])
        filters = request.get("Filters", ())
        found = [
            text
            for product, text in self._all[service]
            if all(_fits(product, one) for one in filters)
        ]
        page, token = _page(found, request)
        return {"PriceList": page, "FormatVersion": _version(request), **token}

    def _known(self, service: str) -> str:
        if service not in self._all:
            raise AwsError(
                "InvalidParameterException",
                f"The embedded AWS has no price list of {service}; it has those of "
                f"{', '.join(sorted(self._all))}.",
            )
        return service

    def _attributes(self, service: str) -> set[str]:
        names = {
            name for product, _ in self._all[service] for name in product["product"]["attributes"]
        }
        return {*names, "productFamily"}


def _fits(product: Product, one: Mapping[str, str]) -> bool:
    # What a product does not have matches nothing; it is no error.
    has = _attribute(product, one["Field"])
    if has is None:
        return one["Type"] == "NONE_OF"
    return _TESTS[one["Type"]](has, one["Value"])


def _attribute(product: Product, name: str) -> str | None:
    if name == "productFamily":
        family: str = product["product"]["productFamily"]
        return family
    value: str | None = product["product"]["attributes"].get(name)
    return value


def _page(rows: Sequence[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    if request.region not in REGIONS:
        raise AwsError(
            "InvalidParameterException",
            f"The Price List answers in {', '.join(REGIONS)}, not in {request.region}.",
        )
    page, token = page_of(
        rows, request.get("NextToken"), request.get("MaxResults", _PAGE), _EXPIRED
    )
    return page, {"NextToken": token} if token else {}


def _version(request: Request) -> str:
    version: str = request.get("FormatVersion", _VERSION)
    if version != _VERSION:
        raise AwsError(
            "InvalidParameterException", f"There is no format {version}, only {_VERSION}."
        )
    return version
