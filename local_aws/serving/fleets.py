"""Which container answers for which fleet of which endpoint."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from local_aws.services.sagemaker_store import Properties
from local_aws.services.serving_port import STARTING, FleetModel, Readiness, State
from local_aws.serving import artifacts
from local_aws.serving.container import ContainerError, container_of
from local_aws.serving.shared import Key, Shared, SharedContainers

LOG = logging.getLogger(__name__)

# SageMaker's own limit where the variant names none.
START_SECONDS = 240.0
_MIB = 1024 * 1024
# A fleet may be asked for a moment before it is to be seen in the store.
_UNSEEN_SECONDS = 60.0


@dataclass(frozen=True)
class Member:
    """What tells one container of one fleet from all others; a component's is of no fleet."""

    account: str
    region: str
    endpoint: str
    fleet: str
    variant: str
    component: str = ""


@dataclass
class Place:
    """Where a fleet's container runs, once that is known."""

    wanted: FleetModel
    stream: str
    asked: float
    shared: Shared | None = None
    failure: str = ""
    was_ready: bool = False

    @property
    def readiness(self) -> Readiness:
        """How far it has come."""
        if self.failure:
            return Readiness(State.FAILED, self.failure)
        return self.shared.readiness if self.shared is not None else STARTING

    def memory_share(self) -> float | None:
        """Return the part of a serverless variant's memory that its container uses."""
        serverless: Properties = self.wanted.variant.get("ServerlessConfig") or {}
        container = self.shared.container if self.shared is not None else None
        if not serverless or container is None:
            return None
        used = container.memory_bytes()
        return None if used is None else used / (serverless["MemorySizeInMB"] * _MIB)

    def check_memory(self) -> None:
        """Fail a serverless variant whose memory is too small for its model."""
        share = self.memory_share()
        if share is not None and share > 1:
            self.failure = (
                f"The container of the serverless variant {self.wanted.variant['VariantName']} "
                f"did not pass the ping health check: it uses {share:.0%} of MemorySizeInMB. "
                "Please choose a larger memory size."
            )


class FleetContainers:
    """The containers of all fleets."""

    def __init__(self, shared: SharedContainers, client: Callable[[str, str], Any]) -> None:
        self.shared = shared
        self._client = client
        self._lock = threading.Lock()
        self._places: dict[Member, Place] = {}
        self._instances = 0

    def provide(self, wanted: FleetModel) -> Readiness:
        """Say whether a fleet's container answers; start it at the first call."""
        member = member_of(wanted)
        now = time.monotonic()
        with self._lock:
            place = self._places.get(member)
            if place is None:
                self._instances += 1
                stream = f"{member.component or member.variant}/i-{self._instances:017x}"
                place = self._places[member] = Place(wanted, stream, now)
                threading.Thread(
                    target=self._find, args=[place], name="serve-look", daemon=True
                ).start()
            place.asked = now
        if place.readiness.state is State.READY and not place.was_ready:
            place.was_ready = True
            place.check_memory()
        return place.readiness

    def place(self, member: Member) -> Place | None:
        """Return the container of a fleet, if it was ever asked for."""
        with self._lock:
            return self._places.get(member)

    def places(self) -> list[Place]:
        """Return all that are asked for."""
        with self._lock:
            return list(self._places.values())

    def settle(self, is_needed: Callable[[Member], bool], now: float) -> None:
        """Forget the containers that no fleet and no component needs, and let them end."""
        with self._lock:
            for member, place in list(self._places.items()):
                if not is_needed(member) and now - place.asked > _UNSEEN_SECONDS:
                    del self._places[member]
            keys: set[Key] = {
                place.shared.key
                for member, place in self._places.items()
                if place.shared is not None and is_needed(member)
            }
        self.shared.settle(keys, now)

    def start(
        self,
        region: str,
        model: Properties,
        environment: Mapping[str, str] = MappingProxyType({}),
        seconds: float = START_SECONDS,
    ) -> Shared:
        """Return the container of a model, which may be on its way; it looks at S3 first.

        Args:
            region: where the model is.
            model: in the form of DescribeModel.
            environment: variables beside the model's own.
            seconds: how long it may take until it answers.

        Raises:
            ContainerError: the model cannot be served.
        """
        spec = container_of(model, lambda arn: self._package(region, arn))
        if environment:
            own = {**dict(spec.environment), **environment}
            spec = replace(spec, environment=tuple(sorted(own.items())))
        s3 = self._client("s3", region)
        artifact = artifacts.look(s3, spec.artifact, is_archive=spec.is_archive)
        return self.shared.obtain(spec, artifact, seconds)

    def _find(self, place: Place) -> None:
        wanted = place.wanted
        try:
            seconds = wanted.variant.get("ContainerStartupHealthCheckTimeoutInSeconds")
            place.shared = self.start(wanted.region, wanted.model, seconds=seconds or START_SECONDS)
        except ContainerError as error:
            place.failure = str(error)
        except Exception:
            LOG.exception("the container of %s was not found", wanted.endpoint)
            place.failure = "Request to service failed. Please retry."

    def _package(self, region: str, arn: str) -> Any:
        try:
            return self._client("sagemaker", region).describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            raise ContainerError(f"The model package {arn} cannot be read: {error}") from error


def member_of(wanted: FleetModel) -> Member:
    """Return whose container is wanted."""
    return Member(
        wanted.account,
        wanted.region,
        wanted.endpoint,
        "" if wanted.component else wanted.fleet,
        wanted.variant["VariantName"],
        wanted.component,
    )
