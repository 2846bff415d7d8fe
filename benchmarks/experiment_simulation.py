"""Many A/B tests at once, looked at after every request: the arithmetic of ``ETest`` on arrays.

``test_e_test.py`` holds it equal to ``ETest`` itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Setting:
    """One kind of traffic: rates of mistakes, and the challenger's share."""

    champion_rate: float
    challenger_rate: float
    weight: float
    # From half of the requests on.
    later_rate: float | None = None
    later_weight: float | None = None

    def at(self, request: int, requests: int) -> tuple[float, float, float]:
        """Returns the rates and the share at one request."""
        if request < requests // 2:
            return self.champion_rate, self.challenger_rate, self.weight
        rise = 0.0 if self.later_rate is None else self.later_rate - self.champion_rate
        weight = self.weight if self.later_weight is None else self.later_weight
        return self.champion_rate + rise, self.challenger_rate + rise, weight


class Simulation:
    """So many tests of the same setting, request by request."""

    def __init__(self, count: int) -> None:
        self.requests = np.zeros((2, count))
        self.mistakes = np.zeros((2, count))
        self.worse = np.zeros(count)
        self.better = np.zeros(count)
        self.different = np.zeros(count)
        self.peaks = np.zeros((3, count))

    def step(self, challenger: BoolArray, mistake: BoolArray, weight: float) -> None:
        """Takes one request in each test, and looks."""
        rates = (self.mistakes + 0.5) / (self.requests + 1)
        null = (1 - weight) * rates[0] + weight * rates[1]
        rate = np.where(challenger, rates[1], rates[0])
        gain = np.log(np.where(mistake, rate / null, (1 - rate) / (1 - null)))
        # Held at the champion's rate the ratio is 1.
        is_higher = rates[1] > rates[0]
        self.worse += np.where(is_higher, gain, 0)
        self.better += np.where(is_higher, 0, gain)
        self.different += gain
        self.requests[1] += challenger
        self.requests[0] += ~challenger
        self.mistakes[1] += challenger & mistake
        self.mistakes[0] += ~challenger & mistake
        for peak, evidence in zip(
            self.peaks, (self.worse, self.better, self.different), strict=True
        ):
            np.maximum(peak, evidence, out=peak)


def draws(
    rng: np.random.Generator, setting: Setting, request: int, requests: int, count: int
) -> tuple[BoolArray, BoolArray, float]:
    """Returns which tests' request goes to the challenger, which is a mistake, and the share."""
    champion_rate, challenger_rate, weight = setting.at(request, requests)
    challenger: BoolArray = rng.random(count) < weight
    mistake: BoolArray = rng.random(count) < np.where(challenger, challenger_rate, champion_rate)
    return challenger, mistake, weight


def simulate(setting: Setting, count: int, requests: int, seed: int) -> Simulation:
    """Returns the tests after so many requests each."""
    rng = np.random.default_rng(seed)
    made = Simulation(count)
    for request in range(requests):
        made.step(*draws(rng, setting, request, requests, count))
    return made
