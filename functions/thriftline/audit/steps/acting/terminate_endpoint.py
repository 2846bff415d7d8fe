"""Ends an endpoint in small steps, each of which may be the last that a killed run makes.

    look and check → save, read back → pending → deregister scaling → delete components
    → look and check again → delete the endpoint → verify → not pending

Nothing is taken away before its copy is saved and read back, and the pending mark is set before
that too. So whoever comes next (a retry, or the next hourly run) finds the mark, sees the
endpoint as it was, and either goes on to the end or, if the endpoint may no longer be ended,
puts everything back. Config and models stay: they cost nothing, and make the restore exact.
"""

import shlex
from collections.abc import Callable
from typing import Any

from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.guard import marked_at, refusal
from thriftline.audit.domain.layout import saved_endpoint_prefix
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.termination import Permission, may_terminate, why_too_young
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.audit.steps.acting.look import EndpointState, look, read_saved
from thriftline.audit.steps.acting.put_back import put_back
from thriftline.audit.steps.acting.saving import close, save, saved_key
from thriftline.core.aws.endpoints.components import delete_components
from thriftline.core.aws.endpoints.copies import live_endpoint, read_tags
from thriftline.core.aws.endpoints.scaling import deregister
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.saved_endpoint import SavedEndpoint


@dataclass(frozen=True, slots=True)
class _Rule:
    """What must be true of an endpoint that is ended: in full, and at the very last moment."""

    status: str
    check: Callable[[ActionCase, EndpointState, Endpoint], Permission]
    must_be_marked: bool
    may_miss_parts: bool


def terminate_endpoint(case: ActionCase) -> Outcome:
    """Ends an idle endpoint after its grace; see the module."""
    return _end(case, _IDLE)


def delete_failed_endpoint(case: ActionCase) -> Outcome:
    """Deletes an endpoint that failed, in the same steps."""
    return _end(case, _FAILED)


def give_up_termination(case: ActionCase) -> Outcome:
    """Puts back what an interrupted termination took away of its endpoint; deletes nothing."""
    seen = look(case)
    if seen.endpoint is None or seen.endpoint.status == "Deleting":
        return _is_gone(case, seen)
    if seen.pending is None or seen.copy is None:
        return declined("Nothing of it is taken away any more.")
    if not seen.is_same_life:
        close(case)
        return declined("Another endpoint has taken its name; it was not touched.")
    put_back(case.executor, case.clients, seen.copy, case.now, case.sleep)
    close(case)
    said = f"It stays, and what was taken away of it is back. {case.planned.reason}"
    return Outcome("done", said, "None is needed: it is as it was.")


def _end(case: ActionCase, rule: _Rule) -> Outcome:
    seen = look(case)
    endpoint = seen.endpoint
    if endpoint is None or endpoint.status == "Deleting":
        return _is_gone(case, seen)
    if seen.pending is not None and not seen.is_same_life:
        # The endpoint that was taken apart is gone; this is another one of its name.
        close(case)
    permission = rule.check(case, seen, endpoint)
    if not permission.allowed:
        return _stand_down(case, seen, permission.reasons)
    kept = save(case, seen, allow_missing=rule.may_miss_parts)
    for scaling in kept.live.targets:
        deregister(case.executor, scaling)
    delete_components(case.executor, case.clients, kept.live.components, case.sleep)
    reasons = _second_thoughts(case, kept.copy, rule)
    if reasons:
        return _put_back(case, kept.copy, reasons)
    case.executor.call("sagemaker", "DeleteEndpoint", {"EndpointName": case.name})
    _verify(case)
    close(case)
    why = f"Deleted; everything about it was saved first. {case.planned.reason}"
    return Outcome("done", why, restore(kept.copy), kept.uri)


def restore(copy: SavedEndpoint) -> str:
    """Returns the command that brings an endpoint back."""
    words = ["thriftline", "restore", copy.name, "--from-region", copy.region]
    words += ["--from-account", copy.account, "--created", copy.created.isoformat()]
    return shlex.join(words)


