"""What each resource cost in the window, from its own figures and the price catalogue.

A resource whose price or whose measurement is missing costs ``None``, never zero, and says why.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from thriftline.audit.domain.bedrock_models import asked_model
from thriftline.audit.domain.bedrock_use import token_cost, token_use
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.resources.bedrock import ProvisionedThroughput
from thriftline.audit.domain.resources.endpoints import Endpoint, Variant
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.storage import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.bedrock_names import price_name
from thriftline.money.prices import NOTEBOOK, Price, PriceCatalogue

HOURS_A_MONTH = Decimal(730)
# S3 bills a GB of 2^30 bytes.
BYTES_A_GB = Decimal(2**30)
_HOUR = Decimal(3600)
# What the price list calls the commitments of model units.
_UNIT_TERMS = {"": "NoCommit", "OneMonth": "1month", "SixMonths": "6months"}


class Service(StrEnum):
    """What Cost Explorer bills a resource under."""

    SAGEMAKER = "Amazon SageMaker"
    BEDROCK = "Amazon Bedrock"
    S3 = "Amazon Simple Storage Service"
    CLOUDWATCH = "AmazonCloudWatch"


@dataclass(frozen=True, slots=True)
class ResourceCost:
    """``usd`` in the window, None when unknown. ``basis`` is the arithmetic, or what is missing.

    ``assumption`` says what had to be taken for granted, None when nothing was.
    """

    kind: ResourceKind
    service: Service
    resource: str
    usd: Decimal | None
    basis: str
    assumption: str | None = None


def monthly(usd_per_hour: Decimal) -> Decimal:
    """Returns what an hourly rate comes to in a month of 730 hours."""
    return usd_per_hour * HOURS_A_MONTH


def endpoint_rate(
    endpoint: Endpoint, variants: Iterable[Variant], region: str, prices: PriceCatalogue
) -> Decimal | None:
    """Returns the USD an hour of some variants of an endpoint; one unknown makes it unknown.

    A failed endpoint costs what it still runs: often nothing, and not always.
    """
    total = Decimal(0)
    for variant in variants:
        rate = variant_rate(variant, region, prices)
        if rate is None:
            return None
        total += rate
    return total


def variant_rate(variant: Variant, region: str, prices: PriceCatalogue) -> Decimal | None:
    """Returns the USD an hour of a variant's instances, None when a part is unknown."""
    if variant.serverless is not None:
        return None if variant.serverless.provisioned_concurrency else Decimal(0)
    count = variant.on_demand_instances
    if count == 0:
        return Decimal(0)
    price = hosting_price(variant, region, prices)
    return None if price is None or count is None else price.usd * count


def hosting_price(variant: Variant, region: str, prices: PriceCatalogue) -> Price | None:
    """Returns the price of one instance of a variant."""
    if variant.instance_type is None or isinstance(variant.instance_type, Unread):
        return None
    return prices.hosting_rate(variant.instance_type, region)


def training_cost(job: TrainingJob, region: str, prices: PriceCatalogue) -> Decimal | None:
    """Returns what the job's billed seconds cost, without its volume; None when unknown.

    Billable seconds already carry what Spot saved, so the rate is the on-demand one. What runs on
    a training plan was paid for with the plan.
    """
    if job.billable_seconds == 0 or job.is_prepaid:
        return Decimal(0)
    if job.billable_seconds is None or job.instance_type is None:
        return None
    price = prices.training_rate(job.instance_type, region)
    if price is None:
        return None
    return price.usd * job.billable_seconds * job.instance_count / _HOUR


def storage_month(bucket: Bucket, region: str, prices: PriceCatalogue) -> Decimal | None:
    """Returns what a bucket's bytes cost a month, None when a class is unpriced or unread."""
    if isinstance(bucket.bytes_by_storage_type, Unread):
        return None
    total = Decimal(0)
    for name, size in bucket.bytes_by_storage_type.items():
        price = prices.objects.rate(name, region)
        if price is None and size:
            return None
        total += price.usd * size / BYTES_A_GB if price else Decimal(0)
    return total


def hours_within(window: Window, start: datetime, end: datetime | None = None) -> Decimal:
    """Returns how many hours of the window lie after ``start`` and before ``end``."""
    until = window.end if end is None else min(end, window.end)
    seconds = (until - max(start, window.start)).total_seconds()
    return Decimal(max(0, round(seconds))) / _HOUR


