"""A price in tiers: so much a unit up to a quantity, so much from there on."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class Tier:
    """What a unit costs from a quantity on, up to the next tier."""

    begins: Decimal
    usd: Decimal


@dataclass(frozen=True)
class TieredRate:
    """The tiers of one price, in order, the first from 0.

    A first tier of 0 USD is an allowance that the list names, such as the first units of a month.
    """

    tiers: tuple[Tier, ...]

    @classmethod
    def flat(cls, usd: Decimal) -> "TieredRate":
        """Returns a price without tiers."""
        return cls((Tier(Decimal(0), usd),))

    @classmethod
    def of(cls, tiers: Sequence[Tier]) -> "TieredRate":
        """Returns the tiers as a price.

        Raises:
            ValueError: they do not begin at 0, do not rise, or one has a negative price.
        """
        if not tiers or tiers[0].begins != 0:
            raise ValueError("the first tier must begin at 0")
        if any(after.begins <= tier.begins for tier, after in pairwise(tiers)):
            raise ValueError("each tier must begin above the one before")
        if any(tier.usd < 0 for tier in tiers):
            raise ValueError("a price must not be negative")
        return cls(tuple(tiers))

    @property
    def highest_usd(self) -> Decimal:
        """What a unit costs at the most."""
        return max(tier.usd for tier in self.tiers)

    def cost_usd(self, quantity: Decimal) -> Decimal:
        """Returns what a quantity costs, each part of it in its own tier."""
        ends = [tier.begins for tier in self.tiers[1:]]
        total = Decimal(0)
        for tier, end in zip(self.tiers, [*ends, quantity], strict=True):
            total += max(Decimal(0), min(end, quantity) - tier.begins) * tier.usd
        return total
