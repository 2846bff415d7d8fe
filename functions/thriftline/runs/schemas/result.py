"""``runs/{run_id}/result.json``: how a run ended, for every ending.

Published as ``docs/schemas/result.schema.json``. What is unknown is null, never 0. Money is US
dollars as decimal strings; shares are between 0 and 1; times are UTC.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from thriftline.core.document import Document
from thriftline.datasets.report_document import SplitName, Verdict, with_fix
from thriftline.evaluation.document import (
    Answers,
    BaselineScores,
    Comparison,
    Gate,
    Scores,
    Training,
)
from thriftline.money.sums import sum_of
from thriftline.money.usd import Usd
from thriftline.runs.domain.approvals import Approval
from thriftline.runs.schemas.plan import Plan, PlannedQuote, PlannedTraining
from thriftline.runs.schemas.planned_routing import PlannedRouting
from thriftline.runs.schemas.result_preparation import ResultPreparation
from thriftline.runs.schemas.run_spec import RunSpec, with_former_trainer

Status = Literal["succeeded", "not_promoted", "rejected", "failed"]


class ResultError(Document):
    """What went wrong in a rejected or failed run."""

    name: str = Field(description="Name of the error, such as DatasetRejectedError.")
    message: str = Field(description="What happened and what to fix, for a person.")
    state: str = Field(description="State of the workflow in which it happened.")


class ResultUpload(Document):
    """The object version that started the run."""

    bucket: str
    key: str
    version_id: str
    size: int = Field(description="Bytes; 0 when the event did not say.")


class ResultFinding(Document):
    """What one check of the data set found."""

    code: str = Field(description="Stable code of the check, such as empty_text.")
    severity: Literal["error", "warning"]
    count: int
    title: str
    detail: str | None = Field(None, description="What exactly was found.")
    first_place: str | None = Field(None, description="File, line and column of the first one.")
    fix: str = Field(description="What to do about it.")

    @model_validator(mode="before")
    @classmethod
    def _read_former_version(cls, document: Any) -> Any:
        return with_fix(document)


class ResultDataset(Document):
    """The validated data set. The places of each finding are in dataset.json."""

    verdict: Verdict
    codes: tuple[str, ...] = Field(description="Codes of the checks that found something.")
    findings: tuple[ResultFinding, ...]
    rows: int = Field(description="Rows that were read.")
    splits: dict[SplitName, int] = Field(description="Rows of each split that are used.")
    labels: dict[str, int] = Field(description="Rows of each label; the most frequent first.")
    text_length_median: int | None = Field(description="Characters.")
    text_length_p95: int | None = Field(description="Characters.")


class ResultChoice(Document):
    """One way to train that was priced for the run; what is not known is null."""

    name: str
    chosen: bool = Field(description="The run began with it.")
    low_usd: Usd | None = Field(description="About nine of ten runs end between low and high.")
    likely_usd: Usd | None
    high_usd: Usd | None
    worst_case_usd: Usd
    within_cap: bool = Field(description="Its worst case is within budget.max_usd.")
    like_cheapest: bool = Field(description="Its range touches that of the cheapest.")

    @classmethod
    def of(cls, quote: PlannedQuote) -> "ResultChoice":
        """Returns what a result says of a choice."""
        return cls(
            name=quote.name,
            chosen=quote.chosen,
            low_usd=quote.low_usd,
            likely_usd=quote.expected_usd,
            high_usd=quote.high_usd,
            worst_case_usd=quote.worst_case_usd,
            within_cap=quote.within_cap,
            like_cheapest=quote.like_cheapest,
        )


class ResultPlan(Document):
    """What the run was to cost before it started, on the first rung of its ladder.

    Instance types, Spot and run times are SageMaker's; another trainer has none.
    """

    trainer: str = Field("sagemaker", description="The way to train.")
    base_model: str | None = Field(
        None, description="What is trained; null in a result of a former version."
    )
    rungs: tuple[str, ...] = Field(
        (), description="The ladder: what one rung cannot finish goes on on the next."
    )
    choices: tuple[ResultChoice, ...] = Field((), description="What was priced, cheapest first.")
    worst_case_usd: Usd = Field(description="All attempts together, at the most.")
    expected_usd: Usd | None = Field(description="At the on-demand rate.")
    expected_reason: str = Field(description="What the estimate rests on, or why there is none.")
    cap_usd: Usd = Field(description="budget.max_usd of the run spec.")
    rate_usd_per_hour: Usd = Field(
        description="On-demand rate of one unit of the first rung; by rate_unit where that is set."
    )
    rate_unit: str | None = Field(None, description="What the rate is for; null: an hour.")
    price_source: str
    price_date: date
    region: str
    instance_type: str | None
    instance_count: int | None
    spot: bool | None
    max_runtime_seconds: int | None
    spot_advice: str | None = Field(None, description="Why it is put on Spot, or on demand.")
    training: PlannedTraining | None = Field(
        None, description="How it trains: what run.yaml names, and what auto became."
    )
    routing: PlannedRouting | None = Field(
        None, description="What each way to train would cost, and why this one was taken."
    )

    @classmethod
    def of(cls, plan: Plan) -> "ResultPlan":
        """Returns what a result says of its plan."""
        first = plan.rungs[0]
        return cls(
            trainer=plan.trainer,
            base_model=plan.base_model,
            rungs=tuple(rung.name for rung in plan.rungs),
            choices=tuple(ResultChoice.of(quote) for quote in plan.quotes),
            worst_case_usd=plan.worst_case_usd,
            expected_usd=plan.expected_usd,
            expected_reason=plan.expected_reason,
            cap_usd=plan.cap_usd,
            rate_usd_per_hour=first.rate.usd,
            rate_unit=None if "instance_type" in first.terms else first.rate.unit,
            price_source=first.rate.source,
            price_date=first.rate.date,
            region=plan.region,
            instance_type=first.terms.get("instance_type"),
            instance_count=first.terms.get("instance_count"),
            spot=first.terms.get("spot"),
            max_runtime_seconds=plan.clamped.seconds
            if plan.clamped
            else first.terms.get("max_runtime_seconds"),
            spot_advice=plan.spot_advice.get("reason"),
            training=plan.training,
            routing=plan.routing,
        )


class ResultApproval(Document):
    """The request for a person's approval; of a run that asked twice, the second one.

    A yes to its preparation before that is in ``preparation``.
    """

    standing: Literal["waiting", "approved", "rejected", "expired", "withdrawn"]
    above_usd: Usd = Field(description="A person is asked when the worst case is above it.")
    requested_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: str | None = Field(description="Who answered, as the caller is known or says.")

    @classmethod
    def of(cls, approval: Approval) -> "ResultApproval":
        """Returns what a result says of a request."""
        return cls(
            standing=approval.standing.value,
            above_usd=approval.above_usd,
            requested_at=approval.requested_at,
            expires_at=approval.expires_at,
            answered_at=approval.answered_at,
            answered_by=approval.answered_by,
        )


class ResultCost(Document):
    """What the trainer reports as billed, each attempt at its own rate; the bill is AWS's."""

    billed_seconds: int | None = Field(description="All attempts together.")
    training_seconds: int | None = Field(description="Wall-clock time of the training jobs.")
    usd: Usd | None = Field(description="Billed seconds at each attempt's rate, with storage.")
    on_demand_usd: Usd | None = Field(description="The same training without Spot.")
    spot_saving: float | None = Field(description="1 - usd / on_demand_usd; 0 without Spot.")


