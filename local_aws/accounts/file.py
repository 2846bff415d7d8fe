"""Account files: an AWS account at one instant, as data.

Every list may be empty or absent. A field that is not known here is reported and otherwise left
alone; a field that is wrong ends the reading with its place, the rule and what to write instead.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

Name = Annotated[str, StringConstraints(min_length=1)]
S3Uri = Annotated[str, StringConstraints(pattern=r"^s3://[^/]+")]
Stat = Annotated[
    str, StringConstraints(pattern=r"^(Sum|Average|Minimum|Maximum|SampleCount|p\d+(\.\d+)?)$")
]
Dollars = Annotated[Decimal, Field(allow_inf_nan=False)]


class AccountFileError(ValueError):
    """An account file cannot be read; the message names file, place, rule and mend."""


class Entry(BaseModel):
    """Anything in an account file."""

    model_config = ConfigDict(extra="allow", frozen=True)


class TrainingJob(Entry):
    """One training job as it was last seen."""

    name: Name
    status: Literal["Completed", "Failed", "Stopped", "Stopping", "InProgress"]
    secondary_status: Name | None = None
    failure_reason: str | None = None
    instance_type: Name | None = None
    instance_count: PositiveInt = 1
    volume_gb: NonNegativeInt = 1
    created: AwareDatetime
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    training_seconds: NonNegativeInt | None = None
    billable_seconds: NonNegativeInt | None = None
    max_runtime_seconds: PositiveInt | None = None
    max_wait_seconds: PositiveInt | None = None
    managed_spot: bool = False
    checkpoint_s3_uri: S3Uri | None = None
    output_s3_uri: S3Uri | None = None
    input_s3_uris: list[S3Uri] = []
    keep_alive_seconds: PositiveInt | None = None
    warm_pool: Literal["Available", "InUse", "Reused", "Terminated"] | None = None
    tags: dict[str, str] = {}


class Serverless(Entry):
    """A variant without instances of its own."""

    memory_mb: PositiveInt
    max_concurrency: PositiveInt
    provisioned_concurrency: NonNegativeInt | None = None


class Variant(Entry):
    """A production or shadow variant; `instance_count` is the present one."""

    name: Name
    instance_type: Name | None = None
    instance_count: NonNegativeInt | None = None
    managed_scaling_min: NonNegativeInt | None = None
    serverless: Serverless | None = None
    model: Name | None = None


class InferenceComponent(Entry):
    """A model's copies on the instances of an endpoint."""

    name: Name
    variant: Name
    copies: NonNegativeInt = 1
    created: AwareDatetime
    last_modified: AwareDatetime


class AsyncInference(Entry):
    """Where an asynchronous endpoint writes."""

    output_s3_uri: S3Uri


class Scaling(Entry):
    """A target of Application Auto Scaling."""

    resource_id: Name
    dimension: Name
    min: NonNegativeInt
    max: NonNegativeInt


class Endpoint(Entry):
    """An endpoint and what stands behind it."""

    name: Name
    status: Literal[
        "OutOfService",
        "Creating",
        "Updating",
        "SystemUpdating",
        "RollingBack",
        "InService",
        "Deleting",
        "Failed",
        "UpdateRollbackFailed",
    ]
    created: AwareDatetime
    last_modified: AwareDatetime
    failure_reason: str | None = None
    variants: list[Variant] = []
    shadow_variants: list[Variant] = []
    inference_components: list[InferenceComponent] = []
    async_: AsyncInference | None = Field(default=None, alias="async")
    scaling: list[Scaling] = []
    tags: dict[str, str] = {}

    @model_validator(mode="after")
    def _components_have_a_variant(self) -> "Endpoint":
        names = {each.name for each in self.variants}
        for each in self.inference_components:
            if each.variant not in names:
                raise ValueError(
                    f"the inference component {each.name} names the variant {each.variant}, "
                    f"but the endpoint has {', '.join(sorted(names)) or 'none'}"
                )
        return self


class Model(Entry):
    """A SageMaker model."""

    name: Name
    created: AwareDatetime
    artifact_s3_uri: S3Uri | None = None
    in_registry: bool = False


class Metric(Entry):
    """One statistic of one metric; a metric that is not listed has no data."""

    namespace: Name
    name: Name
    dimensions: dict[str, str] = {}
    stat: Stat
    period_seconds: PositiveInt
    points: dict[AwareDatetime, float] = {}


class MetricError(Entry):
    """Metrics whose reading fails: those of the namespace that have these dimensions."""

    namespace: Name
    dimensions: dict[str, str] = {}
    error: Name


class IncompleteUpload(Entry):
    """A multipart upload that was never completed."""

    key: Name
    initiated: AwareDatetime
    bytes: NonNegativeInt


class Prefix(Entry):
    """The objects under a prefix; `last_modified` is the newest's.

    Without a `storage_class`, as listings name it, it follows from the bucket's bytes.
    """

    prefix: str
    bytes: NonNegativeInt
    last_modified: AwareDatetime
    storage_class: str | None = None


