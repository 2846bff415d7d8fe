"""What is answered about audits, their findings and what can be restored.

What is not known is null. Money is US dollars as decimal strings; times are UTC.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.report_parts import (
    ReportAccepted,
    ReportAction,
    ReportDifference,
    ReportFinding,
    ReportPrices,
    ReportReconciliation,
    ReportTarget,
    ReportWaste,
    ReportWindow,
)
from thriftline.audit.schemas.report_totals import ReportTotals
from thriftline.core.payload import Payload
from thriftline.core.unread import Unreadable
from thriftline.money.usd import Usd

AuditStatus = Literal["running", "succeeded", "failed", "timed_out", "stopped"]


class ShownAudit(Payload):
    """An audit in a list."""

    audit_id: str
    scope: Scope
    status: AuditStatus
    started_at: datetime
    ended_at: datetime | None
    mode: Mode | None = Field(description="Null until it has ended.")
    findings: int | None
    monthly_usd: Usd | None = Field(description="What its sure findings save a month.")
    planned_actions: int | None
    done_actions: int | None
    unknown: int | None = Field(description="Things that could not be read.")
    reason: str = Field(description="Why it failed.")


class AuditPage(Payload):
    """Some audits, the newest first."""

    items: tuple[ShownAudit, ...]
    unreadable: tuple[Unreadable, ...]
    page: str = Field(description="Step Functions' token of the page that goes on.")
    at: int = Field(description="How many of that page were looked at; -1 at the end.")


class ShownDocument(Payload):
    """A document in the artifacts bucket."""

    name: str
    uri: str


class ReportInShort(BaseModel):
    """A report without its longest parts: findings and actions are asked for by themselves."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    audit_id: str
    scope: Scope
    is_whole: bool
    mode: Mode
    asked_mode: Mode
    allowed_mode: Mode
    generated_at: datetime
    window: ReportWindow
    targets: tuple[ReportTarget, ...]
    summary: tuple[str, ...]
    alerts: tuple[str, ...]
    totals: ReportTotals
    planned_actions: tuple[ReportAction, ...]
    reconciliation: ReportReconciliation
    waste_by_rule: tuple[ReportWaste, ...]
    difference: ReportDifference | None
    prices: tuple[ReportPrices, ...]


class ShownAuditDetail(Payload):
    """One audit; ``report`` is null while it runs, and where it failed before its report."""

    audit_id: str
    status: AuditStatus
    started_at: datetime
    ended_at: datetime | None
    reason: str
    report: ReportInShort | None
    documents: tuple[ShownDocument, ...]


class FindingsOfReport(BaseModel):
    """The findings of a report."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    audit_id: str
    findings: tuple[ReportFinding, ...]
    accepted: tuple[ReportAccepted, ...]


class ShownAcceptance(Payload):
    """Why somebody lives with a finding, and how long."""

    reason: str
    until: date = Field(description="The last day that it holds.")
    accepted_by: str | None
    on: date | None


class ListedAcceptance(ShownAcceptance):
    """An entry of the list of accepted findings, whether or not an audit still has the finding."""

    finding: str
    key: str = Field(description="Stands for the finding in a path.")
    is_over: bool = Field(description="Its last day is over: the finding is reported again.")


class ShownFinding(ReportFinding):
    """A finding, and how it is named in a path."""

    key: str = Field(description="Stands for the id where an id is no path.")
    audit_id: str
    accepted: ShownAcceptance | None = Field(description="Null: nobody lives with it today.")


class FindingPage(Payload):
    """Some findings of one report, the largest saving first."""

    audit_id: str | None = Field(description="Null: no audit has made a report yet.")
    items: tuple[ShownFinding, ...]
    total: int = Field(description="Findings that the filters let through.")
    problem: str | None = Field(description="Why acceptances could not be read.")
    next_at: int | None


class ShownRestore(Payload):
    """An endpoint that was ended, and can be brought back."""

    key: str
    endpoint: str
    project: str | None = Field(description="Null: it was of no project of a stack.")
    account: str
    region: str
    created: datetime = Field(description="When the endpoint was made: which of its lives it is.")
    saved_at: datetime | None
    state: Literal["saved", "restoring", "restored"]
    restored_at: datetime | None
    usd_per_hour: Usd | None = Field(description="Of all its instances, once it is back.")
    month_usd: Usd | None


class ShownRestoreAct(Payload):
    """A restore that was asked for: how it stands, or how it ended."""

    id: str
    endpoint: str
    account: str
    region: str
    outcome: Literal["restoring", "restored", "exists", "failed"] = Field(
        description="exists: a live endpoint has the name, and is never touched."
    )
    reason: str = Field(description="Why it failed.")
    saved_uri: str | None = Field(description="Of the copy; null until it has ended.")
    steps: tuple[str, ...] = Field(description="What the last call did.")


class RestorePage(Payload):
    """Some saved copies, by account, region, name and creation."""

    items: tuple[ShownRestore, ...]
    unreadable: tuple[Unreadable, ...]
    last: str | None
