"""Requests for approval: who waits, and a person's yes or no."""

from dataclasses import replace
from decimal import Decimal
from itertools import starmap
from typing import Literal

from thriftline.api.answers import Nothing, PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import conflict, not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.approvals import Approval, ApprovalAnswer, ApprovalPage, ApproveAsk
from thriftline.core.unread import Unread
from thriftline.core.unread import shown as shown_unread
from thriftline.runs.domain.approvals import Approval as Asked
from thriftline.runs.domain.approvals import Outcome, asks_another_sum
from thriftline.runs.domain.listed_runs import ListedRun
from thriftline.wiring import api as wiring

_FILTERS = {"of": "approvals"}
_STANDINGS: dict[str, Literal["approved", "rejected"]] = {
    "approve": "approved",
    "reject": "rejected",
}


def list_approvals(call: Call, query: PageAsk) -> ApprovalPage:
    """Returns the requests that wait for an answer of somebody like the caller."""
    start = start_of(query.next_token, _FILTERS, ("run_id",))
    pending = wiring.approvals_table().pending()
    later = [one for one in pending if start is None or one > start["run_id"]]
    asked, runs = later[: query.limit], wiring.run_lists().of(later[: query.limit])
    requests = wiring.approvals_table().of(asked)
    found = [(runs.get(one), requests.get(one)) for one in asked]
    last = {"run_id": asked[-1]} if len(later) > len(asked) else None
    return ApprovalPage(
        items=tuple(
            _shown(run, request)
            for run, request in found
            if isinstance(run, ListedRun)
            and isinstance(request, Asked)
            and request.is_open(call.now)
            and call.may(run.project)
        ),
        unreadable=shown_unread(filter(None, starmap(_unread, found)), call.may),
        next_token=next_token(last, _FILTERS),
    )


def _unread(run: ListedRun | Unread | None, request: Asked | Unread | None) -> Unread | None:
    """Returns what cannot be read of a run that waits; only its item says whose it is."""
    if run is None or request is None:
        return None
    if isinstance(run, Unread):
        return run
    return replace(request, project=run.project) if isinstance(request, Unread) else None


def approve(call: Call, body: ApproveAsk) -> ApprovalAnswer:
    """Says yes to the dollars that the caller has read."""
    return _answered(call, "approve", body.worst_case_usd)


def reject(call: Call, body: Nothing) -> ApprovalAnswer:
    """Says no."""
    del body
    return _answered(call, "reject")


def _answered(
    call: Call, answer: Literal["approve", "reject"], worst_case_usd: Decimal | None = None
) -> ApprovalAnswer:
    from thriftline.runs.schemas.approval import AnswerApprovalRequest
    from thriftline.runs.steps.answer_approval import answer_approval

    run_id = call.parameters["id"]
    run = wiring.run_lists().of([run_id]).get(run_id)
    if run is None:
        raise not_found(f"A request for approval of run {run_id}")
    call.require(run.project, f"the approval of run {run_id}")
    who = call.by
    answered = answer_approval(
        AnswerApprovalRequest(run_id=run_id, answer=answer, by=who, worst_case_usd=worst_case_usd),
        approvals=wiring.approvals_table(),
        executions=wiring.executions(),
        secret=None,
        now=call.now,
    )
    request = answered.approval
    if request is None:
        raise not_found(f"A request for approval of run {run_id}")
    is_own = request.answered_by == who and request.standing == _STANDINGS[answer]
    # Whoever says the same again is told the same.
    if answered.outcome is not Outcome.ACCEPTED and not (
        answered.outcome is Outcome.ALREADY and is_own
    ):
        raise conflict(_why_not(answered.outcome, request))
    return ApprovalAnswer(
        id=run_id,
        run_id=run_id,
        standing=_STANDINGS[answer],
        answered_by=request.answered_by,
        answered_at=request.answered_at,
        href=f"/runs/{run_id}",
    )


def _why_not(outcome: Outcome, request: Asked) -> str:
    if outcome is Outcome.ASKED_ANEW:
        return asks_another_sum(request)
    if outcome is Outcome.ALREADY:
        when = f" at {request.answered_at:%Y-%m-%d %H:%M:%S} UTC" if request.answered_at else ""
        return f"{request.answered_by} {request.standing} run {request.run_id}{when}."
    if outcome is Outcome.EXPIRED:
        return (
            f"The time to answer ended at {request.expires_at:%Y-%m-%d %H:%M} UTC. To ask again, "
            "upload the data set again: a new version, a new run."
        )
    return f"Run {request.run_id} ended before it was answered."


def _shown(run: ListedRun, request: Asked) -> Approval:
    return Approval(
        id=run.run_id,
        run_id=run.run_id,
        project=run.project,
        key=run.key,
        trainer=run.trainer,
        instance_type=run.instance_type,
        expected_usd=run.expected_usd,
        part=request.part.value,
        worst_case_usd=request.worst_case_usd,
        spent_usd=request.spent_usd,
        above_usd=request.above_usd,
        month=request.month,
        held_usd=request.held_usd,
        left_usd=request.left_usd,
        requested_at=request.requested_at,
        expires_at=request.expires_at,
    )
