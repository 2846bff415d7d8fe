"""What a trainer asks for a run, before anything is spent."""

from collections.abc import Mapping
from dataclasses import field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError
from thriftline.money.prices import Price
from thriftline.runs.domain.affordable import Ask, Choice, Clamp, Room, cheaper_choices, clamped
from thriftline.runs.domain.costs import CostRow

_CENT = Decimal("0.01")
_THOUSANDTH = Decimal("0.001")


def round_up(usd: Decimal) -> Decimal:
    """Returns whole cents, never less than the amount."""
    return usd.quantize(_CENT, rounding=ROUND_CEILING)


def hours_of(seconds: int) -> Decimal:
    """Returns seconds as hours, to a thousandth."""
    return (Decimal(seconds) / 3600).quantize(_THOUSANDTH)


@dataclass(frozen=True)
class Amount:
    """Seconds that work needs, and what is billed for them within the run's limits."""

    seconds: int
    usd: Decimal

    @property
    def hours(self) -> Decimal:
        """The time, to a thousandth of an hour."""
        return hours_of(self.seconds)


@dataclass(frozen=True)
class Expectation:
    """What a training will probably take. What cannot be estimated is None, with the reason.

    ``seconds`` is what the work needs, ``usd`` what is billed for it within the run's limits.
    About nine of ten runs should end between ``low`` and ``high``; a trainer that gives no range
    leaves them out. ``warning`` says what a person should change, if anything.
    """

    seconds: int | None
    usd: Decimal | None
    reason: str
    warning: str | None = None
    low: Amount | None = None
    high: Amount | None = None

    @property
    def hours(self) -> Decimal | None:
        """The time needed, to a thousandth of an hour."""
        return None if self.seconds is None else hours_of(self.seconds)

    def may_cost_as_little_as(self, other: "Expectation") -> bool:
        """Whether the two ranges of dollars touch, so that neither is known to be the cheaper."""
        if self.low is None or other.high is None:
            return self.usd is not None and self.usd == other.usd
        return self.low.usd <= other.high.usd


@dataclass(frozen=True)
class Candidate:
    """One choice that a trainer offers for the work. ``details`` are shown beside it.

    ``has_time`` is whether what is expected fits the limit of its worst case.
    """

    name: str
    rate: Price
    worst_case_usd: Decimal
    expected: Expectation
    details: Mapping[str, Any] = field(default_factory=dict)
    has_time: bool = True


