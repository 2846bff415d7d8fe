"""Inference components over time: copies of a model on the instances that an endpoint has.

A component is in the form of DescribeInferenceComponent. What only this side knows of it has a name
that begins with an underscore, which no answer shows: `_model` and `_key`, the model that it
serves and the name of its container; `_next`, those that take over; `_change`, what is under way.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services.sagemaker_rollouts import Kind, Rollout, Stage
from local_aws.services.sagemaker_store import Endpoint, Fleet, Properties, SageMakerStore
from local_aws.services.serving_port import FleetModel, Readiness, State

if TYPE_CHECKING:
    from local_aws.services.hosting import Hosting

COPIES = "copies"


class HostedComponents:
    """The inference components of every store."""

    def __init__(self, hosting: "Hosting") -> None:
        self._hosting = hosting

    def begin(
        self,
        store: SageMakerStore,
        component: Properties,
        kind: Kind,
        *,
        copies: int,
        deployment: Properties | None = None,
    ) -> None:
        """Begin a creation, an update, a change of the copies, or a deletion."""
        now = component["RuntimeConfig"].get("CurrentCopyCount", 0)
        component["RuntimeConfig"] = {"DesiredCopyCount": copies, "CurrentCopyCount": now}
        component["InferenceComponentStatus"] = _STATUS[kind]
        options = self._hosting.options
        stages = {
            Kind.CREATION: lambda: rollouts.creation({COPIES: copies}, options),
            Kind.UPDATE: lambda: rollouts.update(
                deployment or {}, {COPIES: copies}, {COPIES: now}, options
            ),
            Kind.RESIZE: lambda: [_resize(copies, now, options.provisioning_seconds)],
            Kind.DELETION: lambda: [Stage("Deleting", "", options.deletion_seconds, {}, {})],
        }[kind]()
        component["_change"] = self._hosting.started(
            kind, stages, deployment=deployment or {}, totals={COPIES: copies}
        )
        self._apply(store, component, component["_change"])
        self.settle_one(store, component)

    def settle(self, store: SageMakerStore) -> None:
        """Let time pass for every component of a store."""
        for component in list(store.components.values()):
            if component.get("_change") is not None:
                self.settle_one(store, component)

    def settle_one(self, store: SageMakerStore, component: Properties) -> None:
        """Let time pass for one component."""
        hosting = self._hosting
        hosting.alarms.look()
        now = hosting.clock.service_time()
        while (change := component.get("_change")) is not None:
            self._ask_container(store, component, change, now)
            trigger = hosting.trigger(store, change, min(now, change.due), now)
            if trigger is not None:
                self._fail(store, component, change, trigger)
            elif now < change.due or (change.stage.starts and not change.ready):
                return
            else:
                self._next(store, component, change)

    def _ask_container(
        self, store: SageMakerStore, component: Properties, change: Rollout, now: datetime
    ) -> None:
        if not change.stage.starts or change.ready or change.failure:
            return
        wanted = component.get("_next") or component
        answer = self._readiness(store, component, wanted)
        if answer.state is State.FAILED:
            change.failure = answer.reason
        elif answer.state is State.READY:
            change.ready = max(now, change.begun)

    def _readiness(
        self, store: SageMakerStore, component: Properties, wanted: Mapping[str, Properties]
    ) -> Readiness:
        endpoint = store.endpoints[component["EndpointName"]]
        fleet = endpoint.fleet
        if fleet is None or "_model" not in wanted:
            return Readiness(State.READY)
        return self._hosting.serving.provide(
            FleetModel(
                store.account,
                store.region,
                endpoint.name,
                fleet.id,
                fleet.variant(component["VariantName"]),
                wanted["_model"],
                component=str(wanted["_key"]),
            )
        )

    def _next(self, store: SageMakerStore, component: Properties, change: Rollout) -> None:
        moment = change.due
        if change.stage.starts and change.ready:
            moment = max(moment, change.ready)
        if len(change.stages) == 1:
            self._finish(store, component, change, moment)
            return
        self._enter(store, component, change, change.stages[1:], moment)

    def _enter(
        self,
        store: SageMakerStore,
        component: Properties,
        change: Rollout,
        stages: list[Stage],
        moment: datetime,
    ) -> None:
        change.stages, change.since = stages, moment
        self._apply(store, component, change)

    def _apply(self, store: SageMakerStore, component: Properties, change: Rollout) -> None:
        stage = change.stage
        if change.kind is Kind.UPDATE and "_next" in component:
            component["_next"]["share"] = change.shares()[COPIES]
        if change.kind is Kind.UPDATE:
            up = stage.old.get(COPIES, 0) + stage.active.get(COPIES, 0)
            component["RuntimeConfig"]["CurrentCopyCount"] = up
        self._instances(store, component, change.since)

    def _finish(
        self, store: SageMakerStore, component: Properties, change: Rollout, moment: datetime
    ) -> None:
        component["_change"] = None
        component["LastModifiedTime"] = self._hosting.stamp(moment)
        if change.kind is Kind.DELETION:
            store.components.pop(component["InferenceComponentName"], None)
            store.tags.pop(component["InferenceComponentArn"], None)
            self._instances(store, component, moment)
            return
        following = component.pop("_next", None)
        if following is not None and not change.rolling_back:
            component |= {"_model": following["_model"], "_key": following["_key"]}
            component["Specification"] = following["specification"]
        desired = component["RuntimeConfig"]["DesiredCopyCount"]
        if change.rolling_back and following is not None:
            desired = following["former_copies"]
        component["RuntimeConfig"] = {"DesiredCopyCount": desired, "CurrentCopyCount": desired}
        component["InferenceComponentStatus"] = "InService"
        self._instances(store, component, moment)

    def _fail(
        self, store: SageMakerStore, component: Properties, change: Rollout, moment: datetime
    ) -> None:
        if change.kind is Kind.CREATION:
            component["_change"] = None
            component["LastModifiedTime"] = self._hosting.stamp(moment)
            component["InferenceComponentStatus"] = "Failed"
            component["FailureReason"] = change.failure or "The deployment took too long."
            return
        change.rolling_back = True
        former = {COPIES: component["_next"]["former_copies"] if "_next" in component else 0}
        stages = rollouts.back(change, change.stage, former, self._hosting.options)
        self._enter(store, component, change, stages, moment)

    def _instances(self, store: SageMakerStore, component: Properties, moment: datetime) -> None:
        """Let an endpoint that scales by itself have instances where it has copies."""
        endpoint = store.endpoints.get(component["EndpointName"])
        fleet = endpoint.fleet if endpoint else None
        if endpoint is None or fleet is None:
            return
        name = component["VariantName"]
        configured = fleet.variant(name)
        scaling = configured.get("ManagedInstanceScaling") or {}
        if scaling.get("Status") != "ENABLED" or "InstanceType" not in configured:
            return
        copies = sum(_copies(each) for each in _beside(store, component))
        begun = int(configured.get("InitialInstanceCount", 1))
        least = int(scaling.get("MinInstanceCount", begun))
        count = max(least, begun) if copies else least
        count = min(count, int(scaling.get("MaxInstanceCount", count)))
        self._set(store, endpoint, fleet, name, count, moment)

    def _set(
        self,
        store: SageMakerStore,
        endpoint: Endpoint,
        fleet: Fleet,
        name: str,
        count: int,
        moment: datetime,
    ) -> None:
        if fleet.instances.get(name) == count:
            return
        fleet.instances[name] = count
        counts = {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
        endpoint.variants = [
            each | counts if each["VariantName"] == name else each for each in endpoint.variants
        ]
        self._hosting.bill_of(store, endpoint, fleet, moment)


_STATUS = {
    Kind.CREATION: "Creating",
    Kind.UPDATE: "Updating",
    Kind.RESIZE: "Updating",
    Kind.DELETION: "Deleting",
}


def _resize(copies: int, now: int, seconds: float) -> Stage:
    both = {COPIES: max(copies, now)}
    return Stage("Updating", "", seconds if copies > now else 0.0, both, both)


def _beside(store: SageMakerStore, component: Properties) -> list[Properties]:
    """Return the components on the same variant."""
    where = (component["EndpointName"], component["VariantName"])
    return [
        each
        for each in store.components.values()
        if (each["EndpointName"], each["VariantName"]) == where
    ]


def _copies(component: Properties) -> int:
    """Return the copies that need a place: those that are there, and those that come."""
    config = component["RuntimeConfig"]
    return int(max(config["DesiredCopyCount"], config["CurrentCopyCount"]))
