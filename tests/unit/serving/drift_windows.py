"""Windows of simulated requests: quiet ones, and ones that drift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thriftline.serving.domain.drift import DriftRules, Signal, judge

RULES = DriftRules()
# Rows of the window, and of the test split.
SIZES = [
    (300, 50),
    (300, 100),
    (300, 300),
    (300, 2_000),
    (1_000, 100),
    (1_000, 20_000),
    (10_000, 300),
    (10_000, 5_000),
    (100_000, 100),
    (1_000_000, 1_000_000),
]
# So many windows of one model, then another.
OF_A_MODEL = 20
Shares = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """One signal of a model without drift."""

    name: str
    shares: Shares
    ordered: bool


def shapes(random: np.random.Generator) -> tuple[Shape, ...]:
    """Five signals as the watch compares them: some even, some with nearly all rows in one bin."""
    labels = int(random.integers(2, 40))
    evenness = random.choice([0.2, 1.0, 5.0])
    return (
        Shape("labels", random.dirichlet([evenness] * labels), ordered=False),
        Shape("confidence", random.dirichlet(np.geomspace(0.1, 9, 10)), ordered=True),
        Shape("length", random.dirichlet(random.gamma(0.5, size=38) + 0.01), ordered=True),
        Shape("unknown words", random.dirichlet([1.0] * 10), ordered=True),
        Shape("truncated", np.array([0.97, 0.03]), ordered=False),
    )


def windows(
    former: Sequence[Shape],
    now: Sequence[Shares],
    size: tuple[int, int],
    random: np.random.Generator,
    count: int,
) -> Iterator[list[Signal]]:
    """Yields windows, each with its own test split."""
    rows, of_reference = size
    was = [random.multinomial(of_reference, one.shares, size=count).tolist() for one in former]
    is_now = [random.multinomial(rows, shares, size=count).tolist() for shares in now]
    for window in range(count):
        yield [
            Signal(
                shape.name, tuple(was[place][window]), tuple(is_now[place][window]), shape.ordered
            )
            for place, shape in enumerate(former)
        ]


def alarms(signals: Sequence[Signal]) -> bool:
    """Whether any signal alarms in one window."""
    return any(found.level.alarms for found in judge(signals, RULES))


def share_of_alarms(
    former: Sequence[Shape], now: Sequence[Shares], size: tuple[int, int], count: int, seed: int
) -> float:
    """Returns the share of windows in which a signal alarms."""
    random = np.random.default_rng(seed)
    return sum(map(alarms, windows(former, now, size, random, count))) / count


def share_of_quiet_alarms(size: tuple[int, int], count: int, seed: int) -> float:
    """Returns the share of windows without drift in which a signal alarms, over many models."""
    random = np.random.default_rng(seed)
    found = 0
    for _ in range(count // OF_A_MODEL):
        former = shapes(random)
        same = [one.shares for one in former]
        found += sum(map(alarms, windows(former, same, size, random, OF_A_MODEL)))
    return found / (count // OF_A_MODEL * OF_A_MODEL)


@dataclass(frozen=True)
class Drifted:
    """How the label's shares, or another signal's, were and are, and the least that is found."""

    what: str
    former: tuple[float, ...]
    now: tuple[float, ...]
    rows: int
    least: float
    ordered: bool = False


def _bell(center: float) -> tuple[float, ...]:
    heights = np.exp(-(((np.arange(38) - center) / 4.0) ** 2) / 2)
    shares: list[float] = (heights / heights.sum()).tolist()
    return tuple(shares)


DRIFTED = (
    Drifted("labels 50:50, now 60:40", (0.5, 0.5), (0.6, 0.4), 300, 0.0),
    Drifted("labels 50:50, now 65:35", (0.5, 0.5), (0.65, 0.35), 300, 0.2),
    Drifted("labels 50:50, now 70:30", (0.5, 0.5), (0.7, 0.3), 300, 0.8),
    Drifted("labels 50:50, now 70:30", (0.5, 0.5), (0.7, 0.3), 3_000, 0.98),
    Drifted("four labels, one doubles", (0.25,) * 4, (0.5, 0.5 / 3, 0.5 / 3, 0.5 / 3), 300, 0.98),
    Drifted("a label of 5 %, now 15 %", (0.95, 0.05), (0.85, 0.15), 300, 0.5),
    Drifted("a label of 5 %, now 20 %", (0.95, 0.05), (0.80, 0.20), 300, 0.95),
    Drifted("3 % truncated, now 15 %", (0.97, 0.03), (0.85, 0.15), 300, 0.9),
    Drifted("texts 1.4 times as long", _bell(14), _bell(15), 300, 0.0, ordered=True),
    Drifted("texts twice as long", _bell(14), _bell(16), 300, 0.9, ordered=True),
    Drifted("texts twice as long", _bell(14), _bell(16), 10_000, 0.98, ordered=True),
)


def share_found(case: Drifted, count: int) -> float:
    """Returns the share of drifted windows that alarm, beside four signals without drift."""
    quiet = shapes(np.random.default_rng(7))
    before = (Shape("drifted", np.array(case.former), case.ordered), *quiet[1:])
    after = [np.array(case.now), *(one.shares for one in quiet[1:])]
    return share_of_alarms(before, after, (case.rows, 2_000), count, seed=3)
