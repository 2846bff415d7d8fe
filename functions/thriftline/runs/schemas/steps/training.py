"""The plan of a training, its attempts, and what the gate decides of it."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from thriftline.core.payload import Payload


class PlanRunResponse(Payload):
    """Dollars as decimal strings; ``expected_usd`` is None when it cannot be estimated.

    ``approval_wait_seconds`` is how long the workflow waits for a person, where it needs one.
    """

    worst_case_usd: Decimal
    expected_usd: Decimal | None
    max_attempts: int
    needs_approval: bool
    approval_wait_seconds: int


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


class EvaluateRunResponse(Payload):
    """What the promotion gate decided, with its reason."""

    promotion: Literal["approved", "pending", "rejected"]
    reason: str
