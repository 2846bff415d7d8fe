"""``runs/{run_id}/plan.json``: what the run may cost, what it will probably cost, and why.

Version 2.0 prices a run in dollars over rungs of different rates. A document of version 1.0, which
knew one instance type, is read as a plan of one rung.
"""

from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Any, Literal

from pydantic import Field, model_validator

from thriftline.runs.domain.affordable import Ask, Choice, Clamp
from thriftline.runs.domain.quotes import Candidate, Quote, Rung
from thriftline.runs.domain.search import Search
from thriftline.runs.domain.work import Champion
from thriftline.runs.schemas.former_plan import upgraded
from thriftline.runs.schemas.planned_price import PlanDocument, PlannedPrice
from thriftline.runs.schemas.planned_routing import PlannedRouting


class PlannedQuote(PlanDocument):
    """What the same work costs on one choice of a trainer.

    None is unknown. ``has_time`` is whether what is expected fits the limit of its worst case;
    ``low_usd`` to ``high_usd`` is where about nine of ten runs should end;
    ``like_cheapest`` says that the range touches that of the first of the table, so that neither
    is known to be the cheaper. ``details`` are the trainer's own, such as the GPU.
    """

    trainer: str
    name: str
    rate_usd: Decimal
    rate_unit: str
    worst_case_usd: Decimal
    expected_hours: Decimal | None
    expected_usd: Decimal | None
    within_cap: bool
    has_time: bool = True
    chosen: bool = False
    low_hours: Decimal | None = None
    low_usd: Decimal | None = None
    high_hours: Decimal | None = None
    high_usd: Decimal | None = None
    like_cheapest: bool = False
    details: dict[str, Any] = Field(default_factory=dict)

    def to_choice(self) -> Choice:
        """Returns what a refusal says of it."""
        return Choice(
            name=self.name,
            worst_usd=self.worst_case_usd,
            likely_usd=self.expected_usd,
            high_usd=self.high_usd,
            has_time=self.has_time,
        )


class PlannedRung(PlanDocument):
    """One step of the ladder: how attempts are made there, at which rate, in the trainer's terms.

    SageMaker's terms are instance type and count, Spot or on demand, and how long to wait.
    ``reason`` says why the rung is there; see ``quotes.Rung`` for the rest.
    """

    name: str
    rate: PlannedPrice
    worst_case_usd: Decimal
    stop_grace_usd: Decimal
    upload_grace_usd: Decimal = Decimal(0)
    fixed_usd: Decimal = Decimal(0)
    terms: dict[str, Any]
    reason: str = ""
    wait_seconds: int | None = None
    turn_seconds: int | None = None
    most_interruptions: int | None = None
    pool: str | None = None

    def to_domain(self) -> Rung:
        """Returns the rung as trainers take it."""
        return Rung(**{**dict(self), "rate": self.rate.to_domain()})


class PlannedLeftOut(PlanDocument):
    """A rung that the ladder might have and has not, with the reason."""

    name: str
    reason: str


class PlannedClamp(PlanDocument):
    """A run that was made shorter, since its worst case did not fit its cap or a budget."""

    from_usd: Decimal
    from_seconds: int
    usd: Decimal
    seconds: int
    reason: str


class PlannedSearchRung(PlanDocument):
    """How many trials of a search train up to which share of their steps."""

    trials: int
    share: float


class PlannedSearch(PlanDocument):
    """A search for hyperparameters. ``at_most_steps`` are the optimiser's, of all trials."""

    trials: int
    rungs: tuple[PlannedSearchRung, ...]
    at_most_steps: int


class PlannedChampion(PlanDocument):
    """The model in use, which the candidate is compared with; ``trainer`` made it.

    ``model_data_url`` is where it lies, in the trainer's words: an archive, or a custom model.
    """

    model_package_arn: str
    model_data_url: str
    trainer: str = "sagemaker"
    run_id: str | None = None
    job_name: str | None = None

    @classmethod
    def of(cls, champion: Champion) -> "PlannedChampion":
        """Returns the champion as it stands in the plan."""
        return cls(
            model_package_arn=champion.package_arn,
            model_data_url=champion.model_uri,
            trainer=champion.trainer,
            run_id=champion.run_id,
            job_name=champion.job_name,
        )

    def to_domain(self) -> Champion:
        """Returns the champion as trainers take it."""
        return Champion(
            self.model_package_arn, self.model_data_url, self.trainer, self.run_id, self.job_name
        )


class PlannedTraining(PlanDocument):
    """How it trains: what run.yaml names, and what `auto` became for so much data.

    ``steps`` are the optimiser's, all of which are made; about so many where run.yaml names
    ``batch_tokens``, and at the most where it names ``patience``.
    """

    method: Literal["finetune", "head_first", "linear_head"]
    epochs: int
    learning_rate: float
    batch_tokens: int
    batch_rows: int | None
    warmup_fraction: float
    patience: int
    steps: int


