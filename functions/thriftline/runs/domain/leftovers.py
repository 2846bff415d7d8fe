"""What a run may have left with its trainer's service that costs: which of it goes, and why.

Only what is known to be the stack's own, of a run that is known to be over, goes. What cannot be
read is taken for something that somebody needs.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from thriftline.core.dataclass import dataclass

# A function outlives the execution that called it by 15 minutes at the most; the workflow that
# tidies up after an execution then has its turn.
QUIET = timedelta(minutes=45)


class Kind(StrEnum):
    """The kinds, in the order in which they are taken away: what serves a model goes before it."""

    DEPLOYMENT = "deployment"
    THROUGHPUT = "throughput"
    MODEL = "model"


@dataclass(frozen=True)
class Belonging:
    """One thing that carries the stack's tag. What its tags do not say is None.

    ``is_standing`` is whether it answers for its project, and not for the evaluation of a run.
    ``delete_after`` is when it goes, used or not.
    """

    kind: Kind
    arn: str
    name: str
    model_uri: str
    run_id: str | None
    project: str | None
    is_standing: bool = False
    delete_after: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether its own time has ended, whatever became of its run."""
        return self.delete_after is not None and self.delete_after <= now


class Belongings(Protocol):
    """What the stack has with a trainer's service."""

    def all(self, report: Callable[[str, Exception], None]) -> Iterable[Belonging]:
        """Yields what has the stack's tag, in the order in which it may be taken away.

        Raises:
            ThriftlineError: something could not be read; all else was yielded before.
        """

    def take_away(self, belonging: Belonging) -> None:
        """Deletes one thing; no error when it is gone.

        Raises:
            ThriftlineError: the service refuses.
        """


@dataclass(frozen=True)
class OwnRun:
    """The run that made it, as far as that can be seen.

    ``is_over`` is None where nobody can say. ``registered_uri`` is the model that its version in
    the registry has, None without a version.
    """

    is_over: bool | None
    ended_at: datetime | None = None
    registered_uri: str | None = None


UNSEEN = OwnRun(None)


@dataclass(frozen=True)
class Judgement:
    """Whether it goes; ``reason`` is for a person."""

    goes: bool
    reason: str


def judged(belonging: Belonging, run: OwnRun, now: datetime) -> Judgement:
    """Says whether a thing goes."""
    if belonging.is_over(now):
        return Judgement(True, f"Its time ended at {belonging.delete_after:%Y-%m-%d %H:%M} UTC.")
    if belonging.is_standing:
        return Judgement(False, "It answers for its project.")
    if run.is_over is None:
        return Judgement(False, "Whether its run is over is not known.")
    if not run.is_over:
        return Judgement(False, "Its run is not over.")
    if run.ended_at is not None and now - run.ended_at < QUIET:
        return Judgement(False, "Its run ended only now, and cleans up itself.")
    if belonging.kind is not Kind.DEPLOYMENT and belonging.model_uri == run.registered_uri:
        return Judgement(False, "Its model is in the registry.")
    return Judgement(True, "Its run is over, and nothing needs it.")
