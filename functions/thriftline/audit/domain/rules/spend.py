"""Rules on the bill: a spike, a steady floor, a residual that no resource explains."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from thriftline.audit.domain.bedrock_use import forgotten_use
from thriftline.audit.domain.costs import Service, endpoint_rate, hosting_price
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.reconciliation import BillRow, service_of
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars, pool
from thriftline.money.prices import HOSTING
from thriftline.money.savings_plans import PlanOffer, SteadyUse, what_if

_NEEDS = frozenset({ResourceKind.COST})
_WEEK = 7


def daily_usd(lines: Sequence[CostLine], service: Service) -> dict[date, Decimal]:
    """Returns what a service was billed by day, of lines of one day that are closed."""
    days: dict[date, Decimal] = defaultdict(Decimal)
    for line in lines:
        single = line.end - line.start == timedelta(days=1)
        if single and not line.is_estimated and service_of(line.service) is service:
            days[line.start] += line.usd
    return dict(days)


def _cost_query(service: str, window: Window) -> ApiCall:
    return ApiCall(
        "ce",
        "GetCostAndUsage",
        {
            "TimePeriod": {
                "Start": f"{window.start:%Y-%m-%d}",
                "End": f"{window.end:%Y-%m-%d}",
            },
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
            "Filter": {"Dimensions": {"Key": "SERVICE", "Values": [service]}},
        },
    )


def _spike(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    for service in Service:
        days = daily_usd(subject.inventory.costs, service)
        last = sorted(days)[-2 * _WEEK :]
        if len(last) < 2 * _WEEK:
            continue
        before = sum((days[day] for day in last[:_WEEK]), Decimal(0))
        now = sum((days[day] for day in last[_WEEK:]), Decimal(0))
        more = now - before
        if more < parameters.spike_min_usd or more < parameters.spike_share * before:
            continue
        high = max(last[_WEEK:], key=lambda day: days[day])
        yield Observation(
            resource=service,
            summary=f"{dollars(now)} in seven days after {dollars(before)} in the seven before; "
            f"the most expensive day was {high}.",
            used=(
                Signal("Seven days before", dollars(before)),
                Signal("Last seven days", dollars(now)),
                Signal(f"{high}", dollars(days[high])),
            ),
            confidence=Confidence.HIGH,
            monthly_usd=None,
            change=Change(
                "See which usage type grew, and whether anybody meant it.",
                (_cost_query(service, subject.inventory.window),),
                "Nothing was changed.",
            ),
        )


_NO_PLAN_RATES = (
    "The rates of a Savings Plan: what it saves is unpriced until `make prices` has read them."
)


def steady_uses(endpoint: Endpoint, subject: Subject) -> Iterator[SteadyUse]:
    """Yields the instances of an endpoint that runs without a break, at their rates."""
    for variant in endpoint.variants:
        price = hosting_price(variant, subject.inventory.region, subject.prices)
        name, count = variant.instance_type, variant.on_demand_instances
        if price is not None and isinstance(name, str) and count:
            yield SteadyUse(HOSTING, name, count, price.usd)


def _plan_words(offer: PlanOffer) -> tuple[str, str]:
    years = "1 year" if offer.years == 1 else f"{offer.years} years"
    without = f"; no rate for {', '.join(offer.unpriced)}" if offer.unpriced else ""
    return (
        f"What if: {years}, {offer.payment}",
        f"commit to {offer.commitment_usd:.3f} USD an hour, save "
        f"{offer.saved_usd_a_month:,.2f} USD a month while use goes on{without}",
    )


def _savings_plan(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    days = daily_usd(subject.inventory.costs, Service.SAGEMAKER)
    if 0 < len(days) < parameters.savings_plan_min_days:
        return
    billed = min(days.values()) / 24 if days else None
    region = subject.inventory.region
    steady = [
        endpoint
        for endpoint in subject.inventory.endpoints
        if subject.idleness[endpoint.name].verdict is Verdict.IN_USE
        and endpoint.last_modified <= subject.idleness[endpoint.name].window.start
    ]
    rates = {one.name: endpoint_rate(one, one.variants, region, subject.prices) for one in steady}
    known = {name: rate for name, rate in rates.items() if rate}
    used = sum(known.values(), Decimal(0))
    floor = used if billed is None else min(used, billed)
    if floor <= 0:
        return
    uses = [use for one in steady if one.name in known for use in steady_uses(one, subject)]
    offers = what_if(uses, floor, subject.prices.savings_plans, region)
    yield Observation(
        resource="sagemaker",
        summary=f"At least {floor:.3f} USD an hour of SageMaker is used without a break, after "
        "what is idle or quiet is taken away.",
        used=(
            Signal("Endpoints in use, at on-demand rates", f"{used:.3f} USD an hour"),
            Signal(
                "Cheapest closed day",
                "not read by day" if billed is None else f"{billed:.3f} USD an hour",
            ),
            *(Signal(*_plan_words(offer)) for offer in offers),
        ),
        missing=(
            *(() if offers else (_NO_PLAN_RATES,)),
            "The plans and discounts that you already have.",
        ),
        confidence=Confidence.LOW if billed is None else Confidence.MEDIUM,
        monthly_usd=None,
        change=Change(
            "End the waste first. Then ask AWS for the plan that fits the floor, no more.",
            (
                ApiCall(
                    "ce",
                    "GetSavingsPlansPurchaseRecommendation",
                    {
                        "SavingsPlansType": "SAGEMAKER_SP",
                        "TermInYears": "ONE_YEAR",
                        "PaymentOption": "NO_UPFRONT",
                        "LookbackPeriodInDays": "THIRTY_DAYS",
                    },
                ),
            ),
            "None: a plan binds for its term.",
        ),
        pools=frozenset(pool(ResourceKind.ENDPOINT, name) for name in known),
    )


def _residual(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    for row in subject.reconciliation.rows:
        residual, billed = row.residual_usd, row.billed_usd
        if residual is None or billed is None:
            continue
        if abs(residual) < max(parameters.residual_min_usd, parameters.residual_share * billed):
            continue
        yield _unexplained(row, residual, billed, subject)


def _unexplained(row: BillRow, residual: Decimal, billed: Decimal, subject: Subject) -> Observation:
    unread = tuple(
        f"{one.operation} of {one.kind} {one.resource}: {one.error}"
        for one in subject.inventory.unread
    )
    what = "no resource explains" if residual > 0 else "resources explain beyond what was billed"
    return Observation(
        resource=row.name,
        summary=f"{dollars(abs(residual))} of {dollars(billed)} {what}.",
        used=(
            Signal("Billed, Cost Explorer", dollars(billed)),
            Signal("Explained by resources", dollars(row.explained_usd)),
            Signal("Residual", dollars(residual)),
        ),
        missing=(*row.unpriced[:10], *unread[:10], *_unseen(row, residual, subject)),
        confidence=Confidence.HIGH,
        monthly_usd=None,
        severity=Severity.HIGH if abs(residual) > billed / 2 else Severity.MEDIUM,
        change=Change(
            "Group the bill by usage type: what was deleted or resized shows there.",
            (_cost_query(row.name, subject.inventory.window),),
            "Nothing was changed.",
        ),
    )


def _unseen(row: BillRow, residual: Decimal, subject: Subject) -> tuple[str, ...]:
    if row.name != Service.BEDROCK or residual <= 0:
        return ()
    forgotten = forgotten_use(round(subject.inventory.window.hours / 24))
    return () if forgotten is None else (forgotten,)


RULES = (
    Rule(
        id="ml.spend.spike",
        title="Spend spike",
        resource_type=ResourceKind.COST,
        severity=Severity.HIGH,
        effort=Effort.CALL,
        rationale="What grows without a reason is cheapest to stop in its first week.",
        how="The last seven closed days of a service against the seven before: `spike_min_usd` "
        "more, and `spike_share` more.",
        evidence="Cost Explorer by service and day; estimated days are left out.",
        change="Look at the usage types of the service.",
        undo="Nothing is changed by the call.",
        thresholds=("spike_share", "spike_min_usd"),
        needs=_NEEDS,
        needs_whole=_NEEDS,
        look=_spike,
    ),
    Rule(
        id="ml.spend.savings-plan",
        title="Savings Plan candidate",
        resource_type=ResourceKind.COST,
        severity=Severity.INFO,
        effort=Effort.PROJECT,
        rationale="A Savings Plan for SageMaker is cheaper for what runs without a break, and "
        "more expensive for what does not; it binds for a year or three.",
        how="The lower of: the hourly rates of endpoints in use (not the idle or quiet ones), and "
        "a twenty-fourth of the cheapest of `savings_plan_min_days` closed days or more. What "
        "each plan would save is a what-if by its rates, where they were read; no dollars are "
        "claimed, since a plan binds and use may end.",
        evidence="Cost Explorer by day, endpoints with their verdicts, hosting rates, rates of "
        "plans.",
        change="GetSavingsPlansPurchaseRecommendation.",
        undo="None: a plan binds.",
        thresholds=("savings_plan_min_days",),
        needs=_NEEDS | {ResourceKind.ENDPOINT, ResourceKind.METRIC},
        needs_whole=_NEEDS,
        look=_savings_plan,
    ),
    Rule(
        id="ml.spend.residual",
        title="Spend that no resource explains",
        resource_type=ResourceKind.COST,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale="A report that explains a part of the bill only must say so, in dollars.",
        how="Billed less explained, service by service, above `residual_min_usd` and "
        "`residual_share` of the bill. Explained: what each resource cost in the window by its "
        "own figures; what is unpriced or unread is listed beside it.",
        evidence="Cost Explorer, and the cost of every resource.",
        change="Group the bill by usage type.",
        undo="Nothing is changed by the call.",
        thresholds=("residual_share", "residual_min_usd"),
        needs=_NEEDS,
        look=_residual,
    ),
)
