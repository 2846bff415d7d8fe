"""What was done about one planned action, and what it takes to undo it: kept for good."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.core.recorded_calls import RecordedCall


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ActionRecord(_Document):
    """One action of a plan. ``planned_because`` is the plan's reason, ``reason`` the outcome's.

    ``saved_uri`` is where the copy lies that a restore reads, None where nothing had to be saved.
    ``announced`` is true when event and message are out.
    """

    audit_id: str
    index: int
    action: ActionKind
    step: Step
    account: str
    region: str
    resource_type: ResourceKind
    resource: str
    finding: str | None
    planned_because: str
    outcome: Literal["done", "declined", "failed"]
    reason: str
    started: datetime
    ended: datetime
    calls: tuple[RecordedCall, ...]
    saved_uri: str | None
    undo: str
    announced: bool = False
