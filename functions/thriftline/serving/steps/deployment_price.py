"""What a deployment should cost, and whether the account may have the instances."""

from decimal import Decimal

from thriftline.money.prices import Price
from thriftline.serving.aws.endpoints import LiveEndpoint, instance_type_of
from thriftline.serving.domain.checks import Quota
from thriftline.serving.domain.costs import (
    Use,
    monthly_cost,
    most_of_a_month,
    rollout_cost,
)
from thriftline.serving.domain.kinds import Kind, Rollout, RolloutType, ServingWish
from thriftline.serving.domain.rollout import Timings, step_instances, timings_of
from thriftline.serving.schemas.deployment import Deployment, DeploymentPrice
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.serving.steps.deployment_wishes import hours_on, spec_of, wish_of


def quota_of(
    wish: ServingWish, instance_type: str | None, live: LiveEndpoint | None, site: CheckingSite
) -> Quota | None:
    """What a quota is not known to be refuses nothing: SageMaker's own answer comes at once."""
    if instance_type is None or (wish.kind is Kind.COMPONENT and live is not None):
        return None
    limit = site.quotas.limit(instance_type)
    used = site.endpoints.used_instances(instance_type) if limit is not None else None
    if limit is None or used is None:
        return None
    return Quota(instance_type, limit, used, _more_instances(wish, live))


def _more_instances(wish: ServingWish, live: LiveEndpoint | None) -> int:
    count = max(wish.instances, max(live.instances.values(), default=0) if live else 0)
    if live is not None and wish.rollout.type is RolloutType.ROLLING:
        return step_instances(wish.rollout, count)
    return count


def price_of(
    deployment: Deployment,
    live: LiveEndpoint | None,
    instance_type: str | None,
    rollout: Rollout,
    site: CheckingSite,
) -> DeploymentPrice:
    """Returns what the roll-out and a month should cost; None where a rate is not known."""
    wish = wish_of(deployment)
    if instance_type is None:
        rows = monthly_cost(wish, None)
        # Kept capacity is paid by the hour, at a rate that is not known.
        by_request = not wish.serverless.provisioned_concurrency
        nothing = Decimal(0) if wish.kind is Kind.SERVERLESS and by_request else None
        return DeploymentPrice(rollout_usd=nothing, month_usd=most_of_a_month(rows))
    price = site.prices.hosting_rate(instance_type, site.region)
    rate = price.most_usd if price else None
    timings = _timings(wish, live, rollout, deployment.kind)
    hours = hours_on(spec_of(deployment), deployment.opened_at)
    former = _former_rate(live, site) if timings.former_fleet else None
    return DeploymentPrice(
        instance_type=instance_type,
        rate_usd_per_hour=rate,
        most_instances=wish.scaling.max if wish.scaling else wish.instances,
        price_source=_source(price),
        seconds=timings.seconds,
        new_fleet_seconds=timings.new_fleet,
        former_fleet_seconds=timings.former_fleet,
        rollout_usd=rollout_cost(rate, timings, former),
        month_usd=most_of_a_month(monthly_cost(wish, rate, Use(hours_on=hours))),
    )


def _timings(wish: ServingWish, live: LiveEndpoint | None, rollout: Rollout, kind: str) -> Timings:
    if live is None:
        return timings_of(rollout, wish.instances, former_instances=0)
    former = max(live.instances.values(), default=wish.instances)
    if kind in (Kind.COMPONENT, Kind.MULTI_MODEL):
        # No second fleet: the instances stay, and what they cost they would have cost anyway.
        return timings_of(rollout, former, former_instances=0)
    count = max(wish.instances, former) if wish.scaling else wish.instances
    return timings_of(rollout, count, former_instances=former)


def _former_rate(live: LiveEndpoint | None, site: CheckingSite) -> Decimal | None:
    config = site.endpoints.config(live.config_name) if live else None
    name = instance_type_of(config) if config else None
    price = site.prices.hosting_rate(name, site.region) if name else None
    return price.most_usd if price else None


def _source(price: Price | None) -> str | None:
    return f"{price.source}, {price.date}" if price else None
