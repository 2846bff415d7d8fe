"""What an attempt remembers between two polls: ``bedrock.json`` in the run's output."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.layout import AttemptLayout

Phase = Literal["training", "deploying", "asking", "removing", "ended"]
# The attempt's own model, what it is compared with, and the champion.
TUNED, ZERO_SHOT, FEW_SHOT, CHAMPION = "tuned", "zero_shot", "few_shot", "champion"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Rates(_Part):
    """Dollars for 1,000 tokens of training, and for a million asked and answered; None: unpriced.

    ``base_input`` and ``base_output`` are the untuned model's, ``teacher`` is for one answer of the
    teacher of a distillation.
    """

    training: Decimal | None = None
    input: Decimal | None = None
    output: Decimal | None = None
    base_input: Decimal | None = None
    base_output: Decimal | None = None
    teacher: Decimal | None = None


class Provisioned(_Part):
    """Model units that the run names for its approved model, until a time.

    ``usd_per_unit_hour`` is None in a plan of a former version.
    """

    units: int
    until: datetime
    usd_per_unit_hour: Decimal | None = None


class MadeUnits(_Part):
    """``throughput.json``: the model units that were made, or why there are none."""

    arn: str | None = None
    created_at: datetime | None = None
    trouble: str | None = None


class Judge(_Part):
    """The model that judges a sample of the answers, and as whom Bedrock does that."""

    model: str
    metrics: tuple[str, ...]
    records: int
    usd: Decimal
    role_arn: str = ""
    tags: Mapping[str, str] = {}


class Serving(_Part):
    """How a tuned model is asked: the same wherever it answers."""

    system_prompt: str
    label_words: Mapping[str, str]
    max_tokens: int


class SampleFacts(_Part):
    """How many records of each split are used, of how many, and what was changed in them.

    ``tokens`` are those of one epoch at the estimate.
    """

    seed: int
    train_records: int
    train_of: int
    validation_records: int
    validation_of: int
    test_records: int
    test_of: int
    blank: int = 0
    replaced: Mapping[str, int] = {}
    tokens: int = 0


class Usage(_Part):
    """Tokens of one target, as Converse reported them; what was asked again is among them."""

    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class ChampionFacts(_Part):
    """The champion that is asked on the same records: where, and how.

    ``run_id`` and ``job_name`` are of the attempt that made it, which has kept how it is asked.
    ``deployment_arn`` is the one that answers, once ``is_active``; ``is_own`` is whether it was
    made for this attempt.
    """

    package_arn: str
    model_arn: str
    run_id: str | None = None
    job_name: str | None = None
    serving: Serving | None = None
    deployment_arn: str | None = None
    is_own: bool = False
    is_active: bool = False


class Verdict(_Part):
    """How the attempt is to end, once nothing is left that costs."""

    ending: Ending
    reason: str


class AttemptDocument(_Part):
    """``bedrock.json``.

    ``job_arn`` is None until Bedrock has shown the job. ``limit`` says which time limit the job was
    stopped for. ``deployment_arn`` is of the evaluation deployment, which may be made a second
    time, also where Bedrock has not shown it since ``deployment_missing_since``. ``positions`` is
    how far each model was asked, and ``skipped`` why one is not compared with. ``errors`` is on how
    many of its last questions the tuned model failed, one after the other. ``question_tokens`` is
    the estimate of all questions that the tuned model has answered, and ``unkept`` what answers
    have cost that are asked again.
    """

    version: Literal["1.0"] = "1.0"
    run_id: str
    name: str
    project: str
    created_at: datetime
    base_model: str
    invocation_models: tuple[str, ...]
    serving: Serving
    few_shot: bool = False
    rates: Rates
    teacher: str | None = None
    provisioned: Provisioned | None = None
    judge: Judge | None = None
    epochs: int
    requests_per_minute: int
    validation_limit_seconds: int
    total_limit_seconds: int
    keep_deployment: bool = False
    sample: SampleFacts
    champion: ChampionFacts | None = None
    worst_case_usd: Decimal

    job_arn: str | None = None
    phase: Phase = "training"
    phase_since: datetime
    model_arn: str | None = None
    has_trained: bool = False
    started_at: datetime | None = None
    limit: str | None = None
    deployment_arn: str | None = None
    deployment_tries: int = 0
    deployment_missing_since: datetime | None = None
    last_trouble: str = ""
    invocation_at: int = 0
    positions: Mapping[str, int] = {}
    skipped: Mapping[str, str] = {}
    unkept: Mapping[str, tuple[int, int]] = {}
    verdict: Verdict | None = None
    usage: Mapping[str, Usage] = {}
    question_tokens: int = 0
    judge_job: str | None = None
    errors: int = 0
    look_again_seconds: int | None = None
    ended_at: datetime | None = None

    @property
    def layout(self) -> AttemptLayout:
        """Where its files lie."""
        return AttemptLayout(self.run_id, self.name)

    @property
    def targets(self) -> tuple[str, ...]:
        """The models that are asked."""
        wanted = [TUNED, ZERO_SHOT]
        if self.few_shot:
            wanted.append(FEW_SHOT)
        if self.champion is not None:
            wanted.append(CHAMPION)
        return tuple(name for name in wanted if name not in self.skipped)

    def at(self, phase: Phase, now: datetime) -> "AttemptDocument":
        """Returns the attempt as it enters a phase."""
        return self.model_copy(
            update={
                "phase": phase,
                "phase_since": now,
                "last_trouble": "",
                "look_again_seconds": None,
            }
        )

    def ending_as(self, ending: Ending, reason: str, now: datetime) -> "AttemptDocument":
        """Returns the attempt as it is to end so, once its deployments are gone."""
        verdict = Verdict(ending=ending, reason=reason)
        return self.model_copy(update={"verdict": verdict}).at("removing", now)

    def skipping(self, target: str, reason: str) -> "AttemptDocument":
        """Returns the attempt without a model to compare with."""
        return self.model_copy(update={"skipped": {**self.skipped, target: reason}})


class AttemptDocuments:
    """The documents of attempts in the artifacts bucket, and the marks of stopped ones."""

    def __init__(self, artifacts: Bucket) -> None:
        self._artifacts = artifacts

    def read(self, layout: AttemptLayout) -> AttemptDocument | None:
        """Returns what an attempt remembers, None when it never started."""
        body = self._artifacts.read(layout.document)
        return None if body is None else AttemptDocument.model_validate_json(body)

    def write(self, layout: AttemptLayout, document: AttemptDocument) -> None:
        """Keeps what an attempt is to remember."""
        self._artifacts.write_json(layout.document, document.model_dump_json(indent=1))

    def made_units(self, layout: AttemptLayout) -> MadeUnits | None:
        """Returns the model units of an attempt's model, None when none were asked for."""
        body = self._artifacts.read(layout.throughput_mark)
        return None if body is None else MadeUnits.model_validate_json(body)

    def mark_stopped(self, layout: AttemptLayout, now: datetime) -> None:
        """Marks an attempt as one that is to stop, unless it is marked."""
        if self.stopped_at(layout) is None:
            self._artifacts.write_json(layout.stop_mark, f'{{"stopped_at": "{now.isoformat()}"}}')

    def stopped_at(self, layout: AttemptLayout) -> datetime | None:
        """Returns when an attempt was asked to stop, None when it was not."""
        found = self._artifacts.read_json(layout.stop_mark)
        return None if found is None else datetime.fromisoformat(found["stopped_at"])
