"""A trainer whose models answer with words: the test says what, and what is asked is noted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.unit.evaluation.job_outputs import COLUMNS, LABELS, metrics, parquet
from tests.unit.runs.finished_run import OPENED
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import EvaluationError
from thriftline.core.settings import Settings
from thriftline.evaluation.job_output import JobOutput
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.quotes import Quote, Rung
from thriftline.runs.domain.work import AttemptOrder, TrainingWork
from thriftline.runs.trainers.bedrock.abilities import ABILITIES
from thriftline.runs.trainers.port import Inputs, TrainedModel, TrainerSite
from thriftline.runs.trainers.registry import Trainers

MODEL = (
    "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
)
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/mnopqrstuvwx"


def answered(
    number: int, label: str, said: str | None, **others: str | None
) -> dict[str, str | None]:
    """One test record with the word that the model answered, None for no label."""
    return {"id": f"reviews.csv:{number}", "label": label, "candidate_label": said, **others}


def answers(records: int, wrong: int, unparsed: int = 0, **others: str | None) -> list[Any]:
    """Test records of two labels by turns; the first few are unparsed, the next ones wrong."""
    found = []
    for number in range(records):
        label, other = LABELS[number % 2], LABELS[1 - number % 2]
        said = None if number < unparsed else other if number < unparsed + wrong else label
        found.append(answered(number, label, said, **others))
    return found


@dataclass
class WordTrainer:
    """The port over what the test says."""

    rows: Sequence[dict[str, Any]] = ()
    of: int | None = None
    unparsed: Sequence[Mapping[str, Any]] = ()
    champion_labels: tuple[str, ...] | None = None
    attempts: Mapping[str, AttemptState] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    released: list[tuple[str, bool]] = field(default_factory=list)
    promoted: list[str] = field(default_factory=list)
    provided: list[str] = field(default_factory=list)
    keeps_deployment: bool = True

    name = "bedrock"
    inputs = Inputs(("train", "validation", "test"), samples_test=True)
    abilities = ABILITIES

    def quote(self, work: TrainingWork) -> Quote:
        """Is not asked."""
        raise NotImplementedError

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Is not asked."""
        raise NotImplementedError

    def start(self, order: AttemptOrder) -> AttemptState:
        """Is not asked."""
        raise NotImplementedError

    def look(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Returns the attempt that the test has given."""
        return self.attempts.get(name)

    def advance(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Looks."""
        return self.look(name, run_id, rung)

    def stop(self, name: str) -> None:
        """Notes it."""
        self.stopped.append(name)

    def predictions(self, name: str, run_id: str, folder: Path) -> JobOutput:
        """Writes the three documents."""
        if not self.rows:
            raise EvaluationError(f"The attempt {name} left no answers.")
        kinds = dict.fromkeys(self.rows[0], COLUMNS["label"])
        kinds["candidate_probabilities"] = COLUMNS["candidate_probabilities"]
        (folder / "predictions.parquet").write_bytes(parquet(list(self.rows), columns=kinds))
        right = sum(one["label"] == one["candidate_label"] for one in self.rows)
        told = metrics(right / len(self.rows)) | {"champion_labels": self.champion_labels}
        (folder / "metrics.json").write_text(json.dumps(told))
        missing = sum(one["candidate_label"] is None for one in self.rows)
        (folder / "answers.json").write_text(
            json.dumps(
                {
                    "asked": len(self.rows),
                    "of": len(self.rows) if self.of is None else self.of,
                    "unparsed": list(self.unparsed),
                    "unparsed_count": missing,
                    "stop_reasons": {"end_turn": len(self.rows)},
                    "input_tokens": 30 * len(self.rows),
                    "output_tokens": 2 * len(self.rows),
                }
            )
        )
        return JobOutput(
            folder / "metrics.json", folder / "predictions.parquet", None, folder / "answers.json"
        )

    def model(self, name: str, run_id: str) -> TrainedModel:
        """A custom model."""
        return TrainedModel(MODEL, None)

    def promote(self, name: str, run_id: str, project: str) -> str | None:
        """Notes it."""
        self.promoted.append(name)
        return DEPLOYMENT if self.keeps_deployment else None

    def provide(self, name: str, run_id: str) -> None:
        """Notes it."""
        self.provided.append(name)

    def release(self, name: str, run_id: str, *, registered: bool) -> None:
        """Notes it."""
        self.released.append((name, registered))


def ended_attempt(name: str, run_id: str, **facts: Any) -> AttemptState:
    """An attempt that completed, or ended as the test says."""
    known: dict[str, Any] = {
        "status": "Completed",
        "phase": "",
        "created_at": OPENED,
        "charged_usd": Decimal("0.50"),
        "billed_usd": Decimal("0.50"),
        "ending": Ending.COMPLETED,
    }
    return AttemptState(name=name, run_id=run_id, **known | facts)


def with_word_trainer(artifacts: Bucket, trainer: WordTrainer, sagemaker: Any = None) -> Trainers:
    """The trainer under its name, with another as ``sagemaker`` where the test has one."""
    made = {"bedrock": lambda _: trainer}
    if sagemaker is not None:
        made["sagemaker"] = lambda _: sagemaker
    return Trainers(TrainerSite(Settings({}), artifacts), made)
