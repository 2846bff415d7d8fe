"""Lists what an audit found, with what people live with today."""

from collections.abc import Iterable
from datetime import date

from thriftline.audit.domain.finding_keys import finding_key
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.layout import LATEST, report_key
from thriftline.audit.schemas.report import LatestReport
from thriftline.audit.schemas.report_parts import ReportAccepted, ReportFinding
from thriftline.audit.schemas.shown import (
    FindingPage,
    FindingsOfReport,
    ShownAcceptance,
    ShownFinding,
)
from thriftline.audit.steps.acceptances import AcceptancesRead, read_acceptances
from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import reading


@dataclass(frozen=True)
class FindingFilters:
    """What is asked for; None lets everything through. ``resource`` is a part of its name."""

    rule: str | None = None
    severity: str | None = None
    confidence: str | None = None
    account: str | None = None
    region: str | None = None
    resource: str | None = None
    accepted: bool | None = None

    def let_through(self, finding: ReportFinding, *, accepted: bool) -> bool:
        """Whether a finding is among what is asked for."""
        exact = (
            (self.rule, finding.rule),
            (self.severity, finding.severity),
            (self.confidence, finding.confidence),
            (self.account, finding.account),
            (self.region, finding.region),
            (self.accepted, accepted),
        )
        part = (self.resource or "").casefold()
        return part in finding.resource.casefold() and all(
            wanted is None or wanted == found for wanted, found in exact
        )


def list_findings(
    artifacts: Bucket,
    filters: FindingFilters,
    *,
    audit_id: str | None,
    limit: int,
    at: int,
    today: date,
) -> FindingPage | None:
    """Returns some findings of an audit, or of the last whole one; None where it has no report.

    Raises:
        AwsRequestError: the report is of another version of Thriftline.
    """
    wanted = audit_id or latest_audit(artifacts)
    if wanted is None:
        return FindingPage(audit_id=None, items=(), total=0, problem=None, next_at=None)
    report = read_findings(artifacts, wanted)
    if report is None:
        return None
    read = read_acceptances(artifacts)
    chosen = [
        (finding, said)
        for finding, said in _with_acceptances(report, read, today)
        if filters.let_through(finding, accepted=said is not None)
    ]
    end = at + limit
    return FindingPage(
        audit_id=wanted,
        items=tuple(shown_finding(one, wanted, said) for one, said in chosen[at:end]),
        total=len(chosen),
        problem=read.problem,
        next_at=end if end < len(chosen) else None,
    )


def latest_audit(artifacts: Bucket) -> str | None:
    """Returns the last whole audit, None before there was one."""
    body = artifacts.read(LATEST)
    with reading(artifacts.uri(LATEST), "Run an audit: it writes a new report."):
        return None if body is None else LatestReport.model_validate_json(body).audit_id


def read_findings(artifacts: Bucket, audit_id: str) -> FindingsOfReport | None:
    """Returns the findings of a report, None where there is no report."""
    body = artifacts.read(report_key(audit_id, "json"))
    with reading(f"The report of {audit_id}", "Run an audit: it writes a new report."):
        return None if body is None else FindingsOfReport.model_validate_json(body)


def _with_acceptances(
    report: FindingsOfReport, read: AcceptancesRead, today: date
) -> Iterable[tuple[ReportFinding, Acceptance | None]]:
    """Yields the findings as the report orders them, the accepted ones at its end.

    The file says what holds today; where it cannot be read, the report says what held then.
    """
    valid = {one.finding: one for one in read.acceptances if one.until >= today}
    then = {} if read.problem is None else {one.finding.id: _of(one) for one in report.accepted}
    for finding in (*report.findings, *(one.finding for one in report.accepted)):
        yield finding, valid.get(finding.id) or then.get(finding.id)


def _of(one: ReportAccepted) -> Acceptance:
    return Acceptance(one.finding.id, one.reason, one.until, one.accepted_by, one.on)


def shown_finding(finding: ReportFinding, audit_id: str, said: Acceptance | None) -> ShownFinding:
    """Returns a finding as it is answered."""
    return ShownFinding(
        **dict(finding),
        key=finding_key(finding.id),
        audit_id=audit_id,
        accepted=None
        if said is None
        else ShownAcceptance(
            reason=said.reason, until=said.until, accepted_by=said.accepted_by, on=said.on
        ),
    )
