"""The message that asks a person whether a run may spend so much."""

import shlex

from thriftline.core.message import Message, facts_of
from thriftline.core.text import plain
from thriftline.runs.domain.approvals import Link
from thriftline.runs.reports.approval_view import ApprovalView, Choice, moment, usd


def message_of(view: ApprovalView, link: Link, base_url: str, stack: str) -> Message:
    """Returns the question, in the conversation of its run.

    Who opens the link is shown the request, and answers with a button there: a chat and a mail
    scanner open links too.
    """
    approval = view.approval
    return Message(
        kind="approval",
        tone="question",
        thread=approval.run_id,
        title=f"Thriftline: may {view.project} spend up to {usd(approval.worst_case_usd)}?",
        sentence=f"Run {approval.run_id} waits for your answer. {view.spent}",
        detail=f"{view.reason}\nWithout an answer the run is rejected, and {view.no_more}.",
        facts=facts_of(
            {
                "Project": view.project,
                "Answer before": moment(approval.expires_at),
                "Left in the month": f"{usd(approval.left_usd)} in {approval.month}",
                "Data set": view.data_set,
                **view.facts,
            }
        ),
        dollars=(
            f"{usd(approval.worst_case_usd)} at the most, probably "
            f"{view.chosen.range if view.chosen else 'unknown'}{_hours(view)}"
        ),
        next_steps=(
            *(("Open the link and answer there.",) if base_url else ()),
            f"Approve: thriftline approvals approve {approval.run_id}",
            f"Reject: thriftline approvals reject {approval.run_id}",
        ),
        link=_url(base_url, link) if base_url else None,
        text=_text(view, link, base_url, stack),
    )


def _text(view: ApprovalView, link: Link, base_url: str, stack: str) -> str:
    """The plan, its price, what the month has left, and how to answer.

    The link holds the run, the time and a signature; who opens it changes nothing.
    """
    approval = view.approval
    lines = [
        f"Run {approval.run_id} waits for your answer. {view.spent}",
        "",
        f"At the most it costs {usd(approval.worst_case_usd)}; above "
        f"{usd(approval.above_usd)} a person is asked.",
        f"Probably:  {view.chosen.range if view.chosen else 'unknown'}{_hours(view)}",
        f"Month:     {usd(approval.left_usd)} are left in {approval.month}, with "
        f"{usd(approval.held_usd)} held for this run",
        f"Data set:  {plain(view.data_set, 1_100)}",
        *(f"{name + ':':<11}{plain(value, 600)}" for name, value in view.facts.items()),
        "",
        "Choices, with what they probably cost and the worst case:",
        *(_choice(one) for one in view.shown_choices),
        "",
        plain(view.reason, 600),
        "",
        f"Answer before {moment(approval.expires_at)}. Without an answer the run is rejected, "
        f"and {view.no_more}.",
        *_how(approval.run_id, link, base_url, stack),
    ]
    return "\n".join(lines) + "\n"


def _hours(view: ApprovalView) -> str:
    return "" if view.likely_hours is None else f", in about {view.likely_hours} hours"


def _choice(choice: Choice) -> str:
    mark = "*" if choice.chosen else " "
    return f" {mark} {plain(choice.name)}: {choice.range}; {usd(choice.worst_case_usd)} at the most"


def _how(run_id: str, link: Link, base_url: str, stack: str) -> list[str]:
    if base_url:
        return ["Look at it and answer (opening the page changes nothing):", _url(base_url, link)]
    return [
        "Approve it with",
        _command(run_id, "approve", stack),
        "or reject it with",
        _command(run_id, "reject", stack),
    ]


def _url(base_url: str, link: Link) -> str:
    return f"{base_url}?{link.query}"


def _command(run_id: str, answer: str, stack: str) -> str:
    return f"  thriftline approvals {answer} {run_id} --stack {shlex.quote(stack)}"
