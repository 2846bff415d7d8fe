"""What somebody who looks at a request for approval, or answers it, gets back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.runs.domain.approvals import Link, Outcome, Standing, asks_another_sum
from thriftline.runs.reports.approval_view import ApprovalView, standing_text

# Nobody keeps it, nobody frames it, and the link goes to no other site.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_WITHOUT_VIEW = {
    Outcome.FORGED: "This link is not whole, or this stack did not make it. Copy all of it from "
    "the message.",
    Outcome.UNKNOWN: "There is no request for approval of this run.",
    Outcome.EXPIRED: "The time to answer is over.",
    Outcome.ASKED_ANEW: "This request was answered, and the run asks for more dollars now. The "
    "message of that request has its own link. Nothing changed.",
    Outcome.ACCEPTED: "Your answer was taken, and it counts. What the run planned cannot be read "
    "here now, so it is not shown.",
    Outcome.ALREADY: "This request was answered before. Your answer changed nothing.",
    Outcome.ENDED: "Your answer came too late: the run had ended. Nothing changed.",
    Outcome.UNAVAILABLE: "A service behind this page does not answer now, so nothing is known of "
    "the request here. Open the link again in a moment: it shows whether an answer was taken.",
    Outcome.UNREADABLE: "The request, or the plan of its run, was written by another version of "
    "Thriftline and cannot be read here. Stop the run and start it again.",
    Outcome.BAD_METHOD: "GET shows the request, POST with answer=approve or answer=reject answers.",
}


def message_of(outcome: Outcome, view: ApprovalView | None, now: datetime) -> str:
    """Says what became of a call, in a sentence or two."""
    if view is None:
        return _WITHOUT_VIEW.get(outcome, "There is nothing to answer.")
    if outcome is Outcome.ACCEPTED:
        if view.approval.standing is Standing.APPROVED:
            return "You approved the run: it goes on."
        return f"You rejected the run: it ends, and {view.no_more}."
    if outcome is Outcome.ENDED:
        return "Your answer came too late: the run had ended. Nothing changed."
    if outcome is Outcome.ASKED_ANEW:
        return asks_another_sum(view.approval)
    if outcome is Outcome.NOT_AN_ANSWER:
        return "Say answer=approve or answer=reject. Nothing changed."
    text = standing_text(view, now)
    return text if outcome is Outcome.SHOWN else f"{text} Your answer changed nothing."


def headers_of(outcome: Outcome, *, page: bool) -> dict[str, str]:
    """The headers of a response."""
    kind = "text/html; charset=utf-8" if page else "application/json"
    later = {"Retry-After": "10"} if outcome is Outcome.UNAVAILABLE else {}
    return {"Content-Type": kind, **_HEADERS, **later}


def document_of(outcome: Outcome, view: ApprovalView | None, now: datetime) -> str:
    """The answer for a program."""
    answer: dict[str, Any] = {"outcome": outcome, "message": message_of(outcome, view, now)}
    return json.dumps(answer if view is None else {**answer, **_request(view)})


def _request(view: ApprovalView) -> Mapping[str, Any]:
    approval = view.approval
    return {
        "run_id": approval.run_id,
        "project": view.project,
        "standing": approval.standing,
        "answered_by": approval.answered_by,
        "answered_at": approval.answered_at and approval.answered_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "worst_case_usd": str(approval.worst_case_usd),
        "above_usd": str(approval.above_usd),
        "part": approval.part,
        "spent_usd": str(approval.spent_usd),
        "month": approval.month,
        "held_usd": str(approval.held_usd),
        "left_usd": str(approval.left_usd),
        "data_set": view.data_set,
        "base_model": view.base_model,
        "ladder": list(view.ladder),
        "choices": [
            {
                "name": one.name,
                "chosen": one.chosen,
                "low_usd": None if one.low_usd is None else str(one.low_usd),
                "likely_usd": None if one.likely_usd is None else str(one.likely_usd),
                "high_usd": None if one.high_usd is None else str(one.high_usd),
                "worst_case_usd": str(one.worst_case_usd),
            }
            for one in view.choices
        ],
    }


def page_of(outcome: Outcome, view: ApprovalView | None, link: Link | None, now: datetime) -> str:
    """The page for a person; its two buttons are the only way to answer."""
    # Drawing takes a cold start's time, which a program need not wait for.
    from thriftline.core.reports.pages import render

    may_answer = link is not None and view is not None and view.approval.is_open(now)
    return render(
        "thriftline.runs.reports",
        "approval.html.j2",
        view=view,
        message=message_of(outcome, view, now),
        tone=_tone(outcome, view),
        query=link.query if link and may_answer else None,
    )


def _tone(outcome: Outcome, view: ApprovalView | None) -> str:
    if view is None and outcome is Outcome.ACCEPTED:
        return "good"
    if view is None or outcome not in (Outcome.SHOWN, Outcome.ACCEPTED):
        return "bad"
    return {Standing.WAITING: "warn", Standing.APPROVED: "good"}.get(view.approval.standing, "bad")
