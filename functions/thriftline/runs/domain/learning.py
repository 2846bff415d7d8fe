"""How far a training is that has not ended, and what it has learned until now."""

from collections.abc import Iterable
from typing import TypeVar

from thriftline.core.dataclass import dataclass

# More points are no better to look at, and each look sends them again.
MOST_POINTS = 200


@dataclass(frozen=True)
class Point:
    """The loss of the training at a step."""

    step: int
    loss: float


@dataclass(frozen=True)
class Scores:
    """What an evaluation on the validation split said; what it did not measure is None."""

    step: int
    loss: float | None
    accuracy: float | None
    macro_f1: float | None


@dataclass(frozen=True)
class Learning:
    """``steps`` are all that it will take, ``seconds_left`` its own guess; None is unknown."""

    step: int
    steps: int | None
    seconds_left: float | None
    curve: tuple[Point, ...]
    validation: tuple[Scores, ...]


_At = TypeVar("_At", Point, Scores)


def thinned(points: Iterable[_At], most: int = MOST_POINTS) -> tuple[_At, ...]:
    """Returns at most so many points in the order of their steps, the last one among them."""
    ordered = sorted(points, key=lambda one: one.step)
    every = -(-len(ordered) // most)
    return tuple(ordered[::-1][:: max(1, every)][::-1])
