"""The saved copy of an endpoint: all that it takes to make it again; kept for good."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SavedResource(_Document):
    """The whole answer of a Describe call (times as ISO text), and the resource's tags."""

    description: dict[str, Any]
    tags: dict[str, str]


class SavedTarget(_Document):
    """One scalable target as Application Auto Scaling describes it, with all that hangs on it.

    ``alarms`` are those that set off its step policies; the alarms of target tracking are made by
    AWS.
    """

    description: dict[str, Any]
    policies: tuple[dict[str, Any], ...]
    scheduled_actions: tuple[dict[str, Any], ...]
    alarms: tuple[dict[str, Any], ...]

    @property
    def identity(self) -> tuple[str, str]:
        """Names it: resource and dimension."""
        return self.description["ResourceId"], self.description["ScalableDimension"]


class SavedEndpoint(_Document):
    """One life of an endpoint, from its creation on.

    ``config`` is None, and a model is missing, where somebody had deleted it before (which is
    allowed of failed endpoints only). ``role_arn`` is the role that acts in another account;
    ``mark_tag`` is the tag that a restored endpoint must not bear.
    """

    version: Literal[1] = 1
    account: str
    region: str
    role_arn: str | None
    mark_tag: str
    name: str
    created: datetime
    saved_at: datetime
    audit_id: str
    reason: str
    endpoint: SavedResource
    config: SavedResource | None
    models: tuple[SavedResource, ...]
    components: tuple[SavedResource, ...]
    targets: tuple[SavedTarget, ...]

    @property
    def arn(self) -> str:
        """Names the endpoint in AWS."""
        return str(self.endpoint.description["EndpointArn"])

    def with_removed(self, earlier: "SavedEndpoint") -> "SavedEndpoint":
        """Returns this copy with what an earlier, interrupted run has already taken away.

        What is still there is taken as it is now; what is not is taken from the earlier copy. So
        a copy never loses what can no longer be read.
        """
        return self.model_copy(
            update={
                "models": _with_missing(self.models, earlier.models, _model_name),
                "components": _with_missing(self.components, earlier.components, component_name),
                "targets": _merged_targets(self.targets, earlier.targets),
            }
        )


T = TypeVar("T")


def component_name(component: SavedResource) -> str:
    """Returns the name of a saved inference component."""
    return str(component.description["InferenceComponentName"])


def _model_name(model: SavedResource) -> str:
    return str(model.description["ModelName"])


def _with_missing(
    now: Iterable[T], before: Iterable[T], name: Callable[[T], object]
) -> tuple[T, ...]:
    kept = tuple(now)
    names = {name(one) for one in kept}
    return (*kept, *(one for one in before if name(one) not in names))


def _merged_targets(
    now: tuple[SavedTarget, ...], before: tuple[SavedTarget, ...]
) -> tuple[SavedTarget, ...]:
    earlier = {one.identity: one for one in before}
    merged = [
        _merged(one, earlier[one.identity]) if one.identity in earlier else one for one in now
    ]
    return _with_missing(merged, before, lambda one: one.identity)


def _merged(now: SavedTarget, before: SavedTarget) -> SavedTarget:
    return SavedTarget(
        description=now.description,
        policies=_with_missing(now.policies, before.policies, lambda one: one["PolicyName"]),
        scheduled_actions=_with_missing(
            now.scheduled_actions, before.scheduled_actions, lambda one: one["ScheduledActionName"]
        ),
        alarms=_with_missing(now.alarms, before.alarms, lambda one: one["AlarmName"]),
    )
