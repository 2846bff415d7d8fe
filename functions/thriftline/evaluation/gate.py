"""The promotion gate: is the candidate good enough to be the next champion?

Where there is a champion, the candidate must be shown not to be worse by more than the margin:
the test that statisticians call non-inferiority. A difference that the test split cannot settle
does not pass, for the model in use is known and the new one is not.
"""

from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted

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
    above_majority: bool
    approval: Literal["automatic", "manual"]
    max_unparsed: float = 0.005


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
class AgainstBaseline:
    """Candidate minus a simple rival, and how likely it is to be no better."""

    name: str
    value: float
    difference: float
    low: float
    high: float
    probability_not_better: float


@dataclass(frozen=True)
class Unparsed:
    """Of the answers of a model that answers with words, those that are none of the labels."""

    count: int
    asked: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.count / self.asked


@dataclass(frozen=True)
class Evidence:
    """What else is known. None, or nothing, where the job did not say it.

    ``untuned`` is the base model without examples. ``incomparable`` says why a champion that there
    is was not compared with.
    """

    majority: AgainstBaseline | None = None
    tfidf: AgainstBaseline | None = None
    unknown_to_champion: tuple[str, ...] = ()
    """Labels of the data set that the champion never gives, as they may be shown."""
    flat_loss: tuple[float, float] | None = None
    """First and last loss of a training that hardly moved it."""
    flat_head: tuple[float, float] | None = None
    """Loss of the labels' shares alone, and that of a fitted head that is hardly better."""
    untuned: AgainstBaseline | None = None
    unparsed: Unparsed | None = None
    incomparable: str | None = None


NOTHING_ELSE = Evidence()


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
    evidence: Evidence = NOTHING_ELSE,
) -> Decision:
    """Returns whether the candidate is approved, waits for a person, or is rejected.

    The first model of a project has no champion; it must be better than the most frequent label.
    So must one whose champion has other labels, and a person then decides between the two.
    """
    comparable = comparison if comparison and not evidence.unknown_to_champion else None
    refusal = (
        _too_small(settings, test_size)
        or _too_many_unparsed(settings, evidence.unparsed)
        or _too_low(settings, estimate)
        or (
            _not_shown(settings, comparable)
            if comparable
            else _like_majority(settings, evidence.majority)
        )
    )
    also = _also(settings, comparable, evidence)
    if refusal:
        return Decision("rejected", f"{refusal}{also}")
    passed = f"{_passed(settings, estimate, comparison, evidence)}{also}"
    if (comparison and not comparable) or evidence.incomparable:
        return Decision("pending", f"{passed} It waits for a person to choose between the two.")
    if settings.approval == "manual":
        return Decision("pending", f"{passed} It waits for a person: gate.approval is manual.")
    return Decision("approved", passed)


def _like_majority(settings: GateSettings, majority: AgainstBaseline | None) -> str | None:
    if majority is None or not settings.above_majority:
        return None
    if majority.probability_not_better <= 1 - settings.confidence + 1e-9:
        return None
    return (
        f"It was not shown to be better than {majority.name}: {_against(settings, majority)}. The "
        f"chance that it is no better is {majority.probability_not_better:.1%}; at a confidence of "
        f"{settings.confidence:.4g} at most {1 - settings.confidence:.2g} is allowed. More records "
        "to train on and to test on would show whether it is; gate.above_majority: false approves "
        "it all the "
        "same."
    )


def _also(settings: GateSettings, comparable: AgainstChampion | None, evidence: Evidence) -> str:
    """What else a person should know of a model that no champion vouches for."""
    parts = []
    tfidf = None if comparable else evidence.tfidf
    if tfidf:
        worse = "It is worse than " if tfidf.high < 0 else "Compare it with "
        parts.append(f"{worse}{tfidf.name}: {_against(settings, tfidf)}.")
    if evidence.flat_loss:
        first, last = evidence.flat_loss
        parts.append(
            f"The training hardly moved its loss, from {first:.4g} to {last:.4g}: more epochs, "
            "smaller steps or a higher learning_rate may help, or the texts do not show "
            "which label they have."
        )
    if evidence.flat_head:
        shares, head = evidence.flat_head
        parts.append(
            f"The training learned hardly more than how frequent each label is: a validation loss "
            f"of {head:.4g} against {shares:.4g}. More records or hyperparameters.method: finetune "
            "may help, or the texts do not show which label they have."
        )
    if not_needed := _tuning_not_needed(settings, evidence.untuned):
        parts.append(not_needed)
    return "".join(f" {part}" for part in parts)


def _tuning_not_needed(settings: GateSettings, untuned: AgainstBaseline | None) -> str | None:
    """What the untuned model says of the tuning: that it was not needed, or not shown to help."""
    if untuned is None:
        return None
    metric = _NAMES[settings.metric]
    if settings.minimum is not None and untuned.value >= settings.minimum:
        return (
            f"Tuning was not needed: {untuned.name} has a {metric} of {untuned.value:.4f} already, "
            f"at least gate.minimum {settings.minimum:.4g}."
        )
    if untuned.probability_not_better <= 1 - settings.confidence + 1e-9:
        return None
    return (
        f"Tuning was not shown to help: it was compared with {untuned.name}, "
        f"{_against(settings, untuned)}."
    )


def _against(settings: GateSettings, other: AgainstBaseline) -> str:
    return _difference(settings, other.value, other.difference, other.low, other.high)


def _too_small(settings: GateSettings, test_size: int) -> str | None:
    if test_size >= settings.minimum_test_size:
        return None
    return (
        f"The evaluation has {counted(test_size, 'test record')}; "
        f"gate.minimum_test_size asks for {settings.minimum_test_size}."
    )


def _too_many_unparsed(settings: GateSettings, unparsed: Unparsed | None) -> str | None:
    if unparsed is None or unparsed.share <= settings.max_unparsed + 1e-9:
        return None
    return (
        f"{_unparsed(unparsed, f' ({100 * unparsed.share:.3g} %)')}; gate.max_unparsed allows "
        f"{100 * settings.max_unparsed:.4g} %."
    )


def _unparsed(unparsed: Unparsed, share: str = "") -> str:
    verb = "is" if unparsed.count == 1 else "are"
    asked = counted(unparsed.asked, "answer")
    return f"{unparsed.count} of its {asked}{share} {verb} none of the labels"


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
        f"most {1 - settings.confidence:.2g} is allowed. More test records would show it."
    )


def _passed(
    settings: GateSettings,
    estimate: Estimate,
    comparison: AgainstChampion | None,
    evidence: Evidence,
) -> str:
    passed = f"Its {_NAMES[settings.metric]} is {_measured(settings, estimate)}"
    if settings.minimum is not None:
        passed += f", at least gate.minimum {settings.minimum:.4g}"
    if evidence.unparsed:
        passed += f", {_unparsed(evidence.unparsed)}"
    if evidence.incomparable:
        return f"{passed}; it is not comparable with the champion: {evidence.incomparable}."
    if comparison is None:
        return f"{passed}; there is no champion to compare with."
    if evidence.unknown_to_champion:
        return (
            f"{passed}; it is not comparable with the champion, which does not know the labels "
            f"{', '.join(evidence.unknown_to_champion)}."
        )
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
    each = comparison
    return _difference(settings, each.champion, each.difference, each.low, each.high)


def _difference(
    settings: GateSettings, other: float, difference: float, low: float, high: float
) -> str:
    return (
        f"{_NAMES[settings.metric]} {other + difference:.4f} against {other:.4f}, a difference of "
        f"{difference:+.4f} ({settings.confidence:.0%} interval {low:+.4f} to {high:+.4f})"
    )
