"""Makes an endpoint again from its saved copy, in calls that each do what can be done by then.

A function cannot wait until an endpoint is in service, so it is asked for again and again. A tag
on the new endpoint says that it is not whole yet; it goes when nothing is left.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.core.aws.endpoints.components import put_back_components
from thriftline.core.aws.endpoints.definitions import (
    Renamed,
    ensure_config,
    ensure_models,
    tag_pairs,
    with_models,
)
from thriftline.core.aws.endpoints.scaling import put_back_targets
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.requests import request_of
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.core.saved_endpoint import SavedEndpoint

_MOST_TAGS = 50
_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The tags of what makes endpoints again: the key of the one while it is at it, and the last.

    ``without`` are keys that the new endpoint must not bear.
    """

    unfinished: str
    finished: str
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recreation:
    """One endpoint that is made again; with a dry run of the executor nothing is."""

    copy: SavedEndpoint
    clients: TargetClients
    executor: Executor
    marks: Marks
    now: datetime

    def is_ours(self, tags: Mapping[str, str]) -> bool:
        """Whether a living endpoint with these tags is the one that is being made."""
        return tags.get(self.marks.unfinished) == self.copy.created.isoformat()

    def steps(self) -> tuple[str, ...]:
        """Returns all that is left while it is not in service."""
        copy = self.copy
        return (
            f"wait until the endpoint {copy.name} is in service",
            *(
                f"inference component {one.description['InferenceComponentName']}"
                for one in copy.components
            ),
            *self._scaling_steps(),
        )

    def begin(self) -> tuple[str, ...]:
        """Creates it, with config and models where they are missing; returns what is left.

        Raises:
            ThriftlineError: something could not be read, or was refused.
        """
        models = self._create()
        if not self.executor.dry_run:
            return self.steps()
        return self._finish(models, _planned(self.copy))

    def go_on(self, live: dict[str, Any]) -> tuple[str, ...]:
        """Does what can be done now of one that was begun; returns what is left.

        Raises:
            AwsRequestError: SageMaker could not create it.
            ThriftlineError: something could not be read, or was refused; asking again goes on.
        """
        if live["EndpointStatus"] in _BUSY:
            return self.steps()
        if live["EndpointStatus"] != "InService":
            raise AwsRequestError(
                f"SageMaker could not make {self.copy.name}: {live['EndpointStatus']}: "
                f"{live.get('FailureReason', 'it gives no reason')}. Delete it, and restore it "
                "again."
            )
        return self._finish(ensure_models(self.executor, self.clients, self.copy), live)

    def put_back(self, models: Renamed) -> tuple[str, ...]:
        """Puts components and scaling of a living endpoint back; returns what is left."""
        components = [
            one.model_copy(update={"description": with_models(one.description, models)})
            for one in self.copy.components
        ]
        waiting = put_back_components(self.executor, self.clients, components)
        if waiting and not self.executor.dry_run:
            return (
                *(f"wait until the inference component {one} is in service" for one in waiting),
                *self._scaling_steps(),
            )
        put_back_targets(self.executor, self.clients, self.copy.targets, self.now)
        return ()

    def tags(self) -> tuple[dict[str, str], dict[str, str]]:
        """Returns the tags that the endpoint is created with, and those that follow at the end.

        SageMaker takes fifty. Until it is whole one of them says so, and its own come before the
        one that says when it was made again.
        """
        left_out = {*self.marks.without, self.copy.mark_tag, self.marks.finished}
        own = [
            pair
            for pair in self.copy.endpoint.tags.items()
            if pair[0] not in left_out and not pair[0].startswith("aws:")
        ]
        unfinished = (self.marks.unfinished, self.copy.created.isoformat())
        made = (self.marks.finished, self.now.isoformat(timespec="seconds"))
        wanted = [unfinished, *own, made]
        room_at_end = _MOST_TAGS + 1
        return dict(wanted[:_MOST_TAGS]), dict(wanted[_MOST_TAGS:room_at_end])

    def _scaling_steps(self) -> tuple[str, ...]:
        return tuple(f"scaling of {one.identity[0]}" for one in self.copy.targets)

    def _create(self) -> Renamed:
        copy, executor = self.copy, self.executor
        models = ensure_models(executor, self.clients, copy)
        config = ensure_config(executor, self.clients, copy, models)
        tags, _ = self.tags()
        deployment = copy.endpoint.description.get("LastDeploymentConfig", {})
        described = {"EndpointName": copy.name, "EndpointConfigName": config}
        request = request_of(
            self.clients.client("sagemaker"),
            "CreateEndpoint",
            {**described, "DeploymentConfig": deployment},
        )
        executor.call("sagemaker", "CreateEndpoint", {**request, "Tags": tag_pairs(tags)})
        return models

    def _finish(self, models: Renamed, live: dict[str, Any]) -> tuple[str, ...]:
        copy, executor = self.copy, self.executor
        capacities = _other_capacities(copy, live)
        if capacities:
            executor.call(
                "sagemaker",
                "UpdateEndpointWeightsAndCapacities",
                {"EndpointName": copy.name, "DesiredWeightsAndCapacities": capacities},
            )
            if not executor.dry_run:
                return self.steps()
        left = self.put_back(models)
        if not left:
            keys = {"ResourceArn": copy.arn, "TagKeys": [self.marks.unfinished]}
            executor.call("sagemaker", "DeleteTags", keys)
            _, later = self.tags()
            if later:
                add = {"ResourceArn": copy.arn, "Tags": tag_pairs(later)}
                executor.call("sagemaker", "AddTags", add)
        return left


def _other_capacities(copy: SavedEndpoint, live: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns weights and instances that were changed since the config was made."""
    now = {one["VariantName"]: one for one in live.get("ProductionVariants", ())}
    changed = []
    for saved in copy.endpoint.description.get("ProductionVariants", ()):
        there = now.get(saved["VariantName"], {})
        wanted: dict[str, Any] = {}
        if _differs(saved, there, "DesiredWeight"):
            wanted["DesiredWeight"] = saved["DesiredWeight"]
        if "ManagedInstanceScaling" not in saved and _differs(saved, there, "DesiredInstanceCount"):
            wanted["DesiredInstanceCount"] = saved["DesiredInstanceCount"]
        if wanted:
            changed.append({"VariantName": saved["VariantName"], **wanted})
    return changed


def _differs(saved: dict[str, Any], there: dict[str, Any], member: str) -> bool:
    # A weight of 0 takes no requests, and an asynchronous variant may stand at 0 instances.
    return saved.get(member) is not None and member in there and saved[member] != there[member]


def _planned(copy: SavedEndpoint) -> dict[str, Any]:
    """Returns what DescribeEndpoint would say right after the creation, for a dry run."""
    config = {} if copy.config is None else copy.config.description
    return {
        "ProductionVariants": [
            {
                "VariantName": one["VariantName"],
                "DesiredWeight": one.get("InitialVariantWeight", 1.0),
                "DesiredInstanceCount": one.get("InitialInstanceCount", 1),
            }
            for one in config.get("ProductionVariants", ())
        ]
    }
