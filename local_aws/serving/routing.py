"""Who answers a request: which fleet, which variant, which container."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from local_aws.http.own_calls import Request
from local_aws.services import traffic
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Endpoint, Fleet, Properties, SageMakerStore
from local_aws.serving.answers import invalid, no_endpoint, not_done
from local_aws.serving.fleets import FleetContainers, Member, Place


@dataclass(frozen=True)
class Target:
    """Where a request goes.

    Args:
        account: whose endpoint it is.
        region: where.
        endpoint: the endpoint's name.
        fleet: whose instances answer.
        variant: the variant, as the fleet's configuration says it.
        place: where the container runs.
        shadow: the shadow variant that gets a copy, and where its container runs.
        component: the inference component that is asked, and its copies.
        copies: how many copies of the component run.
    """

    account: str
    region: str
    endpoint: str
    fleet: Fleet
    variant: Properties
    place: Place
    shadow: tuple[Properties, Place] | None = None
    component: str = ""
    copies: int = 0

    @property
    def variant_name(self) -> str:
        """The name of the variant."""
        return str(self.variant["VariantName"])

    @property
    def instances(self) -> int:
        """How many instances the variant has at this moment."""
        return self.fleet.instances.get(self.variant_name, 0)

    @property
    def capture(self) -> Properties | None:
        """The endpoint's DataCaptureConfig."""
        found: Properties | None = self.fleet.settings.get("DataCaptureConfig")
        return found


class Router:
    """Finds the container of each request."""

    def __init__(
        self,
        stores: Places[SageMakerStore],
        containers: FleetContainers,
        lock: Callable[[], AbstractContextManager[object]],
        draw: random.Random,
    ) -> None:
        self._stores = stores
        self._containers = containers
        self._lock = lock
        self._draw = draw

    def endpoint(self, request: Request, *, is_async: bool) -> Endpoint:
        """Return the endpoint of a request.

        Raises:
            AwsError: there is none, it does not serve yet, or it is not of the kind.
        """
        store = self._stores.of(request)
        name = request["EndpointName"]
        with self._lock():
            store.settle(request.now)
            endpoint = store.endpoints.get(name)
            if endpoint is None or endpoint.status in ("Creating", "Failed", "Deleting"):
                raise no_endpoint(name, request.account)
            if endpoint.fleet is None:
                raise not_done(f"has no model behind the endpoint {name}: it came from a file")
            asynchronous = "AsyncInferenceConfig" in endpoint.fleet.settings
        if asynchronous and not is_async:
            raise invalid(
                f"Endpoint {name} of account {request.account} is an asynchronous inference "
                "endpoint: use InvokeEndpointAsync."
            )
        if is_async and not asynchronous:
            raise invalid(
                f"Endpoint {name} of account {request.account} is not an asynchronous inference "
                "endpoint."
            )
        return endpoint

    def target(
        self,
        account: str,
        region: str,
        endpoint: Endpoint,
        variant: str | None = None,
        component: str | None = None,
    ) -> Target:
        """Draw who answers a request.

        Raises:
            AwsError: nobody does, or the request names nobody who could.
        """
        with self._lock():
            if component is not None:
                return self._component(account, region, endpoint, component)
            route = traffic.route(endpoint, variant, self._draw)
            name = route.variant["VariantName"]
            if "ModelName" not in route.variant:
                raise invalid(
                    "Inference Component Name header is required for endpoints to which you plan "
                    "to deploy inference components. Please include Inference Component Name "
                    "header or consider using SageMaker models."
                )
            place = self._place(Member(account, region, endpoint.name, route.fleet.id, name))
            shadow = None
            if route.shadow is not None:
                beside = Member(
                    account,
                    region,
                    endpoint.name,
                    route.fleet.id,
                    route.shadow["VariantName"],
                )
                shadow = (route.shadow, self._place(beside))
            return Target(account, region, endpoint.name, route.fleet, route.variant, place, shadow)

    def _component(self, account: str, region: str, endpoint: Endpoint, component: str) -> Target:
        found = self._stores.at(account, region).components.get(component)
        if found is None or found["EndpointName"] != endpoint.name:
            raise invalid(
                f"Inference Component {component} of account {account} not found in endpoint "
                f"{endpoint.name}."
            )
        fleet = endpoint.fleet
        assert fleet is not None
        variant = found["VariantName"]
        serves = traffic.container_of(found, self._draw)
        place = self._place(Member(account, region, endpoint.name, "", variant, serves))
        copies = found["RuntimeConfig"].get("CurrentCopyCount", 0)
        return Target(
            account,
            region,
            endpoint.name,
            fleet,
            fleet.variant(variant),
            place,
            component=component,
            copies=copies,
        )

    def _place(self, member: Member) -> Place:
        place = self._containers.place(member)
        if place is None:
            raise not_done(
                f"runs no container for the variant {member.variant} of {member.endpoint}"
            )
        return place


class Seats:
    """How many requests each variant, or component, answers at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[tuple[str, ...], int] = {}

    def take(self, key: tuple[str, ...], most: int | None = None) -> bool:
        """Take one of `most` seats; return whether there was one."""
        with self._lock:
            taken = self._taken.get(key, 0)
            if most is not None and taken >= most:
                return False
            self._taken[key] = taken + 1
            return True

    def leave(self, key: tuple[str, ...]) -> None:
        """Give a seat back."""
        with self._lock:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

    def taken(self) -> dict[tuple[str, ...], int]:
        """Return how many seats are taken."""
        with self._lock:
            return dict(self._taken)