def endpoint_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what each endpoint cost, with the instances that it has now."""
    for endpoint in inventory.endpoints:
        variants = (*endpoint.variants, *endpoint.shadow_variants)
        rate = endpoint_rate(endpoint, variants, inventory.region, prices)
        hours = hours_within(inventory.window, endpoint.created)
        changed = endpoint.last_modified > max(endpoint.created, inventory.window.start)
        yield ResourceCost(
            ResourceKind.ENDPOINT,
            Service.SAGEMAKER,
            endpoint.name,
            None if rate is None else rate * hours,
            _hosting_basis(variants, rate, hours),
            "The instances it has now were taken for all of the window, though it was changed "
            f"on {endpoint.last_modified:%Y-%m-%d}."
            if changed and rate
            else None,
        )


def _hosting_basis(variants: Iterable[Variant], rate: Decimal | None, hours: Decimal) -> str:
    if rate is None:
        return "a price or a count is missing"
    prepaid = sum(one.prepaid_instances or 0 for one in variants)
    paid = f" ({counted(prepaid, 'instance')} paid for with a reservation)" if prepaid else ""
    return f"{rate} USD x {hours:.1f} h{paid}"


def training_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what each job that ended in the window was billed."""
    for job in inventory.training_jobs:
        if not _billed_within(job, inventory.window):
            continue
        usd = training_cost(job, inventory.region, prices)
        known = usd is not None
        yield ResourceCost(
            ResourceKind.TRAINING_JOB,
            Service.SAGEMAKER,
            job.name,
            usd,
            _basis_of(job) if known else "a price or its billed seconds are missing",
        )


def _basis_of(job: TrainingJob) -> str:
    if job.is_prepaid:
        return "its training plan was paid for as a whole"
    return f"{job.billable_seconds} s x {job.instance_count} {job.instance_type}"


def _billed_within(job: TrainingJob, window: Window) -> bool:
    when = job.ended or job.created
    return window.start <= when < window.end


def processing_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields each processing job that ended in the window."""
    del prices
    for job in inventory.processing_jobs:
        if job.ended is not None and inventory.window.start <= job.ended < inventory.window.end:
            nothing = job.started is None
            yield ResourceCost(
                ResourceKind.PROCESSING_JOB,
                Service.SAGEMAKER,
                job.name,
                Decimal(0) if nothing else None,
                "it never started" if nothing else "processing hours are not in the price list",
            )


def notebook_hours(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what each notebook that runs cost since it last started."""
    for notebook in inventory.notebooks:
        if notebook.status == "InService":
            yield _notebook(
                (ResourceKind.NOTEBOOK, notebook.name),
                notebook.instance_type,
                hours_within(inventory.window, notebook.last_modified),
                inventory.region,
                prices,
            )


def app_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what each Studio app cost since it was created: by its instance, or its session."""
    for app in inventory.studio_apps:
        if app.status == "InService" and app.is_canvas:
            hours = hours_within(inventory.window, app.created)
            yield ResourceCost(
                ResourceKind.STUDIO_APP,
                Service.SAGEMAKER,
                f"{app.domain_id}/{app.owner}/{app.name}",
                None,
                f"{hours:.1f} h of a Canvas session: they are not in the price list",
            )
            continue
        if app.status == "InService" and app.instance_type not in (None, "system"):
            yield _notebook(
                (ResourceKind.STUDIO_APP, f"{app.domain_id}/{app.owner}/{app.name}"),
                app.instance_type or "",
                hours_within(inventory.window, app.created),
                inventory.region,
                prices,
            )


def _hours_at(price: Price | None, hours: Decimal, instance_type: str) -> str:
    if price is None:
        return f"{instance_type} has no notebook price"
    stand_in = "" if price.component == NOTEBOOK else ", at its hosting rate"
    return f"{hours:.1f} h of {instance_type}{stand_in}"


def _notebook(
    of: tuple[ResourceKind, str],
    instance_type: str,
    hours: Decimal,
    region: str,
    prices: PriceCatalogue,
) -> ResourceCost:
    price = prices.notebook_rate(instance_type, region)
    return ResourceCost(
        *of[:1],
        Service.SAGEMAKER,
        of[1],
        price.usd * hours if price else None,
        _hours_at(price, hours, instance_type),
        "Only the hours since it last started are known.",
    )


def mlflow_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields each MLflow server that runs: its hours are known, the price of its size is not."""
    del prices
    for server in inventory.mlflow_servers:
        if server.is_active:
            hours = hours_within(inventory.window, server.created)
            yield ResourceCost(
                ResourceKind.MLFLOW_SERVER,
                Service.SAGEMAKER,
                server.name,
                None,
                f"{hours:.1f} h of size {server.size}: MLflow hours are not in the price list",
                "It was taken to have run since it was created: stops are not recorded.",
            )


