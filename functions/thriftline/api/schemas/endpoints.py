"""What is asked of endpoints, and the answers that only the API gives."""

from typing import Any, Literal

from pydantic import Field

from thriftline.api.answers import Accepted, Answer, Ask, PageAsk
from thriftline.core.unread import UNREADABLE, Unreadable
from thriftline.serving.schemas.shown import (
    ChangePrice,
    PreviewedChange,
    ShownDeployment,
    ShownEndpoint,
    ShownQualityHour,
)

_PROJECT = r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,31}$"
_LONGEST_WHY = 1_000


class EndpointsAsk(PageAsk):
    """Which endpoints."""

    project: str | None = Field(None, pattern=_PROJECT)


class EndpointList(Answer):
    """Some endpoints, by name."""

    items: tuple[ShownEndpoint, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class DeploymentList(Answer):
    """Some deployments of an endpoint, the newest first."""

    items: tuple[ShownDeployment, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class QualityList(Answer):
    """Some hours of an endpoint's live quality, the newest first."""

    items: tuple[ShownQualityHour, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class ProjectDeploymentAsk(Ask):
    """A version of a project to roll out."""

    version: int | None = Field(
        None, ge=1, description="In the model registry; the newest approved one when absent."
    )
    why: str = Field("", max_length=_LONGEST_WHY, description="A sentence for the record.")
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Keys of serve.yaml that are otherwise this once."
    )
    dry_run: bool = Field(False, description="Answer checks and dollars, and start nothing.")


class DeploymentAsk(ProjectDeploymentAsk):
    """A version to roll out behind an endpoint."""

    project: str | None = Field(
        None, pattern=_PROJECT, description="Needed for an endpoint that does not exist yet."
    )


class RollbackAsk(Ask):
    """A way back."""

    why: str = Field("", max_length=_LONGEST_WHY)
    to_version: int | None = Field(
        None, ge=1, description="An entry of the history; the one before the one in use if absent."
    )
    dry_run: bool = False


class WhyAsk(Ask):
    """A sentence for the record."""

    why: str = Field("", max_length=_LONGEST_WHY)


class AcceptedChange(Accepted):
    """A deployment or a rollback was started."""

    endpoint: str
    version: int = Field(description="In the model registry.")
    reason: str
    price: ChangePrice


class ScheduleAsk(Ask):
    """When an endpoint is on."""

    timezone: str = Field("UTC", min_length=1, max_length=64, description="Such as Europe/Berlin.")
    on: str = Field(min_length=1, max_length=256, description="cron(0 8 ? * MON-FRI *)")
    off: str = Field(min_length=1, max_length=256, description="cron(0 19 ? * MON-FRI *)")


class ScheduleActAsk(Ask):
    """What the endpoint's schedule would do at its hour."""

    action: Literal["sleep", "wake"]


class ExperimentAsk(Ask):
    """A comparison of a version with the one in use; what is absent is as serve.yaml says."""

    version: int | None = Field(
        None, ge=1, description="The challenger; the newest approved one when absent."
    )
    why: str = Field("", max_length=_LONGEST_WHY)
    kind: Literal["shadow", "ab"] | None = None
    weight_percent: int | None = Field(None, ge=1, le=100)
    deadline_hours: int | None = Field(None, ge=1, le=2_160)
    measure: Literal["accuracy", "errors"] | None = None
    then: Literal["promote", "report"] | None = None

    def wishes(self) -> dict[str, Any]:
        """Returns the keys of ``compare`` that are said here."""
        return self.model_dump(exclude={"version", "why"}, exclude_none=True)


__all__ = [
    "AcceptedChange",
    "DeploymentAsk",
    "DeploymentList",
    "EndpointList",
    "EndpointsAsk",
    "ExperimentAsk",
    "PreviewedChange",
    "ProjectDeploymentAsk",
    "QualityList",
    "RollbackAsk",
    "ScheduleActAsk",
    "ScheduleAsk",
    "WhyAsk",
]
