"""How many requests and labels comparisons on live traffic take: the tables of docs/benchmarks.md.

PYTHONPATH=functions:. .venv/bin/python -m benchmarks.experiment_power
"""

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.experiment_simulation import Setting, Simulation, draws
from thriftline.serving.domain import power
from thriftline.serving.domain.power import Errors

ERRORS = Errors(alpha=0.05, power=0.8)
SPLITS = (
    (0.01, 0.10, 0.1),
    (0.01, 0.05, 0.1),
    (0.01, 0.02, 0.1),
    (0.01, 0.02, 0.5),
    (0.10, 0.15, 0.1),
    (0.10, 0.05, 0.5),
    (0.10, 0.08, 0.5),
    (0.10, 0.09, 0.5),
)
SEEN = ((0.01, 0.1), (0.10, 0.1), (0.10, 0.5))
SHADOWS = ((0.06, 0.01), (0.06, 0.02), (0.10, 0.02), (0.10, 0.05), (0.20, 0.05))
_TESTS, _MOST_REQUESTS = 1_000, 25_000


def split_rows() -> Iterator[str]:
    """Yields the rows of what an A/B test takes."""
    for champion, challenger, weight in SPLITS:
        needed = power.split_requests(champion, challenger, weight, ERRORS)
        yield (
            f"| {champion:.0%} | {challenger:.0%} | {weight:.0%} | {_number(needed)} "
            f"| {_hours(needed)} |"
        )


def least_rows() -> Iterator[str]:
    """Yields the rows of what so many requests of an A/B test show."""
    for rate, weight in SEEN:
        found = [
            power.split_least_difference(rate, weight, count, ERRORS)
            for count in (1_000, 10_000, 100_000, 1_000_000)
        ]
        yield f"| {rate:.0%} | {weight:.0%} | {' | '.join(_points(one) for one in found)} |"


def shadow_rows() -> Iterator[str]:
    """Yields the rows of what a shadow test takes, beside tests that are looked at once."""
    for disagreement, difference in SHADOWS:
        pairs = power.shadow_pairs(disagreement, difference, ERRORS)
        labels = power.shadow_labels(0.5 + difference / (2 * disagreement), ERRORS)
        once = power.fixed_mcnemar(disagreement, difference, ERRORS)
        arms = power.fixed_two_arms(0.1, 0.1 - difference, ERRORS)
        yield (
            f"| {disagreement:.0%} | {_points(difference)} | {_number(pairs)} | {_number(labels)} "
            f"| {once:,} | {math.ceil(once * disagreement):,} | {arms:,} |"
        )


def simulated(champion: float, challenger: float, weight: float) -> int | None:
    """Returns by which request four of five simulated tests have ended; None for too many."""
    rng, setting = np.random.default_rng(7), Setting(champion, challenger, weight)
    made = Simulation(_TESTS)
    for request in range(_MOST_REQUESTS):
        made.step(*draws(rng, setting, request, _MOST_REQUESTS, _TESTS))
        peaks = made.peaks[0 if challenger > champion else 1]
        if (peaks >= ERRORS.threshold).mean() >= ERRORS.power:
            return request + 1
    return None


def _number(count: int | None) -> str:
    return "more than a thousand million" if count is None else f"{count:,}"


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.2f}"


def _hours(requests: int | None) -> str:
    return "-" if requests is None else f"{requests / 3600:.1f}"


def main() -> None:
    """Prints the tables, and what a simulation says of the first."""
    for rows in (split_rows(), least_rows(), shadow_rows()):
        print(*rows, "", sep="\n")
    for champion, challenger, weight in SPLITS:
        print(
            f"simulated {champion} {challenger} {weight}: {simulated(champion, challenger, weight)}"
        )


if __name__ == "__main__":
    main()
