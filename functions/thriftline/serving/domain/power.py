"""How many requests or labels a comparison takes, and what it can find: for planning, no verdict.

The evidence of a sequential test is nearly a Brownian motion: after n units its mean is n·g and its
variance n·v, with g and v the mean and variance of one unit's log likelihood ratio at the true
rates. The test ends when it first reaches the threshold h and what estimating costs, so its power
after n units is the distribution function of Wald's and Schrödinger's inverse Gaussian law:

    Φ((n·g - h)/√(n·v)) + exp(2·g·h/v)·Φ((-n·g - h)/√(n·v))

Estimating a rate from n units costs ½·ln(n) + ½·ln(π/2) (Krichevsky and Trofimov, "The performance
of universal encoding", IEEE Transactions on Information Theory 27, 1981): for both variants, less
that of the pooled rate, which is estimated too. A test holds the figures against a simulation.

Beside them stand the usual tests for one look at a number fixed beforehand: two proportions (Chow,
Shao and Wang, "Sample size calculations in clinical research", 2nd edition, section 4.2), and
McNemar (Connor, "Sample size for testing differences in proportions for the paired-sample design",
Biometrics 43, 1987).
"""

import math
from collections.abc import Callable
from statistics import NormalDist

from thriftline.core.dataclass import dataclass

_MOST_UNITS = 10**9
_HALF_LOG_HALF_PI = 0.5 * math.log(math.pi / 2)


@dataclass(frozen=True, slots=True)
class Errors:
    """What a comparison may get wrong: ``alpha`` are false verdicts, 1 - ``power`` missed."""

    alpha: float = 0.05
    power: float = 0.8

    @property
    def threshold(self) -> float:
        """Evidence for either direction, each of which has half of ``alpha``."""
        return math.log(2 / self.alpha)


def split_power(
    champion_rate: float, challenger_rate: float, weight: float, requests: int, errors: Errors
) -> float:
    """Returns how likely the split test tells these rates of mistakes apart by so many requests."""
    mean, variance = _gain(champion_rate, challenger_rate, weight)
    cost = 0.5 * math.log(max(1.0, requests * weight * (1 - weight))) + _HALF_LOG_HALF_PI
    return _reached(mean, variance, requests, cost + errors.threshold)


def split_requests(
    champion_rate: float, challenger_rate: float, weight: float, errors: Errors
) -> int | None:
    """Returns the requests that the split test needs; None for more than a thousand million."""
    return _fewest(
        lambda count: split_power(champion_rate, challenger_rate, weight, count, errors),
        errors.power,
    )


def split_least_difference(
    rate: float, weight: float, requests: int, errors: Errors, *, worse: bool = True
) -> float | None:
    """Returns the least difference of rates that so many requests show; None where none is.

    Args:
        rate: the champion's rate of mistakes.
        weight: the challenger's share of the requests.
        requests: of both variants together.
        errors: the error rates.
        worse: whether the challenger makes more mistakes, or fewer.
    """
    room = 1 - rate if worse else rate

    def power(difference: float) -> float:
        other = rate + difference if worse else rate - difference
        return split_power(rate, other, weight, requests, errors)

    return _least(power, room, errors.power)


def shadow_labels(right_share: float, errors: Errors) -> int | None:
    """Returns the decisive labels that McNemar's sequential form needs.

    Args:
        right_share: the challenger's share of the texts that exactly one of both gets right.
        errors: the error rates.
    """
    return _fewest(lambda count: _shadow_power(right_share, count, errors), errors.power)


def shadow_pairs(disagreement: float, difference: float, errors: Errors) -> int | None:
    """Returns the texts that both models must answer, where so large a share decides.

    Args:
        disagreement: the share of texts that exactly one of both gets right.
        difference: of the accuracies.
        errors: the error rates.
    """
    labels = shadow_labels(0.5 + difference / (2 * disagreement), errors)
    return None if labels is None else math.ceil(labels / disagreement)


def shadow_least_difference(disagreement: float, labels: int, errors: Errors) -> float | None:
    """Returns the least difference of accuracies that so many decisive labels show."""
    share = _least(lambda more: _shadow_power(0.5 + more, labels, errors), 0.5, errors.power)
    return None if share is None else 2 * share * disagreement


def fixed_two_arms(rate: float, other: float, errors: Errors) -> int:
    """Returns the labels of both arms of a test that is looked at once, half and half."""
    variance = rate * (1 - rate) + other * (1 - other)
    return 2 * math.ceil((sum(_quantiles(errors)) / (other - rate)) ** 2 * variance)


def fixed_mcnemar(disagreement: float, difference: float, errors: Errors) -> int:
    """Returns the pairs of a McNemar test that is looked at once."""
    high, low = _quantiles(errors)
    spread = high * math.sqrt(disagreement) + low * math.sqrt(disagreement - difference**2)
    return math.ceil((spread / difference) ** 2)


def _quantiles(errors: Errors) -> tuple[float, float]:
    normal = NormalDist()
    return normal.inv_cdf(1 - errors.alpha / 2), normal.inv_cdf(errors.power)


def _gain(rate_a: float, rate_b: float, weight: float) -> tuple[float, float]:
    """Returns mean and variance of one request's log likelihood ratio."""
    rate_0 = (1 - weight) * rate_a + weight * rate_b
    arms = ((1 - weight, rate_a), (weight, rate_b))
    gains = [
        (share * chance, math.log(chance / null))
        for share, rate in arms
        for chance, null in ((rate, rate_0), (1 - rate, 1 - rate_0))
        if chance > 0
    ]
    mean = sum(chance * gain for chance, gain in gains)
    return mean, sum(chance * gain**2 for chance, gain in gains) - mean**2


def _shadow_power(right_share: float, labels: int, errors: Errors) -> float:
    shares = [one for one in (right_share, 1 - right_share) if one > 0]
    mean = sum(one * math.log(2 * one) for one in shares)
    variance = sum(one * math.log(2 * one) ** 2 for one in shares) - mean**2
    # The uniform mixture over one half, by Laplace's method: √(2π·s(1 - s)/n) of a density of 2.
    spread = 2 * math.pi * right_share * (1 - right_share) / max(1, labels)
    cost = -0.5 * math.log(min(1.0, 4 * spread)) if spread > 0 else math.log(max(1, labels) / 2)
    return _reached(mean, variance, labels, cost + errors.threshold)


def _reached(mean: float, variance: float, units: int, threshold: float) -> float:
    """Returns how likely the evidence of so many units has been at the threshold."""
    if mean <= 0 or variance <= 0:
        return 1.0 if units * mean >= threshold else 0.0
    normal, spread = NormalDist(), math.sqrt(units * variance)
    at_end = normal.cdf((units * mean - threshold) / spread)
    exponent = 2 * mean * threshold / variance
    fell_back = normal.cdf((-units * mean - threshold) / spread)
    # The product is a probability; its first factor alone may be larger than any float.
    before = math.exp(exponent + math.log(fell_back)) if fell_back > 0 else 0.0
    return min(1.0, at_end + before)


def _fewest(power: Callable[[int], float], wanted: float) -> int | None:
    high = 1
    while power(high) < wanted:
        high *= 2
        if high > _MOST_UNITS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return high


def _least(power: Callable[[float], float], room: float, wanted: float) -> float | None:
    if power(room) < wanted:
        return None
    low, high = 0.0, room
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return high
