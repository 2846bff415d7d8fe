"""Projects, and the versions in their registry."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from thriftline.api.answers import Answer, Ask
from thriftline.api.schemas.run_orders import Why
from thriftline.money.usd import Usd


class Project(Answer):
    """A folder of the data bucket."""

    project: str
    href: str = Field(description="Its models.")


class ProjectPage(Answer):
    """Some projects, in order of their names."""

    items: tuple[Project, ...]
    next_token: str | None


class Model(Answer):
    """A version in the registry; what it does not say of itself is null.

    One with ``source_run_id`` is a retraining of that run, handed back from a notebook: its own
    ``run_id`` is no run of the table.
    """

    version: int
    model_package_arn: str
    approval_status: Literal["Approved", "Rejected", "PendingManualApproval"]
    approval_reason: str | None
    in_use: bool | None = Field(
        description="The newest approved version; null: a later page may have it."
    )
    created_at: datetime
    reason: str = Field(description="What the gate decided, or whoever registered it says.")
    run_id: str | None
    source_run_id: str | None
    href: str | None = Field(description="The run that it comes from.")
    trainer: str | None
    task: str | None
    base_model: str | None
    job_name: str | None
    instance_type: str | None
    spot: bool | None
    accuracy: float | None
    macro_f1: float | None
    micro_f1: float | None
    test_records: int | None
    billed_seconds: int | None
    cost_usd: Usd | None
    dataset_uri: str | None
    dataset_version: str | None
    champion: str | None = Field(description="The version that it was compared with.")
    promotion: str | None
    registered_by: str | None
    changed: str | None
    why: str | None


class ModelPage(Answer):
    """Some versions, the newest first; a page has 25 at the most, whatever its limit."""

    items: tuple[Model, ...]
    next_token: str | None


class ModelDecision(Ask):
    """Whether a version may be deployed."""

    status: Literal["Approved", "Rejected"]
    why: Why = ""
