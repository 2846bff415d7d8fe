"""What a run holds and settles in the ledger, and what AWS billed."""

from decimal import Decimal
from typing import Literal

from thriftline.core.payload import Payload
from thriftline.runs.domain.layout import Upload


class ReserveBudgetResponse(Payload):
    """What is held for the run in the ledger's month, and what its budgets have left after it."""

    month: str
    held_usd: Decimal
    left_usd: Decimal


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


class CountSpendRequest(Payload):
    """The schedule's input: nothing has to be said."""


class CountSpendResponse(Payload):
    """What AWS billed in the month up to yesterday, and how much of it others spent."""

    month: str
    billed_usd: Decimal
    external_usd: Decimal
