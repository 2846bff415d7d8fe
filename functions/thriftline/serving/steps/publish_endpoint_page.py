"""Writes the page of an endpoint whenever something about it has changed.

Deployments, comparisons, breaches of quality, sleeping and waking all send an event; the page shows
what the table, the documents and SageMaker say then. It changes nothing and decides nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading
from thriftline.core.wording import counted
from thriftline.serving.aws.endpoints import Endpoints, instance_type_of
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.experiment_names import progress_key, result_key
from thriftline.serving.reports.endpoint_page import (
    MOST_DEPLOYMENTS,
    ShownComparison,
    ShownDeployment,
    ShownEndpoint,
    ShownQuality,
    ShownSignal,
    ShownVersion,
    endpoint_page,
)
from thriftline.serving.schemas.deployment import Deployment, deployment_key
from thriftline.serving.schemas.endpoint_page import PublishEndpointPageResponse
from thriftline.serving.schemas.experiment import ExperimentResult
from thriftline.serving.steps.deployment_wishes import wish_of
from thriftline.serving.steps.preview_deployment import months_of
from thriftline.serving.steps.quality_sources import read_hour
from thriftline.serving.steps.show_endpoint import readable_deployment

_DEPLOYMENT, _EXPERIMENT = "deployment#", "experiment#"


@dataclass(frozen=True)
class PageSite:
    """What the page is made of, and where it goes."""

    table: EndpointsTable
    endpoints: Endpoints
    artifacts: Bucket


def page_key(endpoint: str) -> str:
    """Returns where an endpoint's page lies in the artifacts bucket."""
    return f"serving/{endpoint}/index.html"


def publish_endpoint_page(
    endpoint: str, site: PageSite, *, now: datetime
) -> PublishEndpointPageResponse:
    """Writes the page; an endpoint that nobody deployed here has none.

    Of a deployment that another version wrote it shows what the table says.

    Raises:
        UnreadableDocumentError: the state, a comparison or an hour of quality is of another
            version. Writing again cannot help.
    """
    state = site.table.state(endpoint)
    if state is None:
        return PublishEndpointPageResponse(endpoint=endpoint, page=None)
    key = page_key(endpoint)
    page = endpoint_page(_shown(endpoint, site, now))
    site.artifacts.write(key, page.encode(), "text/html; charset=utf-8")
    return PublishEndpointPageResponse(endpoint=endpoint, page=site.artifacts.uri(key))


def _shown(endpoint: str, site: PageSite, now: datetime) -> ShownEndpoint:
    state = site.table.state(endpoint)
    live = site.endpoints.look(endpoint)
    config = site.endpoints.config(live.config_name) if live else None
    items = site.table.items(endpoint, _DEPLOYMENT)[::-1]
    documents = [_document(endpoint, one, site) for one in items[:MOST_DEPLOYMENTS]]
    priced = [one for one in documents if one and one.price]
    # A rollback reads no serve.yaml: what is wanted stands in the last deployment that did.
    newest = next((one for one in priced if one.action == "deploy"), next(iter(priced), None))
    return ShownEndpoint(
        endpoint=endpoint,
        project=state.project if state else "",
        kind=(state.kind if state else "") or "",
        status=live.status if live else None,
        made_at=now,
        stages=live.stages if live else (),
        instances=dict(live.instances) if live else {},
        instance_type=instance_type_of(config) if config else None,
        asleep=bool(state and state.asleep),
        under_way=state.lock_owner if state else None,
        scaling=_scaling(newest),
        schedule=_schedule(site.table.get(endpoint, "schedule"), newest),
        versions=_versions(endpoint, state.in_use if state else None, site),
        deployments=[
            *(_deployment(one, full) for one, full in zip(items, documents, strict=False)),
            *(_deployment(one, None) for one in items[MOST_DEPLOYMENTS:]),
        ],
        comparison=_comparison(endpoint, site),
        quality=_quality(endpoint, site),
        months=months_of(newest, now) if newest else (),
        price_source=(newest.price.price_source or "") if newest and newest.price else "",
    )


def _document(endpoint: str, item: Mapping[str, Any], site: PageSite) -> Deployment | None:
    body = site.artifacts.read(deployment_key(endpoint, _id_of(item, _DEPLOYMENT)))
    return None if body is None else readable_deployment(body)


def _id_of(item: Mapping[str, Any], prefix: str) -> str:
    return str(item["item"]).removeprefix(prefix)


