"""What one account has in SageMaker in one region, training jobs and the Model Registry apart."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.http.own_calls import AwsError

Properties = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What an endpoint becomes when the change under way is through; `status` None: it is gone."""

    until: datetime
    status: str | None
    config: str | None = None
    variants: list[Properties] | None = None
    shadow_variants: list[Properties] | None = None


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
    change: Change | None = None

    def settle(self, now: datetime) -> bool:
        """Finish a change whose time has come; return whether the endpoint still exists."""
        change = self.change
        if change is None or now < change.until:
            return True
        self.change = None
        if change.status is None:
            return False
        self.status, self.modified = change.status, change.until
        if change.config is not None:
            self.config = change.config
        if change.variants is not None:
            self.variants = change.variants
        if change.shadow_variants is not None:
            self.shadow_variants = change.shadow_variants
        return True


class SageMakerStore:
    """Endpoints, their configurations, components, models, notebooks, apps, and the tags of all."""

    def __init__(self, account: str, region: str) -> None:
        self.arn = f"arn:aws:sagemaker:{region}:{account}"
        self.region = region
        self.endpoints: dict[str, Endpoint] = {}
        self.configs: dict[str, Properties] = {}
        self.components: dict[str, Properties] = {}
        self.models: dict[str, Properties] = {}
        self.notebooks: dict[str, Properties] = {}
        self.apps: dict[str, Properties] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def arn_of(self, kind: str, name: str) -> str:
        """Return the ARN of a resource; SageMaker writes names in lower case there."""
        return f"{self.arn}:{kind}/{name.lower()}"

    def set_tags(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        """Give a new resource its tags."""
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags or ()}

    def settle(self, now: datetime) -> None:
        """Let time pass for every endpoint."""
        for endpoint in list(self.endpoints.values()):
            if endpoint.change is not None and not endpoint.settle(now):
                del self.endpoints[endpoint.name]
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


def not_found(what: str, arn: str) -> AwsError:
    """Return SageMaker's error for a resource that does not exist."""
    return AwsError("ValidationException", f'Could not find {what} "{arn}".')


def already_there(what: str, arn: str) -> AwsError:
    """Return SageMaker's error for a name that is taken."""
    return AwsError("ValidationException", f'Cannot create already existing {what} "{arn}".')
