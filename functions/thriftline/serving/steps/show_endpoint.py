"""One endpoint as it is now: what serves, on what, at what price, and what it can go back to."""

from datetime import datetime
from decimal import Decimal

from pydantic import ValidationError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.kept import reading
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint, instance_type_of
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.experiment_names import ITEMS
from thriftline.serving.domain.schedules import SCHEDULE_ITEM
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.deployment import Deployment, DeploymentPrice, deployment_key
from thriftline.serving.schemas.shown import ShownEndpointDetail, ShownSchedule, ShownVersion
from thriftline.serving.schemas.steps.preview import MonthRow
from thriftline.serving.steps.list_endpoints import (
    DEPLOYMENTS,
    endpoint_row,
    instant,
    status_in_words,
)
from thriftline.serving.steps.preview_deployment import month_rows

# A rollback reads no serve.yaml: what a month costs stands in the last deployment that did.
_MOST_DOCUMENTS = 5


@dataclass(frozen=True)
class ShowingSite:
    """Where one endpoint is looked at."""

    table: EndpointsTable
    endpoints: Endpoints
    artifacts: Bucket


def show_endpoint(state: EndpointState, site: ShowingSite, *, now: datetime) -> ShownEndpointDetail:
    """Returns everything about an endpoint that fits one answer."""
    live, seen = _live(state.endpoint, site)
    statuses = {state.endpoint: live.status if live else None} if seen else {}
    config = site.endpoints.config(live.config_name) if live else None
    priced = _priced(state.endpoint, site)
    price = (priced.price if priced else None) or DeploymentPrice()
    versions = _versions(state, site)
    in_use = next((one.registry_version for one in versions if one.in_use), None)
    row = endpoint_row(state, status_in_words(state, statuses, state.endpoint), in_use)
    experiments, _ = site.table.newest_items(state.endpoint, ITEMS, 1)
    return ShownEndpointDetail(
        **{**dict(row), **_dollars(price)},
        stages=live.stages if live else (),
        failure_reason=live.failure_reason if live else "",
        instance_type=instance_type_of(config) if config else None,
        instances=dict(live.instances) if live else {},
        price_source=price.price_source,
        months=_months(priced, now),
        versions=versions,
        schedule=show_schedule(state.endpoint, site.table),
        experiment_id=str(experiments[0]["item"]).removeprefix(ITEMS) if experiments else None,
    )


def _live(endpoint: str, site: ShowingSite) -> tuple[LiveEndpoint | None, bool]:
    """What SageMaker does not say is unknown, and not missing."""
    try:
        return site.endpoints.look(endpoint), True
    except ThriftlineError:
        return None, False


def _priced(endpoint: str, site: ShowingSite) -> Deployment | None:
    items, _ = site.table.newest_items(endpoint, DEPLOYMENTS, _MOST_DOCUMENTS)
    fallback: Deployment | None = None
    for item in items:
        key = deployment_key(endpoint, str(item["item"]).removeprefix(DEPLOYMENTS))
        body = site.artifacts.read(key)
        found = None if body is None else readable_deployment(body)
        if found is None or found.price is None:
            continue
        if found.action == "deploy":
            return found
        fallback = fallback or found
    return fallback


def readable_deployment(body: bytes) -> Deployment | None:
    """Returns a deployment; of one that another version wrote, no price is known."""
    try:
        return Deployment.model_validate_json(body)
    except ValidationError:
        return None


def _dollars(price: DeploymentPrice) -> dict[str, Decimal | None]:
    return {"usd_per_hour": price.rate_usd_per_hour, "month_usd": price.month_usd}


def _months(priced: Deployment | None, now: datetime) -> tuple[MonthRow, ...]:
    return month_rows(priced, now) if priced else ()


def _versions(state: EndpointState, site: ShowingSite) -> tuple[ShownVersion, ...]:
    return tuple(
        ShownVersion(
            number=one.number,
            registry_version=one.registry_version,
            model_package_arn=one.model_package_arn,
            deployment_id=one.deployment_id,
            requested_by=one.who,
            why=one.why,
            deployed_at=one.when,
            in_use=one.number == state.in_use,
        )
        for one in reversed(site.table.versions(state.endpoint))
    )


def show_schedule(endpoint: str, table: EndpointsTable) -> ShownSchedule | None:
    """Returns an endpoint's schedule, None when it never had one."""
    item = table.get(endpoint, SCHEDULE_ITEM)
    if item is None:
        return None
    with reading(f"The schedule of {endpoint}", "Set the schedule again."):
        return ShownSchedule(
            endpoint=endpoint,
            on=_cron(item.get("on")),
            off=_cron(item.get("off")),
            timezone=item.get("timezone") or "UTC",
            phase=item.get("phase") or "awake",
            requested_by=str(item.get("requested_by") or ""),
            changed_at=instant(item["changed_at"]) if item.get("changed_at") else None,
        )


def _cron(text: str | None) -> str | None:
    """Returns an expression as people give it; the table keeps what stands in the brackets."""
    return text if text is None or text.startswith("cron(") else f"cron({text})"
