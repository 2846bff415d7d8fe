"""What a deployment was asked to be, read back from its document."""

from datetime import datetime
from decimal import Decimal

from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.kinds import Rollout, RolloutType, ServingWish
from thriftline.serving.schemas.deployment import Deployment
from thriftline.serving.schemas.serve_spec import ServeSpec

# A rollback goes all at once; what comes back is known to work, so it bakes for a minute only.
ROLLBACK = Rollout(RolloutType.ALL_AT_ONCE, bake_seconds=60, min_requests=0)


def spec_of(deployment: Deployment) -> ServeSpec:
    """Returns the serve spec as it was when the deployment was opened."""
    return ServeSpec.model_validate(deployment.spec)


def hours_on(spec: ServeSpec, now: datetime) -> Decimal | None:
    """Returns the hours of a month in which the endpoint is on, None without a schedule."""
    schedule = spec.schedule
    if schedule is None:
        return None
    hours = WakingHours.of(schedule.timezone, schedule.on, schedule.off).hours_a_month(now)
    return Decimal(str(round(hours, 2)))


def wish_of(deployment: Deployment) -> ServingWish:
    """Returns what the domain decides by."""
    return spec_of(deployment).wish(frozenset(deployment.named))


def rollout_of(deployment: Deployment) -> Rollout:
    """Returns how the traffic goes over."""
    return ROLLBACK if deployment.action == "rollback" else wish_of(deployment).rollout
