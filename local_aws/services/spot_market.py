"""EC2's Spot market: price history and placement scores, from data that can be set."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import decode_token, page_of

_FILE = Path(__file__).with_name("spot_market.json")
_LONGEST = timedelta(days=90)
_PAGE = 1000
# With one or two types "the returned placement score will always be low".
_FEWEST_TYPES = 3
_LOW = 1
_MOST_REGIONS = 10
_PRODUCTS = frozenset({"Linux/UNIX", "Linux/UNIX (Amazon VPC)"})


@dataclass(frozen=True)
class SpotPrice:
    """What a type costs in a zone from some time on."""

    instance_type: str
    zone: str
    hours_ago: float
    usd: str


class SpotMarket:
    """The calls about the market; tests change `prices` and `scores`. Regions are alike."""

    def __init__(self) -> None:
        told = json.loads(_FILE.read_text(encoding="utf-8"))
        self.prices = [
            SpotPrice(name, zone, hours, usd)
            for name, zones in told["prices"].items()
            for zone, points in zones.items()
            for hours, usd in points
        ]
        self.scores: dict[str, int] = dict(told["scores"])

    def operations(self) -> dict[str, Operation]:
        """Return EC2's calls by name."""
        return {
            "DescribeSpotPriceHistory": self._history,
            "GetSpotPlacementScores": self._placement_scores,
        }

    def _history(self, request: Request) -> dict[str, Any]:
        if request.get("Filters"):
            raise AwsError("NotImplementedByLocalAws", "Filters are not done here.", 501)
        start = max(request.get("StartTime", request.now - _LONGEST), request.now - _LONGEST)
        end = request.get("EndTime", request.now)
        types = request.get("InstanceTypes", ())
        products = request.get("ProductDescriptions", ("Linux/UNIX",))
        zone = request.get("AvailabilityZone")
        rows = [
            row
            for row in self._rows(request, start, end)
            if (not types or row["InstanceType"] in types)
            and (zone is None or row["AvailabilityZone"] == zone)
        ]
        rows = rows if _PRODUCTS & set(products) else []
        rows.sort(key=lambda row: row["Timestamp"], reverse=True)
        token = request.get("NextToken")
        page, after = page_of(rows, token, request.get("MaxResults") or _PAGE, "InvalidNextToken")
        # The end is an empty token, not an absent one.
        return {"SpotPriceHistory": page, "NextToken": after or ""}

    def _rows(self, request: Request, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        """Yield the changes in a span, and the price in force at its start in each zone."""
        before: dict[tuple[str, str], dict[str, Any]] = {}
        for price in sorted(self.prices, key=lambda one: -one.hours_ago):
            at = request.now - timedelta(hours=price.hours_ago, seconds=1)
            row = {
                "AvailabilityZone": f"{request.region}{price.zone}",
                "InstanceType": price.instance_type,
                "ProductDescription": "Linux/UNIX",
                "SpotPrice": f"{price.usd}00",
                "Timestamp": at,
            }
            if at <= start:
                before[price.instance_type, price.zone] = row
            elif at <= end:
                yield row
        yield from before.values()

    def _placement_scores(self, request: Request) -> dict[str, Any]:
        types = request.get("InstanceTypes", ())
        regions = request.get("RegionNames", (request.region,))
        if not types:
            raise AwsError("NotImplementedByLocalAws", "Name InstanceTypes here.", 501)
        if len(regions) > _MOST_REGIONS:
            raise AwsError("InvalidParameterValue", f"At most {_MOST_REGIONS} regions are allowed.")
        if request.get("NextToken"):
            decode_token(request["NextToken"], "InvalidNextToken")
        if request.get("SingleAvailabilityZone"):
            raise AwsError("NotImplementedByLocalAws", "Scores of zones are not done here.", 501)
        scores = [self.scores.get(name.partition(".")[0], _LOW) for name in types]
        score = max(scores) if len(set(types)) >= _FEWEST_TYPES else _LOW
        return {
            "SpotPlacementScores": [{"Region": each, "Score": score} for each in regions],
            "NextToken": "",
        }
