"""EC2's market: the Spot price of a type in each zone, and how likely a request is to be met.

Whatever fails leaves the market unknown: advice may be worse for it, and no run waits for it.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from thriftline.money.instances import family_of
from thriftline.money.spot_advisor import SpotMarket

# With fewer the score "will always be low".
_FEWEST_SCORED = 3


class SpotMarkets:
    """The market of one region; the client is made when it is first asked."""

    def __init__(self, client: Callable[[], Any], region: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._region = region
        self._now = now

    def of(self, instance_type: str) -> SpotMarket | None:
        """Returns the market of a type of SageMaker, None where nothing is known of it."""
        name = instance_type.removeprefix("ml.")
        prices = self._known(lambda: self._prices(name)) or ()
        score = self._known(lambda: self._score(instance_type))
        return SpotMarket(tuple(prices), score) if prices or score is not None else None

    def _known(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except (ClientError, BotoCoreError, InvalidOperation, KeyError):
            return None

    def _prices(self, name: str) -> list[Decimal]:
        """Returns the price that is in force in each zone."""
        newest: dict[str, tuple[datetime, Decimal]] = {}
        request: dict[str, Any] = {
            "InstanceTypes": [name],
            "ProductDescriptions": ["Linux/UNIX"],
            "StartTime": self._now(),
        }
        while True:
            page = self._client().describe_spot_price_history(**request)
            for one in page.get("SpotPriceHistory", []):
                at, usd = one["Timestamp"], Decimal(one["SpotPrice"])
                zone = one["AvailabilityZone"]
                if zone not in newest or newest[zone][0] < at:
                    newest[zone] = (at, usd)
            token = page.get("NextToken")
            if not token:
                return [usd for _, (_, usd) in sorted(newest.items())]
            request["NextToken"] = token

    def _score(self, instance_type: str) -> int | None:
        """Returns the region's score for this type and others of its family."""
        types = [name.removeprefix("ml.") for name in family_of(instance_type)]
        if len(types) < _FEWEST_SCORED:
            return None
        found = self._client().get_spot_placement_scores(
            InstanceTypes=types,
            TargetCapacity=1,
            TargetCapacityUnitType="units",
            RegionNames=[self._region],
            SingleAvailabilityZone=False,
            MaxResults=10,
        )
        scores = [
            one["Score"]
            for one in found.get("SpotPlacementScores", [])
            if one.get("Region") == self._region
        ]
        return max(scores) if scores else None
