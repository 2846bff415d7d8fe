"""What other systems are told of endpoints."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from thriftline.core.events import Event
from thriftline.serving.schemas.deployment import Action, Ending
from thriftline.serving.schemas.experiment import ExperimentResult


class _ServingEvent(Event):
    SOURCE: ClassVar[str] = "thriftline.serving"


class DeploymentStarted(_ServingEvent):
    """SageMaker is about to be asked for a change."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("DeploymentStarted",)

    deployment_id: str
    endpoint: str
    project: str
    action: Action
    kind: str
    requested_by: str
    model_package_arn: str
    registry_version: int
    wanted: str | None
    former: str | None
    rollout_usd: Decimal | None


class DeploymentEnded(_ServingEvent):
    """A deployment or a rollback ended; the rest is in its document."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("DeploymentEnded",)

    deployment_id: str
    endpoint: str
    project: str
    action: Action
    kind: str
    ending: Ending | None
    reason: str
    requested_by: str
    model_package_arn: str
    registry_version: int
    in_use: int | None
    invocations: int | None
    document_uri: str


class QualityBreached(_ServingEvent):
    """Live quality of a variant has changed; it is said once until it has ended."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("QualityBreached",)

    endpoint: str
    project: str
    variant: str
    endpoint_version: int | None = Field(description="The entry of the history that serves.")
    breaches: tuple[str, ...]
    document: str
    start: datetime
    end: datetime


class ExperimentEnded(_ServingEvent, ExperimentResult):
    """A comparison ended: its result, as in its document."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("ExperimentEnded",)


class _ScheduleEvent(_ServingEvent):
    endpoint: str
    account: str
    region: str
    config: str | None
    at: datetime


class EndpointSlept(_ScheduleEvent):
    """A schedule put an endpoint to sleep."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("EndpointSlept",)

    saved: str
    next_wake: datetime | None


class EndpointWoke(_ScheduleEvent):
    """A schedule woke an endpoint."""

    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("EndpointWoke",)
