"""Reads the pages of GetProducts: a list that expired begins again, a throttled call waits."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.prices.products import PriceListError, Product, parse_product

_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException"}
_SERVER = {"InternalErrorException", "InternalError", "ServiceUnavailable"}
_EXPIRED = "ExpiredNextTokenException"
_MOST_TRIES = 6
_MOST_RESTARTS = 3
_LONGEST_WAIT_SECONDS = 30.0


class PriceListReader:
    """The Price List API through a boto3 client; ``sleep`` takes seconds."""

    def __init__(self, client: Any, sleep: Callable[[float], object]) -> None:
        self._client = client
        self._sleep = sleep

    def products(self, service: str, filters: Mapping[str, str]) -> list[Product]:
        """Return all products on demand that match every filter.

        Raises:
            PriceListError: the pages expired again and again, or hold no products.
            ClientError: AWS refuses, or does not answer after several tries.
        """
        for _ in range(_MOST_RESTARTS):
            try:
                return self._all_pages(service, filters)
            except ClientError as error:
                # What was read belongs to a list that is no more: it is read from the beginning.
                if _code(error) != _EXPIRED:
                    raise
        raise PriceListError(
            f"The pages of {service} expired {_MOST_RESTARTS} times while they were read."
        )

    def _all_pages(self, service: str, filters: Mapping[str, str]) -> list[Product]:
        request: dict[str, Any] = {
            "ServiceCode": service,
            "FormatVersion": "aws_v1",
            "MaxResults": 100,
            "Filters": [
                {"Type": "TERM_MATCH", "Field": field, "Value": value}
                for field, value in sorted(filters.items())
            ],
        }
        found: dict[str, Product] = {}
        while True:
            page = self._page(request)
            for text in page.get("PriceList", []):
                product = parse_product(text)
                if product is not None:
                    found[product.sku] = product
            token = page.get("NextToken")
            if not token:
                return list(found.values())
            request["NextToken"] = token

    def _page(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        for tried in range(1, _MOST_TRIES + 1):
            try:
                page: Mapping[str, Any] = self._client.get_products(**request)
                return page
            except ClientError as error:
                if _code(error) not in _THROTTLED | _SERVER or tried == _MOST_TRIES:
                    raise
                self._sleep(min(2.0**tried, _LONGEST_WAIT_SECONDS))
        raise AssertionError("the last try returns or raises")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
