"""A worst case that does not fit what is left: a shorter run where that is useful, else refused.

A run is made shorter only where the work is probably done in the time that is left to it, where
what was done is kept when it is stopped, and where the time is worth a machine at all.
"""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal

from thriftline.core.dataclass import dataclass

# Less than that goes to starting, loading and uploading.
LEAST_SECONDS = 1800
_CENT = Decimal("0.01")
_MOST_NAMED = 3


@dataclass(frozen=True)
class Room:
    """The dollars that a run may cost at the most, and what sets that limit.

    ``others`` are limits that are not lower, each with its dollars. ``taken_usd`` is what else the
    limit has to pay for, beside these dollars.
    """

    usd: Decimal
    limit: str
    others: tuple[tuple[str, Decimal], ...] = ()
    taken_usd: Decimal = Decimal(0)

    def passed_by(self, usd: Decimal) -> str:
        """Names the limits that so many dollars pass."""
        return " and ".join([self.limit, *(name for name, most in self.others if usd > most)])

    @property
    def cents(self) -> Decimal:
        """The dollars in whole cents, never more than there are."""
        return self.usd.quantize(_CENT, rounding=ROUND_FLOOR)


@dataclass(frozen=True)
class Ask:
    """What a run asks for on its first rung; what is not known is None.

    ``goes_on`` is whether what an attempt has done is kept when it is stopped. ``fixed_usd`` is the
    part of ``worst_usd`` that does not grow with the time, such as a warm pool's.
    """

    worst_usd: Decimal
    longest_seconds: int | None
    likely_seconds: int | None
    goes_on: bool
    fixed_usd: Decimal = Decimal(0)

    def seconds_within(self, usd: Decimal) -> int:
        """Returns how long the run may take for so much of its worst case, 0 for too little."""
        if self.longest_seconds is None or usd <= self.fixed_usd:
            return 0
        return int(
            self.longest_seconds * (usd - self.fixed_usd) / (self.worst_usd - self.fixed_usd)
        )


@dataclass(frozen=True)
class Clamp:
    """A run that was made shorter: from so many seconds and dollars to so many."""

    from_usd: Decimal
    from_seconds: int
    usd: Decimal
    seconds: int
    reason: str


@dataclass(frozen=True)
class Choice:
    """Another way to do the same work, at what it probably and at most costs."""

    name: str
    worst_usd: Decimal
    likely_usd: Decimal | None
    high_usd: Decimal | None
    has_time: bool = True


def clamped(ask: Ask, room: Room) -> Clamp | None:
    """Returns the run as long as the room pays for, None where that would not be useful."""
    if ask.longest_seconds is None or ask.likely_seconds is None or not ask.goes_on:
        return None
    usd = min(room.cents, ask.worst_usd)
    if usd <= 0:
        return None
    # A worst case is rounded up to cents, so this is never more than the room pays for.
    seconds = ask.seconds_within(usd)
    if seconds < max(LEAST_SECONDS, ask.likely_seconds):
        return None
    return Clamp(
        from_usd=ask.worst_usd,
        from_seconds=ask.longest_seconds,
        usd=usd,
        seconds=seconds,
        reason=(
            f"The worst case of {ask.worst_usd} USD does not fit {room.limit}, which leaves "
            f"{room.cents} USD: the run may take {seconds:,} seconds and not "
            f"{ask.longest_seconds:,}. It is expected to need {ask.likely_seconds:,}."
        ),
    )


def cheaper_choices(choices: Iterable[Choice], room_usd: Decimal) -> list[str]:
    """Names the choices that fit, by what they probably cost; the unknown come last."""
    fitting = [one for one in choices if one.has_time and _fits(one, room_usd)]
    fitting.sort(
        key=lambda one: (one.likely_usd is None, one.likely_usd or one.worst_usd, one.name)
    )
    return [_named(one) for one in fitting[:_MOST_NAMED]]


def _fits(choice: Choice, room_usd: Decimal) -> bool:
    if choice.worst_usd <= room_usd:
        return True
    return choice.high_usd is not None and choice.high_usd <= room_usd


def _named(choice: Choice) -> str:
    if choice.likely_usd is None:
        return f"{choice.name} (at most {choice.worst_usd} USD)"
    return f"{choice.name} (probably {choice.likely_usd:.2f} USD, at most {choice.worst_usd} USD)"
