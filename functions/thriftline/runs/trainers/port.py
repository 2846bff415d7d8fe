"""What a run needs from a way to train. Each folder beside this file is one.

A trainer is its folder, its line in ``registry.py`` and its section of ``run.yaml``. Its words,
such as types of machines or tokens, stay in its folder: a run sees quotes, attempts and endings.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.settings import Settings
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.quotes import Quote, Rung
from thriftline.runs.domain.work import AttemptOrder, TrainingWork

if TYPE_CHECKING:
    from thriftline.evaluation.job_output import JobOutput


@dataclass(frozen=True)
class Inputs:
    """What a trainer must be given: the prepared splits that it reads, none of them empty.

    ``samples_test`` is whether it may ask a part of the test split only, and then says how many.
    """

    splits: tuple[str, ...]
    samples_test: bool = False


@dataclass(frozen=True)
class TrainedModel:
    """What an attempt left.

    ``image_uri`` is the container that serves it, None where the trainer's own service does.
    """

    uri: str
    image_uri: str | None


class Quoter(Protocol):
    """What is asked of a way to train before one is chosen. ``run.yaml`` calls it by its name."""

    @property
    def name(self) -> str:
        """Its name in the registry."""

    @property
    def inputs(self) -> Inputs:
        """What it trains on and evaluates on."""

    @property
    def abilities(self) -> Abilities:
        """What its models can do."""

    def quote(self, work: TrainingWork) -> Quote:
        """Returns what the work costs. Spends nothing.

        Raises:
            InvalidRunSpecError: the work cannot be done as the run spec wants it.
            UnknownInstanceTypeError: what the run spec names does not exist.
            UnpricedInstanceError: it has no known price here.
        """

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Returns what a month of so many predictions costs by its way of serving."""


class Trainer(Quoter, Protocol):
    """A way to train.

    Every method may be called again after a lost answer: ``start`` then finds the attempt that it
    has started.
    """

    def start(self, order: AttemptOrder) -> AttemptState:
        """Starts the attempt once, such that it cannot spend more than ``order.left_usd``.

        Raises:
            AllowanceSpentError: too little is left for an attempt.
            QuotaExceededError: the account may not have more now; a later call may succeed.
            NoQuotaError: the account may never have as much.
        """

    def look(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Returns the attempt as it is now, None when the run has none of this name."""

    def advance(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Does what an attempt needs next that its service does not do by itself; then looks.

        Only the state machine's poll calls it, again and again. A call that is repeated after a
        lost answer does nothing twice that costs more than a few requests.
        """

    def stop(self, name: str) -> None:
        """Asks the attempt to stop; no error when it has ended already."""

    def predictions(self, name: str, run_id: str, folder: Path) -> "JobOutput":
        """Puts what a completed attempt says of the test split into ``folder``.

        Raises:
            EvaluationError: it left none.
        """

    def model(self, name: str, run_id: str) -> TrainedModel:
        """Returns the model that a completed attempt left.

        Raises:
            EvaluationError: it left none.
        """

    def promote(self, name: str, run_id: str, project: str) -> str | None:
        """Makes the attempt's model the one that the project's deployment answers with.

        Returns the deployment's ARN; None where the trainer serves nothing, or the run wants none.
        """

    def provide(self, name: str, run_id: str) -> None:
        """Makes what the run wants for its approved model at a price by the hour; safe to repeat.

        Only the run itself asks for it, while it still holds the dollars: a model that a person
        approves later gets none.
        """

    def release(self, name: str, run_id: str, *, registered: bool) -> None:
        """Takes away what an ended attempt left that costs and nobody needs; safe to repeat.

        ``registered`` is whether its model is in the registry, so that it has to stay.
        """


@dataclass(frozen=True)
class TrainerSite:
    """What a trainer is made of; it asks the settings only for what the call at hand needs."""

    settings: Settings
    artifacts: Bucket
