"""Endpoints over time: the one place that lets creations, updates and deletions go on.

Everything goes by the service time, so that the time scale and `clock.advance` shorten it. Whoever
looks at an endpoint settles it first; a thread settles all of them, for those who wait for events.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from local_aws.clock import Clock
from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services.endpoint_events import Announce, deployment_changed, endpoint_changed
from local_aws.services.hosting_bill import HostingBill, Place
from local_aws.services.hosting_components import HostedComponents
from local_aws.services.hosting_fleets import (
    check_quota,
    instances_of,
    set_up,
    startable,
    weights_of,
)
from local_aws.services.hosting_options import HostingOptions
from local_aws.services.places import Places
from local_aws.services.sagemaker_rollouts import Counts, Kind, Rollout, Stage
from local_aws.services.sagemaker_store import (
    Endpoint,
    Fleet,
    FleetState,
    Properties,
    SageMakerStore,
)
from local_aws.services.service_quotas import QuotaStore
from local_aws.services.serving_port import FleetModel, ServesNothing, ServingPort, State

LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
# What SageMaker tries again and again before it gives up.
_HELD_BACK = ("Failed to download model data", "The image ")


class AlarmStates(Protocol):
    """What a roll-out asks of CloudWatch."""

    def look(self) -> None:
        """Evaluate every alarm up to now."""

    def exists(self, account: str, region: str, name: str) -> bool:
        """Whether there is a metric alarm of this name."""

    def first_alarm(
        self, account: str, region: str, names: tuple[str, ...], since: datetime, until: datetime
    ) -> datetime | None:
        """Return the first instant of the service time at which one of them was in ALARM."""


class NoAlarms:
    """A CloudWatch without alarms."""

    def look(self) -> None:
        """Do nothing."""

    def exists(self, account: str, region: str, name: str) -> bool:
        """Say no."""
        return False

    def first_alarm(
        self, account: str, region: str, names: tuple[str, ...], since: datetime, until: datetime
    ) -> datetime | None:
        """Say never."""
        return None


class Hosting:
    """What endpoints need beside their store: time, quotas, containers, alarms, a bill."""

    def __init__(self, clock: Clock, quotas: Places[QuotaStore], bill: HostingBill) -> None:
        self.clock = clock
        self.options = HostingOptions()
        self.serving: ServingPort = ServesNothing()
        self.alarms: AlarmStates = NoAlarms()
        self.bill = bill
        self.announce: Announce = lambda *_: None
        self.components = HostedComponents(self)
        self._quotas = quotas
        self._closing = threading.Event()

    # ---- Time

    def run(
        self, stores: Places[SageMakerStore], lock: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        """Settle everything again and again until `close`."""

        def tick() -> None:
            while not self._closing.wait(_EVERY_SECONDS):
                for place in stores:
                    try:
                        with lock():
                            self.settle(stores.at(*place))
                    except Exception:
                        # A thread would swallow it, and every deployment would stand still.
                        LOG.exception("endpoints were not settled")

        threading.Thread(target=tick, name="hosting", daemon=True).start()

    def close(self) -> None:
        """Let time stand still."""
        self._closing.set()

    def settle(self, store: SageMakerStore) -> None:
        """Let time pass for every endpoint of a store."""
        for endpoint in list(store.endpoints.values()):
            if endpoint.rollout is not None:
                self._settle_endpoint(store, endpoint)
        self.components.settle(store)

    def _settle_endpoint(self, store: SageMakerStore, endpoint: Endpoint) -> None:
        self.alarms.look()
        now = self.clock.service_time()
        while (rollout := endpoint.rollout) is not None:
            self._ask_containers(store, endpoint, rollout, now)
            until = min(now, rollout.due)
            trigger = self.trigger(store, rollout, until, now)
            if trigger is not None:
                self._fail(store, endpoint, rollout, trigger)
            elif now < rollout.due or self._held_up(rollout, now):
                return
            else:
                self._next(store, endpoint, rollout)

    def _ask_containers(
        self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout, now: datetime
    ) -> None:
        """See whether the new fleet's containers answer by now."""
        fleet = rollout.new
        if not rollout.stage.starts or fleet is None or rollout.ready or rollout.failure:
            return
        states = [
            self.serving.provide(
                FleetModel(store.account, store.region, endpoint.name, fleet.id, variant, model)
            )
            for variant, model in startable(fleet, (*fleet.variants, *fleet.shadows))
        ]
        failed = [each.reason for each in states if each.state is State.FAILED]
        if failed:
            rollout.failure = failed[0]
        elif all(each.state is State.READY for each in states):
            rollout.ready = max(now, rollout.begun)

    def _held_up(self, rollout: Rollout, now: datetime) -> bool:
        """Whether the stage lasts longer because its containers do not answer yet."""
        if not rollout.stage.starts or rollout.ready or rollout.new is None:
            return False
        if not rollout.paused:
            # It stands for nothing on AWS that this machine is slow: nobody pays for it.
            rollout.paused = True
            self.bill.pause(rollout.new.id, rollout.due)
        return True

    def trigger(
        self, store: SageMakerStore, rollout: Rollout, until: datetime, now: datetime
    ) -> datetime | None:
        """Return when the change failed, if it did by now."""
        if rollout.rolling_back or rollout.kind not in (Kind.CREATION, Kind.UPDATE):
            return None
        found = [
            self.alarms.first_alarm(
                store.account, store.region, rollout.alarms, rollout.since, until
            )
            if rollout.alarms and rollout.kind is Kind.UPDATE
            else None,
            rollout.limit if rollout.is_over_its_limit(_end(rollout, now)) else None,
            self._container_failure(rollout, now),
        ]
        return min((each for each in found if each is not None), default=None)

    def _container_failure(self, rollout: Rollout, now: datetime) -> datetime | None:
        if not rollout.failure:
            return None
        held = rollout.failure.startswith(_HELD_BACK)
        wait = timedelta(seconds=self.options.missing_seconds if held else 0)
        moment = max(rollout.begun + wait, rollout.begun)
        return max(moment, rollout.since) if moment <= now else None

    # ---- Steps

    def begin(self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout) -> None:
        """Begin a change."""
        endpoint.rollout = rollout
        self._apply(store, endpoint, rollout)
        self._ask_containers(store, endpoint, rollout, rollout.begun)
        endpoint_changed(self.announce, store, endpoint)
        deployment_changed(self.announce, store, endpoint)

    def started(self, kind: Kind, stages: list[Stage], **parts: Any) -> Rollout:
        """Return a change that begins now."""
        moment, stamp = self.clock.service_time(), self.clock.now()
        return Rollout(
            kind=kind,
            stages=stages,
            since=moment,
            begun=moment,
            stage_started=stamp,
            started=stamp,
            **parts,
        )

    def _next(self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout) -> None:
        moment = rollout.due
        if rollout.stage.starts and rollout.ready:
            moment = max(moment, rollout.ready)
            rollout.held_up += moment - rollout.due
        if len(rollout.stages) == 1:
            self._finish(store, endpoint, rollout, moment)
            return
        if rollout.rolling_back and rollout.is_rolling:
            reason = self._cannot_go_back(store, rollout)
            if reason and rollout.stages[1].status == "Creating":
                self._stuck(store, endpoint, rollout, moment, reason)
                return
        self._enter(store, endpoint, rollout, rollout.stages[1:], moment)

    def _enter(
        self,
        store: SageMakerStore,
        endpoint: Endpoint,
        rollout: Rollout,
        stages: list[Stage],
        moment: datetime,
    ) -> None:
        rollout.stages, rollout.since, rollout.paused = stages, moment, False
        rollout.stage_started = self.stamp(moment)
        self._apply(store, endpoint, rollout)
        deployment_changed(self.announce, store, endpoint)

    def stamp(self, moment: datetime) -> datetime:
        """Return the time stamp of an instant of the service time that is just over."""
        ago = (self.clock.service_time() - moment) / self.clock.rate
        return self.clock.now() - max(ago, timedelta(0))

    def _apply(self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout) -> None:
        """Put the present stage into effect: instances, requests, bill."""
        stage, shares = rollout.stage, rollout.shares()
        if rollout.new is not None and rollout.kind is Kind.RESIZE:
            # Instances cost from when they are begun, and serve when they are there.
            self.bill_of(store, endpoint, rollout.new, rollout.since, stage.new)
        elif rollout.new is not None:
            set_up(rollout.new, stage.new, shares)
            self.bill_of(store, endpoint, rollout.new, rollout.since)
        if rollout.old is not None:
            left = {name: 1 - part for name, part in _of_names(rollout, shares).items()}
            set_up(rollout.old, stage.old, left)
            self.bill_of(store, endpoint, rollout.old, rollout.since)

    def bill_of(
        self,
        store: SageMakerStore,
        endpoint: Endpoint,
        fleet: Fleet,
        moment: datetime,
        counts: Counts | None = None,
    ) -> None:
        """Bill a fleet for what is up, from an instant of the service time on."""
        usage = instances_of(fleet, fleet.instances if counts is None else counts)
        place = Place(store.account, store.region, endpoint.name)
        self.bill.set(fleet.id, place, store.tags.get(endpoint.arn, {}), usage, moment)

    def _finish(
        self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout, moment: datetime
    ) -> None:
        endpoint.rollout, endpoint.modified = None, self.stamp(moment)
        if rollout.kind is Kind.DELETION:
            self.retire(endpoint.fleets, moment)
            store.remove(endpoint)
            return
        endpoint.status = "InService"
        if rollout.rolling_back:
            self.retire([fleet for fleet in endpoint.fleets if fleet is not rollout.old], moment)
            endpoint.fleets = [fleet for fleet in (rollout.old,) if fleet]
        else:
            self._take_over(store, endpoint, rollout, moment)
        for fleet in endpoint.fleets:
            fleet.state = FleetState.SERVING
            fleet.shares = dict.fromkeys(fleet.instances, 1.0)
            fleet.instances = rollouts.counts_of([*endpoint.variants, *endpoint.shadow_variants])
            fleet.weights = weights_of([*endpoint.variants, *endpoint.shadow_variants])
            self.bill_of(store, endpoint, fleet, moment)
        endpoint_changed(self.announce, store, endpoint)

    def _take_over(
        self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout, moment: datetime
    ) -> None:
        """Let the new fleet be the endpoint."""
        if rollout.kind is Kind.UPDATE:
            retired = [fleet for fleet in endpoint.fleets if fleet is not rollout.new]
            self.retire(retired, moment)
        if rollout.new is not None:
            endpoint.fleets = [rollout.new]
            endpoint.config = rollout.new.config
        endpoint.variants = rollout.variants
        endpoint.shadow_variants = rollout.shadow_variants

    def retire(self, fleets: list[Fleet], moment: datetime) -> None:
        """End fleets."""
        for fleet in fleets:
            fleet.state = FleetState.GONE
            fleet.instances = dict.fromkeys(fleet.instances, 0)
            self.bill.end(fleet.id, moment)

    # ---- Failures

    def _fail(
        self, store: SageMakerStore, endpoint: Endpoint, rollout: Rollout, moment: datetime
    ) -> None:
        if rollout.kind is Kind.CREATION:
            endpoint.rollout, endpoint.status = None, "Failed"
            endpoint.modified = self.stamp(moment)
            endpoint.failure_reason = rollout.failure or "The deployment took too long."
            self.retire(endpoint.fleets, moment)
            endpoint_changed(self.announce, store, endpoint)
            return
        at = rollout.stage
        rollout.rolling_back, endpoint.status = True, "RollingBack"
        endpoint.modified = self.stamp(moment)
        stages = rollouts.back(rollout, at, rollouts.counts_of(_parts(endpoint)), self.options)
        endpoint_changed(self.announce, store, endpoint)
        reason = self._cannot_go_back(store, rollout) if rollout.is_rolling else ""
        if reason and stages[0].status == "Creating":
            self._stuck(store, endpoint, rollout, moment, reason)
            return
        self._enter(store, endpoint, rollout, stages, moment)

    def _cannot_go_back(self, store: SageMakerStore, rollout: Rollout) -> str:
        """Return why no instance of the former configuration can be made, if none can."""
        old = rollout.old
        if old is None:
            return ""
        if old.config not in store.configs:
            return f"the endpoint configuration {old.config} no longer exists"
        missing = sorted(name for name in old.models if name not in store.models)
        if missing:
            return f"the model {missing[0]} no longer exists"
        states = [
            self.serving.provide(
                FleetModel(
                    store.account, store.region, old.config, f"{old.id}-back", variant, model
                )
            )
            for variant, model in startable(old, old.variants)
        ]
        failed = [each.reason for each in states if each.state is State.FAILED]
        return failed[0] if failed else ""

    def _stuck(
        self,
        store: SageMakerStore,
        endpoint: Endpoint,
        rollout: Rollout,
        moment: datetime,
        reason: str,
    ) -> None:
        """Leave an endpoint with a mix of both fleets, as a rolling rollback that fails does."""
        endpoint.rollout, endpoint.status = None, "UpdateRollbackFailed"
        endpoint.modified = self.stamp(moment)
        endpoint.failure_reason = f"The rollback of the rolling update failed: {reason}."
        endpoint.fleets = [fleet for fleet in (rollout.old, rollout.new) if fleet is not None]
        endpoint_changed(self.announce, store, endpoint)

    # ---- Quotas

    def check_quota(self, store: SageMakerStore, wanted: Mapping[str, int]) -> None:
        """Refuse instances, by type, that the account may not have.

        Raises:
            AwsError: a quota is too small.
        """
        check_quota(store, self._quotas.at(store.account, store.region), wanted)


def _end(rollout: Rollout, now: datetime) -> datetime:
    """Return when the present stage ends as far as is known."""
    held = rollout.stage.starts and not rollout.ready
    return now if held else min(now, rollout.due)


def _of_names(rollout: Rollout, shares: Mapping[str, float]) -> dict[str, float]:
    """Return the new fleet's part of each of the former fleet's variants."""
    if rollout.old is None:
        return {}
    moved = bool(shares) and all(part >= 1 for part in shares.values())
    # A variant that is gone gets requests until the new fleet gets all of them.
    return {name: shares.get(name, float(moved)) for name in rollout.old.instances}


def _parts(endpoint: Endpoint) -> list[Properties]:
    return [*endpoint.variants, *endpoint.shadow_variants]
