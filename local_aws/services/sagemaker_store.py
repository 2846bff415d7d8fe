"""What one account has in SageMaker in one region, training jobs and the Model Registry apart."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local_aws.http.own_calls import AwsError, Request
from local_aws.services.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.services.sagemaker_rollouts import Rollout

Properties = dict[str, Any]
# The image of a model out of an account file, which tells of none: nothing can be started of it.
UNKNOWN_IMAGE = "not-in-the-account-file"


class FleetState(StrEnum):
    """Whether a fleet's instances take requests."""

    STARTING = "starting"
    SERVING = "serving"
    GONE = "gone"


@dataclass
class Fleet:
    """The instances that one configuration brought to an endpoint.

    Args:
        config: the name of the configuration.
        settings: what the configuration said; it may be deleted while the fleet serves.
        models: the models by their names, as they were; they may be deleted too.
        instances: how many are up, by variant; a serverless variant has none.
        weights: the weight of each variant.
        shares: the part of each variant's requests that this fleet gets; the rest is another's.
        state: whether it takes requests.
        since: when it was begun.
        id: what tells it from every other fleet.
    """

    config: str
    settings: Properties
    models: dict[str, Properties]
    instances: dict[str, int]
    weights: dict[str, float]
    since: datetime
    shares: dict[str, float] = field(default_factory=dict)
    state: FleetState = FleetState.STARTING
    id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def variants(self) -> list[Properties]:
        """The production variants, as the configuration says them."""
        return list(self.settings.get("ProductionVariants", ()))

    @property
    def shadows(self) -> list[Properties]:
        """The shadow variants, as the configuration says them."""
        return list(self.settings.get("ShadowProductionVariants", ()))

    def variant(self, name: str) -> Properties:
        """Return a production or shadow variant by its name."""
        return next(each for each in (*self.variants, *self.shadows) if each["VariantName"] == name)


@dataclass
class Endpoint:
    """An endpoint; `variants` are in the form of DescribeEndpoint."""

    name: str
    arn: str
    config: str
    status: str
    created: datetime
    modified: datetime
    variants: list[Properties]
    shadow_variants: list[Properties] = field(default_factory=list)
    failure_reason: str | None = None
    fleets: list[Fleet] = field(default_factory=list)
    rollout: "Rollout | None" = None
    last_deployment: Properties | None = None

    @property
    def fleet(self) -> Fleet | None:
        """The fleet of the configuration that the endpoint shows, if it has one."""
        return self.fleets[0] if self.fleets else None


class SageMakerStore:
    """Endpoints, configurations, components, models, notebooks, apps, clusters, and all tags."""

    def __init__(
        self,
        account: str,
        region: str,
        settle: "Callable[[SageMakerStore], None]" = lambda _: None,
    ) -> None:
        self.account = account
        self.region = region
        self.arn = f"arn:aws:sagemaker:{region}:{account}"
        self.endpoints: dict[str, Endpoint] = {}
        self.configs: dict[str, Properties] = {}
        self.components: dict[str, Properties] = {}
        self.models: dict[str, Properties] = {}
        self.notebooks: dict[str, Properties] = {}
        self.apps: dict[str, Properties] = {}
        self.clusters: dict[str, Properties] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self._settle = settle

    def arn_of(self, kind: str, name: str) -> str:
        """Return the ARN of a resource; SageMaker writes names in lower case there."""
        return f"{self.arn}:{kind}/{name.lower()}"

    def set_tags(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        """Give a new resource its tags."""
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags or ()}

    def settle(self, _now: datetime | None = None) -> None:
        """Let time pass for every endpoint."""
        self._settle(self)

    def remove(self, endpoint: Endpoint) -> None:
        """Take away an endpoint whose deletion is through."""
        self.endpoints.pop(endpoint.name, None)
        self.tags.pop(endpoint.arn, None)

    def endpoint(self, name: str) -> Endpoint:
        """Return an endpoint.

        Raises:
            AwsError: there is none of this name.
        """
        if name not in self.endpoints:
            raise not_found("endpoint", self.arn_of("endpoint", name))
        return self.endpoints[name]

    def config(self, name: str) -> Properties:
        """Return an endpoint configuration.

        Raises:
            AwsError: there is none of this name.
        """
        if name not in self.configs:
            raise not_found("endpoint configuration", self.arn_of("endpoint-config", name))
        return self.configs[name]

    def model(self, name: str) -> Properties:
        """Return a model.

        Raises:
            AwsError: there is none of this name.
        """
        if name not in self.models:
            raise not_found("model", self.arn_of("model", name))
        return self.models[name]


def not_found(what: str, arn: str) -> AwsError:
    """Return SageMaker's error for a resource that does not exist."""
    return AwsError("ValidationException", f'Could not find {what} "{arn}".')


def already_there(what: str, arn: str) -> AwsError:
    """Return SageMaker's error for a name that is taken."""
    return AwsError("ValidationException", f'Cannot create already existing {what} "{arn}".')


def settled(stores: Places[SageMakerStore], request: Request) -> SageMakerStore:
    """Return the store that a request is about, as its time has made it."""
    store = stores.of(request)
    store.settle(request.now)
    return store
