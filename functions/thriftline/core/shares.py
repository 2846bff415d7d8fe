"""Intervals of shares that hold for few records, and for shares of none and of all."""

import math
from statistics import NormalDist


def wilson(right: float, records: float, confidence: float = 0.95) -> tuple[float, float]:
    """Returns Wilson's score interval of a share; all of thirty are not surely all of any.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927). Brown, Cai and DasGupta, "Interval
    estimation for a binomial proportion", Statistical Science 16 (2001), recommend it for few
    records, where the intervals of the normal approximation and of the bootstrap are too narrow.

    Args:
        right: how many; not necessarily whole, for a mean of shares.
        records: of how many, more than 0.
        confidence: between 0 and 1.
    """
    square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = right / records
    middle = (share + square / (2 * records)) / (1 + square / records)
    half = math.sqrt(square) / (1 + square / records)
    half *= math.sqrt(share * (1 - share) / records + square / (4 * records**2))
    low = 0.0 if right <= 0 else max(0.0, middle - half)
    return low, 1.0 if right >= records else min(1.0, middle + half)