class Bucket(Entry):
    """A bucket; `objects` and `bytes` are what CloudWatch says of it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    objects: NonNegativeInt = 0
    bytes: dict[str, NonNegativeInt] = {}
    versioning: bool | Literal["Enabled", "Suspended"] = False
    lifecycle_rules: list[dict[str, Any]] = []
    incomplete_uploads: list[IncompleteUpload] = []
    prefixes: list[Prefix] = []


class ProvisionedThroughput(Entry):
    """Bedrock capacity that is paid by the hour."""

    name: Name
    model_arn: Name
    units: PositiveInt = 1
    commitment: Literal["OneMonth", "SixMonths"] | None = None
    status: Literal["Creating", "InService", "Updating", "Failed"] = "InService"
    created: AwareDatetime
    tags: dict[str, str] = {}


class CustomModel(Entry):
    """A customized Bedrock model; ``deployed`` gives it a deployment of its name."""

    name: Name
    created: AwareDatetime
    base_model: Name
    deployed: bool = False
    tags: dict[str, str] = {}


class CustomModelDeployment(Entry):
    """An on-demand deployment of a custom model of the file."""

    name: Name
    arn: Name | None = None
    custom_model: Name
    created: AwareDatetime
    status: Literal["Creating", "Active", "Failed"] = "Active"
    tags: dict[str, str] = {}


class InferenceProfile(Entry):
    """An application inference profile, by the ARN that its metrics name, and its models' ARNs."""

    name: Name
    arn: Name
    created: AwareDatetime
    models: list[Name]


class ImportedModel(Entry):
    """A model that was imported into Bedrock."""

    name: Name
    created: AwareDatetime


class Bedrock(Entry):
    """What the account has in Bedrock; use is in the metrics of AWS/Bedrock."""

    provisioned_throughputs: list[ProvisionedThroughput] = []
    custom_models: list[CustomModel] = []
    deployments: list[CustomModelDeployment] = []
    inference_profiles: list[InferenceProfile] = []
    imported_models: list[ImportedModel] = []


class Notebook(Entry):
    """A notebook instance."""

    name: Name
    instance_type: Name
    status: Literal[
        "Pending",
        "InService",
        "Stopping",
        "Stopped",
        "Failed",
        "Deleting",
        "Updating",
        "PendingMaintenance",
        "InMaintenance",
    ]
    last_modified: AwareDatetime


class StudioApp(Entry):
    """An app of a Studio space, of a type of which neither space nor domain says when it ends."""

    domain_id: Name
    space: Name
    type: Literal["KernelGateway", "Canvas", "TensorBoard"]
    name: Name = "default"
    instance_type: Name | None = None
    created: AwareDatetime
    last_user_activity: AwareDatetime | None = None


class ClusterGroup(Entry):
    """Instances of one type in a HyperPod cluster."""

    name: Name
    instance_type: Name
    count: NonNegativeInt
    training_plan_arn: Name | None = None


class Cluster(Entry):
    """A HyperPod cluster."""

    name: Name
    status: Literal[
        "Creating", "Deleting", "Failed", "InService", "RollingBack", "SystemUpdating", "Updating"
    ] = "InService"
    created: AwareDatetime
    groups: list[ClusterGroup]
    tags: dict[str, str] = {}


class Cost(Entry):
    """What Cost Explorer says of a service for the days from `start` to before `end`.

    `tags` are those that are active for cost allocation.
    """

    service: Name
    usd: Dollars
    start: date
    end: date
    tags: dict[str, str] = {}

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Cost":
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}; end is exclusive")
        return self


class LogGroup(Entry):
    """A log group; it is kept for ever where `retention_days` is null."""

    name: Name
    retention_days: PositiveInt | None = None
    bytes: NonNegativeInt = 0


class ApiError(Entry):
    """A call that the account refuses."""

    service: Name
    operation: Name
    error: Name


class AccountFile(Entry):
    """A whole account file."""

    about: str | None = None
    chosen: list[str] = []
    now: AwareDatetime
    account_id: Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    training_jobs: list[TrainingJob] = []
    endpoints: list[Endpoint] = []
    models: list[Model] = []
    metrics: list[Metric] = []
    metric_errors: list[MetricError] = []
    buckets: list[Bucket] = []
    bedrock: Bedrock = Bedrock()
    notebooks: list[Notebook] = []
    studio_apps: list[StudioApp] = []
    clusters: list[Cluster] = []
    costs: list[Cost] = []
    log_groups: list[LogGroup] = []
    quotas: dict[Name, NonNegativeInt] = {}
    api_errors: list[ApiError] = []

    @model_validator(mode="after")
    def _deployments_have_models(self) -> "AccountFile":
        known = {one.name for one in self.bedrock.custom_models}
        for index, one in enumerate(self.bedrock.deployments):
            if one.custom_model not in known:
                raise ValueError(
                    f"bedrock.deployments[{index}].custom_model: {one.custom_model!r} is in no "
                    "bedrock.custom_models; add it there"
                )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "AccountFile":
        for field in (
            *("training_jobs", "endpoints", "models", "buckets", "notebooks", "log_groups"),
            "clusters",
        ):
            names: set[str] = set()
            for index, each in enumerate(getattr(self, field)):
                if each.name in names:
                    raise ValueError(f"{field}[{index}].name: {each.name} is there already")
                names.add(each.name)
        return self

    def summary(self) -> str:
        """Say in one line what the file holds."""
        counts = {
            "training jobs": len(self.training_jobs),
            "endpoints": len(self.endpoints),
            "models": len(self.models),
            "metrics": len(self.metrics),
            "buckets": len(self.buckets),
            "notebooks": len(self.notebooks),
            "clusters": len(self.clusters),
            "log groups": len(self.log_groups),
            "costs": len(self.costs),
            "injected errors": len(self.api_errors) + len(self.metric_errors),
        }
        held = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
        return f"account {self.account_id} in {self.region} at {self.now:%Y-%m-%dT%H:%M:%SZ}: " + (
            held or "empty"
        )
