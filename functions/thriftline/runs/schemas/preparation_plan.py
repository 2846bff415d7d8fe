"""``runs/{run_id}/preparation_plan.json``: where raw data is prepared, and what that may cost."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from thriftline.runs.domain.approvals import is_needed
from thriftline.runs.domain.prepared_money import most_usd


class PreparationPlan(BaseModel):
    """The engine that was chosen and why, before anything was spent.

    ``worst_usd`` is that of one attempt, ``limit_usd`` what all of them may cost together and
    ``held_usd`` what the month's ledger holds for the whole run. ``limit_name`` says what sets the
    limit, ``usd_per_hour`` what its machines cost while they run. A person is asked when one
    attempt may cost more than ``approval_above_usd``, never when that is None. ``terms`` are the
    engine's own.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: Literal["1.0"] = "1.0"
    run_id: str
    project: str
    planned_at: datetime
    engine: str
    reason: str
    advice: str = ""
    left_out: dict[str, str] = {}
    likely_usd: Decimal | None
    likely_minutes: int | None
    worst_usd: Decimal
    usd_per_hour: Decimal | None = None
    limit_usd: Decimal
    limit_name: str = "prepare.max_usd, else what the run may cost"
    held_usd: Decimal
    most_attempts: int
    max_minutes: int
    basis: str
    warnings: tuple[str, ...] = ()
    terms: dict[str, Any] = {}
    files: int
    stored_bytes: int
    approval_above_usd: Decimal | None = None

    @property
    def needs_approval(self) -> bool:
        """Whether a person is asked before it starts."""
        return is_needed(self.worst_usd, self.approval_above_usd)

    @property
    def most_usd(self) -> Decimal:
        """What all attempts cost at the most: what a yes is asked for."""
        return most_usd(self.worst_usd, self.limit_usd)
