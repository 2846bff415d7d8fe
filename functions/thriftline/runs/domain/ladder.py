"""Which rung of its ladder a run takes next, when it leaves one, and what became of each.

Rungs count from 1, like attempts, and apart from them: a rung may see two attempts or none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.core.wording import counted
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.quotes import Rung

# Where there is another rung to go to, or the same has failed twice.
MOST_ON_A_RUNG = 2
_FAILED = frozenset({Ending.CAPACITY, Ending.INTERRUPTED, Ending.INTERNAL_ERROR})
_SHOWN = 300


@dataclass(frozen=True)
class Tried:
    """An attempt that was made: on which rung, and how it stands."""

    rung: int
    state: AttemptState


@dataclass(frozen=True)
class GivenUp:
    """Why an attempt is stopped that has not ended: the run goes on to its next rung."""

    ending: Ending
    reason: str


def next_rung(
    rungs: int, most_attempts: int, tried: Sequence[Tried], passed: Collection[int]
) -> int | None:
    """Returns the rung of the next attempt, None when the ladder is exhausted.

    Each attempt takes the next rung. A fault of the trainer repeats its rung once; the last rung is
    repeated where nothing better is left.

    Args:
        rungs: how many there are.
        most_attempts: how many attempts the run may make.
        tried: the attempts that have ended, in order.
        passed: rungs that are passed over.
    """
    if len(tried) >= most_attempts:
        return None
    last = tried[-1].rung if tried else 0
    further = min(set(range(last + 1, rungs + 1)) - set(passed), default=None)
    if not tried:
        return further
    ending = tried[-1].state.ending
    most_here = most_attempts if rungs == 1 else MOST_ON_A_RUNG
    may_repeat = last not in passed and sum(one.rung == last for one in tried) < most_here
    if may_repeat and ending is Ending.INTERNAL_ERROR:
        return last
    if further is None and may_repeat and ending in _FAILED:
        return last
    return further


def give_up(state: AttemptState, rung: Rung, now: datetime, *, has_further: bool) -> GivenUp | None:
    """Returns why the attempt should be stopped now, None when it should go on.

    An attempt that has not started costs nothing. One that is interrupted too often pays again and
    again for its starts; it is stopped only where another rung can go on with its work.
    """
    if not state.is_active:
        return None
    waited = (now - state.created_at).total_seconds()
    if state.started_at is None and rung.wait_seconds is not None and waited >= rung.wait_seconds:
        return GivenUp(
            Ending.OUT_OF_RUNG_WAIT,
            f"It had not started {waited:.0f} seconds after it was asked for; {rung.name} waits "
            f"{rung.wait_seconds}.",
        )
    most = rung.most_interruptions
    if has_further and most is not None and state.interruptions > most:
        return GivenUp(
            Ending.INTERRUPTED,
            f"It was interrupted {counted(state.interruptions, 'time')}; {rung.name} goes on after "
            f"{most} at the most.",
        )
    return None


def judged(state: AttemptState, given_up: GivenUp | None) -> AttemptState:
    """Returns the attempt with the ending that it has by what was decided of it.

    One that was stopped for the next rung was stopped by nobody else; one that completed before
    the stop reached it has completed.
    """
    if given_up is None or state.ending is not Ending.STOPPED:
        return state
    return replace(state, ending=given_up.ending, reason=given_up.reason)


def waited_seconds(state: AttemptState, now: datetime) -> int:
    """Returns how long an attempt waited to start, or to end where it never did."""
    until = state.started_at or state.ended_at or now
    return max(0, round((until - state.created_at).total_seconds()))


def waited_on_rung(rung: int, tried: Sequence[Tried], now: datetime) -> float:
    """Returns the seconds since the first attempt on the rung was asked for, else 0."""
    same = [one.state for one in tried if one.rung == rung]
    return (now - same[0].created_at).total_seconds() if same else 0.0


def account_of(
    ladder: Sequence[Rung], tried: Sequence[Tried], passed: Mapping[int, str], now: datetime
) -> str:
    """Returns a line for each rung: what was tried there, waited and paid."""
    lines = []
    for number, rung in enumerate(ladder, start=1):
        here = [(attempt, one) for attempt, one in enumerate(tried, start=1) if one.rung == number]
        parts = [_shown_attempt(attempt, one.state, now) for attempt, one in here]
        if number in passed:
            parts.append(f"passed over: {plain(passed[number], _SHOWN)}")
        lines.append(f"{number}. {rung.name}: {'; '.join(parts) or 'not tried'}")
    return "\n".join(lines)


def paid_of(tried: Sequence[Tried]) -> Decimal | None:
    """Returns what the attempts were billed, None when that is not known of one."""
    bills = [one.state.billed_usd for one in tried]
    known = [bill for bill in bills if bill is not None]
    return sum(known, Decimal(0)) if len(known) == len(bills) else None


def _shown_attempt(attempt: int, state: AttemptState, now: datetime) -> str:
    paid = "cost not known" if state.billed_usd is None else f"{state.billed_usd:.4f} USD"
    ending = state.ending.replace("_", " ") if state.ending else "not ended"
    return (
        f"attempt {attempt} {ending} after {waited_seconds(state, now)} s of waiting, {paid} "
        f"({plain(state.reason, _SHOWN)})"
    )
