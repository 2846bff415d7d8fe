"""``estimate.html``: what a run of some files would cost on each choice."""

from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import UNKNOWN, render
from thriftline.core.wording import counted
from thriftline.runs.domain.router import millions
from thriftline.runs.reports.range_chart import UsdRange, range_chart
from thriftline.runs.reports.routing_view import dollars
from thriftline.runs.schemas.estimate import EstimateDocument
from thriftline.runs.schemas.plan import Plan, PlannedQuote


@dataclass(frozen=True)
class _Verdict:
    tone: str
    headline: str
    text: str


def estimate_page(estimate: EstimateDocument) -> str:
    """Returns the page of an estimate."""
    plan = estimate.plan
    if plan is None or estimate.data is None:
        return render(
            "thriftline.runs.reports",
            "estimate_preparation.html.j2",
            estimate=estimate,
            verdict=_of_raw_data(estimate),
        )
    return render(
        "thriftline.runs.reports",
        "estimate.html.j2",
        estimate=estimate,
        plan=plan,
        verdict=_verdict(estimate.refusal, plan, estimate.data.rows),
        chart=range_chart(ranges(plan.quotes)),
        like=like_cheapest(plan.quotes),
        cents=cents,
        routing=plan.routing,
        dollars=dollars,
        millions=millions,
    )


def cents(usd: Decimal | None) -> str:
    """An amount that is whole cents; unknown as a dash."""
    return UNKNOWN if usd is None else f"${usd:,.2f}"


def ranges(quotes: tuple[PlannedQuote, ...]) -> list[UsdRange]:
    """Returns the choices that are estimated."""
    return [
        UsdRange(one.name, one.low_usd, one.expected_usd, one.high_usd, one.chosen)
        for one in quotes
        if one.low_usd is not None and one.expected_usd is not None and one.high_usd is not None
    ]


def like_cheapest(quotes: tuple[PlannedQuote, ...]) -> str | None:
    """Returns a sentence on the choices that cannot be told from the cheapest by their cost."""
    like = [one.name for one in quotes if one.like_cheapest]
    if not like:
        return None
    return (
        f"By what is known, {quotes[0].name} is not distinguishable from {', '.join(like)}: their "
        "ranges touch."
    )


def _of_raw_data(estimate: EstimateDocument) -> _Verdict:
    if estimate.refusal:
        return _refused(estimate.refusal)
    found = estimate.preparation
    return _Verdict(
        "info",
        f"Its preparation: probably {cents(found.likely_usd if found else None)}, at the most "
        f"{cents(found.most_usd if found else None)}",
        "What its training costs is not known before its rows are.",
    )


def _refused(refusal: str) -> _Verdict:
    return _Verdict("bad", "It would be refused as it is", refusal)


def _verdict(refusal: str | None, plan: Plan, rows: int) -> _Verdict:
    if refusal:
        return _refused(refusal)
    if plan.expected_usd is None:
        return _Verdict("warn", "What to expect is not known", plan.expected_reason)
    between = _between(plan.expected_low_usd, plan.expected_high_usd)
    return _Verdict(
        "info",
        f"Probably {cents(plan.expected_usd)}{between}, at the most {cents(plan.worst_case_usd)}",
        f"{plan.rungs[0].name} in {plan.region}{_by_the_hour(plan)}, for "
        f"{counted(rows, 'record')}.",
    )


def _by_the_hour(plan: Plan) -> str:
    return ", at the on-demand rate" if plan.rungs[0].rate.unit == "instance-hour" else ""


def _between(low: Decimal | None, high: Decimal | None) -> str:
    return "" if low is None or high is None else f" ({cents(low)} to {cents(high)})"