def hyperpod_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields each HyperPod cluster with instances: their hours have no price in the list."""
    del prices
    for cluster in inventory.hyperpod_clusters:
        billed = [one for one in cluster.groups if one.count and not one.is_prepaid]
        if billed:
            hours = hours_within(inventory.window, cluster.created)
            sizes = ", ".join(f"{one.count} {one.instance_type or 'mixed'}" for one in billed)
            yield ResourceCost(
                ResourceKind.HYPERPOD_CLUSTER,
                Service.SAGEMAKER,
                cluster.name,
                None,
                f"{hours:.1f} h of {sizes}: HyperPod hours are not in the price list",
                "The instances it has now were taken for all of the window.",
            )


def model_use_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what the tokens of each Bedrock model cost; model units are no tokens."""
    bought = {one.arn for one in inventory.bedrock.provisioned_throughputs}
    for model in inventory.bedrock.models:
        if model.model_id in bought:
            continue
        use = token_use(model.model_id, inventory.metrics, inventory.window)
        asked = asked_model(model.model_id, inventory.bedrock)
        cost = token_cost(asked, use, inventory.region, prices)
        yield ResourceCost(
            ResourceKind.BEDROCK_MODEL,
            Service.BEDROCK,
            model.model_id,
            cost,
            use.error if isinstance(use, Unread) else use.words,
        )


def throughput_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what the model units of each provisioned throughput cost, with those it has now."""
    for throughput in inventory.bedrock.provisioned_throughputs:
        rate = throughput_rate(throughput, inventory, prices)
        hours = hours_within(inventory.window, throughput.created)
        changed = throughput.last_modified > max(throughput.created, inventory.window.start)
        yield ResourceCost(
            ResourceKind.PROVISIONED_THROUGHPUT,
            Service.BEDROCK,
            throughput.name,
            None if rate is None else rate * hours,
            f"{hours:.1f} h of {counted(throughput.units, 'model unit')}"
            + ("" if rate is not None else ": not in the price list"),
            "The units it has now were taken for all of the window, though it was changed "
            f"on {throughput.last_modified:%Y-%m-%d}."
            if changed and rate
            else None,
        )


def throughput_rate(
    bought: ProvisionedThroughput, inventory: Inventory, prices: PriceCatalogue
) -> Decimal | None:
    """Returns the USD an hour of all model units, None when a unit of the model has no price."""
    base = asked_model(bought.arn, inventory.bedrock).base
    family = price_name(base) if base else None
    term = _UNIT_TERMS.get(bought.commitment or "")
    price = prices.bedrock_units.rate(f"{family} {term}", inventory.region)
    return price.usd * bought.units if price else None


def custom_model_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what the storage of each custom model cost."""
    share = Decimal(str(inventory.window.hours)) / HOURS_A_MONTH
    price = prices.monthly.rate("bedrock custom model", inventory.region)
    for kept in inventory.bedrock.custom_models:
        yield ResourceCost(
            ResourceKind.CUSTOM_MODEL,
            Service.BEDROCK,
            kept.name,
            price.usd * share if price else None,
            "storage of a custom model" if price else "its storage has no price here",
        )


def bucket_costs(inventory: Inventory, prices: PriceCatalogue) -> Iterator[ResourceCost]:
    """Yields what the bytes of each bucket cost."""
    share = Decimal(str(inventory.window.hours)) / HOURS_A_MONTH
    for bucket in inventory.buckets:
        usd = storage_month(bucket, inventory.region, prices)
        yield ResourceCost(
            ResourceKind.BUCKET,
            Service.S3,
            bucket.name,
            None if usd is None else usd * share,
            "a storage class is unpriced or unread" if usd is None else "its bytes as they are now",
            None if usd is None else "The bytes of its last day were taken for the window.",
        )
