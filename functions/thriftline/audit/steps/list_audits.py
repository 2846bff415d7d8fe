"""Lists audits by their executions, and shows one with its report in short.

Step Functions keeps an execution for ninety days after its end; a report is there as long as the
artifacts bucket keeps it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from thriftline.audit.domain.layout import audit_id_of, report_key
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.shown import (
    AuditPage,
    AuditStatus,
    ReportInShort,
    ShownAudit,
    ShownAuditDetail,
    ShownDocument,
)
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.machines import ListedExecution, Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept import UPDATE, reading
from thriftline.core.unread import Unread, shown

# Step Functions wants the same size on every page of one list.
_PAGE = 100
_MOST_PAGES = 10
_AT_ONCE = 8
# The hourly machine gives its audits names that begin so; the API does, too.
IDLE_NAMES = "idle-"
_STATUSES: dict[str, AuditStatus] = {
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timed_out",
    "ABORTED": "stopped",
    "PENDING_REDRIVE": "running",
}
_DOCUMENTS = ("html", "json", "md", "csv")


@dataclass(frozen=True)
class AuditsSite:
    """Where audits are started, listed and read."""

    machines: Machines
    machine_arn: str
    artifacts: Bucket


def list_audits(
    site: AuditsSite, *, limit: int, scope: Scope | None, page: str, at: int
) -> AuditPage:
    """Returns some audits, the newest first, from place ``at`` of a page of Step Functions."""
    chosen: list[ListedExecution] = []
    for _ in range(_MOST_PAGES):
        listed, token = site.machines.newest(site.machine_arn, _PAGE, page or None)
        rest = listed[at:]
        for one in rest:
            at += 1
            if scope is None or _scope_by_name(one) is scope:
                chosen.append(one)
            if len(chosen) == limit:
                break
        if at >= len(listed):
            page, at = token or "", 0 if token else -1
        if len(chosen) == limit or at < 0:
            break
    rows = _rows(chosen, site)
    return AuditPage(
        items=tuple(one for one in rows if isinstance(one, ShownAudit)),
        unreadable=shown(one for one in rows if isinstance(one, Unread)),
        page=page,
        at=at,
    )


def _scope_by_name(execution: ListedExecution) -> Scope:
    is_idle = execution.name.startswith(IDLE_NAMES)
    return Scope.IDLE_ENDPOINTS if is_idle else Scope.ACCOUNT


def _rows(chosen: Sequence[ListedExecution], site: AuditsSite) -> list[ShownAudit | Unread]:
    """What an audit has found stands in its execution's output."""
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        whole = readers.map(lambda one: site.machines.look(one.arn) or one, chosen)
        return [_row(one) for one in whole]


def _row(execution: ListedExecution) -> ShownAudit | Unread:
    own = audit_id_of(execution.started_at, execution.arn)
    given, output = execution.asked, execution.answered
    scope = given.get("scope")
    try:
        with reading(f"What the audit {own} ended with", UPDATE):
            return ShownAudit(
                audit_id=own,
                scope=Scope(scope) if scope in tuple(Scope) else _scope_by_name(execution),
                status=_status(execution),
                started_at=_utc(execution.started_at),
                ended_at=_utc(execution.ended_at) if execution.ended_at else None,
                mode=output.get("mode"),
                findings=output.get("findings"),
                monthly_usd=output.get("monthly_usd"),
                planned_actions=output.get("planned_actions"),
                done_actions=output.get("done_actions"),
                unknown=output.get("unknown"),
                reason=_reason(execution),
            )
    except UnreadableDocumentError as error:
        return Unread(own, None, error)


def _status(execution: ListedExecution) -> AuditStatus:
    return _STATUSES.get(execution.status, "failed")


def _reason(execution: ListedExecution) -> str:
    if execution.error is None and execution.cause is None:
        return ""
    return read_cause(execution.error or "", execution.cause or "").message


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def show_audit(audit_id: str, site: AuditsSite) -> ShownAuditDetail | None:
    """Returns an audit, None where there is neither a report nor a recent execution of it.

    Raises:
        UnreadableDocumentError: its report is of another version of Thriftline.
    """
    execution = _recent(audit_id, site)
    report = _report(audit_id, site)
    if report is None and execution is None:
        return None
    # Without its execution, which is kept for ninety days, the report says the most.
    began = _utc(execution.started_at) if execution else report.generated_at if report else None
    assert began is not None, audit_id
    return ShownAuditDetail(
        audit_id=audit_id,
        status=_status(execution) if execution else "succeeded",
        started_at=began,
        ended_at=_utc(execution.ended_at) if execution and execution.ended_at else None,
        reason=_reason(execution) if execution else "",
        report=report,
        documents=_documents(audit_id, site) if report else (),
    )


def _recent(audit_id: str, site: AuditsSite) -> ListedExecution | None:
    """Returns the execution of an audit; ids begin with the second in which it began."""
    token: str | None = None
    for _ in range(_MOST_PAGES):
        listed, token = site.machines.newest(site.machine_arn, _PAGE, token)
        for one in listed:
            if audit_id_of(one.started_at, one.arn) == audit_id:
                return site.machines.look(one.arn) or one
        oldest = f"{_utc(listed[-1].started_at):%Y-%m-%dT%H%M%SZ}" if listed else ""
        if token is None or audit_id > oldest:
            return None
    return None


def _report(audit_id: str, site: AuditsSite) -> ReportInShort | None:
    body = site.artifacts.read(report_key(audit_id, "json"))
    if body is None:
        return None
    with reading(f"The report of {audit_id}", "Run an audit: it writes a new report."):
        return ReportInShort.model_validate_json(body)


def _documents(audit_id: str, site: AuditsSite) -> tuple[ShownDocument, ...]:
    return tuple(
        ShownDocument(name=f"report.{kind}", uri=site.artifacts.uri(report_key(audit_id, kind)))
        for kind in _DOCUMENTS
    )
