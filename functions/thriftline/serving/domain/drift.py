"""Whether what an endpoint is asked, and answers, still looks like the model's test split.

A signal is a histogram: of a window's rows, and of the reference's. It alarms only where the
population stability index (PSI) is large **and** larger than chance explains. Large alone depends
on the number of rows: with 10 bins and 100 rows a third of all quiet windows exceed 0.1. Beyond
chance alone does too: a million rows make any difference significant.

Without drift PSI / (1/n + 1/m) has, for n rows of the window and m of the reference, the chi-square
distribution with one degree of freedom less than bins. Its point at ``alpha`` over the number of
signals (Bonferroni) is the bound, so that at most a share ``alpha`` of quiet windows alarms over
all signals together, whatever n and m are. ``make test-drift-million`` measures it.

The rows are taken for independent. Requests that repeat each other are not: one client that sends
the same text a thousand times is drift here, and that is right.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

from thriftline.core.dataclass import dataclass

# With fewer rows in a bin of the reference, or fewer expected in the window, the chi-square
# distribution does not hold: at 5 in the reference 8 % of quiet windows alarmed.
_LEAST_IN_REFERENCE, _LEAST_EXPECTED = 15, 5.0
_MOST_ORDERED, _MOST_NAMED = 10, 20
# Nobody can take the logarithm of a share of 0.
_SMOOTHING = 0.5


class Level(StrEnum):
    """What is said of one signal. UNKNOWN is neither good nor bad."""

    UNKNOWN = "unknown"
    QUIET = "quiet"
    DRIFT = "drift"
    SEVERE = "severe"

    @property
    def alarms(self) -> bool:
        """Whether it is a finding."""
        return self in {Level.DRIFT, Level.SEVERE}


@dataclass(frozen=True)
class DriftRules:
    """When a signal alarms. ``alpha`` is the share of quiet windows that may, over all signals."""

    least_psi: float = 0.1
    severe_psi: float = 0.25
    alpha: float = 0.05
    least_rows: int = 300


@dataclass(frozen=True)
class Signal:
    """Rows by bin, in the same order. Neighbours may be joined where the bins are ``ordered``."""

    name: str
    reference: tuple[int, ...]
    current: tuple[int, ...]
    ordered: bool


@dataclass(frozen=True)
class SignalDrift:
    """What was found of one signal; what cannot be said is None, and ``reason`` says why.

    ``point`` is the PSI that chance exceeds in ``alpha`` of all windows. ``p_value`` is that of the
    chi-square test, ``distance`` and ``distance_point`` those of Kolmogorov and Smirnov, of ordered
    bins alone: both are shown, and neither decides.
    """

    name: str
    level: Level
    reason: str
    rows: int
    reference_rows: int
    psi: float | None = None
    point: float | None = None
    p_value: float | None = None
    distance: float | None = None
    distance_point: float | None = None


def judge(signals: Sequence[Signal], rules: DriftRules) -> tuple[SignalDrift, ...]:
    """Returns what each signal says."""
    alpha = rules.alpha / max(1, len(signals))
    return tuple(_judged(signal, rules, alpha) for signal in signals)


def _judged(signal: Signal, rules: DriftRules, alpha: float) -> SignalDrift:
    rows, of_reference = sum(signal.current), sum(signal.reference)
    if rows < rules.least_rows:
        said = f"{rows} rows; {rules.least_rows} are needed."
        return SignalDrift(signal.name, Level.UNKNOWN, said, rows, of_reference)
    reference, current = joined(signal)
    if len(reference) < 2:
        said = f"The reference has too few rows ({of_reference}) in all bins but one."
        return SignalDrift(signal.name, Level.UNKNOWN, said, rows, of_reference)
    psi = stability_index(reference, current)
    point = chance_point(len(reference), rows, of_reference, alpha)
    level = _level(psi, point, rules)
    return SignalDrift(
        signal.name,
        level,
        _said(psi, point, level, rules),
        rows,
        of_reference,
        psi,
        point,
        chi_square_tail(chi_square(reference, current), len(reference) - 1),
        distance(reference, current) if signal.ordered else None,
        distance_point(rows, of_reference, alpha) if signal.ordered else None,
    )


def _level(psi: float, point: float, rules: DriftRules) -> Level:
    if psi < rules.least_psi or psi <= point:
        return Level.QUIET
    return Level.SEVERE if psi >= rules.severe_psi else Level.DRIFT


def _said(psi: float, point: float, level: Level, rules: DriftRules) -> str:
    if level.alarms:
        return (
            f"PSI {psi:.3f}: at least {rules.least_psi:g}, and chance explains up to {point:.3f}."
        )
    if psi < rules.least_psi:
        return f"PSI {psi:.3f}, below {rules.least_psi:g}."
    return f"PSI {psi:.3f}: with so few rows chance explains up to {point:.3f}."


# ---- Bins


def joined(signal: Signal) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns both histograms with bins joined that are too small to be compared.

    What is joined depends on the reference and on the number of rows alone, never on where the
    window's rows lie: else the bound would not hold.
    """
    ratio = sum(signal.reference) / max(1, sum(signal.current))
    least = max(_LEAST_IN_REFERENCE, _LEAST_EXPECTED * ratio)
    groups = _neighbours(signal, least) if signal.ordered else _frequent(signal, least)
    return (
        tuple(sum(signal.reference[bin] for bin in group) for group in groups),
        tuple(sum(signal.current[bin] for bin in group) for group in groups),
    )


