"""``runs/{run_id}/plan.json``: what the run may cost, what it will probably cost, and why.

The ladder of instances and the month's ledger will be sections of their own in this document.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PlannedPrice(_Document):
    """A price with its origin. ``is_upper_bound``: the list has none, the true one is lower."""

    usd: Decimal
    unit: str
    region: str
    component: str
    source: str
    date: date
    is_upper_bound: bool = False


class Candidate(_Document):
    """The same work on one instance type, the chosen one first; None is unknown."""

    instance_type: str
    gpu: str | None
    gpu_count: int | None = None
    rate_usd_per_hour: Decimal
    worst_case_usd: Decimal
    expected_hours: Decimal | None
    expected_usd: Decimal | None
    within_cap: bool


class PlannedChampion(_Document):
    """The model in use, which the candidate is compared with."""

    model_package_arn: str
    model_data_url: str


class PlannedTraining(_Document):
    """How it trains: what run.yaml names, and what `auto` became for so much data.

    ``steps`` are the optimiser's, all of which are made; about so many where run.yaml names
    ``batch_tokens``, and at the most where it names ``patience``.
    """

    method: Literal["finetune", "linear_head"]
    epochs: int
    learning_rate: float
    batch_tokens: int
    batch_rows: int | None
    warmup_fraction: float
    patience: int
    steps: int


class Plan(_Document):
    """The plan of one run.

    ``worst_case_usd`` holds for all attempts together; ``stop_grace_usd`` may come on top when a
    job reaches its limit. ``expected_usd`` is at the on-demand rate: what Spot will save is not
    known before. ``expected_reason`` says what the estimate rests on, or why there is none.
    """

    run_id: str
    planned_at: datetime
    region: str
    base_model: str
    base_model_uri: str | None
    splits: dict[str, int]
    training: PlannedTraining
    instance_type: str
    instance_count: int
    spot: bool
    volume_gib: int
    max_runtime_seconds: int
    max_wait_seconds: int | None
    max_attempts: int
    cap_usd: Decimal
    rate: PlannedPrice
    storage: PlannedPrice
    worst_case_usd: Decimal
    stop_grace_usd: Decimal
    expected_usd: Decimal | None
    expected_hours: Decimal | None
    expected_reason: str
    warnings: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    champion: PlannedChampion | None = None

    @property
    def rate_usd_per_hour(self) -> Decimal:
        """On-demand rate of one instance."""
        return self.rate.usd
