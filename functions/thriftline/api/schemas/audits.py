"""What is asked of audits, findings and restores, and the answers that only the API gives."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from thriftline.api.answers import Answer, Ask, PageAsk
from thriftline.api.schemas.numbers import as_json
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.report_parts import ConfidenceWord
from thriftline.audit.schemas.report_totals import SeverityWord
from thriftline.audit.schemas.shown import (
    ListedAcceptance,
    ShownAudit,
    ShownFinding,
    ShownRestore,
)
from thriftline.core.unread import UNREADABLE, Unreadable

Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AUDIT_ID = r"^[A-Za-z0-9._-]{1,64}$"
_ENDPOINT = r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$"


class AuditsAsk(PageAsk):
    """Which audits."""

    scope: Scope | None = Field(None, description="Those of all of an account, or of endpoints.")


class AuditList(Answer):
    """Some audits, the newest first."""

    items: tuple[ShownAudit, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class AuditAsk(Ask):
    """An audit; what is absent has the stack's default."""

    scope: Scope = Scope.ACCOUNT
    mode: Mode | None = Field(None, description="Never more than the stack allows.")
    regions: tuple[Region, ...] | None = Field(None, min_length=1, max_length=50)
    accounts: tuple[Account, ...] | None = Field(None, min_length=1, max_length=1_000)
    rules: tuple[str, ...] | None = Field(None, min_length=1, max_length=200)
    window_days: int | None = Field(None, ge=1, le=90)
    parameters: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """Returns what the audit itself reads."""
        given = self.model_dump(mode="json", exclude={"scope", "parameters"}, exclude_none=True)
        return (
            given if self.parameters is None else {**given, "parameters": as_json(self.parameters)}
        )


class FindingsAsk(PageAsk):
    """Which findings."""

    audit_id: str | None = Field(
        None, pattern=AUDIT_ID, description="The last whole audit when absent."
    )
    rule: str | None = Field(None, max_length=200)
    severity: SeverityWord | None = None
    confidence: ConfidenceWord | None = None
    account: Account | None = None
    region: Region | None = None
    resource: str | None = Field(None, max_length=300, description="A part of its name.")
    accepted: bool | None = Field(None, description="Only those that somebody lives with, or not.")


class FindingList(Answer):
    """Some findings of one report, the largest saving first, accepted ones last."""

    audit_id: str | None = Field(description="Null: no audit has made a report yet.")
    total: int = Field(description="Findings that the filters let through.")
    problem: str | None = Field(description="Why the list of accepted findings cannot be read.")
    items: tuple[ShownFinding, ...]
    next_token: str | None


class AcceptAsk(Ask):
    """Why somebody lives with a finding, and how long."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
    until: date = Field(description="The last day that it holds, such as 2026-12-31.")


class AcceptanceList(Answer):
    """Some of what is accepted, as the list has it."""

    items: tuple[ListedAcceptance, ...]
    next_token: str | None


class RestoresAsk(PageAsk):
    """Which saved copies."""

    endpoint: str | None = Field(None, pattern=_ENDPOINT)


class RestoreList(Answer):
    """Some saved copies, by account, region, name and creation."""

    items: tuple[ShownRestore, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class RestoreAsk(Ask):
    """An endpoint that was ended; what is absent is found where one copy alone fits."""

    endpoint: str = Field(pattern=_ENDPOINT)
    account: Account | None = None
    region: Region | None = None
    created: datetime | None = Field(
        None, description="Which of its lives, in UTC; the last when absent."
    )
    dry_run: bool = False

    @field_validator("created")
    @classmethod
    def _is_utc(cls, created: datetime | None) -> datetime | None:
        return created.replace(tzinfo=UTC) if created and created.tzinfo is None else created


class PreviewedRestore(Answer):
    """What a restore would do. Nothing was changed."""

    endpoint: str
    saved_uri: str
    outcome: Literal["restored", "restoring", "would_restore", "exists"]
    steps: tuple[str, ...]
    left: tuple[str, ...]
