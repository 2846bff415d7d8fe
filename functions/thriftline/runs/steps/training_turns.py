"""A run's turn at what the account may have: it stands in line where others wait or all is used."""

from datetime import datetime

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import NoQuotaError, QuotaExceededError
from thriftline.core.wording import counted
from thriftline.runs.aws.training_queue import TrainingQueue
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.domain.turns import ahead_of, is_over, renewed, turn_wait_seconds
from thriftline.runs.domain.work import AttemptOrder
from thriftline.runs.trainers.port import Trainer


@dataclass(frozen=True)
class Waiting:
    """It is not the run's turn yet: when to ask again, and why."""

    wait_seconds: int
    reason: str


def pool_of(rung: Rung) -> str:
    """Returns the name of the line for a rung."""
    return rung.pool or rung.name


@dataclass(frozen=True)
class TrainingTurns:
    """The lines of runs, at one instant."""

    queue: TrainingQueue
    now: datetime

    def take(self, order: AttemptOrder, trainer: Trainer) -> AttemptState | Waiting:
        """Starts an attempt when it is its turn, and else keeps its place.

        Raises:
            NoQuotaError: it has waited for its turn for as long as it may, or would for ever.
            AllowanceSpentError: too little is left for the rung.
        """
        name, rung, now = order.name, order.rung, self.now
        pool = pool_of(rung)
        line = self.queue.line(pool)
        own = line.get(name)
        ahead = ahead_of(name, line, now)
        reason = f"{counted(ahead, 'run')} waited for {pool} before this one."
        if not ahead:
            try:
                state = trainer.start(order)
            except QuotaExceededError as error:
                reason = str(error)
            else:
                if own is not None:
                    self.queue.leave(pool, name, own)
                return state
        if is_over(own, rung.turn_seconds, now):
            self.leave(name, rung)
            raise NoQuotaError(f"Its turn did not come in the time that it may wait. {reason}")
        for other, ticket in line.items():
            if ticket.until <= now and other != name:
                self.queue.leave(pool, other, ticket)
        ticket = renewed(own, now)
        self.queue.stand(pool, name, ticket)
        return Waiting(turn_wait_seconds(ticket.since, now), reason)

    def leave(self, name: str, rung: Rung) -> None:
        """Gives a place in the line up, if there is one."""
        pool = pool_of(rung)
        ticket = self.queue.line(pool).get(name)
        if ticket is not None:
            self.queue.leave(pool, name, ticket)
