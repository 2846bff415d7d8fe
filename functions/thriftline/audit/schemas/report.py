"""``audits/{audit_id}/report.json``: what an audit says; the pages are made of it alone.

Published as ``docs/schemas/report.schema.json``. What is unknown is null, never 0. Money is US
dollars as decimal strings; times are UTC.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.report_parts import (
    ReportAccepted,
    ReportAction,
    ReportCalendarRow,
    ReportDifference,
    ReportFinding,
    ReportGap,
    ReportLapsed,
    ReportPrices,
    ReportReconciliation,
    ReportRefusal,
    ReportRoadmapStep,
    ReportRule,
    ReportSpend,
    ReportTarget,
    ReportUnknown,
    ReportUse,
    ReportWaste,
    ReportWindow,
)
from thriftline.audit.schemas.report_totals import ReportTotals
from thriftline.core.document import Document


class AuditReport(Document):
    """One audit of all its accounts and regions."""

    schema_version: Literal["1.0"]
    audit_id: str
    scope: Scope
    is_whole: bool = Field(
        description="Of no chosen accounts, regions or rules only: the next one compares."
    )
    mode: Mode = Field(description="What this run may do.")
    asked_mode: Mode
    allowed_mode: Mode = Field(description="The most that the stack allows.")
    generated_at: datetime = Field(description="The instant that the audit describes.")
    window: ReportWindow
    targets: tuple[ReportTarget, ...]
    summary: tuple[str, ...] = Field(description="The report in sentences, the first one first.")
    alerts: tuple[str, ...] = Field(description="What a person must look at.")
    totals: ReportTotals
    findings: tuple[ReportFinding, ...] = Field(description="The largest saving first.")
    planned_actions: tuple[ReportAction, ...]
    refused_actions: tuple[ReportRefusal, ...]
    unknown: tuple[ReportUnknown, ...]
    gaps: tuple[ReportGap, ...]
    not_looked_at: tuple[str, ...] = Field(
        default=(), description="What an audit like this one never looks at."
    )
    reconciliation: ReportReconciliation
    spend: ReportSpend
    waste_by_rule: tuple[ReportWaste, ...]
    use: ReportUse
    calendar: tuple[ReportCalendarRow, ...] = Field(
        description="Requests of each endpoint on each day of the window."
    )
    roadmap: tuple[ReportRoadmapStep, ...]
    accepted: tuple[ReportAccepted, ...]
    lapsed: tuple[ReportLapsed, ...]
    difference: ReportDifference | None = Field(description="Null without a last report.")
    prices: tuple[ReportPrices, ...]
    rules: tuple[ReportRule, ...]


class _EarlierDocument(BaseModel):
    """What is read of a report that an older Thriftline may have written."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class LastFinding(_EarlierDocument):
    """A finding of the last report."""

    id: str
    title: str
    monthly_usd: Decimal | None
    first_told: date


class LastAccepted(_EarlierDocument):
    """A finding that was accepted when the last report was made."""

    finding: LastFinding


class LastUnseen(_EarlierDocument):
    """A finding that the last audit could not look at again: still known, and not new."""

    finding: str
    title: str
    monthly_usd: Decimal | None
    first_told: date


class LastDifference(_EarlierDocument):
    """What the last report carried on from the one before."""

    unseen: tuple[LastUnseen, ...]


class LastReport(_EarlierDocument):
    """What of the last report the next one is compared with."""

    audit_id: str
    generated_at: datetime
    findings: tuple[LastFinding, ...]
    accepted: tuple[LastAccepted, ...]
    difference: LastDifference | None

    @property
    def known(self) -> dict[str, LastFinding]:
        """Everything that was told, accepted or carried on, by id."""
        unseen = self.difference.unseen if self.difference else ()
        return {
            finding.id: finding
            for finding in (
                *(
                    LastFinding(
                        id=one.finding,
                        title=one.title,
                        monthly_usd=one.monthly_usd,
                        first_told=one.first_told,
                    )
                    for one in unseen
                ),
                *(one.finding for one in self.accepted),
                *self.findings,
            )
        }


class LatestReport(Document):
    """``audits/latest.json``: the last whole report, and the one before it."""

    audit_id: str
    report_key: str
    generated_at: datetime
    previous: "LatestReport | None" = None
