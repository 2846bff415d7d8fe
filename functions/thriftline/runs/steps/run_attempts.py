"""The attempts of a run, as its trainer sees them now."""

from collections.abc import Sequence

from thriftline.runs.domain.attempts import AttemptState, rung_of
from thriftline.runs.domain.layout import job_name_of
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.trainers.port import Trainer


def attempts_made(
    trainer: Trainer, run_id: str, ladder: Sequence[Rung], most: int = 99
) -> list[AttemptState]:
    """Returns a run's first attempts in order, at most so many.

    Attempts count from 1 without gaps, so their names are known: no list is needed.
    """
    made: list[AttemptState] = []
    for attempt in range(1, most + 1):
        state = trainer.look(job_name_of(run_id, attempt), run_id, rung_of(attempt, ladder))
        if state is None:
            break
        made.append(state)
    return made
