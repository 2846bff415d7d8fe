"""What goes into and comes out of each Task of the audit's state machines.

Payloads stay small at any size of account: everything else lies under ``audits/{audit_id}/``.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Part, Scope
from thriftline.audit.schemas.settings import Target
from thriftline.core.payload import Payload


class OpenAuditRequest(Payload):
    """``input`` is what the person or the schedule gave, unread; empty means the defaults."""

    execution_arn: str
    started: datetime
    scope: Scope
    input: dict[str, Any]


class OpenAuditResponse(Payload):
    """``targets_key`` is where the Distributed Map finds its items, ``parts`` the collectors."""

    audit_id: str
    mode: Mode
    parts: tuple[Part, ...]
    bucket: str
    targets_key: str
    targets: int


class CollectRequest(Payload):
    """One collector at work on one account and region."""

    audit_id: str
    target: Target
    part: Part


class CollectResponse(Payload):
    """How many resources were read, and how many things could not be."""

    resources: int
    unread: int


class TargetRequest(Payload):
    """A step on one account and region: assemble the inventory, apply the rules."""

    audit_id: str
    target: Target


class ApplyRulesResponse(Payload):
    """How much the rules said."""

    findings: int
    actions: int


class AuditRequest(Payload):
    """A step on the whole audit: plan the actions, write the report, publish it."""

    audit_id: str


class PlanActionsResponse(Payload):
    """``actions`` counts the plan; ``executes`` are the indices that this run's mode does.

    In the order in which they are to be done. ``alerts`` counts the caps that were reached.
    """

    actions: int
    executes: tuple[int, ...]
    alerts: int


class WriteReportResponse(Payload):
    """``monthly_usd`` is what the sure findings save."""

    findings: int
    unknown: int
    monthly_usd: Decimal
    report_uri: str


class ActRequest(Payload):
    """One action of the plan, by its place; ``now`` is when it is done, not when it was planned.

    With ``dry_run`` everything is read and checked in the same way, in any mode, and nothing is
    changed, written or announced.
    """

    audit_id: str
    index: int = Field(ge=0)
    now: datetime
    dry_run: bool = False


class ActResponse(Payload):
    """``declined`` when the world had changed since the plan: then nothing was done.

    ``calls`` are command lines of what a dry run would have done; empty otherwise.
    """

    index: int
    outcome: Literal["done", "declined", "failed"]
    reason: str
    calls: tuple[str, ...] = ()


class RestoreEndpointRequest(Payload):
    """``created`` chooses one of several saved lives of the name; None means the last one."""

    endpoint: str
    account: str | None = None
    region: str | None = None
    created: datetime | None = None
    dry_run: bool = False


class RestoreEndpointResponse(Payload):
    """What was, or with ``dry_run`` would be, made again in this call.

    ``restoring`` means that SageMaker is still at work and steps are ``left``: ask again, with the
    same request, until it is ``restored``. A living endpoint that is another one ``exists``.
    """

    endpoint: str
    saved_uri: str
    outcome: Literal["restored", "restoring", "would_restore", "exists"]
    steps: tuple[str, ...]
    left: tuple[str, ...] = ()


class PublishAuditResponse(Payload):
    """The execution's output."""

    audit_id: str
    mode: Mode
    findings: int
    monthly_usd: Decimal
    planned_actions: int
    done_actions: int
    unknown: int
    report_uri: str
