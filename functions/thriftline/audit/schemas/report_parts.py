"""The parts of ``audits/{audit_id}/report.json``; ``audit_report.py`` has the whole."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.part_use import PartKind
from thriftline.audit.domain.savings import Bucket
from thriftline.audit.schemas.report_totals import SeverityWord
from thriftline.core.document import Document
from thriftline.money.usd import Usd

ConfidenceWord = Literal["high", "medium", "low"]
EffortWord = Literal["call", "deployment", "project"]


class ReportWindow(Document):
    """Whole UTC days."""

    start: datetime = Field(description="Beginning of the first day.")
    end: datetime = Field(description="End of the last day.")


class ReportTarget(Document):
    """One account and region."""

    account: str
    region: str
    status: Literal["audited", "missing"] = Field(
        description="missing: nothing is known of it, and unknown says why."
    )
    findings: int | None
    unknown: int | None
    resources: dict[ResourceKind, int] = Field(description="How many of each kind were read.")


class ReportSignal(Document):
    """One thing that was looked at, and what it said."""

    name: str
    value: str


class ReportEvidence(Document):
    """What a finding stands on."""

    signals_used: tuple[ReportSignal, ...]
    signals_missing: tuple[str, ...] = Field(
        description="What would have said more and was not looked at."
    )
    start: datetime = Field(description="Beginning of what was looked at.")
    end: datetime


class ReportCall(Document):
    """One API call in botocore's names."""

    service: str
    operation: str
    parameters: dict[str, Any]
    is_partial: bool = Field(
        description="The members to set in a request that you make anyway; not whole by itself."
    )


class ReportChange(Document):
    """What to do about a finding."""

    text: str
    calls: tuple[ReportCall, ...]
    cli: tuple[str, ...] = Field(description="The same calls as lines for the AWS CLI.")
    undo: str


class ReportFinding(Document):
    """What a rule says about one resource."""

    id: str = Field(description="rule|account|region|resource: the same in every report.")
    rule: str
    title: str
    document: str = Field(description="The rule's page in Thriftline's repository.")
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    summary: str
    severity: SeverityWord
    confidence: ConfidenceWord
    effort: EffortWord
    when: Bucket = Field(description="Its place on the roadmap.")
    evidence: ReportEvidence
    monthly_usd: Usd | None = Field(
        description="What the change saves a month; null when no price or measurement says."
    )
    counted: bool = Field(
        description="Whether its dollars are in the totals; false when a better finding draws on "
        "the same money."
    )
    first_told: date = Field(description="Day of the first report with it.")
    is_new: bool = Field(description="The last report did not have it.")
    change: ReportChange
    action: ActionKind | None = Field(description="What Thriftline can do about it by itself.")


class ReportAccepted(Document):
    """A finding that somebody lives with: it is in no total, and is not acted on."""

    finding: ReportFinding
    reason: str
    until: date = Field(description="The last day that it holds.")
    accepted_by: str | None
    on: date | None


class ReportLapsed(Document):
    """An acceptance without effect: over, or of a finding that this audit does not have."""

    finding: str
    reason: str
    until: date
    state: Literal["expired", "unmatched"]


class ReportOutcome(Document):
    """What was done about an action, from its record."""

    outcome: Literal["done", "declined", "failed", "unknown"] = Field(
        description="declined: the world had changed since the plan. unknown: it was to be done "
        "in this run, and there is no record of it."
    )
    reason: str
    ended: datetime | None
    saved_uri: str | None = Field(description="Where the copy lies that a restore reads.")


class ReportAction(Document):
    """What Thriftline would do, or did."""

    index: int = Field(description="Its place in plan.json; its record has the same number.")
    action: ActionKind
    step: Step
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    reason: str
    finding: str | None
    cli: tuple[str, ...]
    undo: str
    due: datetime | None = Field(description="End of the grace, where there is one.")
    executes: bool = Field(description="Whether this run's mode does it.")
    withheld: str | None = Field(description="Why the caps keep it back.")
    result: ReportOutcome | None = Field(description="Null when it was not to be done.")


class ReportRefusal(Document):
    """An action that is not planned, and why."""

    action: ActionKind
    resource: str
    reasons: tuple[str, ...]


class ReportUnknown(Document):
    """What could not be read. Nothing is concluded from it, and nothing is done."""

    resource_type: ResourceKind | Literal["target", "document"]
    resource: str = Field(description="* is a whole kind, or what was left of it.")
    account: str | None
    region: str | None
    operation: str
    error: str


class ReportGap(Document):
    """What a rule could not see."""

    rule: str
    account: str
    region: str
    evaluated: bool = Field(description="If false, the rule's silence means nothing.")
    reasons: tuple[str, ...]


