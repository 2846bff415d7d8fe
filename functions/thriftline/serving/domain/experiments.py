"""What a comparison on live traffic has seen, and how it ends."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain import mcnemar
from thriftline.serving.domain.difference_interval import DifferenceInterval, Interval
from thriftline.serving.domain.e_test import Claim, Counts, ETest, SplitTest
from thriftline.serving.domain.mcnemar import Decisive
from thriftline.serving.domain.power import (
    Errors,
    shadow_least_difference,
    split_least_difference,
)

# So rarely does a split that is right end an experiment.
SPLIT_ALPHA = 0.001


class Kind(StrEnum):
    """How the models meet the same traffic."""

    SHADOW = "shadow"
    AB = "ab"


class Measure(StrEnum):
    """What counts as a mistake: a request that failed, or a label that is wrong."""

    ERRORS = "errors"
    ACCURACY = "accuracy"


class Ending(StrEnum):
    """What is said of the challenger at the end."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no_difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was fixed before the first request.

    ``weight`` is the challenger's share of the requests, or the share of requests that the shadow
    is sent too. ``least_difference`` is the smallest difference that matters.
    """

    kind: Kind
    measure: Measure
    weight: float
    alpha: float
    power: float
    least_difference: float
    deadline: datetime

    @property
    def errors(self) -> Errors:
        """The error rates of planning."""
        return Errors(self.alpha, self.power)


@dataclass(frozen=True, slots=True)
class SplitState:
    """A weighted A/B test so far."""

    worse: ETest
    better: ETest
    difference: DifferenceInterval
    split: SplitTest = field(default_factory=SplitTest)

    def after(self, champion: Counts, challenger: Counts, weight: float) -> "SplitState":
        """Returns the state after a batch, whose requests were split by ``weight``."""
        return SplitState(
            self.worse.after(champion, challenger, weight),
            self.better.after(champion, challenger, weight),
            self.difference.after(champion, challenger, weight),
            self.split.after(champion.requests, challenger.requests, weight),
        )


def new_split(plan: Plan) -> SplitState:
    """Returns the state before the first request."""
    return SplitState(
        ETest(Claim.HIGHER),
        ETest(Claim.LOWER),
        DifferenceInterval(plan.alpha, plan.least_difference),
    )


@dataclass(frozen=True, slots=True)
class ShadowState:
    """A shadow test so far: pairs of answers, those that differ, and what labels say of them."""

    pairs: int = 0
    disagreements: int = 0
    decisive: Decisive = field(default_factory=Decisive)
    both_wrong: int = 0

    @property
    def labelled(self) -> int:
        """Disagreements that have a label."""
        return self.decisive.count + self.both_wrong


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an experiment ends; ``cause`` says why it does now."""

    ending: Ending
    cause: str
    reason: str


def split_conclusion(plan: Plan, state: SplitState, now: datetime) -> Conclusion | None:
    """Returns how an A/B test ends, None while it goes on.

    Either direction has half of ``alpha``. "No difference" is said once the interval that holds at
    all times lies within the least difference, so that is wrong with probability ``alpha`` too.
    """
    if state.split.is_off_at(SPLIT_ALPHA):
        return Conclusion(
            Ending.UNDECIDED,
            "split",
            f"The challenger got {state.split.challenger} of "
            f"{state.split.champion + state.split.challenger} requests, which is not its weight: "
            "callers choose the variant (TargetVariant), or requests are lost on one. Send those "
            f"to an endpoint of their own. (Wrongly said once in {round(1 / SPLIT_ALPHA)}.)",
        )
    if state.worse.holds_at(plan.alpha / 2):
        return _found(Ending.WORSE, describe_split(plan, state), plan)
    if state.better.holds_at(plan.alpha / 2):
        return _found(Ending.BETTER, describe_split(plan, state), plan)
    margin = plan.least_difference
    if state.difference.interval().is_within(margin):
        return _alike(describe_split(plan, state), margin, plan)
    return _overdue(plan, describe_split(plan, state), split_detectable(plan, state), now)


