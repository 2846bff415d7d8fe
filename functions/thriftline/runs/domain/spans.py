"""A figure that is not known exactly: the least, the likely and the most that it will be."""

from math import exp, hypot, log

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class Span:
    """``low`` and ``high`` are where about nine of ten outcomes should lie between."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        """Refuses ends in the wrong order: a sum of such would hide it."""
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"not in order: {self.low}, {self.likely}, {self.high}")

    @classmethod
    def exactly(cls, value: float) -> "Span":
        """Returns a figure that is known."""
        return cls(value, value, value)

    def __add__(self, other: "Span") -> "Span":
        """Adds low to low and high to high, as if what delays one part delayed the others."""
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, factor: float) -> "Span":
        """Returns so many of it."""
        return Span(factor * self.low, factor * self.likely, factor * self.high)


@dataclass(frozen=True)
class Spread:
    """How far off a likely figure may be, as factors: it times ``down`` and it times ``up``."""

    down: float
    up: float

    @classmethod
    def either_way(cls, factor: float) -> "Spread":
        """Returns the same factor down and up."""
        return cls(1 / factor, factor)

    def and_(self, other: "Spread") -> "Spread":
        """Returns both together, where neither knows of the other."""
        return Spread(
            exp(-hypot(log(self.down), log(other.down))), exp(hypot(log(self.up), log(other.up)))
        )

    def around(self, likely: float) -> Span:
        """Returns the span about a likely figure."""
        return Span(likely * self.down, likely, likely * self.up)


EXACT = Spread(1.0, 1.0)
