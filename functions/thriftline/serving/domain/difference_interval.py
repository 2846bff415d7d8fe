"""An interval for the difference of two variants that holds at all times at once.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", Journal of the
Royal Statistical Society B 86 (2024), theorem 2 (the predictable plug-in empirical Bernstein
confidence sequence), on the augmented inverse-propensity score of each request:

    z = (y - c)/w for a request of the challenger, -(y - c)/(1 - w) for one of the champion

with c the rate of mistakes so far. Its mean is the difference of the rates whatever c is, because
the split is drawn with the known weight. With s = z/B for a bound B of |z| and a bet 0 ≤ λB < 1,
exp(λ(z - d) - s²·(-ln(1 - λB) - λB)) has a mean of at most 1 (Fan, Grama and Liu 2015, (4.11)), so

    Σλz/Σλ ± (ln(2/alpha) + Σ s²·(-ln(1 - λB) - λB)) / Σλ

holds the difference at every moment with probability 1 - alpha. Any bets do that were fixed before
their requests came. These are the best for a half-width of ``target``, target over the variance of
z: there the interval decides. The price is that it never gets narrower than half of that.
"""

import math

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.e_test import NOTHING, Counts, check_level, check_weight

# Of the largest bet that the inequality allows.
_LARGEST_BET = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where the difference lies, challenger's rate less the champion's."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2

    def is_within(self, margin: float) -> bool:
        """Whether the difference is smaller than ``margin`` either way."""
        return -margin < self.low and self.high < margin


@dataclass(frozen=True, slots=True)
class DifferenceInterval:
    """The sums of the interval so far; ``level`` and ``target`` are chosen beforehand."""

    level: float
    target: float
    champion: Counts = NOTHING
    challenger: Counts = NOTHING
    bets: float = 0.0
    gains: float = 0.0
    spread: float = 0.0

    def after(self, champion: Counts, challenger: Counts, weight: float) -> "DifferenceInterval":
        """Returns the interval after a batch, whose requests were split by ``weight``."""
        check_weight(weight)
        pooled = (self.champion + self.challenger).estimate
        scores = _scores(champion, challenger, weight, pooled)
        bound = max(abs(score) for score, _ in scores)
        bet = self._bet(pooled, weight, bound)
        cost = (-math.log1p(-bet * bound) - bet * bound) / bound**2
        return DifferenceInterval(
            level=self.level,
            target=self.target,
            champion=self.champion + champion,
            challenger=self.challenger + challenger,
            bets=self.bets + bet * sum(count for _, count in scores),
            gains=self.gains + bet * sum(score * count for score, count in scores),
            spread=self.spread + cost * sum(score**2 * count for score, count in scores),
        )

    def _bet(self, pooled: float, weight: float, bound: float) -> float:
        variance = pooled * (1 - pooled) / (weight * (1 - weight))
        return min(self.target / variance, _LARGEST_BET / bound)

    def interval(self) -> Interval:
        """Returns the interval now; from -1 to 1 while nothing is known."""
        check_level(self.level)
        if self.bets <= 0:
            return Interval(-1.0, 1.0)
        middle = self.gains / self.bets
        half = (math.log(2 / self.level) + self.spread) / self.bets
        return Interval(max(-1.0, middle - half), min(1.0, middle + half))


def _scores(
    champion: Counts, challenger: Counts, weight: float, pooled: float
) -> tuple[tuple[float, int], ...]:
    """Returns each score that a request can have, and how many had it."""
    return (
        (-(1 - pooled) / (1 - weight), champion.mistakes),
        (pooled / (1 - weight), champion.requests - champion.mistakes),
        ((1 - pooled) / weight, challenger.mistakes),
        (-pooled / weight, challenger.requests - challenger.mistakes),
    )
