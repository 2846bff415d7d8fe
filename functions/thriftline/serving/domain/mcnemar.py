"""McNemar's comparison of two models that answered the same texts, by the disagreements alone.

McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12 (1947): only texts that exactly one of both answered rightly say
which is better. Of these the challenger has half where both are equally good, so a text that both
answered alike needs no label.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.difference_interval import Interval
from thriftline.serving.domain.e_test import Claim, check_level


@dataclass(frozen=True, slots=True)
class Decisive:
    """Labelled texts that one model answered rightly and the other did not."""

    champion_right: int = 0
    challenger_right: int = 0

    def __post_init__(self) -> None:
        if self.champion_right < 0 or self.challenger_right < 0:
            raise ValueError("There are no fewer than 0 texts.")

    @property
    def count(self) -> int:
        """How many there are."""
        return self.champion_right + self.challenger_right


def exact_p(found: Decisive) -> float:
    """Returns the exact two-sided p-value, for one look at a number fixed beforehand.

    Twice the smaller tail of the binomial distribution with ½, at most 1 (Fleiss, Levin and Paik,
    "Statistical methods for rates and proportions", 3rd edition, section 13.1).
    """
    fewer = min(found.champion_right, found.challenger_right)
    tail = sum(math.comb(found.count, k) for k in range(fewer + 1))
    return min(1.0, float(Fraction(2 * tail, 2**found.count)))


def log_e_value(found: Decisive, claim: Claim) -> float:
    """Returns the logarithm of the evidence, which may be looked at after every label.

    The likelihood ratio against ½, mixed over the challenger's share of the decisive texts
    (Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of
    Mathematical Statistics 41, 1970). It depends on the counts alone, so the order of the labels
    does not matter. Two-sided the mixture is uniform on (0, 1): 2ⁿ·b!·c!/(n + 1)!. One-sided it is
    uniform
    on the half of the claim, where the incomplete beta function is a sum of binomials:

        Σ_{k ≤ s} C(n + 1, k) · b!·c!/(n + 1)!  with s of the side that the claim favours.

    A share that the claim denies makes each ratio of the half a supermartingale, so the bound holds
    for each such share.

    Args:
        found: the decisive texts so far.
        claim: of the challenger's mistakes: ``LOWER`` says that it is right more often.
    """
    right, wrong = found.challenger_right, found.champion_right
    binomials = math.lgamma(right + 1) + math.lgamma(wrong + 1) - math.lgamma(found.count + 2)
    if claim is Claim.DIFFERENT:
        return found.count * math.log(2) + binomials
    favoured = right if claim is Claim.LOWER else wrong
    return _log_sum_of_binomials(found.count + 1, favoured) + binomials


def holds_at(found: Decisive, claim: Claim, alpha: float) -> bool:
    """Whether the claim is made; wrongly at most with probability ``alpha``, at any time."""
    check_level(alpha)
    return log_e_value(found, claim) >= -math.log(alpha)


def _log_sum_of_binomials(total: int, last: int) -> float:
    """Returns ln Σ_{k ≤ last} C(total, k), exactly summed."""
    term, whole = 1, 1
    for k in range(last):
        term = term * (total - k) // (k + 1)
        whole += term
    return math.log(whole)


def share_interval(events: int, total: int, alpha: float) -> Interval:
    """Returns an interval for a share that holds at all times at once.

    The shares that the uniform mixture does not refute: those p with
    s!·f!/(n + 1)! < p^s·(1 - p)^f/alpha (Robbins, as above). The set is an interval around s/n, as
    the likelihood has one maximum; its ends are found by bisection.
    """
    check_level(alpha)
    mixture = math.lgamma(events + 1) + math.lgamma(total - events + 1) - math.lgamma(total + 2)

    def is_refuted(share: float) -> bool:
        return mixture - _log_likelihood(events, total, share) >= -math.log(alpha)

    peak = events / total if total else 0.5
    return Interval(_edge(is_refuted, 0.0, peak), _edge(is_refuted, 1.0, peak))


def _log_likelihood(events: int, total: int, share: float) -> float:
    if (events and share <= 0) or (total - events and share >= 1):
        return -math.inf
    found = events * math.log(share) if events else 0.0
    return found + ((total - events) * math.log1p(-share) if total - events else 0.0)


def _edge(is_refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Returns the last refuted share on the way from ``outside``, which may not be refuted."""
    if not is_refuted(outside):
        return outside
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if is_refuted(middle) else (outside, middle)
    return outside


def difference_bound(pairs: int, disagreements: int, found: Decisive, alpha: float) -> float:
    """Returns how large the difference of both models' accuracy can be, either way, at any time.

    It is (share of disagreements) * (share of them that decide) * (2·challenger's share - 1); the
    middle factor is at most 1, and each of the others lies in its interval at half of ``alpha``. A
    challenger that hardly ever disagrees cannot differ, and needs no label for that.
    """
    disagree = share_interval(disagreements, pairs, alpha / 2)
    right = share_interval(found.challenger_right, found.count, alpha / 2)
    return disagree.high * max(abs(2 * right.low - 1), abs(2 * right.high - 1))