class ReportRule(Document):
    """A rule that found something, or could not: what the page says of it."""

    id: str
    title: str
    document: str
    rationale: str
    how: str
    evidence: str
    undo: str
    thresholds: dict[str, str] = Field(description="Parameters of this audit that move it.")


class ReportRow(Document):
    """One line of the reconciliation."""

    explained_usd: Usd | None = Field(description="Null when none of the resources has a price.")
    billed_usd: Usd | None = Field(description="Null when a part of the bill was not read.")
    residual_usd: Usd | None
    unpriced: tuple[str, ...] = Field(description="Resources without a price; at most 100.")
    unpriced_count: int


class ReportServiceRow(ReportRow):
    """What all targets were billed for one service."""

    service: str


class ReportTargetRow(ReportRow):
    """What one account and region was billed for all services."""

    account: str
    region: str


class ReportReconciliation(Document):
    """What the resources explain of the bill, over the window."""

    explained_usd: Usd
    billed_usd: Usd | None
    residual_usd: Usd | None = Field(description="Billed, and no resource explains it.")
    rows: tuple[ReportServiceRow, ...]
    targets: tuple[ReportTargetRow, ...]
    without_bill: tuple[str, ...] = Field(description="Targets whose bill was not read.")
    assumptions: tuple[str, ...] = Field(description="What had to be taken for granted.")


class ReportKindCost(Document):
    """What all resources of one kind cost in the window."""

    resource_type: ResourceKind
    usd: Usd | None = Field(description="Null when none of them has a price.")
    resources: int
    unpriced: int = Field(description="How many of them are not in usd.")


class ReportDay(Document):
    """One day of the bill."""

    date: date
    usd: dict[str, Usd] = Field(description="By service.")
    is_estimated: bool


class ReportSpend(Document):
    """Where the money went."""

    by_kind: tuple[ReportKindCost, ...]
    by_day: tuple[ReportDay, ...] = Field(description="Of the targets whose bill was read.")
    undated_usd: Usd = Field(description="Billed in spans longer than a day, so in no day.")


class ReportWaste(Document):
    """What the findings of one rule are worth; only what is counted in the totals."""

    rule: str
    title: str
    findings: int
    sure_usd: Usd
    possible_usd: Usd
    unpriced: int


class ReportPart(Document):
    """One variant, shadow variant or inference component, day by day."""

    name: str
    kind: PartKind
    days: tuple[float | None, ...] = Field(
        description="Invocations; null where CloudWatch has no datapoint, which is not zero."
    )
    today: float
    unread: tuple[str, ...]


class ReportCalendarRow(Document):
    """One endpoint's days."""

    endpoint: str
    account: str
    region: str
    status: str
    verdict: Verdict
    reasons: tuple[str, ...]
    parts: tuple[ReportPart, ...]


class ReportRoadmapStep(Document):
    """What to do when."""

    when: Bucket
    findings: tuple[str, ...] = Field(description="Ids, the largest saving first.")
    sure_usd: Usd
    possible_usd: Usd


class ReportPrices(Document):
    """Where prices of the report come from."""

    covers: str
    source: str
    date: date
    resources: int = Field(description="How many resources of these kinds have a price.")
    is_stale: bool = Field(
        False, description="Older than 90 days when this was written; AWS may bill others by now."
    )


class ReportGone(Document):
    """A finding of the last report that this one does not have."""

    finding: str
    title: str
    monthly_usd: Usd | None
    first_told: date


class ReportDifference(Document):
    """What changed since the last whole report."""

    last_audit_id: str
    last_generated_at: datetime
    new: tuple[str, ...]
    gone: tuple[ReportGone, ...]
    unseen: tuple[ReportGone, ...] = Field(description="This audit could not look: not gone.")
    accepted: tuple[str, ...] = Field(description="Accepted since the last report.")
    dearer_usd: Usd
    cheaper_usd: Usd


class ReportTraining(Document):
    """Training jobs that ended in the window."""

    completed: int
    failed: int
    stopped: int
    hours: float | None = Field(description="Of instances.")
    billed_hours: float | None


class ReportUse(Document):
    """Which resources exist and how much they were used; null where a part could not be read."""

    storage_bytes: int | None
    storage_bytes_known: int | None = Field(
        description="Of the buckets whose size is known; null when none was asked."
    )
    objects: int | None
    endpoints: dict[Verdict, int] | None = Field(description="By verdict of the idle rule.")
    endpoints_in_service: int | None
    invocations_last_day: float | None
    training: ReportTraining | None
    training_last_day: ReportTraining | None
    bedrock_invocations: int | None
    tokens_in: int | None
    tokens_out: int | None
