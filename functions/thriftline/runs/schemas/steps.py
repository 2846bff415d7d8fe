"""What goes into and comes out of each Task of ``statemachines/training.asl.yaml``.

Payloads stay small: a run's documents lie in the artifacts bucket and are found by ``run_id``.
"""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from thriftline.core.payload import Payload
from thriftline.runs.domain.layout import Upload


class OpenRunRequest(Payload):
    """``settled`` is true when the machine has waited for the rest of the upload already."""

    upload: Upload
    execution_arn: str
    settled: bool = False


class OpenRunResponse(Payload):
    """``reason`` is a sentence for a person; ``owner_execution_arn`` is set for duplicates.

    ``prepares`` asks the machine to prepare raw data first.
    """

    decision: Literal["open", "duplicate", "ignored", "wait"]
    run_id: str | None
    reason: str
    owner_execution_arn: str | None = None
    wait_seconds: int = 0
    prepares: bool = False


class ExplainUploadResponse(Payload):
    """``reason`` is the log line."""

    reason: str


class RunRequest(Payload):
    """A step that needs to know the run only."""

    run_id: str


class IndexRequest(Payload):
    """One item of a Map over byte ranges or parts."""

    run_id: str
    index: int = Field(ge=0)


class IndexResponse(Payload):
    """An item of a Map that is done."""

    index: int


class PlanPreparationResponse(Payload):
    """Where the raw data is prepared; what an attempt costs at the most, and what the run holds.

    ``month`` is the ledger's, and ``left_usd`` what its budgets have left after the hold.
    ``approval_wait_seconds`` is how long the workflow waits for a person, where it needs one.
    """

    engine: str
    worst_case_usd: Decimal
    month: str
    held_usd: Decimal
    left_usd: Decimal
    needs_approval: bool
    approval_wait_seconds: int


class PreparationRequest(Payload):
    """One attempt at the preparation; it counts from 1."""

    run_id: str
    attempt: int = Field(ge=1, le=99)


class StartPreparationResponse(Payload):
    """``wait_seconds`` > 0: the account may not have more now; call again after that."""

    attempt: int
    wait_seconds: int
    reason: str


class PollPreparationResponse(Payload):
    """``wait_seconds`` until the next look, while the attempt is not done."""

    done: bool
    wait_seconds: int
    status: str


class ValidationResponse(Payload):
    """``ranges`` > 0 asks the machine for a Map over byte ranges and a merge; else it is done."""

    mode: Literal["done", "ranges"]
    ranges: int = 0
    parts: int = 0
    verdict: Literal["accepted", "accepted_with_warnings"] | None = None


class PlanRunResponse(Payload):
    """Dollars as decimal strings; ``expected_usd`` is None when it cannot be estimated.

    ``approval_wait_seconds`` is how long the workflow waits for a person, where it needs one.
    """

    worst_case_usd: Decimal
    expected_usd: Decimal | None
    max_attempts: int
    needs_approval: bool
    approval_wait_seconds: int


class ReserveBudgetResponse(Payload):
    """What is held for the run in the ledger's month, and what its budgets have left after it."""

    month: str
    held_usd: Decimal
    left_usd: Decimal


class StartTrainingRequest(Payload):
    """``attempt`` counts from 1."""

    run_id: str
    attempt: int = Field(ge=1, le=99)


class StartTrainingResponse(Payload):
    """The job of this attempt, new or found again.

    None where it is not the run's turn yet: ``wait_seconds`` until the next call, and why.
    """

    job_name: str | None
    attempt: int
    wait_seconds: int = 0
    reason: str = ""


class PollTrainingRequest(Payload):
    """One look at the attempt's job."""

    run_id: str
    job_name: str
    attempt: int


class PollTrainingResponse(Payload):
    """``wait_seconds`` until the next look, while the job is not done.

    ``status`` and ``phase`` are the trainer's own words for a person who reads the history.
    """

    done: bool
    wait_seconds: int
    status: str
    phase: str


