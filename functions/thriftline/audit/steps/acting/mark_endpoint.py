"""Announces the end of an endpoint with a tag, and takes the announcement back."""

import shlex
from datetime import timedelta

from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.findings import ActionKind, ApiCall
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.idle import Verdict, assess_endpoint
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.termination import Permission, may_mark, may_plan_termination
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.audit.steps.acting.look import EndpointState, look


def mark_endpoint(case: ActionCase) -> Outcome:
    """Tags an idle endpoint with the time at which its grace begins."""
    seen = look(case)
    endpoint = seen.endpoint
    if endpoint is None:
        return declined("It is gone.")
    since = marked_at(endpoint.tags, case.parameters)
    if since is not None:
        # The grace runs from the first mark: nothing makes it longer or shorter.
        why = f"It has been marked since {since:%Y-%m-%d %H:%M} UTC."
        return Outcome("done", why, _unmark(case, endpoint).cli(case.target.region))
    permission = _may_mark(case, seen, endpoint)
    if not permission.allowed:
        return declined(*permission.reasons)
    tag = {"Key": case.parameters.mark_tag, "Value": case.now.isoformat(timespec="seconds")}
    case.executor.call("sagemaker", "AddTags", {"ResourceArn": endpoint.arn, "Tags": [tag]})
    return Outcome(
        "done",
        f"{case.planned.reason} {_what_follows(case)}",
        _unmark(case, endpoint).cli(case.target.region),
    )


def _may_mark(case: ActionCase, seen: EndpointState, endpoint: Endpoint) -> Permission:
    only_told = case.planned.action is ActionKind.MARK_ENDPOINT
    ask = may_mark if only_told else may_plan_termination
    return ask(endpoint, seen.metrics, case.now, case.parameters)


def _what_follows(case: ActionCase) -> str:
    keep = f"To keep it, tag it {case.parameters.keep_tag}=true, or use it."
    if case.planned.action is ActionKind.MARK_ENDPOINT:
        return f"It is marked, and stays: CloudWatch has no datapoint for some days. {keep}"
    due = case.now + timedelta(hours=case.parameters.grace_hours)
    return f"It is deleted after {due:%Y-%m-%d %H:%M} UTC if it is still idle then. {keep}"


def _unmark(case: ActionCase, endpoint: Endpoint) -> ApiCall:
    keys = {"ResourceArn": endpoint.arn, "TagKeys": [case.parameters.mark_tag]}
    return ApiCall("sagemaker", "DeleteTags", keys)


def unmark_endpoint(case: ActionCase) -> Outcome:
    """Takes the mark from an endpoint that somebody uses again, or wants to keep."""
    seen = look(case)
    endpoint = seen.endpoint
    if endpoint is None:
        return declined("It is gone.")
    if isinstance(endpoint.tags, Unread):
        return declined(f"Its tags could not be read: {endpoint.tags.error}")
    mark = dict(endpoint.tags).get(case.parameters.mark_tag)
    if mark is None:
        return Outcome("done", "It has no mark any more.")
    said = assess_endpoint(endpoint, seen.metrics, case.now, case.parameters)
    kept = refusal(endpoint.tags, case.now, case.parameters)
    if kept is None and said.verdict not in (Verdict.IN_USE, Verdict.QUIET):
        return declined(f"It is {said.verdict}.", *said.reasons)
    case.executor.make(_unmark(case, endpoint))
    tag = f"Key={case.parameters.mark_tag},Value={mark}"
    words = ["aws", "sagemaker", "add-tags", "--region", case.target.region]
    undo = shlex.join([*words, "--resource-arn", endpoint.arn, "--tags", tag])
    return Outcome("done", f"It is no longer to be deleted. {kept or ' '.join(said.reasons)}", undo)
