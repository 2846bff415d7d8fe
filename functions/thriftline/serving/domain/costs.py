"""What serving costs: a roll-out with both of its fleets, and a month of each choice.

A price that is not known is None and makes every sum that needs it None, never 0.
"""

from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.serving.domain.kinds import KIND_FACTS, Kind, ServingWish
from thriftline.serving.domain.rollout import Timings

_SECONDS_AN_HOUR = 3_600
# AWS's own month: 365 days of 24 hours in twelve parts.
HOURS_A_MONTH = Decimal(730)
_MIB_PER_GIB = 1_024


def rollout_cost(
    rate: Decimal | None, timings: Timings, former_rate: Decimal | None
) -> Decimal | None:
    """Returns what both fleets cost until the roll-out has ended, in US dollars.

    Args:
        rate: of an instance hour of the new fleet.
        timings: of the roll-out.
        former_rate: of an instance hour of the former fleet, which may be of another type.
    """
    new = _of(rate, timings.new_fleet)
    former = _of(former_rate, timings.former_fleet)
    return None if new is None or former is None else new + former


def _of(rate: Decimal | None, instance_seconds: int) -> Decimal | None:
    if instance_seconds == 0:
        return Decimal(0)
    return None if rate is None else rate * instance_seconds / _SECONDS_AN_HOUR


@dataclass(frozen=True)
class ServerlessRates:
    """USD of serverless inference: a GB-second of an answer, and of kept capacity."""

    gb_second: Decimal | None = None
    provisioned_gb_second: Decimal | None = None


@dataclass(frozen=True)
class MonthlyRow:
    """What one choice costs in a month. ``most_usd`` None: no bound, or no price, as ``note`` says.

    ``chosen`` marks what ``serve.yaml`` asks for.
    """

    choice: str
    least_usd: Decimal | None
    most_usd: Decimal | None
    note: str
    chosen: bool = False


@dataclass(frozen=True)
class Use:
    """What is known of the use of a month. None: unknown."""

    requests: int | None = None
    seconds_each: Decimal | None = None
    hours_on: Decimal | None = None


def monthly_cost(
    wish: ServingWish,
    rate: Decimal | None,
    use: Use | None = None,
    serverless: ServerlessRates | None = None,
) -> tuple[MonthlyRow, ...]:
    """Returns a row for each choice, the chosen one first.

    Args:
        wish: what the project asks for.
        rate: of an hour of its instance type; None when that is not known.
        use: how much it is used, and how many hours of a month its schedule leaves it on.
        serverless: what serverless inference costs.
    """
    known = use or Use()
    rows = [
        _always_on(wish, rate),
        _scaled(wish, rate),
        _scheduled(wish, rate, known),
        _to_zero(wish, rate),
        _serverless(wish, known, serverless or ServerlessRates()),
    ]
    return tuple(sorted((row for row in rows if row), key=lambda row: not row.chosen))


def most_of_a_month(rows: tuple[MonthlyRow, ...]) -> Decimal | None:
    """Returns what the chosen row may cost at the most; None when that is not known."""
    return next((row.most_usd for row in rows if row.chosen), None)


def _month(rate: Decimal | None, instances: int, hours: Decimal = HOURS_A_MONTH) -> Decimal | None:
    return None if rate is None else rate * instances * hours


def _type(wish: ServingWish) -> str:
    return wish.instance_type or "of the chosen type"


def _always_on(wish: ServingWish, rate: Decimal | None) -> MonthlyRow:
    usd = _month(rate, wish.instances)
    chosen = KIND_FACTS[wish.kind].instances and wish.scaling is None and not wish.scheduled
    note = f"{counted(wish.instances, 'instance')} {_type(wish)}, all hours"
    return MonthlyRow("always on", usd, usd, _with_price(note, rate), chosen)


def _scaled(wish: ServingWish, rate: Decimal | None) -> MonthlyRow | None:
    scaling = wish.scaling
    if scaling is None or scaling.to_zero or not KIND_FACTS[wish.kind].instances:
        return None
    note = f"{scaling.min} to {scaling.max} instances {_type(wish)} by the requests"
    return MonthlyRow(
        "scaled",
        _month(rate, scaling.min),
        _month(rate, scaling.max),
        _with_price(note, rate),
        chosen=not wish.scheduled,
    )


def _scheduled(wish: ServingWish, rate: Decimal | None, use: Use) -> MonthlyRow | None:
    if not KIND_FACTS[wish.kind].instances or (use.hours_on is None and not wish.scheduled):
        return None
    scaling = wish.scaling
    least, most = (scaling.min, scaling.max) if scaling else (wish.instances, wish.instances)
    if use.hours_on is None:
        note = "the hours of the schedule are not known"
        return MonthlyRow("on by schedule", None, None, note, wish.scheduled)
    note = f"on for {use.hours_on:,.0f} of {HOURS_A_MONTH} hours"
    return MonthlyRow(
        "on by schedule",
        _month(rate, least, use.hours_on),
        _month(rate, most, use.hours_on),
        _with_price(note, rate),
        wish.scheduled,
    )


def _to_zero(wish: ServingWish, rate: Decimal | None) -> MonthlyRow | None:
    if wish.kind not in (Kind.ASYNCHRONOUS, Kind.COMPONENT):
        return None
    most = wish.scaling.max if wish.scaling else wish.instances
    chosen = wish.scaling is not None and wish.scaling.to_zero and not wish.scheduled
    note = f"none without requests, up to {counted(most, 'instance')} {_type(wish)}"
    return MonthlyRow(
        "to zero", Decimal(0), _month(rate, most), _with_price(note, rate), chosen=chosen
    )


def _serverless(wish: ServingWish, use: Use, rates: ServerlessRates) -> MonthlyRow | None:
    chosen = wish.kind is Kind.SERVERLESS
    if not chosen and use.requests is None:
        return None
    usd = _serverless_usd(wish, use, rates)
    note = "billed by the seconds of the answers"
    if usd is None:
        note += "; the price list has no rate, or the requests are not known"
    return MonthlyRow("serverless", usd, usd, note, chosen)


def _serverless_usd(wish: ServingWish, use: Use, rates: ServerlessRates) -> Decimal | None:
    gigabytes = Decimal(wish.serverless.memory_mb) / _MIB_PER_GIB
    if rates.gb_second is None or use.requests is None or use.seconds_each is None:
        return None
    kept = wish.serverless.provisioned_concurrency or 0
    if kept and rates.provisioned_gb_second is None:
        return None
    answers = rates.gb_second * gigabytes * use.requests * use.seconds_each
    idle = (rates.provisioned_gb_second or Decimal(0)) * gigabytes * kept
    return answers + idle * HOURS_A_MONTH * _SECONDS_AN_HOUR


def _with_price(note: str, rate: Decimal | None) -> str:
    return f"{note}; the price list has no rate" if rate is None else note
