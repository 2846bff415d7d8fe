"""The exact sequential test of two variants: it may be looked at after every request.

Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
optional stopping", Journal of Statistical Planning and Inference 230 (2024), in the form for a
split that is drawn anew for each request: a request goes to the challenger with the known
probability ``w``, and ends in a mistake or not. Before a batch, from the counts *so far*:

    θa = (mistakes + ½) / (requests + 1) of the champion, θb of the challenger,
    θ0 = (1 - w)·θa + w·θb
    log E += Σ over both of y·ln(θ/θ0) + (n - y)·ln((1 - θ)/(1 - θ0))

Where both have the same rate of mistakes p, the factor of one request has the expectation
p·θ0/θ0 + (1 - p)·(1 - θ0)/(1 - θ0) = 1, for any p, even one that changes with time. So E is a
non-negative martingale that begins at 1, and Ville's inequality bounds the probability that it
ever reaches 1/alpha by alpha. One-sided, θb is held at or above θa (for "the challenger makes more
mistakes") or at or below it: then the expectation is at most 1 for each challenger that does not.
"""

import math
from dataclasses import replace
from enum import Enum

from thriftline.core.dataclass import dataclass


class Claim(Enum):
    """What a large E says of the challenger's rate of mistakes."""

    DIFFERENT = "different"
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Counts:
    """The requests that one variant answered, and how many of them were mistakes."""

    requests: int = 0
    mistakes: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.mistakes <= self.requests:
            raise ValueError(f"{self.mistakes} mistakes of {self.requests} requests cannot be.")

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.requests + other.requests, self.mistakes + other.mistakes)

    @property
    def rate(self) -> float | None:
        """The share of mistakes; None without requests."""
        return self.mistakes / self.requests if self.requests else None

    @property
    def estimate(self) -> float:
        """Krichevsky and Trofimov's estimate of the rate, never 0 and never 1."""
        return (self.mistakes + 0.5) / (self.requests + 1)


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class ETest:
    """The test so far: what was counted, and the evidence; ``peak`` is the most there ever was."""

    claim: Claim
    champion: Counts = NOTHING
    challenger: Counts = NOTHING
    log_e: float = 0.0
    peak: float = 0.0

    def after(self, champion: Counts, challenger: Counts, weight: float) -> "ETest":
        """Returns the test after a batch, whose requests were split by ``weight``.

        Args:
            champion: what the champion answered in the batch.
            challenger: what the challenger answered.
            weight: the probability that a request of the batch went to the challenger. It may
                change from batch to batch. Requests whose caller chose the variant do not count.
        """
        check_weight(weight)
        log_e = self.log_e + self._gain(champion, challenger, weight)
        return replace(
            self,
            champion=self.champion + champion,
            challenger=self.challenger + challenger,
            log_e=log_e,
            peak=max(self.peak, log_e),
        )

    def _gain(self, champion: Counts, challenger: Counts, weight: float) -> float:
        rate_a = self.champion.estimate
        rate_b = _held(self.claim, self.challenger.estimate, rate_a)
        rate_0 = (1 - weight) * rate_a + weight * rate_b
        return log_ratio(champion, rate_a, rate_0) + log_ratio(challenger, rate_b, rate_0)

    def holds_at(self, alpha: float) -> bool:
        """Whether the claim is made; wrongly at most with probability ``alpha``."""
        check_level(alpha)
        return self.peak >= -math.log(alpha)


def _held(claim: Claim, rate: float, other: float) -> float:
    if claim is Claim.HIGHER:
        return max(rate, other)
    return min(rate, other) if claim is Claim.LOWER else rate


def log_ratio(counts: Counts, rate: float, null_rate: float) -> float:
    """Returns the logarithm of how much likelier the counts are under ``rate``."""
    good = counts.requests - counts.mistakes
    return counts.mistakes * math.log(rate / null_rate) + good * math.log(
        (1 - rate) / (1 - null_rate)
    )


@dataclass(frozen=True, slots=True)
class SplitTest:
    """Whether requests arrive as the weights say, looked at any time.

    The same martingale for the split alone: the estimate of the share so far against the known
    weight (Krichevsky and Trofimov's plug-in; Lindon and Malek, "Anytime-valid inference for
    multinomial count data", 2022, give the test for sample ratio mismatch its sequential form). A
    split that is off means that callers choose the variant, or that requests were lost on one.
    """

    champion: int = 0
    challenger: int = 0
    log_e: float = 0.0
    peak: float = 0.0

    def after(self, champion: int, challenger: int, weight: float) -> "SplitTest":
        """Returns the test after a batch of so many requests on each variant."""
        check_weight(weight)
        share = (self.challenger + 0.5) / (self.champion + self.challenger + 1)
        gain = champion * math.log((1 - share) / (1 - weight)) + challenger * math.log(
            share / weight
        )
        log_e = self.log_e + gain
        return SplitTest(
            self.champion + champion,
            self.challenger + challenger,
            log_e,
            max(self.peak, log_e),
        )

    def is_off_at(self, alpha: float) -> bool:
        """Whether the split is not the known one; wrongly said with probability ``alpha``."""
        check_level(alpha)
        return self.peak >= -math.log(alpha)


def check_weight(weight: float) -> None:
    """Refuses a share with which one of both variants gets no request.

    Raises:
        ValueError: it is not between 0 and 1.
    """
    if not 0 < weight < 1:
        raise ValueError(f"The challenger's share is {weight}; it must lie between 0 and 1.")


def check_level(alpha: float) -> None:
    """Refuses an error rate that is none.

    Raises:
        ValueError: it is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"The error rate is {alpha}; it must lie between 0 and 1.")