def _neighbours(signal: Signal, least: float) -> list[list[int]]:
    """Joins neighbours up to a tenth of the rows."""
    wanted = max(least, sum(signal.reference) / _MOST_ORDERED)
    groups: list[list[int]] = []
    group: list[int] = []
    held = 0
    for bin, rows in enumerate(signal.reference):
        group.append(bin)
        held += rows
        if held >= wanted:
            groups.append(group)
            group, held = [], 0
    if not group:
        return groups
    if held >= least or not groups:
        return [*groups, group]
    return [*groups[:-1], groups[-1] + group]


def _frequent(signal: Signal, least: float) -> list[list[int]]:
    """Joins all but the most frequent bins."""
    order = sorted(range(len(signal.reference)), key=lambda bin: (-signal.reference[bin], bin))
    alone = [bin for bin in order[: _MOST_NAMED - 1] if signal.reference[bin] >= least]
    others = order[len(alone) :]
    if not others:
        return [[bin] for bin in alone]
    if sum(signal.reference[bin] for bin in others) >= least or not alone:
        return [*([bin] for bin in alone), others]
    return [*([bin] for bin in alone[:-1]), [alone[-1], *others]]


# ---- Statistics


def stability_index(reference: Sequence[int], current: Sequence[int]) -> float:
    """Returns the PSI of two histograms of the same bins."""
    bins = len(reference)
    of_reference = sum(reference) + _SMOOTHING * bins
    of_current = sum(current) + _SMOOTHING * bins
    index = 0.0
    for former, now in zip(reference, current, strict=True):
        was = (former + _SMOOTHING) / of_reference
        is_now = (now + _SMOOTHING) / of_current
        index += (is_now - was) * math.log(is_now / was)
    return index


def chance_point(bins: int, rows: int, of_reference: int, alpha: float) -> float:
    """Returns the PSI that a window without drift exceeds with the probability ``alpha``."""
    return chi_square_point(bins - 1, alpha) * (1 / rows + 1 / of_reference)


def chi_square(reference: Sequence[int], current: Sequence[int]) -> float:
    """Returns the statistic of two histograms of the same bins."""
    rows, of_reference = sum(current), sum(reference)
    total = 0.0
    for former, now in zip(reference, current, strict=True):
        both = former + now
        if both:
            difference = now * math.sqrt(of_reference / rows) - former * math.sqrt(
                rows / of_reference
            )
            total += difference**2 / both
    return total


def chi_square_tail(value: float, degrees: int) -> float:
    """Returns the probability that a chi-square variable is larger."""
    if value <= 0:
        return 1.0
    half = value / 2
    # Sums of logarithms' exponentials: the factors alone overflow.
    if degrees % 2 == 0:
        terms = [index * math.log(half) - math.lgamma(index + 1) for index in range(degrees // 2)]
        return min(1.0, sum(math.exp(term - half) for term in terms))
    powers = [index - 0.5 for index in range(1, (degrees - 1) // 2 + 1)]
    terms = [power * math.log(half) - math.lgamma(power + 1) for power in powers]
    rest = sum(math.exp(term - half) for term in terms)
    return min(1.0, math.erfc(math.sqrt(half)) + rest)


_POINTS: dict[tuple[int, float], float] = {}


def chi_square_point(degrees: int, alpha: float) -> float:
    """Returns the value that a chi-square variable exceeds with the probability ``alpha``."""
    if (degrees, alpha) not in _POINTS:
        low, high = 0.0, 10.0 * degrees + 200.0
        for _ in range(100):
            middle = (low + high) / 2
            if chi_square_tail(middle, degrees) > alpha:
                low = middle
            else:
                high = middle
        _POINTS[degrees, alpha] = high
    return _POINTS[degrees, alpha]


def distance(reference: Sequence[int], current: Sequence[int]) -> float:
    """Returns the largest gap between the two cumulated shares (Kolmogorov and Smirnov)."""
    rows, of_reference = sum(current), sum(reference)
    largest, was, is_now = 0.0, 0, 0
    for former, now in zip(reference, current, strict=True):
        was += former
        is_now += now
        largest = max(largest, abs(is_now / rows - was / of_reference))
    return largest


def distance_point(rows: int, of_reference: int, alpha: float) -> float:
    """Returns the gap that chance exceeds with the probability ``alpha``; fewer of binned rows."""
    return math.sqrt(-math.log(alpha / 2) / 2) * math.sqrt(1 / rows + 1 / of_reference)
