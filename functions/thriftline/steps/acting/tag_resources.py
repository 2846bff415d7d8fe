"""Gives resources the default tags that they lack."""

from thriftline.aws.acting.tags import missing_tags
from thriftline.steps.acting.case import Case, Outcome


def tag_resources(case: Case) -> Outcome:
    """Adds missing tags; one that is there keeps its value."""
    undo = []
    for call in case.planned.calls:
        tagging = missing_tags(case.clients, call)
        if tagging is not None:
            add, remove = tagging
            case.executor.make(add)
            undo.append(remove.cli(case.target.region))
    if not undo:
        return Outcome("done", "None of them lacks a tag any more.")
    why = f"{len(undo)} of {len(case.planned.calls)} got the tags that they lacked."
    return Outcome("done", f"{why} {case.planned.reason}", "\n".join(undo))
