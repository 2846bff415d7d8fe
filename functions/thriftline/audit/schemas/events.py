"""What other systems are told of audits."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.report_totals import ReportTotals
from thriftline.core.events import Event


class _AuditEvent(Event):
    SOURCE: ClassVar[str] = "thriftline.audit"


class CostAuditCompleted(_AuditEvent):
    """An audit ended: its figures, and where its report lies."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("CostAuditCompleted",)

    audit_id: str
    scope: Scope
    mode: Mode
    generated_at: datetime
    summary: tuple[str, ...]
    totals: ReportTotals
    billed_usd: Decimal | None
    explained_usd: Decimal
    residual_usd: Decimal | None
    alerts: tuple[str, ...]
    report_uri: str


class CostAuditActionTaken(_AuditEvent):
    """An action was done, declined or failed; its calls are in the record."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("CostAuditActionTaken",)

    audit_id: str
    index: int
    action: ActionKind
    step: Step
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    outcome: Literal["done", "declined", "failed"]
    reason: str
    saved_uri: str | None
    record_uri: str


class EndpointRestored(_AuditEvent):
    """An endpoint that was ended is back."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("EndpointRestored",)

    endpoint: str
    saved_uri: str
    outcome: Literal["restored", "restoring", "would_restore", "exists"]
    steps: tuple[str, ...]
    left: tuple[str, ...] = ()
    account: str
    region: str
    created: datetime
    restored: datetime