class JobRequest(Payload):
    """A step that reads what a completed job left."""

    run_id: str
    job_name: str


class EvaluateRunResponse(Payload):
    """What the promotion gate decided, with its reason."""

    promotion: Literal["approved", "pending", "rejected"]
    reason: str


class RunDeployment(Payload):
    """``deployment_id`` is the execution's name, ``request`` its input; the same for a run.

    Without a request there is a reason why the version cannot be deployed so.
    """

    deployment_id: str | None
    request: dict[str, Any] | None
    reason: str = ""


class RegisterModelResponse(Payload):
    """The new version in the Model Registry.

    ``deployment`` is what the machine asks the deployment machine for; None: nothing is deployed.
    """

    model_package_arn: str
    deployment: RunDeployment | None = None


class StartedDeployment(Payload):
    """Whether the deployment machine took the run's request, and why not."""

    deployment_id: str | None
    started: bool
    reason: str | None = None


class CleanUpRequest(Payload):
    """``run_id`` is None when Open run failed; the upload says which run it would be."""

    run_id: str | None
    upload: Upload
    execution_arn: str


class CleanUpResponse(Payload):
    """Jobs that are still stopping (call again), or how much was removed.

    ``left`` are attempts of which the trainer still has something that the sweep will take away.
    """

    stopped_jobs: tuple[str, ...]
    deleted_objects: int
    left: tuple[str, ...] = ()


class SettleBudgetRequest(Payload):
    """``run_id`` is None when Open run failed; the upload says which run it would be."""

    run_id: str | None
    upload: Upload
    execution_arn: str


class SettleBudgetResponse(Payload):
    """``kept``: what the run was billed is not known yet, and its hold waits for the sweep."""

    status: Literal["settled", "nothing_held", "kept"]
    settled_usd: Decimal | None
    reason: str


class SweepLedgerRequest(Payload):
    """The schedule's input: nothing has to be said."""


class SweptHold(Payload):
    """A hold that the sweep replaced by what its run was billed."""

    run_id: str
    held_usd: Decimal
    settled_usd: Decimal
    reason: str


class SweepLedgerResponse(Payload):
    """Holds that stay, that could not be judged and that were settled, the first with names.

    ``stopped_jobs`` were asked to stop, since the budget is spent and the stack says so.
    """

    kept: int
    unknown: int
    settled: int
    first_settled: tuple[SweptHold, ...]
    stopped_jobs: tuple[str, ...] = ()


class SweepBedrockRequest(Payload):
    """The schedule's input: nothing has to be said."""


class TakenAway(Payload):
    """Something on Bedrock that a run left, and that the sweep has deleted."""

    kind: str
    arn: str
    reason: str


class SweepBedrockResponse(Payload):
    """Things with the stack's tag that stay, that could not be judged or deleted, and that went.

    ``promoted`` are versions in the registry with which their project's deployment answers now.
    """

    kept: int
    unknown: int
    taken_away: tuple[TakenAway, ...]
    promoted: tuple[str, ...]


class CountSpendRequest(Payload):
    """The schedule's input: nothing has to be said."""


class CountSpendResponse(Payload):
    """What AWS billed in the month up to yesterday, and how much of it others spent."""

    month: str
    billed_usd: Decimal
    external_usd: Decimal


class Failure(Payload):
    """What went wrong, as the machine caught it. ``message`` may be Lambda's JSON cause."""

    state: str
    error: str
    message: str


class PublishResultRequest(Payload):
    """``ending`` says how the run ended; ``failure`` is set for rejected and failed.

    ``run_id`` is None when Open run failed; the upload says which run it would be.
    """

    run_id: str | None
    upload: Upload
    execution_arn: str
    ending: Literal["succeeded", "not_promoted", "rejected", "failed"]
    failure: Failure | None = None
    model_package_arn: str | None = None
    deployment: StartedDeployment | None = None


class PublishResultResponse(Payload):
    """The execution's output."""

    run_id: str
    status: str
    reason: str
    result_uri: str
    report_uri: str