def _deployment(item: Mapping[str, Any], full: Deployment | None) -> ShownDeployment:
    price = full.price if full else None
    with reading(f"{item['item']} of {item['endpoint']}", UPDATE):
        return ShownDeployment(
            deployment_id=_id_of(item, _DEPLOYMENT),
            action=str(item.get("action", "deploy")),
            registry_version=item.get("registry_version"),
            who=str(item.get("requested_by", "")),
            why=str(item.get("why") or ""),
            opened_at=_instant(item["opened_at"]),
            ended_at=_instant(item["ended_at"]) if item.get("ended_at") else None,
            ending=item.get("ending"),
            reason=str(item.get("reason") or ""),
            requests=full.watch.invocations if full else None,
            usd=price.rollout_usd if price else None,
            stages=full.watch.stages if full else (),
        )


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def _versions(endpoint: str, in_use: int | None, site: PageSite) -> list[ShownVersion]:
    return [
        ShownVersion(
            number=one.number,
            registry_version=one.registry_version,
            who=one.who,
            when=one.when,
            why=one.why,
            config=one.config,
            in_use=one.number == in_use,
        )
        for one in reversed(site.table.versions(endpoint))
    ]


def _scaling(newest: Deployment | None) -> str:
    scaling = wish_of(newest).scaling if newest else None
    if scaling is None:
        return ""
    load = (
        f"one takes {scaling.requests_per_second} requests a second at the most"
        if scaling.requests_per_second is not None
        else "by the load"
    )
    zero = "; down to none without requests, and up again at the first" if scaling.to_zero else ""
    return f"{scaling.min} to {scaling.max} instances, {load}{zero}."


def _schedule(item: Mapping[str, Any] | None, newest: Deployment | None) -> str:
    """The schedule that holds is in the table; before it was set up, what serve.yaml asks for."""
    asked = newest.spec.get("schedule") if newest else None
    found = item or asked
    if not found or not found.get("on"):
        return ""
    return f"On from {found['on']} to {found.get('off')}, {found.get('timezone', 'UTC')}."


def _comparison(endpoint: str, site: PageSite) -> ShownComparison | None:
    items = site.table.items(endpoint, _EXPERIMENT)
    if not items:
        return None
    item = max(items, key=lambda one: str(one["item"]))
    experiment = _id_of(item, _EXPERIMENT)
    found = _result(endpoint, experiment, site)
    if found is None:
        return ShownComparison(
            experiment_id=experiment,
            kind=str(item.get("kind") or ""),
            measure=str(item.get("measure") or ""),
            ending=None,
            reason="It begins; nothing was counted yet.",
            deadline=_instant(item["deadline"]) if item.get("deadline") else None,
        )
    return ShownComparison(
        experiment_id=experiment,
        kind=found.kind,
        measure=found.measure,
        ending=found.ending,
        reason=found.reason,
        deadline=found.deadline,
        after=found.after,
        counts=_counted(found),
    )


def _counted(found: ExperimentResult) -> dict[str, str]:
    counts: dict[str, str] = {}
    if found.shadow is not None:
        for name in ("pairs", "disagreements", "labelled"):
            counts[name] = f"{getattr(found.shadow, name):,}"
        counts["champion right"] = f"{found.shadow.champion_right:,}"
        counts["challenger right"] = f"{found.shadow.challenger_right:,}"
    if found.split is not None:
        for name, side in (
            ("champion", found.split.champion),
            ("challenger", found.split.challenger),
        ):
            counts[name] = (
                f"{counted(side.requests, 'request')}, {counted(side.mistakes, 'mistake')}"
            )
    if found.least_detectable_difference is not None:
        counts["least difference that this shows"] = f"{found.least_detectable_difference:.1%}"
    return counts


def _result(endpoint: str, experiment: str, site: PageSite) -> ExperimentResult | None:
    for key in (result_key(endpoint, experiment), progress_key(endpoint, experiment)):
        body = site.artifacts.read(key)
        if body is not None:
            with reading(site.artifacts.uri(key), UPDATE):
                return ExperimentResult.model_validate_json(body)
    return None


def _quality(endpoint: str, site: PageSite) -> ShownQuality | None:
    item = site.table.get(endpoint, "quality")
    key = item.get("last_window") if item else None
    body = site.artifacts.read(str(key)) if key else None
    window = read_hour(body, site.artifacts.uri(str(key))).window if body else None
    if window is None or not window.variants:
        return None
    main = max(window.variants.values(), key=lambda one: one.rows)
    live = main.live_accuracy
    return ShownQuality(
        start=window.start,
        end=window.end,
        rows=sum(one.rows for one in window.variants.values()),
        estimated_accuracy=main.estimated_accuracy,
        live_accuracy=(live.share, live.low, live.high, live.rows) if live else None,
        signals=tuple(
            ShownSignal(variant, signal.name, signal.level, signal.psi, signal.reason)
            for variant, found in window.variants.items()
            for signal in found.signals
        ),
        breaches=tuple(breach for one in window.variants.values() for breach in one.breaches),
    )
