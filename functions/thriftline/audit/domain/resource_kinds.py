"""What an audit collects: each kind of resource is one spec, and everything else asks the specs.

A new kind is its name in ``ResourceKind``, its dataclass with a list in ``Inventory``, its spec
here, its collector, and the permission to read it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from thriftline.audit.domain import costs, volume_costs
from thriftline.audit.domain.costs import ResourceCost
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parts import Part
from thriftline.core.dataclass import dataclass
from thriftline.money.prices import (
    HOSTING,
    NOTEBOOK,
    STAND_INS,
    TRAINING,
    PriceCatalogue,
    PriceList,
    TokenList,
)

Costs: TypeAlias = Callable[[Inventory, PriceCatalogue], Iterator[ResourceCost]]
PriceLists: TypeAlias = Sequence[PriceList | TokenList]
# Whose call sets the tags of a kind.
TaggedBy = Literal["sagemaker", "bedrock", "s3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSpec:
    """One kind of resource.

    ``field`` is where an inventory lists it, ``part`` what it is collected with. ``collector`` is
    the function that reads it, as ``module:function`` of ``aws/collectors``: it gets the clients
    and, by name, those facts about the audit that ``asks`` names (``steps/collect_part.py`` has
    them). ``costs`` says what each cost in the window, ``price_lists`` where its prices come from.
    ``tagged_by`` is whose call tags it, where the rule on missing tags looks at it. ``words`` are
    the singular and plural, where they are not the kind's own name. ``name`` tells resources of
    the kind apart. What is not ``is_counted`` is no resource. What is ``of_stack`` is
    read where the stack lies, and nowhere else.
    """

    kind: ResourceKind
    field: str
    part: Part
    collector: str
    asks: tuple[str, ...] = ()
    costs: Costs | None = None
    price_lists: Callable[[PriceCatalogue], PriceLists] = lambda _: ()
    tagged_by: TaggedBy | None = None
    words: tuple[str, str] | None = None
    name: Callable[[Any], str] = attrgetter("name")
    is_counted: bool = True
    of_stack: bool = False

    def resources(self, inventory: Inventory) -> tuple[Any, ...]:
        """Returns the resources of this kind."""
        found: tuple[Any, ...] = attrgetter(self.field)(inventory)
        return found


def _hourly(prices: PriceCatalogue, component: str) -> PriceLists:
    """Returns the lists of a component, and of those that stand in for it."""
    names = [name for name in STAND_INS[component] if name in prices.hourly]
    return [one for name in names for one in prices.hourly[name].lists]


RESOURCE_SPECS: tuple[ResourceSpec, ...] = (
    ResourceSpec(
        kind=ResourceKind.ENDPOINT,
        field="endpoints",
        part=Part.ENDPOINTS,
        collector="endpoints:collect_endpoints",
        costs=costs.endpoint_costs,
        price_lists=lambda prices: _hourly(prices, HOSTING),
        tagged_by="sagemaker",
    ),
    ResourceSpec(
        kind=ResourceKind.TRAINING_JOB,
        field="training_jobs",
        part=Part.JOBS,
        collector="training_jobs:collect_training_jobs",
        asks=("window_start",),
        costs=costs.training_costs,
        price_lists=lambda prices: _hourly(prices, TRAINING),
        tagged_by="sagemaker",
    ),
    ResourceSpec(
        kind=ResourceKind.PROCESSING_JOB,
        field="processing_jobs",
        part=Part.READING_JOBS,
        collector="processing_jobs:collect_processing_jobs",
        asks=("window_start",),
        costs=costs.processing_costs,
    ),
    ResourceSpec(
        kind=ResourceKind.TRANSFORM_JOB,
        field="transform_jobs",
        part=Part.READING_JOBS,
        collector="reading_jobs:collect_transform_jobs",
        asks=("window_start",),
    ),
    ResourceSpec(
        kind=ResourceKind.TUNING_JOB,
        field="tuning_jobs",
        part=Part.READING_JOBS,
        collector="reading_jobs:collect_tuning_jobs",
        asks=("window_start",),
    ),
    ResourceSpec(
        kind=ResourceKind.MODEL,
        field="models",
        part=Part.MODELS,
        collector="models:collect_models",
        tagged_by="sagemaker",
    ),
    ResourceSpec(
        kind=ResourceKind.MODEL_PACKAGE,
        field="model_packages",
        part=Part.MODELS,
        collector="models:collect_model_packages",
        name=attrgetter("arn"),
    ),
    ResourceSpec(
        kind=ResourceKind.ENDPOINT_CONFIG,
        field="endpoint_configs",
        part=Part.MODELS,
        collector="endpoint_configs:collect_endpoint_configs",
        is_counted=False,
    ),
    ResourceSpec(
        kind=ResourceKind.SERVED_ENDPOINT,
        field="served_endpoints",
        part=Part.MODELS,
        collector="served_endpoints:collect_served_endpoints",
        asks=("endpoints_table",),
        words=("endpoint of a deployment", "endpoints of deployments"),
        is_counted=False,
        of_stack=True,
    ),
    ResourceSpec(
        kind=ResourceKind.NOTEBOOK,
        field="notebooks",
        part=Part.NOTEBOOKS,
        collector="notebooks:collect_notebooks",
        costs=volume_costs.notebook_costs,
        price_lists=lambda prices: _hourly(prices, NOTEBOOK),
        tagged_by="sagemaker",
    ),
    ResourceSpec(
        kind=ResourceKind.STUDIO_APP,
        field="studio_apps",
        part=Part.NOTEBOOKS,
        collector="notebooks:collect_studio_apps",
        costs=costs.app_costs,
        price_lists=lambda prices: _hourly(prices, NOTEBOOK),
        words=("Studio app", "Studio apps"),
    ),
    ResourceSpec(
        kind=ResourceKind.STUDIO_SPACE,
        field="studio_spaces",
        part=Part.NOTEBOOKS,
        collector="studio_spaces:collect_studio_spaces",
        costs=volume_costs.space_costs,
        words=("Studio space", "Studio spaces"),
        name=attrgetter("key"),
    ),
    ResourceSpec(
        kind=ResourceKind.MLFLOW_SERVER,
        field="mlflow_servers",
        part=Part.NOTEBOOKS,
        collector="mlflow_servers:collect_mlflow_servers",
        costs=costs.mlflow_costs,
        tagged_by="sagemaker",
        words=("MLflow server", "MLflow servers"),
    ),
    ResourceSpec(
        kind=ResourceKind.HYPERPOD_CLUSTER,
        field="hyperpod_clusters",
        part=Part.NOTEBOOKS,
        collector="hyperpod_clusters:collect_hyperpod_clusters",
        costs=costs.hyperpod_costs,
        tagged_by="sagemaker",
        words=("HyperPod cluster", "HyperPod clusters"),
    ),
    ResourceSpec(
        kind=ResourceKind.BEDROCK_MODEL,
        field="bedrock.models",
        part=Part.BEDROCK,
        collector="bedrock:collect_model_use",
        costs=costs.model_use_costs,
        price_lists=lambda prices: [*prices.tokens.lists, *prices.bedrock_custom_tokens.lists],
        words=("Bedrock model", "Bedrock models"),
        name=attrgetter("model_id"),
    ),
    ResourceSpec(
        kind=ResourceKind.PROVISIONED_THROUGHPUT,
        field="bedrock.provisioned_throughputs",
        part=Part.BEDROCK,
        collector="bedrock:collect_provisioned_throughputs",
        costs=costs.throughput_costs,
        price_lists=lambda prices: prices.bedrock_units.lists,
        tagged_by="bedrock",
        words=("provisioned throughput", "provisioned throughputs"),
    ),
    ResourceSpec(
        kind=ResourceKind.CUSTOM_MODEL,
        field="bedrock.custom_models",
        part=Part.BEDROCK,
        collector="bedrock:collect_custom_models",
        costs=costs.custom_model_costs,
        price_lists=lambda prices: prices.monthly.lists,
    ),
    ResourceSpec(
        kind=ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
        field="bedrock.deployments",
        part=Part.BEDROCK,
        collector="bedrock:collect_deployments",
    ),
    ResourceSpec(
        kind=ResourceKind.INFERENCE_PROFILE,
        field="bedrock.profiles",
        part=Part.BEDROCK,
        collector="bedrock:collect_profiles",
    ),
    ResourceSpec(
        kind=ResourceKind.IMPORTED_MODEL,
        field="bedrock.imported_models",
        part=Part.BEDROCK,
        collector="bedrock:collect_imported_models",
    ),
    ResourceSpec(
        kind=ResourceKind.BUCKET,
        field="buckets",
        part=Part.BUCKETS,
        collector="buckets:collect_buckets",
        asks=("now",),
        costs=costs.bucket_costs,
        price_lists=lambda prices: prices.objects.lists,
        tagged_by="s3",
    ),
    ResourceSpec(
        kind=ResourceKind.LOG_GROUP,
        field="log_groups",
        part=Part.LOG_GROUPS,
        collector="log_groups:collect_log_groups",
    ),
    ResourceSpec(
        kind=ResourceKind.COST,
        field="costs",
        part=Part.COSTS,
        collector="costs:collect_costs",
        asks=("account", "window", "is_home"),
        words=("bill", "bills"),
        name=attrgetter("service"),
        is_counted=False,
    ),
    ResourceSpec(
        kind=ResourceKind.SETTLED_RUN,
        field="settled_runs",
        part=Part.COSTS,
        collector="settled_runs:collect_settled_runs",
        asks=("runs_table",),
        name=attrgetter("run_id"),
        is_counted=False,
        of_stack=True,
    ),
    ResourceSpec(
        kind=ResourceKind.RUN_BILL,
        field="run_bills",
        part=Part.COSTS,
        collector="costs:collect_run_bills",
        asks=("account", "window", "runs_table"),
        name=attrgetter("run_id"),
        is_counted=False,
        of_stack=True,
    ),
)

_BY_KIND: Mapping[ResourceKind, ResourceSpec] = {one.kind: one for one in RESOURCE_SPECS}
KINDS: Mapping[Part, frozenset[ResourceKind]] = {
    part: frozenset(one.kind for one in RESOURCE_SPECS if one.part is part) for part in Part
}


def spec_of(kind: ResourceKind) -> ResourceSpec | None:
    """Returns the spec of a kind; metrics, which no collector lists, have none."""
    return _BY_KIND.get(kind)


def resource_costs(inventory: Inventory, prices: PriceCatalogue) -> tuple[ResourceCost, ...]:
    """Returns the cost of everything in the inventory that AWS bills by itself."""
    return tuple(
        cost for spec in RESOURCE_SPECS if spec.costs for cost in spec.costs(inventory, prices)
    )


@dataclass(frozen=True, slots=True)
class TaggedResource:
    """A resource that can be tagged, and by whose call."""

    kind: ResourceKind
    name: str
    arn: str | None
    tags: Fact[Tags]
    tagged_by: TaggedBy

    @property
    def place(self) -> str:
        """What the call that tags it names: the ARN, or a bucket's name."""
        return self.arn or self.name


def tagged_resources(inventory: Inventory) -> Iterator[TaggedResource]:
    """Yields all that the rule on missing tags looks at."""
    for spec in RESOURCE_SPECS:
        if spec.tagged_by is not None:
            for one in spec.resources(inventory):
                arn = None if spec.tagged_by == "s3" else one.arn
                yield TaggedResource(spec.kind, spec.name(one), arn, one.tags, spec.tagged_by)


def tags_by_resource(inventory: Inventory) -> Mapping[tuple[ResourceKind, str], Fact[Tags]]:
    """Returns the tags of every resource of a kind that has tags."""
    return {
        (spec.kind, spec.name(one)): one.tags
        for spec in RESOURCE_SPECS
        for one in spec.resources(inventory)
        if hasattr(one, "tags")
    }
