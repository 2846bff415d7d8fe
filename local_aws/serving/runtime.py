"""The runtime of all endpoints, put together."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.clock import Clock
from local_aws.http.own_calls import Operation
from local_aws.services.metric_store import MetricStore
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Endpoint, FleetState, Properties, SageMakerStore
from local_aws.services.serving_port import FleetModel, Readiness, State
from local_aws.serving.asynchronous import AsyncInvocations
from local_aws.serving.capture import Captures
from local_aws.serving.container import ContainerError
from local_aws.serving.fleets import FleetContainers, Member
from local_aws.serving.invocations import Invocations, Sender
from local_aws.serving.logs import EndpointLogs, Write
from local_aws.serving.measures import CONTAINERS, Measures, dimensions
from local_aws.serving.multi_model import ModelCache
from local_aws.serving.notices import Notices
from local_aws.serving.options import ServingOptions
from local_aws.serving.process import Container, Starter
from local_aws.serving.request_metrics import RequestMetrics
from local_aws.serving.routing import Router, Seats
from local_aws.serving.shared import SharedContainers

LOG = logging.getLogger(__name__)

_TICK_SECONDS = 0.2
_LOOK_SECONDS = 0.05
_SETTLE_SECONDS = 1.0

Lock = Callable[[str], AbstractContextManager[object]]
# Account, region, endpoint, fleet and component.
Shape = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class World:
    """What the runtime uses of the rest of the embedded AWS.

    Args:
        stores: the endpoints.
        metrics: CloudWatch's metrics.
        client: makes a client of a service in a region.
        lock: what serialises the calls of a service.
        clock: gives time stamps, and the service time by which waits are counted.
        write_log: appends lines to a stream of a group.
        scratch: a folder of the runtime's own.
        region: the stack's; S3 is one for all regions.
    """

    stores: Places[SageMakerStore]
    metrics: Places[MetricStore]
    client: Callable[[str, str], Any]
    lock: Lock
    clock: Clock
    write_log: Write
    scratch: Path
    region: str


class Serving:
    """The containers of endpoints, and the calls that reach them."""

    def __init__(self, world: World, options: ServingOptions, starter: Starter) -> None:
        self._world = world
        self._options = options
        clock = world.clock.now
        self.shared = SharedContainers(
            starter,
            lambda: world.client("s3", world.region),
            world.scratch,
            starts=options.starts,
            idle_seconds=options.idle_seconds,
        )
        self.containers = FleetContainers(self.shared, world.client)
        self._measures = Measures(world.metrics.at, clock, lambda: world.lock("cloudwatch"))
        self._metrics = RequestMetrics(self._measures)
        self._captures = Captures(
            lambda region: world.client("s3", region),
            world.clock.service_time,
            timedelta(seconds=options.capture_seconds),
            random.Random(options.seed + 1),
        )
        router = Router(
            world.stores,
            self.containers,
            lambda: world.lock("sagemaker"),
            random.Random(options.seed),
        )
        models = ModelCache(lambda region: world.client("s3", region), self._metrics.multi_model)
        sender = Sender(self.shared, models)
        self._seats = Seats()
        self._invocations = Invocations(
            router, sender, self._metrics, self._captures, self._seats, clock
        )
        self._asynchronous = AsyncInvocations(
            router,
            sender,
            self._metrics,
            self._measures,
            self._captures,
            Notices(lambda region: world.client("sns", region), clock),
            lambda region: world.client("s3", region),
            clock,
            world.clock.service_time,
        )
        self._logs = EndpointLogs(world.write_log)
        self._closing = threading.Event()
        self._gauged: datetime | None = None
        self._settled = 0.0
        self._thread = threading.Thread(target=self._run, name="serving", daemon=True)
        self._thread.start()

    def provide(self, wanted: FleetModel) -> Readiness:
        """Say whether a fleet's container answers, and start it if nobody has."""
        return self.containers.provide(wanted)

    @contextmanager
    def borrow(
        self, region: str, model: Properties, environment: Mapping[str, str]
    ) -> Iterator[Container]:
        """Wait for a container of a model, and keep it as long as the block lasts.

        It is one of its own where `environment` says something that no endpoint's model says.

        Raises:
            ContainerError: there is none, for the reason that SageMaker would give.
            UnreachableError: it has ended meanwhile.
        """
        shared = self.containers.start(region, model, environment)
        while shared.readiness.state is State.STARTING:
            if self._closing.wait(_LOOK_SECONDS):
                raise ContainerError("The embedded AWS is being taken down.")
        if shared.readiness.state is State.FAILED:
            raise ContainerError(shared.readiness.reason)
        with self.shared.using(shared) as container:
            yield container

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {**self._invocations.operations(), **self._asynchronous.operations()}

    def close(self) -> None:
        """End everything; what was measured and captured is written first."""
        self._closing.set()
        self._thread.join()
        self._asynchronous.close()
        self._invocations.close()
        self.shared.close()

    def _run(self) -> None:
        while not self._closing.wait(_TICK_SECONDS):
            for part in (
                self._measures.flush,
                self._captures.flush,
                self._copy_logs,
                self._gauge,
                self._settle,
            ):
                try:
                    part()
                except Exception:
                    if not self._closing.is_set():
                        LOG.exception("the serving runtime's %s failed", part.__name__)

    def _copy_logs(self) -> None:
        for place in self.containers.places():
            if place.shared is not None:
                self._logs.copy(place.wanted.endpoint, place.stream, place.shared.tail)

    def _gauge(self) -> None:
        """Put into CloudWatch what is a state and not an event."""
        now = self._world.clock.service_time()
        if self._gauged and (now - self._gauged).total_seconds() < self._options.gauge_seconds:
            return
        self._gauged = now
        self._asynchronous.gauge()
        self._gauge_memory()
        for (account, region, endpoint, variant, component), count in self._seats.taken().items():
            values = {"ConcurrentRequestsPerModel": float(count)}
            where = (
                dimensions(InferenceComponentName=component)
                if component
                else dimensions(EndpointName=endpoint, VariantName=variant)
            )
            self._measures.add(account, region, [where], values)

    def _gauge_memory(self) -> None:
        for place in self.containers.places():
            wanted, share = place.wanted, place.memory_share()
            if share is not None:
                where = dimensions(
                    EndpointName=wanted.endpoint, VariantName=wanted.variant["VariantName"]
                )
                values = {"MemoryUtilization": 100 * share}
                self._measures.add(wanted.account, wanted.region, [where], values, CONTAINERS)

    def _settle(self) -> None:
        """End the containers that no fleet needs any more."""
        now = time.monotonic()
        if now - self._settled < _SETTLE_SECONDS:
            return
        self._settled = now
        with self._world.lock("sagemaker"):
            endpoints = list(self._endpoints())
            needed = {member for each in endpoints for member in self._needed(*each)}
        for account, region, endpoint in endpoints:
            fleet = endpoint.fleet
            if fleet is not None and "AsyncInferenceConfig" in fleet.settings:
                self._asynchronous.watch(account, region, endpoint)
        self._asynchronous.forget({(a, r, each.name) for a, r, each in endpoints})
        self.containers.settle(lambda member: _shape(member) in needed, now)

    def _needed(self, account: str, region: str, endpoint: Endpoint) -> Iterator[Shape]:
        """Return whose containers an endpoint needs: its fleets' own, and its components'."""
        for fleet in endpoint.fleets:
            if fleet.state is not FleetState.GONE:
                yield (account, region, endpoint.name, fleet.id, "")
        for component in self._world.stores.at(account, region).components.values():
            if component["EndpointName"] == endpoint.name:
                # An update brings a container of its own, until it has taken over.
                for each in (component, component.get("_next") or {}):
                    if key := each.get("_key"):
                        yield (account, region, endpoint.name, "", key)

    def _endpoints(self) -> Iterator[tuple[str, str, Endpoint]]:
        for account, region in self._world.stores:
            for endpoint in list(self._world.stores.at(account, region).endpoints.values()):
                yield account, region, endpoint


def _shape(member: Member) -> Shape:
    """Return whose container it is, whatever the variant."""
    return (member.account, member.region, member.endpoint, member.fleet, member.component)