class ResultRung(Document):
    """One rung of the run's ladder, and what became of it."""

    rung: int = Field(description="Its number; the first is 1.")
    name: str
    chosen_because: str = Field(description="Why the plan has it.")
    outcome: str = Field(
        description="How its last attempt ended; passed_over or not_tried without one."
    )
    reason: str | None = Field(description="Why, as a sentence for a person.")
    attempts: tuple[int, ...] = Field(description="Numbers of the attempts made on it.")
    waited_seconds: int | None = Field(description="Until its attempts started, or ended.")
    usd: Usd | None = Field(description="What its attempts were billed.")


class Attempt(Document):
    """One training job of the run."""

    attempt: int
    rung: int | None = Field(None, description="Number of its rung; the first is 1.")
    rung_name: str | None = None
    waited_seconds: int | None = Field(
        None, description="From being asked for until it started, or ended without."
    )
    reason: str | None = Field(None, description="Why it ended so, as a sentence for a person.")
    job_name: str
    instance_type: str | None
    instance_count: int | None
    spot: bool | None
    status: str | None = Field(description="TrainingJobStatus as last seen.")
    secondary_status: str | None
    ending: str | None = Field(description="How it ended, in Thriftline's words; null: unknown.")
    failure_reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    training_seconds: int | None
    billable_seconds: int | None
    interruptions: int | None = Field(description="How often it lost its Spot instance.")
    billed_usd: Usd | None = Field(None, description="What it cost, at its own rate.")
    undiscounted_usd: Usd | None = Field(None, description="The same without Spot.")

    def lineage(self) -> dict[str, str]:
        """Returns what the model's registry entry says of where it was trained."""
        if self.instance_type is None:
            return {}
        return {"instance_type": self.instance_type or "", "spot": str(self.spot).lower()}


