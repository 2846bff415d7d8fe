"""Shows a request for approval, and takes the first answer that is valid."""

from datetime import datetime
from decimal import Decimal
from http import HTTPStatus

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.secrets import Secret
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
    UnreadableDocumentError,
)
from thriftline.core.observability import logger
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval, Link, Outcome, Standing
from thriftline.runs.reports.approval_reply import document_of, headers_of, page_of
from thriftline.runs.schemas.approval import AnswerApprovalRequest, AnswerApprovalResponse
from thriftline.runs.steps.approval_request import view_of
from thriftline.runs.steps.deliver_answer import deliver

_STANDINGS = {"approve": Standing.APPROVED, "reject": Standing.REJECTED}
# What is said of these is the request itself.
_OPEN = frozenset({Outcome.SHOWN, Outcome.NOT_AN_ANSWER, Outcome.ASKED_ANEW})
_SHOW = frozenset({"GET", "HEAD"})
_STATUSES = {
    Outcome.SHOWN: HTTPStatus.OK,
    Outcome.ACCEPTED: HTTPStatus.OK,
    Outcome.ALREADY: HTTPStatus.CONFLICT,
    Outcome.EXPIRED: HTTPStatus.GONE,
    Outcome.ASKED_ANEW: HTTPStatus.CONFLICT,
    Outcome.ENDED: HTTPStatus.GONE,
    Outcome.FORGED: HTTPStatus.FORBIDDEN,
    Outcome.UNKNOWN: HTTPStatus.NOT_FOUND,
    Outcome.NOT_AN_ANSWER: HTTPStatus.BAD_REQUEST,
    Outcome.BAD_METHOD: HTTPStatus.METHOD_NOT_ALLOWED,
    Outcome.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Outcome.UNREADABLE: HTTPStatus.CONFLICT,
}


@dataclass(frozen=True)
class Answered:
    """What became of a call. ``approval`` is None for whoever may not see it."""

    outcome: Outcome
    approval: Approval | None
    link: Link | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUSES[self.outcome]


def answer_approval(
    request: AnswerApprovalRequest,
    *,
    approvals: ApprovalsTable,
    executions: Executions,
    secret: Secret | None,
    now: datetime,
) -> Answered:
    """Takes an answer, or shows the request; of many answers at once exactly one is accepted.

    GET and HEAD change nothing, whatever they carry: mail scanners open every link. Without a
    secret no link is taken.

    Raises:
        ThriftlineError: to a caller of the function; who comes over the web is answered 503 where
            it passes, and 409 where the request cannot be read.
    """
    try:
        return _answered(request, approvals, executions, secret, now)
    except ThriftlineError as error:
        return _said(error, request)


def _said(error: ThriftlineError, request: AnswerApprovalRequest) -> Answered:
    """Returns what somebody with a link is told of an error; a program gets the error itself."""
    outcome = None
    if isinstance(error, ServiceUnavailableError | ThrottledError):
        outcome = Outcome.UNAVAILABLE
    elif isinstance(error, UnreadableDocumentError):
        outcome = Outcome.UNREADABLE
    if outcome is None or request.web is None:
        raise error
    logger.exception("a request for approval was not read")
    return Answered(outcome, None)


def _answered(
    request: AnswerApprovalRequest,
    approvals: ApprovalsTable,
    executions: Executions,
    secret: Secret | None,
    now: datetime,
) -> Answered:
    link = None
    if request.web is not None:
        link = Link.read(request.web.query)
        if link is None or secret is None or not link.is_genuine(secret.text()):
            return Answered(Outcome.FORGED, None)
        if request.web.method not in {*_SHOW, "POST"}:
            return Answered(Outcome.BAD_METHOD, None)
        if now >= link.expires_at:
            return Answered(Outcome.EXPIRED, None)
    named = request.worst_case_usd if request.answer == "approve" else None
    # Before anything is written: an answer to a request that cannot be read counts for nobody.
    asked = approvals.get(request.run_id)
    if asked is not None and not _is_meant(asked, link, named, now):
        return Answered(Outcome.ASKED_ANEW, None if link else asked)
    if request.answer is None:
        posted = request.web is not None and request.web.method == "POST"
        return _shown(asked, link, now, posted=posted)
    standing = _STANDINGS[request.answer]
    approval, is_first = approvals.answer(request.run_id, standing, request.who, now, to=asked)
    if approval is None or not is_first:
        return Answered(_refusal(approval, now), approval, link)
    return _delivered(approval, link, approvals, executions)


def _is_meant(asked: Approval, link: Link | None, named: Decimal | None, now: datetime) -> bool:
    """Whether a call is about this request: a run may ask twice."""
    if link is not None:
        return link.is_of(asked)
    return named is None or not asked.is_open(now) or asked.is_for(named)


def _shown(
    approval: Approval | None, link: Link | None, now: datetime, *, posted: bool
) -> Answered:
    if approval is None:
        return Answered(Outcome.UNKNOWN, None)
    if posted and approval.is_open(now):
        return Answered(Outcome.NOT_AN_ANSWER, approval, link)
    return Answered(_refusal(approval, now) if posted else Outcome.SHOWN, approval, link)


def _refusal(approval: Approval | None, now: datetime) -> Outcome:
    if approval is None:
        return Outcome.UNKNOWN
    if approval.standing is Standing.WITHDRAWN:
        return Outcome.ENDED
    if approval.standing in (Standing.APPROVED, Standing.REJECTED):
        return Outcome.ALREADY
    return Outcome.EXPIRED


def _delivered(
    approval: Approval, link: Link | None, approvals: ApprovalsTable, executions: Executions
) -> Answered:
    try:
        counts = deliver(approval, approvals=approvals, executions=executions)
    except ThriftlineError:
        # It is in the table: the sweep wakes the workflow up.
        counts = True
    return Answered(Outcome.ACCEPTED if counts else Outcome.ENDED, approval, link)


def respond(
    request: AnswerApprovalRequest, answered: Answered, *, artifacts: Bucket, now: datetime
) -> AnswerApprovalResponse:
    """Returns what the caller gets: a page for a browser, a document for a program."""
    web = request.web
    view = None
    try:
        view = view_of(answered.approval, artifacts) if answered.approval else None
    except ThriftlineError as error:
        # What became of an answer is true without the plan.
        if answered.outcome in _OPEN:
            answered = _said(error, request)
        else:
            logger.warning("the plan behind a request for approval was not read", error=str(error))
    if web is not None and web.wants_page:
        body = page_of(answered.outcome, view, answered.link, now)
    else:
        body = document_of(answered.outcome, view, now)
    return AnswerApprovalResponse(
        statusCode=answered.status,
        headers=headers_of(answered.outcome, page=web is not None and web.wants_page),
        body="" if web is not None and web.method == "HEAD" else body,
    )