def shadow_conclusion(plan: Plan, state: ShadowState, now: datetime) -> Conclusion | None:
    """Returns how a shadow test ends, None while it goes on."""
    if mcnemar.holds_at(state.decisive, Claim.HIGHER, plan.alpha / 2):
        return _found(Ending.WORSE, describe_shadow(state), plan)
    if mcnemar.holds_at(state.decisive, Claim.LOWER, plan.alpha / 2):
        return _found(Ending.BETTER, describe_shadow(state), plan)
    margin = plan.least_difference
    if state.pairs and _bound(plan, state) < margin:
        return _alike(describe_shadow(state), margin, plan)
    return _overdue(plan, describe_shadow(state), shadow_detectable(plan, state), now)


def _bound(plan: Plan, state: ShadowState) -> float:
    return mcnemar.difference_bound(state.pairs, state.disagreements, state.decisive, plan.alpha)


def shadow_interval(plan: Plan, state: ShadowState) -> Interval:
    """Returns where the difference of the rates of mistakes lies, challenger's less champion's."""
    if not state.pairs:
        return Interval(-1.0, 1.0)
    disagree = mcnemar.share_interval(state.disagreements, state.pairs, plan.alpha / 2)
    right = mcnemar.share_interval(
        state.decisive.challenger_right, state.decisive.count, plan.alpha / 2
    )
    low, high = 1 - 2 * right.high, 1 - 2 * right.low
    # Which share of the disagreements decides is not known: anything up to all of them.
    return Interval(min(0.0, low * disagree.high), max(0.0, high * disagree.high))


def split_detectable(plan: Plan, state: SplitState) -> float | None:
    """Returns the least difference that the requests so far would show; None for no difference."""
    seen = state.worse.champion + state.worse.challenger
    if not seen.requests:
        return None
    return split_least_difference(
        seen.estimate, plan.weight, seen.requests, plan.errors, worse=True
    )


def shadow_detectable(plan: Plan, state: ShadowState) -> float | None:
    """Returns the least difference of accuracies that the labels so far would show."""
    if not state.decisive.count or not state.pairs:
        return None
    deciding = state.disagreements / state.pairs * state.decisive.count / state.labelled
    return shadow_least_difference(deciding, state.decisive.count, plan.errors)


def _found(ending: Ending, figures: str, plan: Plan) -> Conclusion:
    return Conclusion(
        ending,
        "evidence",
        f"The challenger is {ending.value}: {figures}. Such a verdict is wrong with a probability "
        f"of at most {plan.alpha / 2:.3g}, however often one looks.",
    )


def _alike(figures: str, margin: float, plan: Plan) -> Conclusion:
    return Conclusion(
        Ending.NO_DIFFERENCE,
        "evidence",
        f"The models differ by less than {_points(margin)} either way: {figures}. That is wrong "
        f"with a probability of at most {plan.alpha:.3g}.",
    )


def _overdue(
    plan: Plan, figures: str, detectable: float | None, now: datetime
) -> Conclusion | None:
    if now < plan.deadline:
        return None
    seen = "no difference" if detectable is None else f"a difference of {_points(detectable)}"
    return Conclusion(
        Ending.UNDECIDED,
        "deadline",
        f"The deadline came first: {figures}. So much shows {seen} with a probability of "
        f"{plan.power:.0%}. The model in use stays.",
    )


def _points(share: float) -> str:
    return f"{100 * share:.2f} points"


def describe_split(plan: Plan, state: SplitState) -> str:
    """Returns what was counted, as a part of a sentence."""
    what = "requests failed" if plan.measure is Measure.ERRORS else "answers were wrong"
    one, other = state.worse.challenger, state.worse.champion
    return (
        f"{one.mistakes} of {one.requests} of its {what}, of the champion's {other.mistakes} of "
        f"{other.requests}"
    )


def describe_shadow(state: ShadowState) -> str:
    """Returns what was counted, as a part of a sentence."""
    return (
        f"of {state.pairs} texts both models answered {state.disagreements} differently; of "
        f"{state.labelled} labelled ones the challenger is right in "
        f"{state.decisive.challenger_right}, the champion in {state.decisive.champion_right}, "
        f"neither in {state.both_wrong}"
    )


def stopped(reason: str) -> Conclusion:
    """Returns the end of an experiment that a person ended."""
    return Conclusion(Ending.UNDECIDED, "stopped", reason)
