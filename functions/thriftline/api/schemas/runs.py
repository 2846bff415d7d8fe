"""Runs as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from thriftline.api.answers import Answer, PageAsk
from thriftline.core.unread import UNREADABLE, Unreadable
from thriftline.money.usd import Usd
from thriftline.runs.domain.listed_runs import ListedRun

LONGEST_SUMMARY = 500
Project = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=32)]
Status = Literal[
    "running", "waiting_for_approval", "succeeded", "not_promoted", "rejected", "failed"
]
# A run that was asked for is one of these until, or unless, the workflow opens it.
EarlyStatus = Literal["starting", "not_started"]


class RunsAsk(PageAsk):
    """Which runs are listed."""

    project: Project | None = Field(None, description="Only runs of this project.")
    status: Status | None = Field(None, description="Only runs with this status.")


class Run(Answer):
    """A run as a list shows it."""

    run_id: str
    project: str
    status: Status | EarlyStatus = Field(
        description="starting and not_started are of a run that was asked for and that the "
        "workflow has not opened; lists have it once it is open."
    )
    state: str | None = Field(
        description="State of the workflow that it came to; null when it ended well."
    )
    opened_at: datetime | None
    ended_at: datetime | None
    trainer: str | None
    instance_type: str | None
    expected_usd: Usd | None
    worst_case_usd: Usd | None
    cost_usd: Usd | None = Field(description="What it was billed; null while that is not known.")
    saved_usd: Usd | None = Field(description="Less than the same training without Spot.")
    model_version: int | None = Field(description="Its version in the project's registry.")
    key: str = Field(description="The upload in the data bucket.")
    requested_by: str | None = Field(
        None,
        description="Who asked for it by the API, else the account that uploaded; lists leave it "
        "out, and null is unknown.",
    )
    summary: str | None = Field(description="Why it ended so, as a sentence.")

    @classmethod
    def of(cls, run: ListedRun) -> "Run":
        """Returns a run as it is listed."""
        return cls(**_shown(run))


class RunPage(Answer):
    """Some runs, the newest first; a page may be short, or empty, before the last."""

    items: tuple[Run, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class RunAttempt(Answer):
    """One job of the run."""

    attempt: int
    job_name: str | None
    rung: int | None
    rung_name: str | None
    instance_type: str | None
    instance_count: int | None
    spot: bool | None
    status: str | None = Field(description="The trainer's own word.")
    phase: str | None = Field(description="The trainer's own word for what it does now.")
    ending: str | None = Field(description="In Thriftline's words; null: it has not ended.")
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    interruptions: int | None
    billed_usd: Usd | None


class LossPoint(Answer):
    """The loss of the training at a step."""

    step: int
    loss: float


class ValidationPoint(Answer):
    """What an evaluation on the validation split said."""

    step: int
    loss: float | None
    accuracy: float | None
    macro_f1: float | None


class RunProgress(Answer):
    """How far a run that has not ended came."""

    state: str | None
    attempt: int | None
    phase: str | None
    seconds: int = Field(description="Since it was opened.")
    training_seconds: int | None = Field(description="Since its attempt started.")
    cost_so_far_usd: Usd | None = Field(
        description="At the rate without Spot, for the time that it trains."
    )
    step: int | None = Field(None, description="Steps that its attempt has done; null: unknown.")
    steps: int | None = Field(None, description="Steps that it will do.")
    seconds_left: int | None = Field(None, description="By the training program's own guess.")
    curve: tuple[LossPoint, ...] = Field((), description="200 points at the most.")
    validation: tuple[ValidationPoint, ...] = Field((), description="200 points at the most.")


class RunApproval(Answer):
    """What a person was asked; of a run that asked twice, the second time."""

    standing: str
    part: Literal["preparation", "run"] = Field(description="What was asked for.")
    requested_at: datetime
    expires_at: datetime
    worst_case_usd: Usd
    spent_usd: Usd = Field(description="What the run's preparation took before it asked.")
    above_usd: Usd
    answered_at: datetime | None
    answered_by: str | None


class RunPreparation(Answer):
    """How far the preparation of the run's raw data is: its last attempt, and all dollars."""

    engine: str
    attempt: int | None = Field(description="Null: none was asked for yet.")
    status: str | None = Field(description="The engine's own word.")
    ending: str | None = Field(description="In Thriftline's words; null: it has not ended.")
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    billed_usd: Usd | None = Field(description="All attempts; null while one is unknown.")
    approved_usd: Usd | None = Field(description="What a person said yes to; null: nobody did.")
    approved_by: str | None
    approved_at: datetime | None


class RunDocument(Answer):
    """A document or page that the run has written."""

    name: str
    href: str
    content_type: str
    size_bytes: int


class RunDetail(Run):
    """One run with all that is known of it."""

    execution_arn: str | None
    belongs_to: str | None = Field(
        None, description="The run that trains this upload, where it started none of its own."
    )
    progress: RunProgress | None = Field(description="Null when it has ended.")
    approval: RunApproval | None = Field(description="Null when nobody was asked.")
    preparation: RunPreparation | None = Field(
        None, description="Null for a run that prepares no raw data."
    )
    attempts: tuple[RunAttempt, ...]
    documents: tuple[RunDocument, ...]
    result: dict[str, Any] | None = Field(
        description="result.json; null while it has not ended. See docs/schemas/."
    )

    @classmethod
    def with_all(cls, run: ListedRun, **more: Any) -> "RunDetail":
        """Returns a run with what is known beside its item."""
        return cls(**_shown(run), execution_arn=run.execution_arn, **more)


def _shown(run: ListedRun) -> dict[str, Any]:
    summary = run.reason
    if summary and len(summary) > LONGEST_SUMMARY:
        summary = f"{summary[: LONGEST_SUMMARY - 1]}…"
    return {
        "run_id": run.run_id,
        "project": run.project,
        "status": run.status,
        "state": run.state,
        "opened_at": run.opened_at,
        "ended_at": run.ended_at,
        "trainer": run.trainer,
        "instance_type": run.instance_type,
        "expected_usd": run.expected_usd,
        "worst_case_usd": run.worst_case_usd,
        "cost_usd": run.cost_usd,
        "saved_usd": run.saved_usd,
        "model_version": run.model_version,
        "key": run.key,
        "requested_by": run.requested_by,
        "summary": summary,
    }
