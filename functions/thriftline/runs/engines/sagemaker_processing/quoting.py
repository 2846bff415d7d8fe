"""What a preparation costs as a processing job: all machines from the first minute to the last."""

from collections.abc import Callable
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.prices import PROCESSING, Price, PriceCatalogue
from thriftline.runs.domain.preparation import PreparationQuote, PreparationWork
from thriftline.runs.engines.sagemaker_processing.cluster import (
    LEAST_VCPUS,
    MOST_VOLUME_GB,
    START_MINUTES,
    Cluster,
    cluster_for,
)
from thriftline.runs.engines.sentences import enough_minutes
from thriftline.runs.engines.sizing import (
    duration_of,
    minutes_on,
    refusal,
    size_of,
    vcpu_time,
)

NAME = "sagemaker_processing"
# SageMaker stops a job at its limit and gives the program two minutes to end.
STOP_MINUTES = 2
_HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Terms:
    """What a quote needs to know of the stack. ``has_image`` is whether its image is known here."""

    region: str
    prices: Callable[[], PriceCatalogue]
    has_image: bool


@dataclass(frozen=True)
class Rates:
    """What an hour of an instance costs, and a GB of its volume for a month."""

    instance: Price
    storage: Price

    def usd_per_hour(self, cluster: Cluster) -> Decimal:
        """Returns what the cluster costs for an hour at the most."""
        volume = cluster.volume_gb * self.storage.most_usd / _HOURS_A_MONTH
        return cluster.instance_count * (self.instance.most_usd + volume)


def quote(work: PreparationWork, terms: Terms) -> PreparationQuote:
    """Prices the smallest cluster that is done in the time that the run spec gives."""
    why = _data_or_place_refusal(work, terms)
    if why is not None:
        return _cannot(why)
    cluster = cluster_for(work.max_vcpus, work.max_minutes, work.unpacked_bytes)
    if cluster is None:
        return _cannot(
            f"prepare.max_vcpus is {work.max_vcpus}, and the smallest machine of a processing job "
            f"has {LEAST_VCPUS} vCPUs. Raise prepare.max_vcpus to {LEAST_VCPUS} or more."
        )
    rates = _rates(cluster, terms)
    if rates is None:
        return _cannot(
            f"{cluster.instance_type} has no known price for processing in {terms.region}, and "
            "what is not priced is not started. `make prices` reads it from AWS; or name another "
            "engine in prepare.engine."
        )
    minutes = minutes_on(work.unpacked_bytes, cluster.vcpus, START_MINUTES)
    if minutes > work.max_minutes:
        return _cannot(_too_slow(work, cluster, minutes), minutes)
    if cluster.volume_gb > MOST_VOLUME_GB:
        return _cannot(
            f"{counted(cluster.instance_count, 'machine')} with {MOST_VOLUME_GB:,} GB of disk each "
            f"do not hold what {size_of(work.unpacked_bytes)} become between the stages. Raise "
            "prepare.max_vcpus."
        )
    return _quoted(work, cluster, rates, minutes)


def _quoted(
    work: PreparationWork, cluster: Cluster, rates: Rates, minutes: int
) -> PreparationQuote:
    hourly = rates.usd_per_hour(cluster)
    machines = f"{cluster.instance_count} x {cluster.instance_type}"
    return PreparationQuote(
        NAME,
        likely_usd=hourly * minutes / 60,
        likely_minutes=minutes,
        worst_usd=hourly * (work.max_minutes + STOP_MINUTES) / 60,
        basis=(
            f"{machines} with {cluster.volume_gb} GB each at {hourly:.4f} USD an hour for "
            f"{counted(work.max_minutes, 'minute')} and {STOP_MINUTES} to stop"
        ),
        reason=(
            f"{size_of(work.unpacked_bytes)} need about {vcpu_time(work.unpacked_bytes)} of a "
            f"vCPU; {machines} take {duration_of(minutes)} with {START_MINUTES} minutes to "
            "start, and each machine is paid for all of it. A processing job has no spare capacity."
        ),
        terms={
            **cluster.to_terms(),
            "max_minutes": work.max_minutes,
            "unpacked_bytes": work.unpacked_bytes,
            "usd_per_hour": str(hourly),
        },
        usd_per_hour=hourly,
    )


def _data_or_place_refusal(work: PreparationWork, terms: Terms) -> str | None:
    if not terms.has_image:
        return (
            f"The account that keeps AWS's Spark image in {terms.region} is not known. Set the "
            "stack's parameter SparkProcessingImage to an image in your own ECR, or name another "
            "engine in prepare.engine."
        )
    return refusal(work.largest_unsplittable_bytes)


def _rates(cluster: Cluster, terms: Terms) -> Rates | None:
    prices = terms.prices()
    instance = prices.instance_rate(PROCESSING, cluster.instance_type, terms.region)
    if instance is None:
        return None
    return Rates(instance, prices.storage_rate(terms.region, PROCESSING))


def _too_slow(work: PreparationWork, cluster: Cluster, minutes: int) -> str:
    return (
        f"prepare.max_vcpus is {work.max_vcpus}: {size_of(work.unpacked_bytes)} take about "
        f"{duration_of(minutes)} on {cluster.instance_count} x {cluster.instance_type}, longer "
        f"than the {counted(work.max_minutes, 'minute')} of prepare.max_minutes, after which the "
        f"job would be stopped. Set prepare.max_minutes to {enough_minutes(minutes)}, or raise "
        "prepare.max_vcpus."
    )


def _cannot(why: str, minutes: int | None = None) -> PreparationQuote:
    return PreparationQuote.refused(NAME, why, minutes)