@dataclass(frozen=True)
class Rung:
    """One step of a run's ladder: how an attempt is made, and what it costs at the most.

    ``stop_grace_usd`` may come on top of the worst case, once, when an attempt reaches its limit,
    and ``upload_grace_usd`` for what it then uploads. ``fixed_usd`` is the part of the worst case
    that does not grow with the time of an attempt. ``terms`` is what the trainer reads again
    when it starts the attempt; nobody else reads it to decide something. ``reason`` says why the
    rung is there.

    ``wait_seconds`` is how long an attempt may wait to start, ``turn_seconds`` how long a run waits
    for its turn where the account has no more to give, and ``most_interruptions`` how often an
    attempt may be interrupted before the next rung goes on; None leaves each to its default.
    Rungs of one ``pool`` take from the same quota of the account.
    """

    name: str
    rate: Price
    worst_case_usd: Decimal
    stop_grace_usd: Decimal
    terms: Mapping[str, Any]
    upload_grace_usd: Decimal = Decimal(0)
    fixed_usd: Decimal = Decimal(0)
    reason: str = ""
    wait_seconds: int | None = None
    turn_seconds: int | None = None
    most_interruptions: int | None = None
    pool: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """A rung that a ladder might have and has not, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Quote:
    """What one trainer asks for one run: its choice, what else it has, and its ladder.

    ``basis`` says what the worst case is made of, ``remedies`` what would make it smaller.
    ``workload`` is the work in the trainer's words, from which it learns once the run has finished;
    nobody else reads it to decide something. ``longest_seconds`` is how long an attempt on the
    first rung may take, and ``goes_on`` whether the next one goes on where it was stopped.
    ``market_advice`` says, in the trainer's words, on which market the run is put and why.
    ``likely`` are the rows of what is expected, where there are several, and ``base_model`` is what
    is trained, where it is not that of the run spec.
    """

    trainer: str
    chosen: Candidate
    rungs: tuple[Rung, ...]
    max_attempts: int
    basis: str
    alternatives: tuple[Candidate, ...] = ()
    remedies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    workload: Mapping[str, Any] = field(default_factory=dict)
    longest_seconds: int | None = None
    goes_on: bool = False
    market_advice: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    likely: tuple[CostRow, ...] = ()
    base_model: str | None = None

    @property
    def likely_rows(self) -> tuple[CostRow, ...]:
        """What the work probably costs, row by row; its worst case where it is not estimated."""
        if self.likely:
            return self.likely
        expected, name = self.chosen.expected, self.rungs[0].name
        if expected.usd is None:
            what = f"{name}, at the most, since it is not estimated"
            bound = self.worst_case_usd
            return (CostRow("training", what, None, self.chosen.rate, bound, is_bound=True),)
        what = f"{name}, with the evaluation"
        return (CostRow("training", what, expected.hours, self.chosen.rate, expected.usd),)

    @property
    def ask(self) -> Ask:
        """What the run asks for on its first rung."""
        return Ask(
            worst_usd=self.rungs[0].worst_case_usd,
            longest_seconds=self.longest_seconds,
            likely_seconds=self.chosen.expected.seconds,
            goes_on=self.goes_on,
            fixed_usd=self.rungs[0].fixed_usd,
        )

    @property
    def worst_case_usd(self) -> Decimal:
        """What all attempts together cost at the most: one on the most expensive rung, in full.

        More attempts do not raise it, since they share it as their allowance.
        """
        return max(rung.worst_case_usd for rung in self.rungs)

    @property
    def stop_grace_usd(self) -> Decimal:
        """What may come on top, once."""
        return max(rung.stop_grace_usd for rung in self.rungs)

    @property
    def upload_grace_usd(self) -> Decimal:
        """What the upload after a stop may cost, once."""
        return max(rung.upload_grace_usd for rung in self.rungs)

    @property
    def cheapest_first(self) -> tuple[Candidate, ...]:
        """All choices by what they probably cost; those that are not estimated come last."""
        return tuple(sorted((self.chosen, *self.alternatives), key=_by_likely_usd))


def _by_likely_usd(candidate: Candidate) -> tuple[bool, Decimal, str]:
    usd = candidate.expected.usd
    return usd is None, candidate.worst_case_usd if usd is None else usd, candidate.name


def admit(quote: Quote, room: Room) -> tuple[Decimal, Clamp | None]:
    """Returns the run's allowance, and how it was made shorter where its worst case does not fit.

    A rung that is more expensive than the first gets a shorter time, or is passed over.

    Raises:
        BudgetExceededError: with the numbers, and what would fit.
    """
    ask = quote.ask
    if ask.worst_usd <= room.cents:
        return min(quote.worst_case_usd, room.cents), None
    if clamp := clamped(ask, room):
        return clamp.usd, clamp
    worst = quote.worst_case_usd
    raise BudgetExceededError(
        f"The worst case of {worst} USD passes {room.limit} of {room.usd} USD: "
        f"{quote.basis}. {_fix(quote, worst, room)} Nothing was spent."
    )


def _fix(quote: Quote, worst: Decimal, room: Room) -> str:
    enough = worst + room.taken_usd
    # Nobody raises a limit by less than a cent.
    enough = round_up(enough) if room.taken_usd else enough
    fixes = [f"raise {room.passed_by(worst)} to {enough}", *quote.remedies]
    fitting = cheaper_choices(map(choice_of, quote.alternatives), room.usd)
    if fitting:
        fixes.append(f"take a cheaper choice: {', '.join(fitting)}")
    text = ", or ".join(fixes)
    return f"{text[0].upper()}{text[1:]}."


def choice_of(candidate: Candidate) -> Choice:
    """Returns what a refusal says of a candidate."""
    high = candidate.expected.high
    return Choice(
        name=candidate.name,
        worst_usd=candidate.worst_case_usd,
        likely_usd=candidate.expected.usd,
        high_usd=high.usd if high else None,
        has_time=candidate.has_time,
    )