class ResultCharge(Document):
    """One row of the run's bill."""

    attempt: int
    what: str = Field(description="Such as instances, storage or warm pool.")
    seconds: int = Field(description="Seconds that were billed for each unit; 0 for tokens.")
    units: int = Field(description="Instances, GB of storage, or tokens.")
    rate_usd: Usd
    rate_unit: str = Field(description="What the rate is for.")
    usd: Usd = Field(description="Exactly.")
    cents_usd: Usd = Field(description="In whole cents; the rows add up to total_usd.")

    @property
    def is_of_tokens(self) -> bool:
        """Whether it is for tokens, whatever time they took."""
        return self.rate_unit.endswith("tokens")


class ResultSettlement(Document):
    """What the run held in the month's ledger, what it was billed, and how right its estimate was.

    There are no rows where a trainer, or a former version, gave none for a part of the bill.
    """

    status: Literal["settled", "kept", "nothing_held"] = Field(
        description="kept: what was billed was not known when the result was written; the hold "
        "stays until the sweep settles it."
    )
    month: str | None = Field(description="Month of the ledger, by when the dollars were held.")
    held_usd: Usd | None
    settled_usd: Usd | None = Field(description="Null while the hold stays.")
    rows: tuple[ResultCharge, ...]
    total_usd: Usd | None = Field(description="All rows, to the cent; null while one is unknown.")
    expected_usd: Usd | None
    expected_low_usd: Usd | None
    expected_high_usd: Usd | None
    estimate_miss: float | None = Field(
        description="What was billed over what was expected, less 1; null where one is unknown, or "
        "the training did not come to its end."
    )
    inside_range: bool | None = Field(description="Whether the estimate's range held the bill.")
    spot_saving: float | None = Field(description="1 - billed / training seconds, measured.")


class ResultKept(Document):
    """A model that stays with its trainer's service, and costs while it does."""

    model_uri: str
    deployment_arn: str | None = Field(description="Which of the project's answers with it.")
    usd_per_month: Usd | None = Field(description="For keeping it; null where that is unpriced.")
    why: str = Field(description="Why it stays, as a sentence for a person.")


class Baseline(Document):
    """A simple model on the same split, to compare with; only where somebody measured one."""

    name: str
    accuracy: float
    macro_f1: float | None = None
    note: str = ""


