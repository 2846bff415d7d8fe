"""Looks at an endpoint at the moment of acting, with what an interrupted run took away of it.

The order matters: first what lives, then the saved copy. Whoever saves writes the copy before
anything is taken away, so what a reader no longer finds alive is in the copy that it reads later;
and a copy that is written after such a look never holds less than the one before.
"""

from dataclasses import replace

from thriftline.audit.aws.collectors.endpoints import read_endpoint
from thriftline.audit.aws.endpoint_answers import component_of
from thriftline.audit.aws.metric_reader import read_metrics
from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.guard import marked_at
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.layout import pending_key
from thriftline.audit.domain.metrics import Metrics
from thriftline.audit.domain.questions import request_metrics
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.schemas.pending_termination import PendingTermination
from thriftline.audit.steps.acting.case import ActionCase
from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.saved_endpoint import (
    SavedEndpoint,
    component_name,
)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint as it is, or was before an interrupted run began to take it apart.

    ``endpoint`` is None when it is gone. ``copy`` is that of the ``pending`` termination.
    """

    endpoint: Endpoint | None
    metrics: Metrics
    pending: PendingTermination | None
    copy: SavedEndpoint | None

    @property
    def is_same_life(self) -> bool:
        """Whether the pending termination is of the endpoint that lives now."""
        return (
            self.endpoint is not None
            and self.copy is not None
            and self.copy.created == self.endpoint.created
        )


def look(case: ActionCase) -> EndpointState:
    """Reads endpoint, pending copy and, of one in service, its requests up to this hour.

    Raises:
        ThriftlineError: the endpoint or the copy could not be read. A part of it that could not
            be is ``Unread``.
    """
    live = read_endpoint(case.clients, case.name)
    target = case.target
    pending = read_pending(case.artifacts, target.account, target.region, case.name)
    copy = None if pending is None else read_saved(case.artifacts, pending.saved_key)
    seen = EndpointState(live, {}, pending, copy)
    if live is None or live.status != "InService":
        return seen
    whole = _whole(live, copy) if copy is not None and seen.is_same_life else live
    return replace(seen, endpoint=whole, metrics=_requests(case, whole))


def read_pending(
    artifacts: Bucket, account: str, region: str, endpoint: str
) -> PendingTermination | None:
    """Returns the termination of an endpoint that was begun and is not known to have ended."""
    text = artifacts.read(pending_key(account, region, endpoint))
    return None if text is None else PendingTermination.model_validate_json(text)


def read_saved(artifacts: Bucket, key: str) -> SavedEndpoint:
    """Returns a saved copy.

    Raises:
        ServiceUnavailableError: it is not there. It was read back when it was written, so this
            is for a person.
    """
    text = artifacts.read(key)
    if text is None:
        raise ServiceUnavailableError(f"The saved copy {artifacts.uri(key)} is not there.")
    return SavedEndpoint.model_validate_json(text)


def _requests(case: ActionCase, endpoint: Endpoint) -> Metrics:
    start = idle_window(case.now, case.parameters.idle_window_days).start
    mark = marked_at(endpoint.tags, case.parameters)
    if mark is not None:
        start = min(start, mark.replace(hour=0, minute=0, second=0, microsecond=0))
    keys = tuple(request_metrics(endpoint))
    return read_metrics(case.clients, keys, daily_start=start, hourly_start=start, now=case.now)


def _whole(live: Endpoint, copy: SavedEndpoint) -> Endpoint:
    """Returns the endpoint with the components that were deleted already.

    Their requests are still in CloudWatch: somebody may have used them until they went.
    """
    if isinstance(live.inference_components, Unread):
        return live
    names = {one.name for one in live.inference_components}
    gone = [one for one in copy.components if component_name(one) not in names]
    return replace(
        live,
        inference_components=(
            *live.inference_components,
            *(component_of(one.description) for one in gone),
        ),
    )
