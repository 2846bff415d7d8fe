"""``runs/{run_id}/preparation_plan.json``: where raw data is prepared, and what that may cost."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class PreparationPlan(BaseModel):
    """The engine that was chosen and why, before anything was spent.

    ``worst_usd`` is that of one attempt, ``limit_usd`` what all of them may cost together and
    ``held_usd`` what the month's ledger holds for the whole run. ``terms`` are the engine's own.
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
    limit_usd: Decimal
    held_usd: Decimal
    most_attempts: int
    max_minutes: int
    basis: str
    warnings: tuple[str, ...] = ()
    terms: dict[str, Any] = {}
    files: int
    stored_bytes: int
