"""Cost Explorer: what an account file says of costs, by day, month and service.

A file tells the cost of a service over a span of days, with its tags. Its days get equal parts of
it; what no file tells (usage types) is one group, and usage quantities are refused. What Bedrock
did here is billed by usage type, with quantities.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import page_of

_COSTS = (
    "AmortizedCost",
    "BlendedCost",
    "NetAmortizedCost",
    "NetUnblendedCost",
    "UnblendedCost",
)
_QUANTITY = "UsageQuantity"
_PAGE = 1000
_TEN_BILLIONTH = Decimal("0.0000000001")


@dataclass(frozen=True)
class DailyCharge:
    """What one service cost on one day."""

    day: date
    service: str
    region: str
    account: str
    usd: Decimal
    usage_type: str | None = None
    quantity: Decimal | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def value(self, dimension: str) -> str:
        """Return a dimension's value; the words of Cost Explorer stand for what is not known."""
        known = {
            "SERVICE": self.service,
            "REGION": self.region,
            "LINKED_ACCOUNT": self.account,
            "RECORD_TYPE": "Usage",
            "PURCHASE_TYPE": "On Demand Instances",
        }
        if self.usage_type is not None:
            known["USAGE_TYPE"] = self.usage_type
        words = "".join(part.capitalize() for part in dimension.split("_"))
        return known.get(dimension, f"No{words}")


def spread(
    usd: Decimal, start: date, end: date, make: Callable[[date, Decimal], DailyCharge]
) -> Iterator[DailyCharge]:
    """Give each day from `start` to before `end` an equal part; the last takes the rounding."""
    days = (end - start).days
    part = (usd / days).quantize(_TEN_BILLIONTH)
    for index in range(days - 1):
        yield make(start + timedelta(days=index), part)
    yield make(end - timedelta(days=1), usd - part * (days - 1))


class CostExplorer:
    """The calls about costs; an account's costs are the same from every region."""

    def __init__(self) -> None:
        self.charges: defaultdict[str, list[DailyCharge]] = defaultdict(list)
        # Services that bill what they did: they return an account's charges until an instant.
        self.sources: list[Callable[[str, datetime], Iterable[DailyCharge]]] = []

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "GetCostAndUsage": self._cost_and_usage,
            "GetDimensionValues": self._dimension_values,
            "GetSavingsPlansPurchaseRecommendation": _unavailable,
        }

    def _cost_and_usage(self, request: Request) -> dict[str, Any]:
        start, end = _period(request["TimePeriod"])
        charges = [
            charge
            for charge in self._all(request)
            if start <= charge.day < end and _fits(charge, request.get("Filter", {}))
        ]
        _check_metrics(request["Metrics"], charges)
        groups = request.get("GroupBy", ())
        results = [
            _result(first, last, charges, groups, request)
            for first, last in _steps(start, end, request["Granularity"])
        ]
        page, token = page_of(
            results, request.get("NextPageToken"), _PAGE, "InvalidNextTokenException"
        )
        answer = {"ResultsByTime": page, "DimensionValueAttributes": []}
        answer |= {"GroupDefinitions": list(groups)} if groups else {}
        return answer | ({"NextPageToken": token} if token else {})

    def _all(self, request: Request) -> Iterator[DailyCharge]:
        yield from self.charges[request.account]
        for source in self.sources:
            yield from source(request.account, request.now)

    def _dimension_values(self, request: Request) -> dict[str, Any]:
        start, end = _period(request["TimePeriod"])
        values = sorted(
            {
                charge.value(request["Dimension"])
                for charge in self._all(request)
                if start <= charge.day < end
            }
        )
        rows = [{"Value": value, "Attributes": {}} for value in values]
        return {"DimensionValues": rows, "ReturnSize": len(rows), "TotalSize": len(rows)}


def _unavailable(_: Request) -> dict[str, Any]:
    raise AwsError("DataUnavailableException", "The requested data is unavailable.")


def _check_metrics(metrics: Iterable[str], charges: Iterable[DailyCharge]) -> None:
    counted = all(charge.quantity is not None for charge in charges)
    for metric in metrics:
        if metric not in _COSTS and not (metric == _QUANTITY and counted):
            raise AwsError(
                "NotImplementedByLocalAws",
                f"Account files hold costs, not {metric}; ask for one of {', '.join(_COSTS)}.",
                501,
            )


def _period(period: Mapping[str, str]) -> tuple[date, date]:
    try:
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    except ValueError as error:
        raise _invalid(f"Dates are written as 2025-11-03: {error}") from error
    if end <= start:
        raise _invalid("Start date (and hour) should be before end date (and hour)")
    return start, end


def _steps(start: date, end: date, granularity: str) -> Iterator[tuple[date, date]]:
    if granularity == "HOURLY":
        raise AwsError("AccessDeniedException", "Hourly granularity is not enabled.")
    while start < end:
        after = start + timedelta(days=1)
        if granularity == "MONTHLY":
            after = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield start, min(after, end)
        start = after


def _result(
    first: date,
    last: date,
    charges: list[DailyCharge],
    groups: Iterable[Mapping[str, str]],
    request: Request,
) -> dict[str, Any]:
    within = [charge for charge in charges if first <= charge.day < last]
    metrics = request["Metrics"]
    result: dict[str, Any] = {
        "TimePeriod": {"Start": first.isoformat(), "End": last.isoformat()},
        "Total": {},
        "Groups": [],
        # Bills are final some days after their month.
        "Estimated": last > request.now.date().replace(day=1),
    }
    if not groups:
        result["Total"] = _amounts(within, metrics)
        return result
    grouped: defaultdict[tuple[str, ...], list[DailyCharge]] = defaultdict(list)
    for charge in within:
        grouped[tuple(_group_key(charge, group) for group in groups)].append(charge)
    result["Groups"] = [
        {"Keys": list(keys), "Metrics": _amounts(rows, metrics)}
        for keys, rows in sorted(grouped.items())
    ]
    return result


def _group_key(charge: DailyCharge, group: Mapping[str, str]) -> str:
    if group.get("Type", "DIMENSION") == "DIMENSION":
        return charge.value(group["Key"])
    # Cost Explorer writes an absent value as the key and nothing.
    return f"{group['Key']}${charge.tags.get(group['Key'], '')}"


def _amounts(charges: list[DailyCharge], metrics: Iterable[str]) -> dict[str, Any]:
    usd = sum((each.usd for each in charges), Decimal(0))
    quantity = sum((each.quantity or Decimal(0) for each in charges), Decimal(0))
    return {
        metric: {"Amount": f"{quantity:f}", "Unit": "N/A"}
        if metric == _QUANTITY
        else {"Amount": f"{usd:f}", "Unit": "USD"}
        for metric in metrics
    }


def _fits(charge: DailyCharge, expression: Mapping[str, Any]) -> bool:
    for operator, operand in expression.items():
        if operator == "And" and not all(_fits(charge, each) for each in operand):
            return False
        if operator == "Or" and not any(_fits(charge, each) for each in operand):
            return False
        if operator == "Not" and _fits(charge, operand):
            return False
        if operator == "Dimensions" and charge.value(operand["Key"]) not in operand["Values"]:
            return False
        if operator in ("Tags", "CostCategories", "ProductAttributes"):
            raise AwsError(
                "NotImplementedByLocalAws", f"Costs are not filtered by {operator} here.", 501
            )
    return True


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
