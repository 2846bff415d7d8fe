"""Keeps the copy of an endpoint before it is taken apart, and remembers that it is."""

from thriftline.audit.domain.layout import pending_key, saved_endpoint_key
from thriftline.audit.schemas.pending_termination import PendingTermination
from thriftline.audit.steps.acting.case import ActionCase
from thriftline.audit.steps.acting.look import EndpointState
from thriftline.core.aws.endpoints.copies import CopyOrder, read_copy
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.core.saved_endpoint import SavedEndpoint


@dataclass(frozen=True, slots=True)
class SavedState:
    """The saved ``copy``, where it lies, and what of it is still ``live``."""

    copy: SavedEndpoint
    live: SavedEndpoint
    uri: str


def save(case: ActionCase, seen: EndpointState, *, allow_missing: bool) -> SavedState:
    """Writes the copy, reads it back, then marks the termination as pending.

    Nothing may be taken away before this returns. A copy of the same life that is pending already
    is completed, never replaced by less.

    Raises:
        ThriftlineError: something could not be read or written; nothing was taken away.
    """
    target = case.target
    order = CopyOrder(
        account=target.account,
        region=target.region,
        role_arn=target.act_role_arn,
        mark_tag=case.parameters.mark_tag,
        audit_id=case.audit_id,
        reason=case.planned.reason,
        now=case.now,
        allow_missing=allow_missing,
    )
    live = read_copy(case.clients, case.name, order)
    if seen.endpoint is None or live.created != seen.endpoint.created:
        raise AwsRequestError(f"Another endpoint has taken the name {case.name} meanwhile.")
    earlier = seen.copy if seen.is_same_life else None
    copy = live if earlier is None else live.with_removed(earlier)
    key = saved_key(copy)
    uri = case.executor.save(key, copy.model_dump_json(indent=1))
    pending = PendingTermination(
        account=target.account,
        region=target.region,
        endpoint=case.name,
        created=copy.created,
        saved_key=key,
        action=case.planned.action,
        audit_id=case.audit_id,
        since=case.now,
        reason=case.planned.reason,
        finding=case.planned.finding,
    )
    case.executor.save(
        pending_key(target.account, target.region, case.name), pending.model_dump_json(indent=1)
    )
    return SavedState(copy, live, uri)


def saved_key(copy: SavedEndpoint) -> str:
    """Returns where a copy lies."""
    return saved_endpoint_key(copy.account, copy.region, copy.name, copy.created)


def close(case: ActionCase) -> None:
    """Forgets that a termination is pending: it is over, or what was taken away is back."""
    target = case.target
    case.executor.remove(pending_key(target.account, target.region, case.name))