class Plan(PlanDocument):
    """The plan of one run.

    A person is asked when the worst case is above ``approval_above_usd``, never when it is None.

    ``allowance_usd`` is what all attempts together may spend, and is the worst case;
    ``stop_grace_usd`` may come on top once, when a job reaches its limit, and ``upload_grace_usd``
    for its upload; the month's ledger holds all three. ``expected_usd`` is at the rate of the first
    rung without any discount that is not known before, and about nine of ten runs should end
    between ``expected_low_usd`` and ``expected_high_usd``. ``expected_reason`` says what the
    estimate rests on, or why there is none. ``quotes`` are the cheapest first. ``clamped`` says
    how the run was made shorter, and ``allowance_usd`` is then less than the worst case of the
    first rung. ``training`` is None where the trainer has settings of its own, and in a document of
    version 1.0, whose run spec left nothing open. ``routing`` says why this trainer was taken.
    ``workload`` is the trainer's own account of the work, for the estimates of later runs.
    """

    schema_version: Literal["2.0"] = "2.0"
    run_id: str
    planned_at: datetime
    region: str
    trainer: str
    base_model: str
    splits: dict[str, int]
    training: PlannedTraining | None
    search: PlannedSearch | None = None
    cap_usd: Decimal
    approval_above_usd: Decimal | None = None
    allowance_usd: Decimal
    stop_grace_usd: Decimal
    upload_grace_usd: Decimal = Decimal(0)
    expected_usd: Decimal | None
    expected_hours: Decimal | None
    expected_low_usd: Decimal | None = None
    expected_high_usd: Decimal | None = None
    expected_low_hours: Decimal | None = None
    expected_high_hours: Decimal | None = None
    expected_reason: str
    max_attempts: int
    longest_seconds: int | None = None
    goes_on: bool = False
    clamped: PlannedClamp | None = None
    spot_advice: dict[str, Any] = Field(default_factory=dict)
    routing: PlannedRouting | None = None
    rungs: tuple[PlannedRung, ...] = Field(min_length=1)
    left_out: tuple[PlannedLeftOut, ...] = ()
    quotes: tuple[PlannedQuote, ...] = ()
    warnings: tuple[str, ...] = ()
    champion: PlannedChampion | None = None
    workload: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_former_version(cls, document: Any) -> Any:
        return upgraded(document)

    @property
    def worst_case_usd(self) -> Decimal:
        """What all attempts together cost at the most."""
        return self.allowance_usd

    @property
    def ask(self) -> Ask:
        """What the run asks for on its first rung, as it was planned."""
        hours = self.expected_hours
        return Ask(
            worst_usd=self.rungs[0].worst_case_usd,
            longest_seconds=self.longest_seconds,
            likely_seconds=None if hours is None else ceil(hours * 3600),
            goes_on=self.goes_on,
            fixed_usd=self.rungs[0].fixed_usd,
        )

    def shortened(self, clamp: Clamp) -> "Plan":
        """Returns the plan of the same run with less time; it says so."""
        others = [text for text in self.warnings if text != self._clamp_reason]
        changes = {
            "allowance_usd": clamp.usd,
            "clamped": PlannedClamp(**asdict(clamp)),
            "warnings": (clamp.reason, *others),
        }
        return self.model_copy(update=changes)

    @property
    def _clamp_reason(self) -> str | None:
        return self.clamped.reason if self.clamped else None

    @property
    def ladder(self) -> tuple[Rung, ...]:
        """The rungs as trainers take them, in order."""
        return tuple(rung.to_domain() for rung in self.rungs)


def planned_advice(quote: Quote) -> dict[str, Any]:
    """Returns the fields of the plan that say on which market the run is put, and why."""
    return {"spot_advice": dict(quote.market_advice)}


def planned_rungs(quote: Quote) -> tuple[PlannedRung, ...]:
    """Returns a quote's ladder as it stands in the plan."""
    return tuple(
        PlannedRung.model_validate(
            {field.name: getattr(rung, field.name) for field in fields(rung)}
            | {"rate": PlannedPrice.of(rung.rate), "terms": dict(rung.terms)}
        )
        for rung in quote.rungs
    )


def planned_left_out(quote: Quote) -> tuple[PlannedLeftOut, ...]:
    """Returns what a quote's ladder might have and has not, as it stands in the plan."""
    return tuple(PlannedLeftOut(name=one.name, reason=one.reason) for one in quote.left_out)


def planned_quotes(quote: Quote, cap_usd: Decimal) -> tuple[PlannedQuote, ...]:
    """Returns a quote's choices as they stand in the plan, the cheapest first."""
    ordered = quote.cheapest_first
    return tuple(
        _quoted(quote, candidate, cap_usd, like_cheapest=_is_like(candidate, ordered[0]))
        for candidate in ordered
    )


def _is_like(candidate: Candidate, cheapest: Candidate) -> bool:
    if candidate is cheapest:
        return False
    return candidate.expected.may_cost_as_little_as(cheapest.expected)


def _quoted(
    quote: Quote, candidate: Candidate, cap_usd: Decimal, *, like_cheapest: bool
) -> PlannedQuote:
    low, high = candidate.expected.low, candidate.expected.high
    return PlannedQuote(
        trainer=quote.trainer,
        name=candidate.name,
        rate_usd=candidate.rate.usd,
        rate_unit=candidate.rate.unit,
        worst_case_usd=candidate.worst_case_usd,
        expected_hours=candidate.expected.hours,
        expected_usd=candidate.expected.usd,
        within_cap=candidate.worst_case_usd <= cap_usd,
        has_time=candidate.has_time,
        chosen=candidate is quote.chosen,
        low_hours=low.hours if low else None,
        low_usd=low.usd if low else None,
        high_hours=high.hours if high else None,
        high_usd=high.usd if high else None,
        like_cheapest=like_cheapest,
        details=dict(candidate.details),
    )


def planned_search(search: Search | None, steps: int) -> PlannedSearch | None:
    """Returns a search as it stands in the plan; the longest trial makes so many steps."""
    if search is None:
        return None
    rungs = tuple(PlannedSearchRung(**asdict(rung)) for rung in search.ladder)
    return PlannedSearch(trials=search.trials, rungs=rungs, at_most_steps=ceil(search.cost * steps))