class ResultDeployment(Document):
    """What became of the run's wish to deploy its version; it reports its own ending."""

    deployment_id: str | None = Field(
        description="Also the name of the deployment machine's execution; null: it was refused."
    )
    started: bool
    reason: str | None = Field(description="Why it was not started; null where it was.")


class ResultReports(Document):
    """Where the run's documents lie; null when a step did not come so far."""

    result: str
    report: str
    dataset_report: str | None
    evaluation: str | None
    model: str | None = Field(description="model.tar.gz of the job that completed.")


class Result(Document):
    """How a run ended."""

    schema_version: Literal["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"] = "1.5"
    run_id: str = Field(description="The same upload has the same id.")
    project: str | None = Field(description="The folder under datasets/.")
    status: Status = Field(
        description="succeeded: a model is registered as approved or pending. not_promoted: it is "
        "registered as rejected. rejected: refused before any training. failed: the rest."
    )
    reason: str = Field(description="Why it ended so, as a sentence for a person.")
    error: ResultError | None = Field(description="Set for rejected and failed runs.")
    execution_arn: str = Field(description="Execution of the training state machine.")
    upload: ResultUpload
    opened_at: datetime | None = Field(description="When the run was opened.")
    ended_at: datetime = Field(description="When the result was first published.")
    seconds: int | None = Field(description="From the upload to the result.")
    left_out: tuple[str, ...] = Field(
        (),
        description="Data files beside run.yaml that are in no split of this run, or that a "
        "preparation does not see: their names begin with _ or a dot.",
    )
    spec: RunSpec | None = Field(description="The run spec with its defaults filled in.")
    preparation: ResultPreparation | None = Field(
        None, description="Null where run.yaml prepares nothing, or it was not planned."
    )
    dataset: ResultDataset | None = Field(description="Null when validation did not end.")
    plan: ResultPlan | None = Field(description="Null when the run was not priced.")
    approval: ResultApproval | None = Field(
        None, description="Null when no person was asked for approval."
    )
    cost: ResultCost = Field(description="Of the training.")
    settlement: ResultSettlement | None = Field(
        None, description="Null in a result of a former version."
    )
    attempts: tuple[Attempt, ...]
    ladder: tuple[ResultRung, ...] = Field(
        (), description="What became of each rung; empty when the run was not priced."
    )
    metrics: Scores | None = Field(description="The candidate on the test split.")
    champion_metrics: Scores | None = Field(description="The champion on the same records.")
    comparison: Comparison | None = Field(description="Null when there is no champion.")
    baselines: tuple[BaselineScores, ...] = Field(
        (),
        description="The most frequent label, TF-IDF or the untuned model on the same records.",
    )
    answers: Answers | None = Field(
        None, description="What the model answered with words; null where it has probabilities."
    )
    gate: Gate | None = Field(description="What the promotion gate decided.")
    training: Training | None = Field(description="What the training program said of itself.")
    baseline: Baseline | None = Field(None, description="A simple model on the same split.")
    model_package_arn: str | None = Field(description="The version in the Model Registry.")
    deployment: ResultDeployment | None = Field(
        None, description="Null where run.yaml asks for none, or no version was approved."
    )
    kept: tuple[ResultKept, ...] = Field(
        (), description="Models that stay with their trainer's service and cost every month."
    )
    reports: ResultReports

    @field_validator("spec", mode="before")
    @classmethod
    def _read_former_spec(cls, spec: Any) -> Any:
        return with_former_trainer(spec)

    @property
    def is_on_machines(self) -> bool:
        """Whether the run's trainer has machines to speak of; without a plan it may have."""
        return self.plan is None or self.plan.instance_type is not None

    @property
    def billed_usd(self) -> Decimal | None:
        """What training and preparation were billed together; None while one is unknown."""
        if self.preparation is None:
            return self.cost.usd
        return sum_of((self.preparation.usd, self.cost.usd if self.attempts else Decimal(0)))
