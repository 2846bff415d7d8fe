"""Which way to train is taken for a data set: first what can be done, then the dollars.

Pure: it is given what each way asks for, and answers with a choice and the table behind it. What
has no price is never counted as nothing: a total with such a row is not known, and what is not
known is never the cheapest.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import ceil, floor

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.costs import HOURS_PER_MONTH, CostRow, MonthlyCost, Standing
from thriftline.runs.domain.quotes import Quote

# Below so many records, or from so many labels on, what follows instructions learns more.
FEW_RECORDS = 1_000
MANY_LABELS = 20
_MINUTES_PER_MONTH = HOURS_PER_MONTH * 60


@dataclass(frozen=True)
class Needs:
    """What the model is for. None of ``predictions_per_month`` leaves them out of the dollars."""

    predictions_per_month: int | None = None
    scores: bool = False
    weights: bool = False
    latency_ms: int | None = None
    multi_label: bool = False
    search: bool = False


@dataclass(frozen=True)
class DataFacts:
    """What quality goes by where the dollars do not decide."""

    train_records: int
    labels: int | None


@dataclass(frozen=True)
class Offer:
    """What one way to train says to the work: a quote with its month, or why it cannot."""

    trainer: str
    abilities: Abilities
    quote: Quote | None = None
    month: MonthlyCost | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Route:
    """One row of the table: what a way to train costs, and why it cannot be taken, if so.

    ``total_usd`` is the sum of the rows' cents, None where one of them is not known.
    """

    trainer: str
    costs: tuple[CostRow, ...]
    reasons: tuple[str, ...]
    abilities: Abilities

    @property
    def is_feasible(self) -> bool:
        """Whether it can be taken."""
        return not self.reasons

    @property
    def total_usd(self) -> Decimal | None:
        """What it costs together."""
        cents = [row.cents_usd for row in self.costs]
        known = [usd for usd in cents if usd is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(cents) else None

    @property
    def is_estimated(self) -> bool:
        """Whether the total is what it probably costs, and not unknown or a bound."""
        return self.total_usd is not None and not any(row.is_bound for row in self.costs)


@dataclass(frozen=True)
class BreakEven:
    """From how many predictions a month on something that stands is cheaper than to pay for each.

    ``is_sustained`` is whether it can answer so many; None is not known.
    """

    trainer: str
    standing: Standing
    than: str
    predictions: int
    is_sustained: bool | None


@dataclass(frozen=True)
class Routing:
    """The choice, and what it rests on. ``chosen`` is None where nothing can be taken."""

    chosen: str | None
    reason: str
    rows: tuple[Route, ...]
    break_evens: tuple[BreakEven, ...]
    assumptions: tuple[str, ...]
    advice: tuple[str, ...] = ()

    def row(self, trainer: str) -> Route | None:
        """Returns the row of a way to train."""
        return next((row for row in self.rows if row.trainer == trainer), None)


def route(
    offers: Sequence[Offer], needs: Needs, data: DataFacts, named: str | None = None
) -> Routing:
    """Returns the cheapest offer that can do what is needed, or the one that is named.

    Offers that cost the same to the cent are told apart by what probably learns more from the data,
    then by their order. Where it is not known what the first costs, nothing is known to be cheaper,
    and it is taken: data goes to another service for a reason only.
    """
    rows = tuple(_row(offer, needs) for offer in offers)
    feasible = [row for row in rows if row.is_feasible and named in (None, row.trainer)]
    chosen = _chosen(feasible, data)
    return Routing(
        chosen=chosen.trainer if chosen else None,
        reason=_reason(chosen, rows, data, named),
        rows=rows,
        break_evens=tuple(_break_evens(offers)),
        assumptions=tuple(dict.fromkeys(_assumptions(offers, needs))),
        advice=tuple(_advice(chosen, rows, data)) if chosen and not named else (),
    )


def _chosen(feasible: Sequence[Route], data: DataFacts) -> Route | None:
    if not feasible or not feasible[0].is_estimated:
        return feasible[0] if feasible else None
    return min(feasible, key=lambda row: _rank(row, data))


def break_even(
    fixed_usd: Decimal, other_fixed_usd: Decimal, other_usd_per_million: Decimal
) -> int | None:
    """Returns the predictions a month at which both cost the same.

    One is what stands for ``fixed_usd``, the other costs ``other_usd_per_million`` on top of
    its own fixed part. None where they never do.
    """
    if other_usd_per_million <= 0 or fixed_usd <= other_fixed_usd:
        return None
    return int((fixed_usd - other_fixed_usd) / other_usd_per_million * 1_000_000)


def _row(offer: Offer, needs: Needs) -> Route:
    month = offer.month.rows if offer.month else ()
    costs = (*offer.quote.likely_rows, *month) if offer.quote else ()
    if offer.quote and needs.predictions_per_month and offer.month and offer.month.usd is None:
        costs = (*costs, CostRow("predictions", offer.month.reason, None, None, None))
    return Route(offer.trainer, costs, tuple(_reasons(offer, needs)), offer.abilities)


def _reasons(offer: Offer, needs: Needs) -> Iterator[str]:
    """Says why the offer cannot be taken; nothing where it can."""
    if offer.refusal is not None:
        yield offer.refusal
    can = offer.abilities
    for wanted, able, sentence in (
        (needs.multi_label, can.multi_label, "It gives a text one label, not several."),
        (needs.search, can.search, "It does not search for hyperparameters (`search`)."),
        (
            needs.scores,
            can.scores,
            "It gives no probabilities, which `needs.scores` asks for.",
        ),
        (
            needs.weights,
            can.weights,
            "It never exports the model's weights, which `needs.weights` asks for.",
        ),
    ):
        if wanted and not able:
            yield sentence
    if late := _late(can, needs):
        yield late
    if offer.month:
        yield from _month_reasons(offer.month, needs.predictions_per_month or 0)


def _late(can: Abilities, needs: Needs) -> str | None:
    if needs.latency_ms is None or can.least_latency_ms is None:
        return None
    if needs.latency_ms >= can.least_latency_ms:
        return None
    return (
        f"It cannot promise answers within {needs.latency_ms} ms (`needs.latency_ms`): the first "
        f"token alone takes about {can.least_latency_ms} ms or more."
    )


def _month_reasons(month: MonthlyCost, predictions: int) -> Iterator[str]:
    if month.refusal is not None:
        yield month.refusal
    needed = ceil(predictions / _MINUTES_PER_MONTH)
    if month.requests_per_minute is not None and needed > month.requests_per_minute:
        yield (
            f"The account may make {month.requests_per_minute:,} requests a minute; "
            f"{predictions:,} predictions a month need {needed:,}."
        )


def _rank(row: Route, data: DataFacts) -> tuple[bool, Decimal, bool]:
    total = row.total_usd
    return (
        total is None,
        Decimal(0) if total is None else total,
        row.abilities.instructed is not _favours_instructed(data),
    )


def _favours_instructed(data: DataFacts) -> bool:
    return data.train_records < FEW_RECORDS or (data.labels or 0) >= MANY_LABELS


def _reason(chosen: Route | None, rows: Sequence[Route], data: DataFacts, named: str | None) -> str:
    if named is not None:
        return f"run.yaml says trainer: {named}."
    if chosen is None:
        return "None of them can be taken."
    others = [row for row in rows if row.is_feasible and row is not chosen]
    if not others:
        return f"{chosen.trainer} is the only one that can be taken."
    if not chosen.is_estimated:
        return (
            f"What {chosen.trainer} costs is not estimated, so nothing is known to be cheaper; it "
            "is the first of those that can be taken."
        )
    same = [row for row in others if row.total_usd == chosen.total_usd]
    if same:
        return f"They cost the same; {chosen.trainer} {_quality(chosen, data)}."
    kept = "".join(_kept(row) for row in (chosen, *others))
    return f"{chosen.trainer} is the cheapest of those that can be taken.{kept}"


def _kept(row: Route) -> str:
    """Says how much of a total is not for the training: what is kept bills every month."""
    stored = [one.cents_usd for one in row.costs if one.kind == "storage"]
    usd = sum((one for one in stored if one is not None), Decimal(0))
    if not usd or row.total_usd is None:
        return ""
    return f" Of the {row.total_usd} USD of {row.trainer}, {usd} store its model for a month."


def _quality(chosen: Route, data: DataFacts) -> str:
    if chosen.abilities.instructed is not _favours_instructed(data):
        return "comes first"
    if chosen.abilities.instructed:
        return "learns more from few records or many labels"
    return "is made for as many records and as few labels"


def _advice(chosen: Route, rows: Sequence[Route], data: DataFacts) -> Iterator[str]:
    if chosen.abilities.instructed or not _favours_instructed(data):
        return
    for row in rows:
        if row.is_feasible and row.abilities.instructed:
            more = _more(row, chosen)
            yield (
                f"With {data.train_records:,} records to train on and {data.labels or 'unknown'} "
                f"labels, {row.trainer} may reach more{more}: say trainer: {row.trainer} to try it."
            )


def _more(row: Route, chosen: Route) -> str:
    if row.total_usd is None or chosen.total_usd is None:
        return ""
    return f", for {row.total_usd - chosen.total_usd} USD more"


def _break_evens(offers: Sequence[Offer]) -> Iterator[BreakEven]:
    by_use = [one for one in offers if one.month and one.month.usd_per_million]
    for other in by_use:
        for offer in offers:
            for standing in offer.month.standing if offer.month else ():
                if found := _even(offer.trainer, standing, other):
                    yield found


def _even(trainer: str, standing: Standing, other: Offer) -> BreakEven | None:
    month = other.month
    if month is None or month.fixed_usd is None or month.usd_per_million is None:
        return None
    predictions = break_even(standing.usd, month.fixed_usd, month.usd_per_million)
    if predictions is None:
        return None
    most = standing.most_predictions
    return BreakEven(
        trainer, standing, other.trainer, predictions, None if most is None else most >= predictions
    )


def _assumptions(offers: Sequence[Offer], needs: Needs) -> Iterator[str]:
    if needs.predictions_per_month is None:
        yield (
            "Predictions are left out: needs.predictions_per_month of run.yaml says how many a "
            "month there will be."
        )
    else:
        yield (
            f"{needs.predictions_per_month:,} predictions a month come evenly over its "
            f"{HOURS_PER_MONTH} hours."
        )
    for offer in offers:
        if offer.quote is None:
            continue
        if offer.quote.chosen.expected.reason:
            yield f"{offer.trainer}: {offer.quote.chosen.expected.reason}"
        if offer.month:
            yield f"{offer.trainer}: {offer.month.reason}"
            yield from _quota(offer.trainer, offer.month)
        yield from _prices(offer)


def _quota(trainer: str, month: MonthlyCost) -> Iterator[str]:
    if not month.usd_per_million:
        return
    quota = month.requests_per_minute
    if quota is None:
        yield f"{trainer}: how many requests a minute the account may make is not known here."
    else:
        yield f"{trainer}: the account may make {quota:,} requests a minute."


def _prices(offer: Offer) -> Iterator[str]:
    if offer.quote is None:
        return
    rows = (*offer.quote.likely_rows, *(offer.month.rows if offer.month else ()))
    for row in rows:
        if row.usd is None:
            yield f"{offer.trainer}: {row.what} is unpriced."
        elif row.price is not None:
            price = row.price
            yield (
                f"{offer.trainer}: {price.usd.normalize():f} USD for {_one(price.unit)} "
                f"({price.region}, "
                f"{price.source}, {price.date})."
            )


def _one(unit: str) -> str:
    """Returns a unit with its article: an instance-hour, a month, 1,000 tokens."""
    if unit[0].isdigit():
        return unit
    return f"{'an' if unit[0] in 'aeiou' else 'a'} {unit}"


def millions(predictions: int) -> str:
    """Returns predictions in the words of the table: 36 M, 7.3 M, 175,000."""
    if predictions < 1_000_000:
        return f"{floor(predictions / 1000) * 1000:,}" if predictions >= 1000 else f"{predictions}"
    value = Decimal(predictions) / 1_000_000
    return f"{value:.1f} M" if value < 10 else f"{value:,.0f} M"
