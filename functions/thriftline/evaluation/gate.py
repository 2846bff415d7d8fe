"""The promotion gate: is the candidate good enough to be the next champion?

Where there is a champion, the candidate must be shown not to be worse by more than the margin:
the test that statisticians call non-inferiority. A difference that the test split cannot settle
does not pass, for the model in use is known and the new one is not.
"""

from dataclasses import dataclass
from typing import Literal

Promotion = Literal["approved", "pending", "rejected"]

_NAMES = {"accuracy": "accuracy", "micro_f1": "micro-F1", "macro_f1": "macro-F1"}


@dataclass(frozen=True)
class GateSettings:
    """The rules, from the run spec's section ``gate``."""

    metric: str
    minimum: float | None
    champion_margin: float
    confidence: float
    minimum_test_size: int
    approval: Literal["automatic", "manual"]


@dataclass(frozen=True)
class Estimate:
    """The gate's metric on the test split, with its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AgainstChampion:
    """Candidate minus champion, and how likely it is to be worse by more than the margin."""

    champion: float
    difference: float
    low: float
    high: float
    probability_worse: float


@dataclass(frozen=True)
class Decision:
    """``reason`` is a sentence for a person, with the numbers."""

    promotion: Promotion
    reason: str


def decide(
    settings: GateSettings,
    estimate: Estimate,
    comparison: AgainstChampion | None,
    test_size: int,
) -> Decision:
    """Returns whether the candidate is approved, waits for a person, or is rejected.

    The first model of a project has no champion and passes on the minimum alone.
    """
    refusal = (
        _too_small(settings, test_size)
        or _too_low(settings, estimate)
        or (_not_shown(settings, comparison) if comparison else None)
    )
    if refusal:
        return Decision("rejected", refusal)
    passed = _passed(settings, estimate, comparison)
    if settings.approval == "manual":
        return Decision("pending", f"{passed} It waits for a person: gate.approval is manual.")
    return Decision("approved", passed)


def _too_small(settings: GateSettings, test_size: int) -> str | None:
    if test_size >= settings.minimum_test_size:
        return None
    return (
        f"The test split has {test_size} records; "
        f"gate.minimum_test_size asks for {settings.minimum_test_size}."
    )


def _too_low(settings: GateSettings, estimate: Estimate) -> str | None:
    if settings.minimum is None or estimate.value >= settings.minimum:
        return None
    return (
        f"Its {_NAMES[settings.metric]} of {_measured(settings, estimate)} is under "
        f"gate.minimum, {settings.minimum:.4g}."
    )


def _not_shown(settings: GateSettings, comparison: AgainstChampion) -> str | None:
    # The tolerance forgives 1 - 0.95 not being 0.05 in binary.
    if comparison.probability_worse <= 1 - settings.confidence + 1e-9:
        return None
    compared = _compared(settings, comparison)
    if comparison.high < -settings.champion_margin:
        return f"It is worse than the champion: {compared}."
    return (
        f"It was not shown to keep up with the champion: {compared}. The chance that it is worse "
        f"by more than gate.champion_margin ({settings.champion_margin:.4g}) is "
        f"{comparison.probability_worse:.1%}; at a confidence of {settings.confidence:.4g} at "
        f"most {1 - settings.confidence:.2g} is allowed. More test records would tell."
    )


def _passed(settings: GateSettings, estimate: Estimate, comparison: AgainstChampion | None) -> str:
    passed = f"Its {_NAMES[settings.metric]} is {_measured(settings, estimate)}"
    if settings.minimum is not None:
        passed += f", at least gate.minimum {settings.minimum:.4g}"
    if comparison is None:
        return f"{passed}; there is no champion to compare with."
    return (
        f"{passed}, and it is not worse than the champion by more than "
        f"{settings.champion_margin:.4g}: {_compared(settings, comparison)}."
    )


def _measured(settings: GateSettings, estimate: Estimate) -> str:
    return (
        f"{estimate.value:.4f} ({settings.confidence:.0%} interval "
        f"{estimate.low:.4f} to {estimate.high:.4f})"
    )


def _compared(settings: GateSettings, comparison: AgainstChampion) -> str:
    return (
        f"{_NAMES[settings.metric]} {comparison.champion + comparison.difference:.4f} against "
        f"{comparison.champion:.4f}, a difference of {comparison.difference:+.4f} "
        f"({settings.confidence:.0%} interval {comparison.low:+.4f} to {comparison.high:+.4f})"
    )
