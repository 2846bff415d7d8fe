"""What a request for a deployment would do and cost, for a person who wants to see it first."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from thriftline.serving.domain.costs import MonthlyRow, Use, monthly_cost
from thriftline.serving.domain.verdicts import already_in_use
from thriftline.serving.schemas.deployment import Deployment, DeploymentPrice
from thriftline.serving.schemas.steps.opening import OpenDeploymentRequest
from thriftline.serving.schemas.steps.preview import MonthRow, PreviewDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.check_deployment import looked_at, refusal_of
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.serving.steps.deployment_wishes import hours_on, spec_of, wish_of
from thriftline.serving.steps.open_deployment import (
    OpeningSite,
    planned_deployment,
    refusal_in_progress,
)

# No execution has this name: what is only looked at belongs to none.
_NOBODY = "arn:aws:states:::execution:preview"


def preview_deployment(
    request: DeployRequest, opening: OpeningSite, checking: CheckingSite, *, now: datetime
) -> PreviewDeploymentResponse:
    """Does what Open deployment and Check deployment do, without the lock and without a record.

    Raises:
        InvalidServeSpecError: ``serve.yaml`` cannot be used.
        DeploymentRefusedError: what is asked for cannot be deployed.
        NothingToRollBackToError: a rollback has no version to go to.
    """
    asked = OpenDeploymentRequest(
        request=request.model_dump(mode="json"), execution_arn=_NOBODY, waited_for=None
    )
    planned = planned_deployment(asked, opening, now=now)
    deployment = looked_at(planned, checking)
    price = deployment.price or DeploymentPrice()
    refusal = refusal_in_progress(planned, opening, now=now) or refusal_of(deployment)
    return PreviewDeploymentResponse(
        would_deploy=not refusal,
        reason=refusal or _outlook(deployment),
        action=deployment.action,
        endpoint=deployment.endpoint,
        project=deployment.project,
        kind=deployment.kind,
        version=deployment.version.number,
        former=deployment.former.serves if deployment.former else None,
        wanted=deployment.made.serves if deployment.made else "",
        instance_type=price.instance_type,
        rate_usd_per_hour=_plain(price.rate_usd_per_hour),
        seconds=price.seconds,
        rollout_usd=_plain(price.rollout_usd),
        month_usd=_plain(price.month_usd),
        price_source=price.price_source,
        checks=deployment.checks,
        months=month_rows(deployment, now),
    )


def _outlook(deployment: Deployment) -> str:
    serves = deployment.made.serves if deployment.made else ""
    if deployment.serves_already:
        return already_in_use(serves)
    return f"{serves} would be rolled out on {deployment.endpoint}."


def month_rows(deployment: Deployment, now: datetime) -> tuple[MonthRow, ...]:
    """Returns what a month of each choice costs, as it is answered."""
    return tuple(_row(one) for one in months_of(deployment, now))


def months_of(deployment: Deployment, now: datetime) -> tuple[MonthlyRow, ...]:
    """Returns what a month of each choice costs, at the rate that the deployment was priced at."""
    price = deployment.price or DeploymentPrice()
    wish = replace(wish_of(deployment), instance_type=price.instance_type)
    hours = hours_on(spec_of(deployment), now)
    return monthly_cost(wish, price.rate_usd_per_hour, Use(hours_on=hours))


def _row(row: MonthlyRow) -> MonthRow:
    return MonthRow(
        choice=row.choice,
        least_usd=_plain(row.least_usd),
        most_usd=_plain(row.most_usd),
        note=row.note,
        chosen=row.chosen,
    )


def _plain(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:.4f}"
