"""What a way to train costs, row by row, and what a month of its answers costs."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import Price
from thriftline.money.settlement import CENT

CostKind = Literal["training", "evaluation", "storage", "predictions"]
HOURS_PER_MONTH = 730


@dataclass(frozen=True)
class CostRow:
    """So many units of something at a price. What has no price is None.

    ``is_bound``: nobody has estimated it, and the dollars are what it costs at the most.
    """

    kind: CostKind
    what: str
    units: Decimal | None
    price: Price | None
    usd: Decimal | None
    is_bound: bool = False

    @property
    def cents_usd(self) -> Decimal | None:
        """The dollars in whole cents, as they are shown and summed."""
        return None if self.usd is None else self.usd.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Standing:
    """What stands all month whether it is asked or not, such as an endpoint, and its dollars.

    ``most_predictions`` is what it can answer in the month, None where that is not known.
    """

    name: str
    usd: Decimal
    most_predictions: int | None = None


@dataclass(frozen=True)
class MonthlyCost:
    """What a month of predictions costs by a trainer's way of serving.

    ``usd`` is ``fixed_usd`` and ``usd_per_million`` for each million of predictions; None is not
    known, and ``reason`` says on what it rests or why it is not known. ``requests_per_minute`` is
    the account's quota, None where it has none or is not known here. ``standing`` are ways to serve
    at a fixed price, against which a price for each prediction breaks even somewhere. ``refusal``
    says why it cannot serve what is needed at any price.
    """

    usd: Decimal | None
    reason: str
    rows: tuple[CostRow, ...] = ()
    requests_per_minute: int | None = None
    fixed_usd: Decimal | None = None
    usd_per_million: Decimal | None = None
    standing: tuple[Standing, ...] = ()
    refusal: str | None = None
