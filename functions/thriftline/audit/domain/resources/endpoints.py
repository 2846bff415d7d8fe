"""Endpoints with everything that serves or scales behind them, and the models they refer to."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerlessConfig:
    """A serverless variant; ``provisioned_concurrency`` is None when it costs nothing idle."""

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedScaling:
    """Managed instance scaling that is switched on."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One production or shadow variant, by the name that DescribeEndpoint gives.

    ``instance_type`` and ``model`` are in the endpoint's config, not in the endpoint; a
    serverless variant has no instance type, and one for inference components no model.
    ``instance_count`` is the current one, None where AWS does not say. ``statuses`` are those of
    the variant, such as Updating; empty when it is at rest. ``prepaid_instances`` run on capacity
    that was bought before, None where AWS does not say how many.
    """

    name: str
    instance_type: Fact[str | None]
    instance_count: int | None
    weight: float | None
    serverless: ServerlessConfig | None
    managed_scaling: ManagedScaling | None
    model: Fact[str | None]
    statuses: tuple[str, ...]
    prepaid_instances: int | None = 0

    @property
    def on_demand_instances(self) -> int | None:
        """How many of its instances are billed by the hour, None when it is not known."""
        if self.instance_count is None or self.prepaid_instances is None:
            return None
        return max(0, self.instance_count - self.prepaid_instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceComponent:
    """A model on an endpoint's instances, with metrics of its own; ``copies`` are current.

    ``models`` has one for each specification that names a model. ``artifact_s3_uris`` are what the
    specifications load by themselves, without any model.
    """

    name: str
    variant: str
    status: str
    copies: int | None
    models: tuple[str, ...]
    artifact_s3_uris: tuple[str, ...]
    created: datetime
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalableTarget:
    """What Application Auto Scaling may change, and the policies that say when.

    ``policies`` are the full answers of DescribeScalingPolicies, JSON text each, so that a
    restored endpoint scales as it did.
    """

    resource_id: str
    dimension: str
    minimum: int
    maximum: int
    policies: Fact[tuple[str, ...]]


# The states in which an endpoint answers requests, and is billed for it. In the second one an
# update and its rollback failed: a mix of two configs serves.
UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"
_SERVING = ("InService", UPDATE_ROLLBACK_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint as DescribeEndpoint, its config and its scaling tell of it.

    ``has_pending_deployment`` is true while a new config is being rolled out.
    """

    name: str
    arn: str
    status: str
    created: datetime
    last_modified: datetime
    config_name: str | None
    failure_reason: str | None
    has_pending_deployment: bool
    variants: tuple[Variant, ...]
    shadow_variants: tuple[Variant, ...]
    inference_components: Fact[tuple[InferenceComponent, ...]]
    async_output_s3_uri: str | None
    scaling: Fact[tuple[ScalableTarget, ...]]
    tags: Fact[Tags]

    @property
    def serves(self) -> bool:
        """Whether it is in service, whatever became of its last update."""
        return self.status in _SERVING

    @property
    def may_answer(self) -> bool:
        """Whether its metrics can tell of use: a failed one may have kept its instances."""
        return self.serves or (self.status == "Failed" and self.runs_instances is not False)

    @property
    def runs_instances(self) -> bool | None:
        """Whether instances run, None where AWS does not say."""
        counts = [one.instance_count for one in self.variants if one.serverless is None]
        return True if any(counts) else None if None in counts else False

    @property
    def is_asynchronous(self) -> bool:
        """Whether it takes requests from a queue, and only from there."""
        return self.async_output_s3_uri is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A SageMaker model and the artifacts it loads."""

    name: str
    arn: str
    created: datetime
    artifact_s3_uris: tuple[str, ...]
    image: str | None
    is_multi_model: bool
    package_arns: tuple[str, ...]
    tags: Fact[Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPackage:
    """A version in the registry; whatever it refers to is kept, approved or not.

    ``custom_model_arns`` are Bedrock's, wherever in the version they are named.
    """

    arn: str
    group: str | None
    approval_status: str | None
    artifact_s3_uris: tuple[str, ...]
    custom_model_arns: tuple[str, ...] = ()
