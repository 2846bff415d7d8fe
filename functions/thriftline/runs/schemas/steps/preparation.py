"""The preparation of raw data: its plan, its attempts."""

from decimal import Decimal

from pydantic import Field

from thriftline.core.payload import Payload


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
