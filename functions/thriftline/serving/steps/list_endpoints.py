"""Lists endpoints and their deployments, for whoever asks what serves and what was changed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.kept import UPDATE, reading
from thriftline.core.unread import Unread, read_each, shown
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.versions import EndpointState, EndpointVersion
from thriftline.serving.schemas.shown import (
    DeploymentPage,
    EndpointPage,
    ShownDeployment,
    ShownEndpoint,
)
from thriftline.serving.steps.deployment_documents import deployment_item

DEPLOYMENTS = "deployment#"
# Of pages without one endpoint that may be shown; more may come after them.
_MOST_PAGES = 10


@dataclass(frozen=True)
class ListingSite:
    """Where lists are read from."""

    table: EndpointsTable
    endpoints: Endpoints


def list_endpoints(
    site: ListingSite, *, limit: int, after: str | None, allowed: Callable[[str], bool]
) -> EndpointPage:
    """Returns some endpoints by name, of the projects that ``allowed`` lets through."""
    states: list[EndpointState] = []
    unread: list[Unread] = []
    last = after
    for _ in range(_MOST_PAGES):
        found, others, last = site.table.endpoints_page(limit - len(states), last)
        states += [one for one in found if allowed(one.project)]
        unread += others
        if last is None or len(states) >= limit:
            break
    versions, unknown = site.table.versions_of(
        (one.endpoint, one.in_use) for one in states if one.in_use is not None
    )
    # An endpoint is listed though its version is unknown, and the version is named.
    unread += [
        Unread(one.endpoint, one.project, unknown[one.endpoint])
        for one in states
        if one.endpoint in unknown
    ]
    return EndpointPage(
        items=_rows(states, versions, site), unreadable=shown(unread, allowed), last=last
    )


def _rows(
    states: list[EndpointState], versions: dict[str, EndpointVersion], site: ListingSite
) -> tuple[ShownEndpoint, ...]:
    statuses = known_statuses([one.endpoint for one in states if not one.asleep], site)
    rows = []
    for one in states:
        version = versions.get(one.endpoint)
        rows.append(
            endpoint_row(
                one,
                status_in_words(one, statuses, one.endpoint),
                version.registry_version if version else None,
            )
        )
    return tuple(rows)


def known_statuses(names: list[str], site: ListingSite) -> dict[str, str | None]:
    """Returns what SageMaker says; where it says nothing, the list comes all the same."""
    try:
        return site.endpoints.statuses(names)
    except ThriftlineError:
        return {}


def status_in_words(state: EndpointState, statuses: dict[str, str | None], name: str) -> str | None:
    """Returns an endpoint's status; None where it is not known."""
    if state.asleep:
        return "asleep"
    return (statuses[name] or "missing") if name in statuses else None


def endpoint_row(state: EndpointState, status: str | None, version: int | None) -> ShownEndpoint:
    """Returns what a list shows of an endpoint."""
    return ShownEndpoint(
        endpoint=state.endpoint,
        project=state.project,
        kind=state.kind,
        status=status,
        registry_version=version,
        in_use=state.in_use,
        usd_per_hour=state.usd_per_hour,
        month_usd=state.month_usd,
        under_way=state.lock_owner,
    )


def list_deployments(
    endpoint: str, site: ListingSite, *, limit: int, before: str | None
) -> DeploymentPage:
    """Returns some deployments of an endpoint, the newest first, older than ``before``."""
    items, last = site.table.newest_items(
        endpoint, DEPLOYMENTS, limit, deployment_item(before) if before else None
    )
    found, unread = read_each(items, _deployment, _deployment_id)
    return DeploymentPage(
        items=tuple(found),
        unreadable=shown(unread),
        last=last.removeprefix(DEPLOYMENTS) if last else None,
    )


def _deployment_id(item: Mapping[str, Any]) -> str:
    return str(item["item"]).removeprefix(DEPLOYMENTS)


def _deployment(item: Mapping[str, Any]) -> ShownDeployment:
    with reading(f"{item['item']} of {item['endpoint']}", UPDATE):
        return _shown_deployment(item)


def _shown_deployment(item: Mapping[str, Any]) -> ShownDeployment:
    return ShownDeployment(
        deployment_id=_deployment_id(item),
        endpoint=item["endpoint"],
        project=item.get("project", ""),
        action=item.get("action", "deploy"),
        registry_version=item.get("registry_version"),
        model_package_arn=item.get("model_package_arn"),
        requested_by=str(item.get("requested_by") or ""),
        why=str(item.get("why") or ""),
        opened_at=instant(item["opened_at"]),
        ended_at=instant(item["ended_at"]) if item.get("ended_at") else None,
        ending=item.get("ending"),
        reason=str(item.get("reason") or ""),
        aborted_by=item.get("aborted_by"),
    )


def instant(text: Any) -> datetime:
    """Returns a time of the table, in UTC."""
    found = datetime.fromisoformat(str(text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