def _is_gone(case: ActionCase, seen: EndpointState) -> Outcome:
    copy = seen.copy or _own_copy(case)
    if copy is None:
        return declined("It is gone already, and not by Thriftline.")
    if seen.pending is not None:
        close(case)
    key = case.artifacts.uri(saved_key(copy))
    why = f"An earlier attempt deleted it; this one made sure. {copy.reason}"
    return Outcome("done", why, restore(copy), key)


def _own_copy(case: ActionCase) -> SavedEndpoint | None:
    """Returns the last saved copy of the name, if this very action wrote it."""
    target = case.target
    prefix = saved_endpoint_prefix(target.account, target.region, case.name)
    keys = [one.key for one in case.artifacts.list(prefix)]
    if not keys:
        return None
    copy = read_saved(case.artifacts, max(keys))
    return copy if copy.audit_id == case.audit_id else None


def _stand_down(case: ActionCase, seen: EndpointState, reasons: tuple[str, ...]) -> Outcome:
    if seen.copy is None or not seen.is_same_life:
        return declined(*reasons)
    return _put_back(case, seen.copy, reasons)


def _put_back(case: ActionCase, copy: SavedEndpoint, reasons: tuple[str, ...]) -> Outcome:
    put_back(case.executor, case.clients, copy, case.now, case.sleep)
    close(case)
    return declined(*reasons, "It stays, and what was taken away of it is back.")


def _second_thoughts(case: ActionCase, copy: SavedEndpoint, rule: _Rule) -> tuple[str, ...]:
    """Returns every reason not to delete it that came up while it was taken apart."""
    found = live_endpoint(case.clients, case.name)
    if found is None or found["EndpointStatus"] == "Deleting":
        # Somebody else was faster: deleting it again is refused or changes nothing.
        return ()
    tags = tags_of(read_tags(case.clients.client("sagemaker"), copy.arn))
    kept = refusal(tags, case.now, case.parameters)
    unmarked = rule.must_be_marked and marked_at(tags, case.parameters) is None
    return (
        *_changes(found, copy, rule.status),
        *([kept] if kept else []),
        *(["Its mark was taken away."] if unmarked else []),
    )


def _changes(found: dict[str, Any], copy: SavedEndpoint, status: str) -> list[str]:
    reasons = []
    if found["CreationTime"] != copy.created:
        reasons.append("Another endpoint has taken its name.")
    if found["EndpointStatus"] != status:
        reasons.append(f"Its status is {found['EndpointStatus']}.")
    if found.get("EndpointConfigName") != copy.endpoint.description.get("EndpointConfigName"):
        reasons.append("It got another config.")
    if "PendingDeploymentSummary" in found:
        reasons.append("An update is in progress.")
    return reasons


def _verify(case: ActionCase) -> None:
    found = None if case.executor.dry_run else live_endpoint(case.clients, case.name)
    if found is not None and found["EndpointStatus"] != "Deleting":
        raise ServiceUnavailableError(
            f"SageMaker took the deletion, and says that it is {found['EndpointStatus']}; the "
            "next run looks again."
        )


def _may_end_idle(case: ActionCase, seen: EndpointState, endpoint: Endpoint) -> Permission:
    return may_terminate(endpoint, seen.metrics, case.now, case.parameters)


def _may_end_failed(case: ActionCase, _: EndpointState, endpoint: Endpoint) -> Permission:
    reasons = [] if endpoint.status == "Failed" else [f"Its status is {endpoint.status}."]
    young = why_too_young(endpoint, case.now, case.parameters)
    kept = refusal(endpoint.tags, case.now, case.parameters)
    reasons += [why for why in (young, kept) if why]
    return Permission(not reasons, tuple(reasons))


_IDLE = _Rule("InService", _may_end_idle, must_be_marked=True, may_miss_parts=False)
_FAILED = _Rule("Failed", _may_end_failed, must_be_marked=False, may_miss_parts=True)
