"""A run on its ladder, as its item in the runs table and its trainer have it.

``rung_02`` is the rung of attempt 2, ``passed_01`` why rung 1 is passed over, ``given_up_02`` why
attempt 2 was stopped for the next rung. A run of the former version has none of them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.attempts import AttemptState, former_rung
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.ladder import GivenUp, Tried, judged
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.quotes import Rung

if TYPE_CHECKING:
    from thriftline.runs.trainers.port import Trainer

_NUMBERED = re.compile(r"(rung|passed|given_up)_(\d\d)")
_MOST = 99


@dataclass(frozen=True)
class RunLadder:
    """A run's ladder, with what was noted of it."""

    run_id: str
    rungs: Sequence[Rung]
    chosen: Mapping[int, int]
    passed: Mapping[int, str]
    given_up: Mapping[int, GivenUp]

    @classmethod
    def of(cls, run_id: str, rungs: Sequence[Rung], item: Mapping[str, Any] | None) -> "RunLadder":
        """Reads the notes out of a run's item."""
        noted: dict[str, dict[int, Any]] = {"rung": {}, "passed": {}, "given_up": {}}
        for name, value in (item or {}).items():
            if match := _NUMBERED.fullmatch(name):
                noted[match.group(1)][int(match.group(2))] = value
        return cls(
            run_id,
            rungs,
            chosen={attempt: int(rung) for attempt, rung in noted["rung"].items()},
            passed={rung: str(reason) for rung, reason in noted["passed"].items()},
            given_up={
                attempt: GivenUp(Ending(one["ending"]), str(one["reason"]))
                for attempt, one in noted["given_up"].items()
            },
        )

    def number_of(self, attempt: int) -> int:
        """Returns the number of the rung on which an attempt is made."""
        return self.chosen.get(attempt) or former_rung(attempt, len(self.rungs))

    def rung_of(self, attempt: int) -> Rung:
        """Returns the rung on which an attempt is made."""
        return self.rungs[self.number_of(attempt) - 1]

    def has_further(self, attempt: int) -> bool:
        """Whether another rung can go on with the attempt's work."""
        later = range(self.number_of(attempt) + 1, len(self.rungs) + 1)
        return any(rung not in self.passed for rung in later)

    def look(self, trainer: "Trainer", attempt: int) -> AttemptState | None:
        """Returns an attempt as it is now, None when there is none of this number."""
        name = job_name_of(self.run_id, attempt)
        return self._judged(attempt, trainer.look(name, self.run_id, self.rung_of(attempt)))

    def advance(self, trainer: "Trainer", attempt: int, name: str) -> AttemptState | None:
        """Lets the trainer do what the attempt needs next, and returns it as it then is."""
        return self._judged(attempt, trainer.advance(name, self.run_id, self.rung_of(attempt)))

    def _judged(self, attempt: int, state: AttemptState | None) -> AttemptState | None:
        return judged(state, self.given_up.get(attempt)) if state else None

    def tried(self, trainer: "Trainer", most: int = _MOST) -> list[Tried]:
        """Returns the run's first attempts in order, at most so many.

        Attempts count from 1 without gaps, so their names are known: no list is needed.
        """
        made: list[Tried] = []
        for attempt in range(1, most + 1):
            state = self.look(trainer, attempt)
            if state is None:
                break
            made.append(Tried(self.number_of(attempt), state))
        return made


def rung_note(attempt: int, rung: int) -> dict[str, Any]:
    """Returns what a run's item keeps of the rung of an attempt."""
    return {f"rung_{attempt:02d}": rung}


def passed_note(rung: int, reason: str) -> dict[str, Any]:
    """Returns what a run's item keeps of a rung that is passed over."""
    return {f"passed_{rung:02d}": reason}


def given_up_note(attempt: int, given_up: GivenUp) -> dict[str, Any]:
    """Returns what a run's item keeps of an attempt that is stopped for the next rung."""
    return {f"given_up_{attempt:02d}": {"ending": given_up.ending.value, "reason": given_up.reason}}
