"""What a run asks a trainer for, in words that every way to train understands."""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.auto_training import ChosenTraining
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.domain.search import Search


@dataclass(frozen=True)
class Champion:
    """The model in use, which the candidate is evaluated beside.

    ``trainer`` made it, in the attempt ``job_name`` of the run ``run_id``, as far as that is known.
    """

    package_arn: str
    model_uri: str
    trainer: str = "sagemaker"
    run_id: str | None = None
    job_name: str | None = None

    def if_of(self, trainer: str) -> "Champion | None":
        """Returns itself to the trainer that made it: another has no use for it."""
        return self if self.trainer == trainer else None


@dataclass(frozen=True)
class TrainingWork:
    """What is to be trained.

    ``hyperparameters`` are all that the training is told, ``chosen`` are those of them that follow
    the data, ``section`` is the trainer's own section of ``run.yaml``. ``encoder`` is the shape of
    the base model, None when it is not known. ``splits`` counts the records; ``mean_characters`` is
    of one record's texts, None when it is not known. ``cap_usd`` is the most that the run may cost.
    With a ``search``, ``chosen`` is its longest trial. ``finished`` are the project's earlier runs.
    ``allowed`` are patterns of the names that the stack's owner lets a trainer add. ``labels``
    counts the records of each label, ``longest_characters`` is of the longest text, None when it
    is not known. ``unpriced_allowance_usd`` is what the run may spend on what has no known price.
    No model is promoted that fewer than ``minimum_test_size`` test records measure.
    """

    run_id: str
    project: str
    base_model: str
    encoder: Encoder | None
    hyperparameters: Mapping[str, object]
    chosen: ChosenTraining
    section: Mapping[str, Any]
    splits: Mapping[str, int]
    mean_characters: float | None
    champion: Champion | None
    cap_usd: Decimal
    search: Search | None = None
    finished: tuple[FinishedRun, ...] = ()
    allowed: tuple[str, ...] = ("*",)
    labels: Mapping[str, int] = field(default_factory=dict)
    longest_characters: int | None = None
    unpriced_allowance_usd: Decimal | None = None
    latency_ms: int | None = None
    minimum_test_size: int = 0


@dataclass(frozen=True)
class AttemptOrder:
    """One attempt at the work.

    ``left_usd`` is what the run may still spend; the trainer stops the attempt before it has spent
    more. ``waited_seconds`` have gone by since the rung was first tried.
    """

    name: str
    work: TrainingWork
    rung: Rung
    left_usd: Decimal
    waited_seconds: float = 0.0
