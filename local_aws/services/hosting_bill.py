"""What SageMaker bills for the instances of endpoints, by usage type, as Cost Explorer shows it.

Every instance of every fleet is billed for as long as it is up, in seconds of the service time:
both fleets of an update, too. Rates are those of the price list here; what has none there is not
billed, and a log line says so. On AWS a charge shows up within a day, here at once.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

from local_aws.services.cost_explorer import DailyCharge
from local_aws.services.pricing import PRICE_LIST

LOG = logging.getLogger(__name__)

_SERVICE = "Amazon SageMaker"
_TEN_BILLIONTH = Decimal("0.0000000001")
Usage = Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Place:
    """Whose endpoint it is."""

    account: str
    region: str
    endpoint: str


@dataclass(frozen=True)
class Span:
    """Instances of one type that were up from one instant to another; None: they still are."""

    place: Place
    fleet: str
    variant: str
    instance_type: str
    count: int
    since: datetime
    until: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)

    def seconds(self, now: datetime) -> Decimal:
        """Return the instance-seconds until `now`."""
        until = min(self.until or now, now)
        span = max(until - self.since, timedelta(0))
        return Decimal(self.count) * Decimal(span / timedelta(microseconds=1)) / 1_000_000


class HostingBill:
    """The instances of every fleet over this process's life."""

    def __init__(self) -> None:
        self._open: dict[str, list[Span]] = {}
        self._closed: list[Span] = []
        self._unpriced: set[tuple[str, str]] = set()

    def set(
        self, fleet: str, place: Place, tags: Mapping[str, str], usage: Usage, moment: datetime
    ) -> None:
        """Bill a fleet for so many instances, by variant, from `moment` on."""
        self._close(fleet, moment)
        self._open[fleet] = [
            Span(place, fleet, variant, kind, count, moment, None, dict(tags))
            for variant, (kind, count) in usage.items()
            if count
        ]

    def pause(self, fleet: str, moment: datetime) -> None:
        """Bill a fleet no longer, until it is set again."""
        self._close(fleet, moment)

    def end(self, fleet: str, moment: datetime) -> None:
        """Bill a fleet no longer."""
        self._close(fleet, moment)

    def _close(self, fleet: str, moment: datetime) -> None:
        for span in self._open.pop(fleet, ()):
            if moment > span.since:
                self._closed.append(replace(span, until=moment))

    def spans(self, endpoint: str = "") -> list[Span]:
        """Return what was and is billed, of one endpoint or of all."""
        every = [*self._closed, *(span for spans in list(self._open.values()) for span in spans)]
        return [span for span in every if endpoint in ("", span.place.endpoint)]

    def seconds(self, endpoint: str, now: datetime) -> Decimal:
        """Return the instance-seconds of an endpoint until an instant of the service time."""
        return sum((span.seconds(now) for span in self.spans(endpoint)), Decimal(0))

    def usd(self, endpoint: str, now: datetime) -> Decimal | None:
        """Return what an endpoint has cost; None where a rate is not known."""
        total = Decimal(0)
        for span in self.spans(endpoint):
            rate = rates().get((span.place.region, span.instance_type))
            if rate is None:
                return None
            total += span.seconds(now) / 3600 * rate
        return total

    def charges(self, account: str, now: datetime, today: date) -> Iterator[DailyCharge]:
        """Return the charges of an account until an instant of the service time, day by day.

        The service time may run ahead of the clock: nothing is billed for a day after `today`.
        """
        for span in self.spans():
            if span.place.account == account:
                yield from self._by_day(span, now, today)

    def _by_day(self, span: Span, now: datetime, today: date) -> Iterator[DailyCharge]:
        rate = rates().get((span.place.region, span.instance_type))
        if rate is None:
            self._warn(span)
            return
        start, end = span.since, min(span.until or now, now)
        while start < end:
            day = start.date()
            midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
            until = min(end, midnight)
            hours = Decimal(span.count) * Decimal((until - start) / timedelta(hours=1))
            hours = hours.quantize(_TEN_BILLIONTH)
            yield DailyCharge(
                day=min(day, today),
                service=_SERVICE,
                region=span.place.region,
                account=span.place.account,
                usd=(hours * rate).quantize(_TEN_BILLIONTH),
                usage_type=usage_type_of(span.place.region, span.instance_type),
                quantity=hours,
                tags=span.tags,
            )
            start = until

    def _warn(self, span: Span) -> None:
        what = (span.place.region, span.instance_type)
        if what not in self._unpriced:
            self._unpriced.add(what)
            LOG.warning("no rate is known of %s in %s: it is not on the bill", what[1], what[0])


def usage_type_of(region: str, instance_type: str) -> str:
    """Return the usage type of a type's hosting in a region."""
    prefix = {"us-east-1": "USE1", "us-west-2": "USW2", "eu-central-1": "EUC1"}.get(region, region)
    return f"{prefix}-Host:{instance_type}"


@cache
def rates() -> dict[tuple[str, str], Decimal]:
    """Return the hourly rates of hosting by region and type, out of the price list."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in PRICE_LIST.read_text(encoding="utf-8").splitlines():
        product = json.loads(line)
        attributes = product["product"]["attributes"]
        if attributes.get("component") != "Hosting" or "instanceType" not in attributes:
            continue
        for term in product["terms"]["OnDemand"].values():
            for dimension in term["priceDimensions"].values():
                usd = Decimal(dimension["pricePerUnit"]["USD"])
                # Older products of the list have the component behind the type's name.
                kind = attributes["instanceType"].removesuffix("-Hosting")
                found[attributes["regionCode"], kind] = usd
    return found
