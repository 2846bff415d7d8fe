"""Gives resources the default tags that they lack."""

from thriftline.audit.aws.acting.tags import missing_tags, tags_there
from thriftline.audit.domain.actions import tagged_by
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.guard import refusal
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined


def tag_resources(case: ActionCase) -> Outcome:
    """Adds missing tags where nobody opted out; one that is there keeps its value."""
    undo, kept = [], []
    for call in case.planned.calls:
        there = tags_there(case.clients, call)
        why_not = refusal(tags_of(there), case.now, case.parameters)
        if why_not is not None:
            kept.append(f"{tagged_by(call)}: {why_not}")
            continue
        tagging = missing_tags(call, there, dict(case.parameters.default_tags))
        if tagging is not None:
            add, remove = tagging
            case.executor.make(add)
            undo.append(remove.cli(case.target.region))
    if kept and not undo:
        return declined(*kept)
    if not undo:
        return Outcome("done", "None of them lacks a tag any more.")
    why = f"{len(undo)} of {len(case.planned.calls)} got the tags that they lacked."
    why = " ".join((why, *kept))
    return Outcome("done", f"{why} {case.planned.reason}", "\n".join(undo))
